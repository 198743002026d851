//! Import of project sheets: look-ups for a whole batch at once, a verdict per row, many-row statements.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::finance::ProjectRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault};
use uuid::Uuid;

use super::door::{self, Names};
use super::{Change, Entry, Project, register, revise, store};

/// Those of the import's region that the file does not name; one that was cancelled left the register itself.
pub const SELECT_DISAPPEARED: &str = "\
SELECT p.name FROM project p
WHERE p.region LIKE $2 AND p.course <> 'CANCELLED'
  AND p.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY p.id";

/// The register of projects as an import sees it.
#[derive(Clone, Debug)]
pub struct ProjectIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for ProjectIntake {
    const REGISTER: &'static str = "finance.project";
    type Row = ProjectRow;
    type Names = Names;
    type Entry = Entry;
    type Known = Known;
    type Change = Change;

    fn read(&self, import: &Import, row: &ProjectRow) -> Draft<Names, Entry> {
        door::read(&self.bureau, &import.terms.region, row)
    }

    async fn load(&self, tx: &mut Tx, _: &Import, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        let codes: Vec<&str> = drafts.iter().filter_map(|draft| draft.names.code.as_deref()).collect();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.names.name.as_str()).collect();
        let mut found = store::by_code(tx, &codes).await?;
        found.extend(store::by_name(tx, &names).await?);
        Ok(Known::of(found.into_iter().map(|viewed| viewed.project)))
    }

    fn keys(&self, _: &Known, draft: &Draft<Names, Entry>) -> Vec<String> {
        draft.names.keys()
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Entry>) -> Option<Uuid> {
        known.meant(&draft.names).map(|project| project.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        entry: Entry,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let region = &import.terms.region;
        if !self.bureau.covers(region, &entry.facts.region) {
            let message = format!("该项目属于{}，不在本次导入的地区内", self.bureau.name_of(&entry.facts.region));
            return Err(Fault::cell("region", "REGION_OUTSIDE_IMPORT", message));
        }
        let today = self.bureau.clock.today();
        let Some(meant) = known.meant(names) else {
            return Ok(Some(register(author.clock.id(), entry, today)));
        };
        if meant.facts.name != entry.facts.name && known.named(&entry.facts.county, &entry.facts.name).is_some() {
            return Err(Fault::conflict("NAME_TAKEN", "本县另有同名项目，与表中项目代码不是同一项目"));
        }
        let facts = entry.facts.silent_as(&meant.facts);
        revise(meant, Entry { facts, ..entry }, today, "导入变更")
    }

    fn changed(change: &Change) -> Uuid {
        change.project.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let pattern = prefix_pattern(&self.bureau.prefix(&import.terms.region));
        let names: Vec<(String,)> = tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(pattern).all().await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }
}

/// The projects that the rows of a batch may mean.
pub struct Known {
    projects: HashMap<Uuid, Project>,
    by_code: HashMap<String, Uuid>,
    by_name: HashMap<(String, String), Uuid>,
}

impl Known {
    fn of(found: impl Iterator<Item = Project>) -> Known {
        let mut known = Known { projects: HashMap::new(), by_code: HashMap::new(), by_name: HashMap::new() };
        for project in found {
            if let Some(code) = &project.code {
                known.by_code.insert(code.clone(), project.id);
            }
            known.by_name.insert((project.facts.county.clone(), project.facts.name.clone()), project.id);
            known.projects.insert(project.id, project);
        }
        known
    }

    fn named(&self, county: &str, name: &str) -> Option<&Project> {
        let id = self.by_name.get(&(county.to_owned(), name.to_owned()))?;
        self.projects.get(id)
    }

    /// By its code, else by its name in its county.
    fn meant(&self, names: &Names) -> Option<&Project> {
        let by_code = names.code.as_ref().and_then(|code| self.by_code.get(code)).and_then(|id| self.projects.get(id));
        by_code.or_else(|| self.named(names.county.as_deref()?, &names.name))
    }
}
