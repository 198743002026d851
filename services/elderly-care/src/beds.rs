//! 床位 (dictionary §5.1.2): beds one by one; type and nature belong to the bed, and every total is counted. Rules
//! only.

pub mod door;
pub mod import;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Dated, Event, Fault, timeline};
use uuid::Uuid;

/// 床位类型.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BedType {
    General,
    Nursing,
}

impl Coded for BedType {
    const CODES: &'static [(Self, &'static str)] = &[(Self::General, "GENERAL"), (Self::Nursing, "NURSING")];
}

/// 保障属性.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BedNature {
    BottomLine,
    Inclusive,
    Market,
}

impl Coded for BedNature {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::BottomLine, "BOTTOM_LINE"), (Self::Inclusive, "INCLUSIVE"), (Self::Market, "MARKET")];
}

/// 状态; a closed bed is out of use and no usable bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BedStatus {
    Available,
    Occupied,
    Reserved,
    Maintenance,
    Closed,
}

impl Coded for BedStatus {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Available, "AVAILABLE"),
        (Self::Occupied, "OCCUPIED"),
        (Self::Reserved, "RESERVED"),
        (Self::Maintenance, "MAINTENANCE"),
        (Self::Closed, "CLOSED"),
    ];
}

/// Beds of an institution on a day, counted (V01: nursing and open are parts of built).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Built and usable.
    pub built: i64,
    pub nursing: i64,
    /// Available, occupied or reserved.
    pub open: i64,
}

/// What holds of a bed over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub kind: BedType,
    pub nature: BedNature,
    pub status: BedStatus,
    /// The day a nursing bed was recognised as one.
    pub recognised_on: Option<Date>,
}

impl Facts {
    /// Facts of which only a nursing bed has a day of recognition (RECOGNISED_NOT_NURSING).
    pub fn checked(self) -> Result<Self, Fault> {
        if self.kind != BedType::Nursing && self.recognised_on.is_some() {
            let message = "只有护理型床位填写护理型认定日期";
            return Err(Fault::cell("recognised_on", "RECOGNISED_NOT_NURSING", message));
        }
        Ok(self)
    }
}

/// One bed as last recorded. It is there from `built_on` up to but not including `closed_on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bed {
    pub id: Uuid,
    pub version: i64,
    pub institution_id: Uuid,
    pub room_no: String,
    pub bed_no: String,
    /// Number in the system of record, unique where it is known.
    pub code: Option<String>,
    pub built_on: Date,
    pub closed_on: Option<Date>,
    pub facts: Dated<Facts>,
}

impl Bed {
    fn label(&self) -> String {
        format!("{}房{}床", self.room_no, self.bed_no)
    }
}

/// What a sheet row or a form states of a bed, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub room_no: String,
    pub bed_no: String,
    pub code: Option<String>,
    pub facts: Facts,
    pub built_on: Date,
    pub closed_on: Option<Date>,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub bed: Bed,
    pub facts: Vec<Dated<Facts>>,
    pub event: Event,
}

/// Enters a bed of an institution; its facts hold from the day it was built.
pub fn build(id: Uuid, institution_id: Uuid, entry: Entry) -> Change {
    let facts = Dated::from(entry.built_on, entry.facts);
    let bed = Bed {
        id,
        version: 1,
        institution_id,
        room_no: entry.room_no,
        bed_no: entry.bed_no,
        code: entry.code,
        built_on: entry.built_on,
        closed_on: entry.closed_on,
        facts: facts.clone(),
    };
    Change { bed, facts: vec![facts], event: Event::note(entry.built_on, "登记床位") }
}

/// Type, nature or status from a day on; `None` when nothing changes. Fails with BED_CLOSED, FACT_LATER_EXISTS.
pub fn alter(known: &Bed, facts: Facts, effective_on: Date, reason: &str) -> Result<Option<Change>, Fault> {
    if known.closed_on.is_some_and(|closed_on| closed_on <= effective_on) && facts != known.facts.value {
        return Err(closed(known));
    }
    let stretches = timeline::change(&known.facts, effective_on, facts)?;
    let Some(newest) = stretches.last().cloned() else { return Ok(None) };
    let reason = if reason.is_empty() { "变更床位" } else { reason };
    let bed = Bed { facts: newest, ..known.clone() };
    Ok(Some(Change { bed, facts: stretches, event: Event::note(effective_on, reason) }))
}

/// 撤销 from a day on. Fails with BED_CLOSED, DATES_REVERSED, FACT_LATER_EXISTS.
pub fn close(known: &Bed, closed_on: Date, reason: &str) -> Result<Change, Fault> {
    if known.closed_on.is_some() {
        return Err(closed(known));
    }
    check_dates(known.built_on, Some(closed_on))?;
    if closed_on < known.facts.since {
        let message = format!("已登记了自{}起的情况，撤销日期不能早于该日", known.facts.since);
        return Err(Fault::conflict("FACT_LATER_EXISTS", message));
    }
    let bed = Bed { closed_on: Some(closed_on), ..known.clone() };
    let text = if reason.is_empty() { "撤销床位".to_owned() } else { format!("撤销床位：{reason}") };
    Ok(Change { bed, facts: Vec::new(), event: Event::note(closed_on, text) })
}

/// Brings a bed to what a sheet row states from `effective_on`; `None` when it states nothing new.
///
/// A row cannot move the day a bed was built (BED_BUILT_ON_DIFFERS), as figures of earlier periods would move with it,
/// nor its code (BED_CODE_DIFFERS), nor take back that it was closed (BED_CLOSED).
pub fn revise(known: &Bed, entry: &Entry, effective_on: Date) -> Result<Option<Change>, Fault> {
    if entry.built_on != known.built_on {
        let message = format!("已登记的建成日期为{}，表中为{}", known.built_on, entry.built_on);
        return Err(Fault::conflict("BED_BUILT_ON_DIFFERS", message));
    }
    if let (Some(ours), Some(theirs)) = (&known.code, &entry.code)
        && ours != theirs
    {
        let message = format!("{}已登记的床位编码为{ours}，表中为{theirs}", known.label());
        return Err(Fault::conflict("BED_CODE_DIFFERS", message));
    }
    if known.closed_on.is_some() && entry.closed_on != known.closed_on {
        return Err(closed(known));
    }
    let mut change = alter(known, entry.facts, effective_on, "")?;
    if let Some(closed_on) = entry.closed_on.filter(|_| known.closed_on.is_none()) {
        let closing = close(change.as_ref().map_or(known, |change| &change.bed), closed_on, "")?;
        change = Some(Change { facts: change.map(|change| change.facts).unwrap_or_default(), ..closing });
    }
    if known.code.is_none() && entry.code.is_some() {
        let told = || Event::note(effective_on, "登记床位编码");
        let mut coded = change.unwrap_or_else(|| Change { bed: known.clone(), facts: Vec::new(), event: told() });
        coded.bed.code.clone_from(&entry.code);
        change = Some(coded);
    }
    Ok(change)
}

/// The bed of an institution that a room and a number mean on a sheet: the one built last, unless it was closed before
/// the row's bed was built, which leaves the place free again.
pub fn meant<'a>(beds: impl Iterator<Item = &'a Bed>, entry: &Entry) -> Option<&'a Bed> {
    beds.filter(|bed| bed.room_no == entry.room_no && bed.bed_no == entry.bed_no)
        .max_by_key(|bed| bed.built_on)
        .filter(|bed| bed.closed_on.is_none_or(|closed_on| entry.built_on < closed_on))
}

/// A bed cannot go before it was built.
pub fn check_dates(built_on: Date, closed_on: Option<Date>) -> Result<(), Fault> {
    match closed_on {
        Some(closed_on) if closed_on < built_on => {
            Err(Fault::cell("closed_on", "DATES_REVERSED", format!("撤销日期{closed_on}早于建成日期{built_on}")))
        }
        _ => Ok(()),
    }
}

fn closed(bed: &Bed) -> Fault {
    let on = bed.closed_on.map(|on| on.to_string()).unwrap_or_default();
    Fault::conflict("BED_CLOSED", format!("{}已于{on}撤销；重新建成请用新的建成日期", bed.label()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn entry(kind: BedType) -> Entry {
        let facts = Facts { kind, nature: BedNature::Inclusive, status: BedStatus::Available, recognised_on: None };
        Entry {
            room_no: "201".into(),
            bed_no: "1".into(),
            code: None,
            facts,
            built_on: day("2025-01-01"),
            closed_on: None,
        }
    }

    #[test]
    fn only_a_nursing_bed_is_recognised() {
        let recognised = |kind| Facts { recognised_on: Some(day("2025-02-01")), ..entry(kind).facts };
        assert_eq!(recognised(BedType::General).checked().unwrap_err().reason, "RECOGNISED_NOT_NURSING");
        assert!(recognised(BedType::Nursing).checked().is_ok());
    }

    #[test]
    fn a_sheet_alters_and_closes_and_never_moves_what_was() {
        let bed = build(Uuid::nil(), Uuid::nil(), entry(BedType::General)).bed;
        let on = day("2025-11-01");
        assert!(revise(&bed, &entry(BedType::General), on).unwrap().is_none());
        let nursing = revise(&bed, &entry(BedType::Nursing), on).unwrap().unwrap();
        assert_eq!((nursing.facts.len(), nursing.bed.facts.since), (2, on));
        let moved = Entry { built_on: day("2024-01-01"), ..entry(BedType::General) };
        assert_eq!(revise(&bed, &moved, on).unwrap_err().reason, "BED_BUILT_ON_DIFFERS");
        let coded = Entry { code: Some("A1".into()), ..entry(BedType::General) };
        let known = revise(&bed, &coded, on).unwrap().unwrap().bed;
        assert_eq!(known.code.as_deref(), Some("A1"));
        let other = Entry { code: Some("A2".into()), ..entry(BedType::General) };
        assert_eq!(revise(&known, &other, on).unwrap_err().reason, "BED_CODE_DIFFERS");

        let gone = Entry { closed_on: Some(day("2025-12-01")), ..entry(BedType::Nursing) };
        let change = revise(&bed, &gone, on).unwrap().unwrap();
        assert_eq!((change.facts.len(), change.bed.closed_on), (2, Some(day("2025-12-01"))));
        assert!(revise(&change.bed, &gone, day("2026-01-01")).unwrap().is_none());
        assert_eq!(revise(&change.bed, &entry(BedType::Nursing), on).unwrap_err().reason, "BED_CLOSED");
        assert_eq!(close(&change.bed, day("2025-12-02"), "").unwrap_err().reason, "BED_CLOSED");
        assert_eq!(close(&bed, day("2024-12-31"), "").unwrap_err().reason, "DATES_REVERSED");

        let rebuilt = Entry { built_on: day("2026-02-01"), ..entry(BedType::General) };
        assert!(meant([&change.bed].into_iter(), &rebuilt).is_none());
        assert_eq!(meant([&change.bed].into_iter(), &gone), Some(&change.bed));
    }
}
