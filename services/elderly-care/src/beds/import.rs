//! Import of bed sheets: look-ups for a whole batch at once, a verdict per row, many-row statements. A batch asks for
//! the beds it names and no others, so its cost does not grow with an institution.

use std::collections::{BTreeSet, HashMap};

use kit::{Result, Tx};
use proto::elderly_care::BedRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Fault};
use uuid::Uuid;

use super::door::{self, Names};
use super::store::{self, Host, Placed};
use super::{Bed, Change, Entry, build, meant, revise};
use crate::institutions::operation::State;

/// Beds of the import's region that are there on the effective day and that the file does not name.
pub const SELECT_DISAPPEARED: &str = "\
SELECT i.name, b.room_no, b.bed_no FROM bed b
JOIN institution i ON i.id = b.institution_id
WHERE i.region LIKE $2 AND b.built_on <= $3 AND (b.closed_on IS NULL OR b.closed_on > $3)
  AND b.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY b.id";

/// The register of beds as an import sees it.
#[derive(Clone, Debug)]
pub struct BedIntake {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl Intake for BedIntake {
    const REGISTER: &'static str = "elderly.bed";
    type Row = BedRow;
    type Names = Names;
    type Entry = Entry;
    type Known = Known;
    type Change = Change;

    fn read(&self, _: &Import, row: &BedRow) -> Draft<Names, Entry> {
        door::read(row, self.bureau.clock.today())
    }

    async fn load(&self, tx: &mut Tx, import: &Import, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        Known::load(tx, &self.bureau, &import.terms.region, drafts).await
    }

    /// A bed is named by its place, and by its code: both once in a file, so that no bed stands in two institutions.
    fn keys(&self, known: &Known, draft: &Draft<Names, Entry>) -> Vec<String> {
        let Names { room_no, bed_no, code, .. } = &draft.names;
        let place = known.host(&draft.names).ok().filter(|_| !room_no.is_empty() && !bed_no.is_empty());
        let place = place.map(|host| format!("b:{}/{room_no}\u{1f}{bed_no}", host.id));
        place.into_iter().chain(code.iter().map(|code| format!("s:{code}"))).collect()
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Entry>) -> Option<Uuid> {
        let Names { room_no, bed_no, .. } = &draft.names;
        let mut beds = known.beds_at(known.host(&draft.names).ok()?.id, room_no, bed_no);
        let bed = match &draft.entry {
            Ok(entry) => meant(beds, entry),
            Err(_) => beds.next(),
        };
        bed.map(|bed| bed.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        entry: Entry,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        let host = known.host(names)?;
        let bed = meant(known.beds_at(host.id, &names.room_no, &names.bed_no), &entry);
        if let Some(other) = entry.code.as_ref().and_then(|code| known.by_code.get(code)) {
            check_code(other, host, bed)?;
        }
        match bed {
            Some(bed) => revise(bed, &entry, import.terms.effective_on),
            None => {
                check_host(host.state, &host.name)?;
                Ok(Some(build(author.clock.id(), host.id, entry)))
            }
        }
    }

    fn changed(change: &Change) -> Uuid {
        change.bed.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let names: Vec<(String, String, String)> = tx
            .query(SELECT_DISAPPEARED)
            .bind(import.terms.id)
            .bind(prefix_pattern(&self.bureau.prefix(&import.terms.region)))
            .bind(import.terms.effective_on.to_string())
            .all()
            .await?;
        Ok(names.into_iter().map(|(institution, room, bed)| format!("{institution} {room}房{bed}床")).collect())
    }
}

/// A code that is registered belongs to its bed: BED_IN_TWO_INSTITUTIONS, BED_CODE_TAKEN.
pub(super) fn check_code(other: &Placed, host: &Host, bed: Option<&Bed>) -> Result<(), Fault> {
    let code = other.bed.code.as_deref().unwrap_or_default();
    if other.bed.institution_id != host.id {
        let message = format!("床位编码{code}已登记在{}，一张床位不能属于两家机构", other.institution_name);
        return Err(Fault::conflict("BED_IN_TWO_INSTITUTIONS", message));
    }
    if bed.is_none_or(|bed| bed.id != other.bed.id) {
        let message = format!("床位编码{code}已用于{}", other.bed.label());
        return Err(Fault::conflict("BED_CODE_TAKEN", message));
    }
    Ok(())
}

/// An institution that was terminated gets no beds: INSTITUTION_TERMINATED.
pub(super) fn check_host(state: State, name: &str) -> Result<(), Fault> {
    if state == State::Terminated {
        return Err(Fault::conflict("INSTITUTION_TERMINATED", format!("“{name}”已终止，不能新增床位")));
    }
    Ok(())
}

/// The institutions that the rows of a batch may mean, and the beds they may mean in them.
pub struct Known {
    hosts: HashMap<Uuid, Host>,
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<String, Vec<Uuid>>,
    beds: HashMap<(Uuid, String, String), Vec<Bed>>,
    by_code: HashMap<String, Placed>,
}

impl Known {
    async fn load(tx: &mut Tx, bureau: &Bureau, region: &str, drafts: &[Draft<Names, Entry>]) -> Result<Known> {
        let usccs = distinct(drafts.iter().filter_map(|draft| draft.names.institution_uscc.as_deref()));
        let names = distinct(drafts.iter().map(|draft| draft.names.institution_name.as_str()));
        let codes = distinct(drafts.iter().filter_map(|draft| draft.names.code.as_deref()));
        let mut found = store::hosts(tx, "i.uscc", &usccs).await?;
        found.extend(store::hosts(tx, "i.name", &names).await?);
        found.retain(|host| bureau.covers(region, &host.region));
        let mut known = Known {
            hosts: HashMap::new(),
            by_uscc: HashMap::new(),
            by_name: HashMap::new(),
            beds: HashMap::new(),
            by_code: HashMap::new(),
        };
        for host in found {
            if known.hosts.contains_key(&host.id) {
                continue;
            }
            known.by_name.entry(host.name.clone()).or_default().push(host.id);
            if let Some(uscc) = &host.uscc {
                known.by_uscc.insert(uscc.clone(), host.id);
            }
            known.hosts.insert(host.id, host);
        }
        let places = distinct(drafts.iter().filter_map(|Draft { names, .. }| {
            Some((known.host(names).ok()?.id, names.room_no.as_str(), names.bed_no.as_str()))
        }));
        for Placed { bed, .. } in store::at_places(tx, &places).await? {
            let place = (bed.institution_id, bed.room_no.clone(), bed.bed_no.clone());
            known.beds.entry(place).or_default().push(bed);
        }
        for placed in store::by_code(tx, &codes).await? {
            if let Some(code) = &placed.bed.code {
                known.by_code.insert(code.clone(), placed);
            }
        }
        Ok(known)
    }

    /// The institution that a row names: by its credit code, else by its name within the import's region.
    fn host(&self, names: &Names) -> Result<&Host, Fault> {
        let by_uscc = names.institution_uscc.as_ref().and_then(|uscc| self.by_uscc.get(uscc));
        let id = match (by_uscc, self.by_name.get(&names.institution_name).map(Vec::as_slice)) {
            (Some(id), _) => id,
            (None, Some([id])) => id,
            (None, Some([_, _, ..])) => {
                let message = "本次导入的地区内有多家同名机构，请填写机构信用代码";
                return Err(Fault::conflict("INSTITUTION_AMBIGUOUS", message));
            }
            _ => {
                let message = format!("本次导入的地区内没有登记“{}”，请先导入机构", names.institution_name);
                return Err(Fault::cell("institution_name", "INSTITUTION_UNKNOWN", message));
            }
        };
        self.hosts
            .get(id)
            .filter(|host| match (&names.institution_uscc, &host.uscc) {
                (Some(theirs), Some(ours)) => theirs == ours,
                _ => true,
            })
            .ok_or_else(|| {
                Fault::cell("institution_uscc", "INSTITUTION_UNKNOWN", "没有登记这个信用代码，同名机构的代码与表中不同")
            })
    }

    fn beds_at(&self, host: Uuid, room_no: &str, bed_no: &str) -> impl Iterator<Item = &Bed> {
        self.beds.get(&(host, room_no.to_owned(), bed_no.to_owned())).into_iter().flatten()
    }
}

/// Each value once: many rows name one institution.
fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}
