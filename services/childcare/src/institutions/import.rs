//! Import of institution sheets: look-ups for a whole batch at once, a verdict per row, many-row statements.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::childcare::InstitutionRow;
use uuid::Uuid;

use super::door::{self, Draft};
use super::store::{self, Author};
use super::{Change, Entry, Institution, register, revise};
use crate::bureau::Bureau;
use crate::changes;
use crate::columns::prefix_pattern;
use crate::fault::Fault;
use crate::imports::stream::Intake;
use crate::imports::{Import, Mode, Named, Tally, store as ledger};

/// Those of the import's region that the file does not name; one that was deregistered left the register itself.
pub const SELECT_DISAPPEARED: &str = "\
SELECT i.name FROM institution i
WHERE i.region LIKE $2 AND i.filing_state <> 'DEREGISTERED'
  AND i.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY i.id";

/// The register of institutions as an import sees it.
#[derive(Clone, Debug)]
pub struct InstitutionIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for InstitutionIntake {
    const REGISTER: &'static str = "childcare.institution";
    type Row = InstitutionRow;

    async fn take(
        &self,
        tx: &mut Tx,
        import: &Import,
        author: &Author,
        rows: &[(u64, InstitutionRow)],
    ) -> Result<Tally> {
        let drafts: Vec<Draft> =
            rows.iter().map(|(_, row)| door::read(&self.bureau, &import.terms.region, row)).collect();
        let known = Known::load(tx, &self.bureau, &drafts).await?;
        let keys: Vec<Vec<String>> = drafts.iter().map(Draft::keys).collect();
        let mut named = Named::before(ledger::named_before(tx, import.terms.id, &keys.concat()).await?);
        let mut tally = Tally::default();
        let mut changed = Vec::new();
        for (((row, _), draft), keys) in rows.iter().zip(drafts).zip(keys) {
            let meant = known.meant(&draft);
            let record = meant.as_ref().ok().copied().flatten().map(|institution| institution.id);
            let claimed = named.claim(&keys, record);
            let verdict = draft.entry.and_then(|entry| {
                claimed.map_err(|fault| vec![fault])?;
                let meant = meant.map_err(|fault| vec![fault])?;
                self.decide(import, meant, entry, author).map_err(|fault| vec![fault])
            });
            match verdict {
                Err(faults) => tally.refuse(*row, faults),
                Ok(None) => tally.counts.unchanged += 1,
                Ok(Some(change)) => {
                    match record {
                        Some(_) => tally.counts.changed += 1,
                        None => tally.counts.added += 1,
                    }
                    named.mean(&keys, change.institution.id);
                    changed.push(change);
                }
            }
        }
        let preview = import.terms.mode == Mode::Preview;
        if !preview && !changed.is_empty() {
            store::save(tx, &changed, author).await?;
            changes::bump(tx).await?;
        }
        ledger::name(tx, import.terms.id, &named.new).await?;
        Ok(tally)
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let pattern = prefix_pattern(&self.bureau.prefix(&import.terms.region));
        let names: Vec<(String,)> = tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(pattern).all().await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }
}

impl InstitutionIntake {
    /// What one row does: `None` when it states nothing new.
    fn decide(
        &self,
        import: &Import,
        known: Option<&Institution>,
        entry: Entry,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let region = &import.terms.region;
        if !self.bureau.covers(region, &entry.facts.region) {
            let message = format!("该机构属于{}，不在本次导入的地区内", self.bureau.name_of(&entry.facts.region));
            return Err(Fault::cell("region", "REGION_OUTSIDE_IMPORT", message));
        }
        let Some(known) = known else {
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
        revise(known, entry, import.terms.effective_on, "导入变更")
    }
}

/// The records that the rows of a batch may mean.
struct Known {
    institutions: HashMap<Uuid, Institution>,
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<(String, String), Vec<Uuid>>,
}

impl Known {
    async fn load(tx: &mut Tx, bureau: &Bureau, drafts: &[Draft]) -> Result<Known> {
        let today = bureau.clock.today();
        let usccs: Vec<&str> = drafts.iter().filter_map(|draft| draft.uscc.as_deref()).collect();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
        let mut found = store::by_uscc(tx, &usccs, today).await?;
        found.extend(store::by_name(tx, &names, today).await?);
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
    fn meant(&self, draft: &Draft) -> Result<Option<&Institution>, Fault> {
        if let Some(id) = draft.uscc.as_ref().and_then(|uscc| self.by_uscc.get(uscc)) {
            return Ok(self.institutions.get(id));
        }
        let Some(county) = &draft.county else { return Ok(None) };
        match self.by_name.get(&(county.clone(), draft.name.clone())).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([id]) => Ok(self.institutions.get(id)),
            Some(_) => Err(Fault::conflict("INSTITUTION_AMBIGUOUS", "该县有多家同名机构，请填写统一社会信用代码")),
        }
    }
}
