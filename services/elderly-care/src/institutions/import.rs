//! Import of institution sheets: look-ups for a whole batch at once, a verdict per row, many-row statements.

use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Event, Fault};
use std::collections::HashMap;

use kit::{Result, Tx};
use proto::elderly_care::InstitutionRow;
use uuid::Uuid;

use super::door::{self, Names};
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
    type Known = Known;
    type Change = Change;

    fn read(&self, import: &Import, row: &InstitutionRow) -> Draft<Names, Entry> {
        door::read(&self.bureau, &import.terms.region, row)
    }

    async fn load(&self, tx: &mut Tx, _: &Import, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        Known::load(tx, drafts).await
    }

    fn keys(&self, _: &Known, draft: &Draft<Names, Entry>) -> Vec<String> {
        draft.names.keys()
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Entry>) -> Option<Uuid> {
        known.meant(&draft.names).ok().flatten().map(|institution| institution.id)
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
        let meant = known.meant(names)?;
        if !self.bureau.covers(region, &entry.facts.region) {
            let message = format!("该机构属于{}，不在本次导入的地区内", self.bureau.name_of(&entry.facts.region));
            return Err(Fault::cell("region", "REGION_OUTSIDE_IMPORT", message));
        }
        let Some(known) = meant else {
            return Ok(Some(register(author.clock.id(), entry, self.bureau.clock.today())));
        };
        if !self.bureau.covers(region, &known.facts.value.region) {
            let place = self.bureau.name_of(&known.facts.value.region);
            return Err(Fault::conflict(
                "INSTITUTION_ELSEWHERE",
                format!("该信用代码已登记在{place}，请由当地办理迁移"),
            ));
        }
        if let (Some(ours), Some(theirs)) = (&known.uscc, &entry.uscc)
            && ours != theirs
        {
            let message = format!("同县已登记的同名机构信用代码为 {ours}，与表中不同");
            return Err(Fault::conflict("USCC_DIFFERS", message));
        }
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

/// The records that the rows of a batch may mean.
pub struct Known {
    institutions: HashMap<Uuid, Institution>,
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<(String, String), Vec<Uuid>>,
}

impl Known {
    async fn load(tx: &mut Tx, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        let usccs: Vec<&str> = drafts.iter().filter_map(|draft| draft.names.uscc.as_deref()).collect();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.names.name.as_str()).collect();
        let mut found = store::by_uscc(tx, &usccs).await?;
        found.extend(store::by_name(tx, &names).await?);
        let mut known = Known { institutions: HashMap::new(), by_uscc: HashMap::new(), by_name: HashMap::new() };
        for institution in found {
            if known.institutions.contains_key(&institution.id) {
                continue;
            }
            let facts = &institution.facts.value;
            known.by_name.entry((facts.county.clone(), facts.name.clone())).or_default().push(institution.id);
            if let Some(uscc) = &institution.uscc {
                known.by_uscc.insert(uscc.clone(), institution.id);
            }
            known.institutions.insert(institution.id, institution);
        }
        Ok(known)
    }

    /// The institution that a row means: that of its credit code, else the one of its name in its county.
    fn meant(&self, names: &Names) -> Result<Option<&Institution>, Fault> {
        if let Some(id) = names.uscc.as_ref().and_then(|uscc| self.by_uscc.get(uscc)) {
            return Ok(self.institutions.get(id));
        }
        let Some(county) = &names.county else { return Ok(None) };
        match self.by_name.get(&(county.clone(), names.name.clone())).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([id]) => Ok(self.institutions.get(id)),
            Some(_) => Err(Fault::conflict("INSTITUTION_AMBIGUOUS", "该县有多家同名机构，请填写统一社会信用代码")),
        }
    }
}
