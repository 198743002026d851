//! Import of school sheets.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::education::SchoolRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault};
use uuid::Uuid;

use super::door::{self, Names};
use super::{Change, Facts, School, register, revise, store};

/// Those of the import's region that the file does not name; one that was closed left the register itself.
pub const SELECT_DISAPPEARED: &str = "\
SELECT s.name FROM school s
JOIN school_facts f ON f.school_id = s.id AND f.valid_to IS NULL
WHERE s.region LIKE $2 AND f.state <> 'CLOSED'
  AND s.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY s.id";

/// The register of schools as an import sees it.
#[derive(Clone, Debug)]
pub struct SchoolIntake {
    pub bureau: Bureau,
}

/// The schools that the rows of a batch may mean, by county and name.
type Known = HashMap<(String, String), School>;

fn key(names: &Names) -> Option<(String, String)> {
    names.county.clone().filter(|_| !names.name.is_empty()).map(|county| (county, names.name.clone()))
}

#[tonic::async_trait]
impl Intake for SchoolIntake {
    const REGISTER: &'static str = "education.school";
    type Row = SchoolRow;
    type Names = Names;
    type Entry = Facts;
    type Known = Known;
    type Change = Change;

    fn read(&self, import: &Import, row: &SchoolRow) -> Draft<Names, Facts> {
        door::read(&self.bureau, &import.terms.region, row)
    }

    async fn load(&self, tx: &mut Tx, _: &Import, drafts: &[Draft<Names, Facts>]) -> Result<Known> {
        let names: Vec<&str> = drafts.iter().map(|draft| draft.names.name.as_str()).collect();
        let found = store::by_name(tx, &names).await?;
        let keyed = found
            .into_iter()
            .map(|school| ((school.facts.value.county.clone(), school.facts.value.name.clone()), school));
        Ok(keyed.collect())
    }

    fn keys(&self, _: &Known, draft: &Draft<Names, Facts>) -> Vec<String> {
        key(&draft.names).map(|(county, name)| format!("{county}/{name}")).into_iter().collect()
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Facts>) -> Option<Uuid> {
        key(&draft.names).and_then(|key| known.get(&key)).map(|school| school.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        facts: Facts,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        if !self.bureau.covers(&import.terms.region, &facts.region) {
            let message = format!("该校属于{}，不在本次导入的地区内", self.bureau.name_of(&facts.region));
            return Err(Fault::cell("region", "REGION_OUTSIDE_IMPORT", message));
        }
        match key(names).and_then(|key| known.get(&key)) {
            Some(school) => revise(school, facts, import.terms.effective_on, "导入变更"),
            None => Ok(Some(register(author.clock.id(), facts, self.bureau.clock.today()))),
        }
    }

    fn changed(change: &Change) -> Uuid {
        change.school.id
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
