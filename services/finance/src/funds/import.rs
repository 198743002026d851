//! Import of fund sheets. Rows are taken in the order of the sheet, each beside those before it; a row that an entry
//! states already is nothing new, so that a sheet sent twice books nothing twice.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::finance::FundEntryRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Coded, Event, Fault, history};
use uuid::Uuid;

use super::door::{self, Statement};
use super::{Book, Entry, store, told};
use crate::projects::{self, Project};

/// Entries of the import's region that the file does not name; reversals and what they took back aside.
pub const SELECT_DISAPPEARED: &str = "\
SELECT p.name, e.document_number FROM fund_entry e
JOIN project p ON p.id = e.project_id
WHERE p.region LIKE $2 AND e.reverses_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM fund_entry r WHERE r.reverses_id = e.id)
  AND e.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY e.id";

/// The register of fund entries as an import sees it.
#[derive(Clone, Debug)]
pub struct FundIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for FundIntake {
    const REGISTER: &'static str = "finance.fund";
    type Row = FundEntryRow;
    /// The project's name.
    type Names = String;
    type Entry = Statement;
    type Known = Known;
    type Change = Entry;

    fn read(&self, _: &Import, row: &FundEntryRow) -> Draft<String, Statement> {
        let name = row.project_name.trim().to_owned();
        let entry = match (name.is_empty(), door::read(&self.bureau, row)) {
            (false, entry) => entry,
            (true, entry) => {
                let missing = Fault::cell("project_name", "FIELD_MISSING", "请填写项目名称");
                Err([vec![missing], entry.err().unwrap_or_default()].concat())
            }
        };
        Draft { names: name, entry }
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<String, Statement>]) -> Result<Known> {
        let mut names: Vec<&str> = drafts.iter().map(|draft| draft.names.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut known = Known::default();
        for viewed in projects::store::by_name(tx, &names).await? {
            let project = viewed.project;
            if self.bureau.covers(&import.terms.region, &project.facts.region) {
                known.by_name.entry(project.facts.name.clone()).or_default().push(project.id);
                known.projects.insert(project.id, project);
            }
        }
        let ids: Vec<Uuid> = known.projects.keys().copied().collect();
        for (id, placed) in store::of_projects(tx, &ids).await? {
            known.entries.insert(id, placed.into_iter().map(|placed| placed.entry).collect());
        }
        Ok(known)
    }

    fn keys(&self, known: &Known, draft: &Draft<String, Statement>) -> Vec<String> {
        let (Ok(project), Ok(entry)) = (known.project(&draft.names), &draft.entry) else { return Vec::new() };
        let (source, step) = (entry.source.code(), entry.step.code());
        vec![format!("f:{}/{source}/{step}/{}/{}/{}", project.id, entry.on, entry.amount_fen, entry.document_number)]
    }

    fn record(&self, known: &Known, draft: &Draft<String, Statement>) -> Option<Uuid> {
        let project = known.project(&draft.names).ok()?;
        let statement = draft.entry.as_ref().ok()?;
        known.entries_of(project.id).iter().find(|entry| statement.is(entry)).map(|entry| entry.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        _: &Import,
        names: &String,
        entry: Statement,
        author: &Author,
    ) -> Result<Option<Entry>, Fault> {
        let project = known.project(names)?;
        let entries = known.entries_of(project.id);
        if entries.iter().any(|one| entry.is(one)) {
            return Ok(None);
        }
        let entry = entry.entry(author.clock.id(), project.id, &author.by);
        Book { project, entries }.check(&entry)?;
        known.entries.entry(entry.project_id).or_default().push(entry.clone());
        Ok(Some(entry))
    }

    fn changed(change: &Entry) -> Uuid {
        change.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Entry], author: &Author) -> Result<()> {
        save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let pattern = prefix_pattern(&self.bureau.prefix(&import.terms.region));
        let rows: Vec<(String, String)> =
            tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(pattern).all().await?;
        Ok(rows.into_iter().map(|(project, document)| format!("{project} {document}")).collect())
    }
}

/// Books entries and tells the projects' history of them.
pub(super) async fn save(tx: &mut Tx, entries: &[Entry], author: &Author) -> Result<()> {
    store::append(tx, entries).await?;
    let event = |entry: &Entry| {
        let document_number = entry.document_number.clone();
        (entry.project_id, Event { document_number, ..Event::note(entry.on, told(entry)) })
    };
    let events: Vec<(Uuid, Event)> = entries.iter().map(event).collect();
    let events: Vec<(Uuid, &Event)> = events.iter().map(|(id, event)| (*id, event)).collect();
    history::append(tx, &events, author).await
}

/// The projects that the rows of a batch may mean, with their books.
#[derive(Default)]
pub struct Known {
    projects: HashMap<Uuid, Project>,
    by_name: HashMap<String, Vec<Uuid>>,
    entries: HashMap<Uuid, Vec<Entry>>,
}

impl Known {
    /// The project of a name within the import's region: PROJECT_UNKNOWN, PROJECT_AMBIGUOUS.
    fn project(&self, name: &str) -> Result<&Project, Fault> {
        let ids = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        match ids {
            [id] => self.projects.get(id),
            [_, _, ..] => {
                let message = format!("本次导入的地区内有多个名为“{name}”的项目，请按县（市、区）分别导入");
                return Err(Fault::conflict("PROJECT_AMBIGUOUS", message));
            }
            [] => None,
        }
        .ok_or_else(|| {
            let message = format!("本次导入的地区内没有名为“{name}”的项目，请先办理项目入库");
            Fault::cell("project_name", "PROJECT_UNKNOWN", message)
        })
    }

    fn entries_of(&self, project: Uuid) -> &[Entry] {
        self.entries.get(&project).map_or(&[], Vec::as_slice)
    }
}
