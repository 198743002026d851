//! Import of institution sheets: look-ups for a whole batch at once, a verdict per row, many-row statements.

use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::legal_person::{Known, LegalPerson, Names};
use registry::{Author, Bureau, Event, Fault};

use kit::{Result, Tx};
use proto::elderly_care::InstitutionRow;
use uuid::Uuid;

use super::door;
use super::{Change, Entry, Institution, register, revise, store};

/// Those of the import's region that the file does not name; one that was terminated is not expected.
pub const SELECT_DISAPPEARED: &str = "\
SELECT i.name FROM institution i
WHERE i.region LIKE $2 AND i.state <> 'TERMINATED'
  AND i.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY i.id";

/// The register of institutions as an import sees it.
#[derive(Clone, Debug)]
pub struct InstitutionIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for InstitutionIntake {
    const REGISTER: &'static str = "elderly.institution";
    type Row = InstitutionRow;
    type Names = Names;
    type Entry = Entry;
    type Known = Known<Institution>;
    type Change = Change;

    fn read(&self, import: &Import, row: &InstitutionRow) -> Draft<Names, Entry> {
        door::read(&self.bureau, &import.terms.region, row)
    }

    async fn load(&self, tx: &mut Tx, _: &Import, drafts: &[Draft<Names, Entry>]) -> Result<Known<Institution>> {
        let usccs: Vec<&str> = drafts.iter().filter_map(|draft| draft.names.uscc.as_deref()).collect();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.names.name.as_str()).collect();
        let mut found = store::by_uscc(tx, &usccs).await?;
        found.extend(store::by_name(tx, &names).await?);
        Ok(Known::of(found))
    }

    fn keys(&self, _: &Known<Institution>, draft: &Draft<Names, Entry>) -> Vec<String> {
        draft.names.keys()
    }

    fn record(&self, known: &Known<Institution>, draft: &Draft<Names, Entry>) -> Option<Uuid> {
        known.meant(&draft.names).ok().flatten().map(|institution| institution.id)
    }

    fn decide(
        &self,
        known: &mut Known<Institution>,
        import: &Import,
        names: &Names,
        entry: Entry,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let stated = (entry.facts.region.as_str(), entry.uscc.as_deref());
        let meant = known.changed_by(&self.bureau, &import.terms.region, names, stated)?;
        let Some(known) = meant else {
            return Ok(Some(register(author.clock.id(), entry, self.bureau.clock.today())));
        };
        let on = import.terms.effective_on;
        revise(known, entry, on, &Event::note(on, "导入变更"))
    }

    fn changed(change: &Change) -> Uuid {
        change.institution.id
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

impl LegalPerson for Institution {
    fn id(&self) -> Uuid {
        self.id
    }

    fn uscc(&self) -> Option<&str> {
        self.uscc.as_deref()
    }

    fn name(&self) -> &str {
        &self.facts.value.name
    }

    fn county(&self) -> &str {
        &self.facts.value.county
    }

    fn region(&self) -> &str {
        &self.facts.value.region
    }
}
