//! 社区养老服务设施 (dictionary §5.1.3): facilities that serve the old where they live, and the villages they serve.
//! Rules only: no SQL, no contract, no clock.

pub mod door;
pub mod import;
pub mod service;
pub mod store;

use std::collections::BTreeSet;

use jiff::civil::Date;
use registry::{Coded, Dated, Event, Fault, timeline};
use uuid::Uuid;

/// 设施类型.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    HomeCareCentre,
    RuralMutualStation,
    HappinessYard,
    DayCare,
    Embedded,
    Canteen,
    RegionalCentre,
}

impl Coded for Kind {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::HomeCareCentre, "HOME_CARE_CENTRE"),
        (Self::RuralMutualStation, "RURAL_MUTUAL_STATION"),
        (Self::HappinessYard, "HAPPINESS_YARD"),
        (Self::DayCare, "DAY_CARE"),
        (Self::Embedded, "EMBEDDED"),
        (Self::Canteen, "CANTEEN"),
        (Self::RegionalCentre, "REGIONAL_CENTRE"),
    ];
}

/// 运营主体.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    VillageCommittee,
    Township,
    Enterprise,
    SocialOrg,
    Institution,
    Property,
    PublicInstitution,
}

impl Coded for Operator {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::VillageCommittee, "VILLAGE_COMMITTEE"),
        (Self::Township, "TOWNSHIP"),
        (Self::Enterprise, "ENTERPRISE"),
        (Self::SocialOrg, "SOCIAL_ORG"),
        (Self::Institution, "INSTITUTION"),
        (Self::Property, "PROPERTY"),
        (Self::PublicInstitution, "PUBLIC_INSTITUTION"),
    ];
}

/// 服务内容.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offer {
    DayCare,
    Meals,
    Bathing,
    Cleaning,
    Medical,
    Mobility,
    Rehabilitation,
    Leisure,
    Visits,
}

impl Coded for Offer {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::DayCare, "DAY_CARE"),
        (Self::Meals, "MEALS"),
        (Self::Bathing, "BATHING"),
        (Self::Cleaning, "CLEANING"),
        (Self::Medical, "MEDICAL"),
        (Self::Mobility, "MOBILITY"),
        (Self::Rehabilitation, "REHABILITATION"),
        (Self::Leisure, "LEISURE"),
        (Self::Visits, "VISITS"),
    ];
}

impl Offer {
    /// Every service with its name in sheets.
    pub const NAMES: [(Offer, &'static str); 9] = [
        (Offer::DayCare, "日间照料"),
        (Offer::Meals, "助餐"),
        (Offer::Bathing, "助浴"),
        (Offer::Cleaning, "助洁"),
        (Offer::Medical, "助医"),
        (Offer::Mobility, "助行"),
        (Offer::Rehabilitation, "康复"),
        (Offer::Leisure, "文娱"),
        (Offer::Visits, "探访"),
    ];

    /// The service of a name.
    pub fn named(name: &str) -> Option<Offer> {
        Offer::NAMES.into_iter().find(|(_, known)| *known == name).map(|(offer, _)| offer)
    }

    pub fn label(self) -> &'static str {
        Offer::NAMES.into_iter().find(|(offer, _)| *offer == self).map_or("", |(_, name)| name)
    }
}

/// Where a facility stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Planned,
    Building,
    Operating,
    Idle,
    Closed,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Planned, "PLANNED"),
        (Self::Building, "BUILDING"),
        (Self::Operating, "OPERATING"),
        (Self::Idle, "IDLE"),
        (Self::Closed, "CLOSED"),
    ];
}

impl State {
    pub fn label(self) -> &'static str {
        match self {
            State::Planned => "规划",
            State::Building => "在建",
            State::Operating => "运营",
            State::Idle => "闲置",
            State::Closed => "关闭",
        }
    }

    /// Whether another state may follow: FACILITY_STATE.
    pub fn check_next(self, next: State) -> Result<(), Fault> {
        use State::*;
        let follows = match self {
            Planned => true,
            Building => next != Planned,
            Operating | Idle => matches!(next, Operating | Idle | Closed),
            Closed => next == Closed,
        };
        if follows {
            return Ok(());
        }
        let message = format!("设施现为“{}”，不能改为“{}”", self.label(), next.label());
        Err(Fault::conflict("FACILITY_STATE", message))
    }
}

/// What holds of a facility over a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    pub kind: Kind,
    /// A township or a village.
    pub region: String,
    pub county: String,
    pub operator_org: String,
    pub operator: Operator,
    pub offers: BTreeSet<Offer>,
    pub has_day_care: bool,
    pub day_beds: i64,
    pub full_beds: i64,
    pub area_cm2: i64,
    pub state: State,
    pub opened_on: Option<Date>,
    /// Codes of the villages and communities that it serves.
    pub service_area: BTreeSet<String>,
}

impl Facts {
    /// What the cells say beside each other: FACILITY_DAY_CARE, FACILITY_OPENED.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.day_beds > 0 && !self.has_day_care {
            let message = format!("填有日间床位{}张，“日间照料”应填“是”", self.day_beds);
            faults.push(Fault::cell("has_day_care", "FACILITY_DAY_CARE", message));
        }
        let opened = matches!(self.state, State::Operating | State::Idle | State::Closed);
        if opened && self.opened_on.is_none() {
            let message = format!("状态为“{}”的设施须填写投用日期", self.state.label());
            faults.push(Fault::cell("opened_on", "FACILITY_OPENED", message));
        }
        faults
    }
}

/// One facility as last recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facility {
    pub id: Uuid,
    pub version: i64,
    pub facts: Dated<Facts>,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub facility: Facility,
    pub facts: Vec<Dated<Facts>>,
    pub event: Event,
}

/// Enters a facility. It has been operating since the day it opened, whatever it is now; one that never opened is what
/// it is since `on`.
pub fn register(id: Uuid, facts: Facts, on: Date) -> Change {
    let event = Event::step(on, "", facts.state.label(), "登记");
    let opened = facts.opened_on.unwrap_or(on).min(on);
    let stretches = match facts.state {
        State::Idle | State::Closed if opened < on => {
            let before = Facts { state: State::Operating, ..facts.clone() };
            vec![Dated { since: opened, until: Some(on), value: before }, Dated::from(on, facts)]
        }
        State::Operating | State::Idle | State::Closed => vec![Dated::from(opened, facts)],
        State::Planned | State::Building => vec![Dated::from(on, facts)],
    };
    let newest = stretches[stretches.len() - 1].clone();
    Change { facility: Facility { id, version: 1, facts: newest }, facts: stretches, event }
}

/// Brings a facility to what a row or form states from a day on; `None` when it states nothing new. FACILITY_CLOSED,
/// FACILITY_STATE, FACT_LATER_EXISTS.
pub fn revise(known: &Facility, stated: Facts, told: &Event) -> Result<Option<Change>, Fault> {
    let before = &known.facts.value;
    let facts = timeline::change(&known.facts, told.effective_on, stated)?;
    let Some(newest) = facts.last().cloned() else { return Ok(None) };
    if before.state == State::Closed {
        return Err(Fault::conflict("FACILITY_CLOSED", format!("“{}”已关闭，不能再变更", before.name)));
    }
    let next = newest.value.state;
    before.state.check_next(next)?;
    let event = if next == before.state {
        told.clone()
    } else {
        Event { from_state: before.state.label(), to_state: next.label(), ..told.clone() }
    };
    Ok(Some(Change { facility: Facility { facts: newest, ..known.clone() }, facts, event }))
}

/// 闲置, 恢复运营 or 关闭. FACILITY_STATE, FACT_LATER_EXISTS.
pub fn operate(known: &Facility, next: State, told: &Event) -> Result<Change, Fault> {
    let before = &known.facts.value;
    let stands = before.state == next || (next == State::Operating && before.state != State::Idle);
    if stands || (next == State::Idle && before.state != State::Operating) {
        let message = format!("设施现为“{}”，不能办理“{}”", before.state.label(), next.label());
        return Err(Fault::conflict("FACILITY_STATE", message));
    }
    let changed = revise(known, Facts { state: next, ..before.clone() }, told)?;
    changed.ok_or_else(|| Fault::conflict("NOTHING_CHANGED", "没有变更"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn facts(state: State) -> Facts {
        Facts {
            name: "甲中心".into(),
            kind: Kind::HomeCareCentre,
            region: "530402001001".into(),
            county: "530402".into(),
            operator_org: String::new(),
            operator: Operator::SocialOrg,
            offers: BTreeSet::new(),
            has_day_care: true,
            day_beds: 10,
            full_beds: 0,
            area_cm2: 0,
            state,
            opened_on: Some(day("2022-05-01")),
            service_area: BTreeSet::from(["530402001001".to_owned()]),
        }
    }

    #[test]
    fn an_idle_facility_operated_before() {
        let change = register(Uuid::nil(), facts(State::Idle), day("2025-11-05"));
        let told: Vec<_> = change.facts.iter().map(|one| (one.since, one.value.state)).collect();
        assert_eq!(told, [(day("2022-05-01"), State::Operating), (day("2025-11-05"), State::Idle)]);
        let planned = Facts { opened_on: None, ..facts(State::Planned) };
        assert_eq!(register(Uuid::nil(), planned, day("2025-11-05")).facts[0].since, day("2025-11-05"));
    }

    #[test]
    fn cells_are_checked_beside_each_other() {
        let reasons = |facts: Facts| facts.check().into_iter().map(|fault| fault.reason).collect::<Vec<_>>();
        assert!(reasons(facts(State::Operating)).is_empty());
        assert_eq!(reasons(Facts { has_day_care: false, ..facts(State::Operating) }), ["FACILITY_DAY_CARE"]);
        assert_eq!(reasons(Facts { opened_on: None, ..facts(State::Idle) }), ["FACILITY_OPENED"]);
        assert!(reasons(Facts { opened_on: None, ..facts(State::Building) }).is_empty());
    }

    #[test]
    fn what_is_closed_stays_closed() {
        let told = Event::note(day("2025-11-06"), "停办");
        let open = register(Uuid::nil(), facts(State::Operating), day("2025-11-05")).facility;
        assert_eq!(operate(&open, State::Operating, &told).unwrap_err().reason, "FACILITY_STATE");
        let closed = operate(&open, State::Closed, &told).unwrap();
        assert_eq!((closed.event.from_state, closed.event.to_state), ("运营", "关闭"));
        let later = Event::note(day("2025-11-07"), "恢复");
        assert_eq!(revise(&closed.facility, facts(State::Operating), &later).unwrap_err().reason, "FACILITY_CLOSED");
        let early = Event::note(day("2022-04-01"), "早");
        assert_eq!(operate(&open, State::Idle, &early).unwrap_err().reason, "FACT_LATER_EXISTS");
    }

    proptest! {
        #[test]
        fn an_open_facility_is_never_planned_again(states in prop::collection::vec(0usize..5, 1..12)) {
            let mut state = State::Planned;
            let mut opened = false;
            for n in states {
                let next = State::CODES[n].0;
                if state.check_next(next).is_ok() {
                    state = next;
                }
                opened |= matches!(state, State::Operating | State::Idle | State::Closed);
                prop_assert!(!opened || !matches!(state, State::Planned | State::Building));
            }
        }
    }
}
