//! 班级与托位 (dictionary §5.2.2): an institution's places are the sum of its classes' places; nobody types a total.
//! Rules only.

pub mod door;
pub mod import;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Dated, Event, Fault, timeline};
use uuid::Uuid;

/// 班型.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    Infant,
    Small,
    Big,
    Mixed,
}

impl Coded for ClassKind {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Infant, "INFANT"), (Self::Small, "SMALL"), (Self::Big, "BIG"), (Self::Mixed, "MIXED")];
}

/// Most children per class: 《托育机构设置标准（试行）》 国卫人口发〔2019〕58号.
pub const CAPS: [(ClassKind, &str, i64); 4] = [
    (ClassKind::Infant, "乳儿班", 10),
    (ClassKind::Small, "托小班", 15),
    (ClassKind::Big, "托大班", 20),
    (ClassKind::Mixed, "混合编班", 18),
];

/// What holds of a class over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub kind: ClassKind,
    pub places: i64,
}

impl Facts {
    /// Checked facts: at least one place, at most the cap of the kind (PLACES_TOO_FEW, CLASS_ABOVE_CAP).
    pub fn checked(kind: ClassKind, places: i64) -> Result<Self, Fault> {
        if places < 1 {
            return Err(Fault::cell("places", "PLACES_TOO_FEW", format!("托位数至少为1个，现为{places}个")));
        }
        if let Some((_, label, cap)) = CAPS.iter().find(|(capped, _, cap)| *capped == kind && places > *cap) {
            let message = format!("{label}托位上限为{cap}个，现为{places}个（国卫人口发〔2019〕58号）");
            return Err(Fault::cell("places", "CLASS_ABOVE_CAP", message));
        }
        Ok(Facts { kind, places })
    }
}

/// One class as last recorded. It is open from `opened_on` up to but not including `closed_on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub id: Uuid,
    pub version: i64,
    pub institution_id: Uuid,
    pub name: String,
    pub opened_on: Date,
    pub closed_on: Option<Date>,
    pub facts: Dated<Facts>,
}

/// What a sheet row or a form states of a class, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub institution_uscc: Option<String>,
    pub institution_name: String,
    pub name: String,
    pub facts: Facts,
    pub opened_on: Date,
    pub closed_on: Option<Date>,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub class: Class,
    pub facts: Vec<Dated<Facts>>,
    /// Told in the institution's history.
    pub event: Event,
}

/// Opens a class of an institution.
pub fn open(id: Uuid, institution_id: Uuid, entry: Entry) -> Change {
    let event = Event::note(entry.opened_on, format!("开设{}，托位{}个", entry.name, entry.facts.places));
    let facts = Dated::from(entry.opened_on, entry.facts);
    let class = Class {
        id,
        version: 1,
        institution_id,
        name: entry.name,
        opened_on: entry.opened_on,
        closed_on: entry.closed_on,
        facts: facts.clone(),
    };
    Change { class, facts: vec![facts], event }
}

/// Kind or places from a day on; `None` when nothing changes. Fails with CLASS_CLOSED, FACT_LATER_EXISTS.
pub fn alter(known: &Class, facts: Facts, effective_on: Date, reason: &str) -> Result<Option<Change>, Fault> {
    if known.closed_on.is_some_and(|closed_on| closed_on <= effective_on) && facts != known.facts.value {
        return Err(closed(known));
    }
    let stretches = timeline::change(&known.facts, effective_on, facts)?;
    let Some(newest) = stretches.last().cloned() else { return Ok(None) };
    let text = format!("{}托位由{}个变为{}个", known.name, known.facts.value.places, facts.places);
    let text = if reason.is_empty() { text } else { format!("{text}：{reason}") };
    let class = Class { facts: newest, ..known.clone() };
    Ok(Some(Change { class, facts: stretches, event: Event::note(effective_on, text) }))
}

/// 停办 from a day on. Fails with CLASS_CLOSED, DATES_REVERSED, FACT_LATER_EXISTS.
pub fn close(known: &Class, closed_on: Date, reason: &str) -> Result<Change, Fault> {
    if known.closed_on.is_some() {
        return Err(closed(known));
    }
    check_dates(known.opened_on, Some(closed_on))?;
    if closed_on < known.facts.since {
        let message = format!("已登记了自{}起的情况，停办日期不能早于该日", known.facts.since);
        return Err(Fault::conflict("FACT_LATER_EXISTS", message));
    }
    let class = Class { closed_on: Some(closed_on), ..known.clone() };
    let text = format!("停办{}", known.name);
    let text = if reason.is_empty() { text } else { format!("{text}：{reason}") };
    Ok(Change { class, facts: Vec::new(), event: Event::note(closed_on, text) })
}

/// Brings a class to what a sheet row states from `effective_on`; `None` when it states nothing new.
///
/// A row cannot move the day a class opened (CLASS_OPENED_ON_DIFFERS), as figures of earlier periods would move with
/// it, nor reopen a closed one (CLASS_CLOSED): that is a new class with its own opening day.
pub fn revise(known: &Class, entry: &Entry, effective_on: Date) -> Result<Option<Change>, Fault> {
    if entry.opened_on != known.opened_on {
        let message = format!("已登记的开班日期为{}，表中为{}", known.opened_on, entry.opened_on);
        return Err(Fault::conflict("CLASS_OPENED_ON_DIFFERS", message));
    }
    if known.closed_on.is_some() && entry.closed_on != known.closed_on {
        return Err(closed(known));
    }
    let altered = alter(known, entry.facts, effective_on, "")?;
    let Some(closed_on) = entry.closed_on.filter(|_| known.closed_on.is_none()) else { return Ok(altered) };
    let mut closing = close(altered.as_ref().map_or(known, |change| &change.class), closed_on, "")?;
    closing.facts = altered.map(|change| change.facts).unwrap_or_default();
    Ok(Some(closing))
}

/// The class of an institution that a name means on a sheet: the one opened last, unless it was closed before the
/// row's class opened, which leaves the name free again.
pub fn meant<'a>(classes: impl Iterator<Item = &'a Class>, entry: &Entry) -> Option<&'a Class> {
    classes
        .filter(|class| class.name == entry.name)
        .max_by_key(|class| class.opened_on)
        .filter(|class| class.closed_on.is_none_or(|closed_on| entry.opened_on < closed_on))
}

/// Places of the classes that are open on a day, by what was last recorded of them.
pub fn places_on<'a>(classes: impl Iterator<Item = &'a Class>, day: Date) -> i64 {
    classes
        .filter(|class| class.opened_on <= day && class.closed_on.is_none_or(|closed_on| closed_on > day))
        .map(|class| class.facts.value.places)
        .sum()
}

/// A class cannot close before it opened.
pub fn check_dates(opened_on: Date, closed_on: Option<Date>) -> Result<(), Fault> {
    match closed_on {
        Some(closed_on) if closed_on < opened_on => {
            Err(Fault::cell("closed_on", "DATES_REVERSED", format!("停办日期{closed_on}早于开班日期{opened_on}")))
        }
        _ => Ok(()),
    }
}

fn closed(class: &Class) -> Fault {
    let on = class.closed_on.map(|on| on.to_string()).unwrap_or_default();
    Fault::conflict("CLASS_CLOSED", format!("{}已于{on}停办；重新开办请用新的开班日期", class.name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn entry(places: i64) -> Entry {
        Entry {
            institution_uscc: None,
            institution_name: "甲".into(),
            name: "托大一班".into(),
            facts: Facts::checked(ClassKind::Big, places).unwrap(),
            opened_on: day("2025-09-01"),
            closed_on: None,
        }
    }

    proptest! {
        #[test]
        fn no_class_is_above_its_cap_or_empty(n in 0usize..4, places in -5i64..40) {
            let (kind, label, cap) = CAPS[n];
            match Facts::checked(kind, places) {
                Ok(facts) => prop_assert!((1..=cap).contains(&facts.places)),
                Err(fault) if places < 1 => prop_assert_eq!(fault.reason, "PLACES_TOO_FEW"),
                Err(fault) => {
                    prop_assert_eq!(fault.reason, "CLASS_ABOVE_CAP");
                    prop_assert!(places > cap && fault.message.contains(label));
                    prop_assert!(fault.message.contains(&cap.to_string()) && fault.message.contains(&places.to_string()));
                }
            }
        }
    }

    #[test]
    fn a_sheet_alters_closes_and_never_moves_the_opening() {
        let class = open(Uuid::nil(), Uuid::nil(), entry(18)).class;
        assert!(revise(&class, &entry(18), day("2025-11-01")).unwrap().is_none());
        let change = revise(&class, &entry(20), day("2025-11-01")).unwrap().unwrap();
        assert_eq!((change.facts.len(), change.class.facts.value.places), (2, 20));
        let moved = Entry { opened_on: day("2025-08-01"), ..entry(18) };
        assert_eq!(revise(&class, &moved, day("2025-11-01")).unwrap_err().reason, "CLASS_OPENED_ON_DIFFERS");
        let shut = Entry { closed_on: Some(day("2025-12-01")), ..entry(18) };
        let change = revise(&class, &shut, day("2025-11-01")).unwrap().unwrap();
        assert_eq!(change.class.closed_on, Some(day("2025-12-01")));
        assert!(revise(&change.class, &shut, day("2026-01-01")).unwrap().is_none());
        assert_eq!(revise(&change.class, &entry(18), day("2026-01-01")).unwrap_err().reason, "CLASS_CLOSED");
    }

    #[test]
    fn the_name_of_a_closed_class_is_free_again() {
        let mut class = open(Uuid::nil(), Uuid::nil(), entry(18)).class;
        class.closed_on = Some(day("2026-07-01"));
        let again = Entry { opened_on: day("2026-09-01"), ..entry(18) };
        assert!(meant([&class].into_iter(), &again).is_none());
        assert_eq!(meant([&class].into_iter(), &entry(18)), Some(&class));
    }
}
