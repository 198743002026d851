//! 老年学校 (dictionary §5.4): tiers, states and what “建有” means. Rules only: no SQL, no contract, no clock.

pub mod demonstration;
pub mod door;
pub mod import;
pub mod named;
pub mod service;
pub mod store;

use city::region::Level;
use jiff::civil::Date;
use registry::{Coded, Dated, Event, Fault, timeline};
use uuid::Uuid;

/// Activities in a year from which a school counts as 建有. Convention [P] of the dictionary §5.4; a city that decides
/// otherwise changes it here, and it is shown with the register.
pub const ACTIVITIES: i64 = 4;

/// 层级.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    City,
    County,
    Township,
    Village,
}

impl Coded for Tier {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::City, "CITY"), (Self::County, "COUNTY"), (Self::Township, "TOWNSHIP"), (Self::Village, "VILLAGE")];
}

impl Tier {
    /// A school of a tier stands where that tier is counted: SCHOOL_REGION_LEVEL.
    pub fn check_region(self, level: Level) -> Result<(), Fault> {
        let fits = match self {
            // Both are institutions with an address; the county in which they stand counts them.
            Tier::City | Tier::County => level != Level::City,
            Tier::Township => level == Level::Township,
            Tier::Village => level == Level::Village,
        };
        if fits {
            return Ok(());
        }
        let message = match self {
            Tier::City | Tier::County => "老年大学的所在地区须填到县（市、区）或以下",
            Tier::Township => "分校（老年学校）的所在地区须填乡（镇）、街道",
            Tier::Village => "学习点的所在地区须填村（社区）",
        };
        Err(Fault::cell("region", "SCHOOL_REGION_LEVEL", message))
    }
}

/// 办学主体; `Unstated` where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    Unstated,
    CadreBureau,
    EducationBureau,
    OpenUniversity,
    Enterprise,
    SocialOrg,
    VillageCommittee,
    Other,
}

impl Coded for HostKind {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Unstated, "UNSPECIFIED"),
        (Self::CadreBureau, "CADRE_BUREAU"),
        (Self::EducationBureau, "EDUCATION_BUREAU"),
        (Self::OpenUniversity, "OPEN_UNIVERSITY"),
        (Self::Enterprise, "ENTERPRISE"),
        (Self::SocialOrg, "SOCIAL_ORG"),
        (Self::VillageCommittee, "VILLAGE_COMMITTEE"),
        (Self::Other, "OTHER"),
    ];
}

/// Where a school stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Planned,
    Open,
    Suspended,
    Closed,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Planned, "PLANNED"), (Self::Open, "OPEN"), (Self::Suspended, "SUSPENDED"), (Self::Closed, "CLOSED")];
}

impl State {
    pub fn label(self) -> &'static str {
        match self {
            State::Planned => "筹建",
            State::Open => "开办",
            State::Suspended => "停办",
            State::Closed => "已撤销",
        }
    }
}

/// What may be done with a school's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Open,
    Suspend,
    Resume,
    Close,
}

/// The state after an act: SCHOOL_STATE.
pub fn next(state: State, act: Act) -> Result<State, Fault> {
    match (state, act) {
        (State::Planned, Act::Open) | (State::Suspended, Act::Resume) => Ok(State::Open),
        (State::Open, Act::Suspend) => Ok(State::Suspended),
        (State::Planned | State::Open | State::Suspended, Act::Close) => Ok(State::Closed),
        (state, act) => {
            let act = match act {
                Act::Open => "开办",
                Act::Suspend => "停办",
                Act::Resume => "恢复",
                Act::Close => "撤销",
            };
            Err(Fault::conflict("SCHOOL_STATE", format!("学校现为“{}”，不能办理{act}", state.label())))
        }
    }
}

/// The checklist of 建有.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checklist {
    pub sign: bool,
    pub place: bool,
    pub teacher: bool,
    pub course: bool,
    /// Activities this year.
    pub activities: i64,
}

/// What holds of a school over a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    pub tier: Tier,
    pub region: String,
    /// The county that counts it.
    pub county: String,
    pub host_org: String,
    pub host_kind: HostKind,
    pub address: String,
    pub area_cm2: i64,
    pub opened_on: Date,
    pub state: State,
    pub checklist: Checklist,
}

impl Facts {
    /// 建有: open, and everything on the checklist.
    pub fn established(&self) -> bool {
        let Checklist { sign, place, teacher, course, activities } = self.checklist;
        self.state == State::Open && sign && place && teacher && course && activities >= ACTIVITIES
    }
}

/// One school as last recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct School {
    pub id: Uuid,
    pub version: i64,
    pub facts: Dated<Facts>,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub school: School,
    pub facts: Vec<Dated<Facts>>,
    pub events: Vec<Event>,
}

/// Enters a school. Its facts hold from the day it opened; one that opens later is planned until then.
pub fn register(id: Uuid, mut facts: Facts, today: Date) -> Change {
    facts.state = if facts.opened_on <= today { State::Open } else { State::Planned };
    let since = facts.opened_on.min(today);
    let event = Event::step(since, "", facts.state.label(), "登记");
    let facts = Dated::from(since, facts);
    let school = School { id, version: 1, facts: facts.clone() };
    Change { school, facts: vec![facts], events: vec![event] }
}

/// Brings a school to what a row or form states from `on`; `None` when it states nothing new. A sheet does not speak of
/// the state. Fails with SCHOOL_CLOSED, FACT_LATER_EXISTS.
pub fn revise(known: &School, stated: Facts, on: Date, reason: &str) -> Result<Option<Change>, Fault> {
    let before = &known.facts.value;
    let facts = timeline::change(&known.facts, on, Facts { state: before.state, ..stated })?;
    let Some(newest) = facts.last().cloned() else { return Ok(None) };
    if before.state == State::Closed {
        return Err(Fault::conflict("SCHOOL_CLOSED", format!("“{}”已撤销，不能再变更", before.name)));
    }
    let event = Event::note(on, reason);
    Ok(Some(Change { school: School { facts: newest, ..known.clone() }, facts, events: vec![event] }))
}

/// An act on the state from a day on. Fails with SCHOOL_STATE, FACT_LATER_EXISTS.
pub fn act(known: &School, act: Act, on: Date, reason: &str, document_number: &str) -> Result<Change, Fault> {
    let from = known.facts.value.state;
    let to = next(from, act)?;
    let facts = timeline::change(&known.facts, on, Facts { state: to, ..known.facts.value.clone() })?;
    let newest = facts.last().cloned().unwrap_or_else(|| known.facts.clone());
    let event =
        Event { document_number: document_number.to_owned(), ..Event::step(on, from.label(), to.label(), reason) };
    Ok(Change { school: School { facts: newest, ..known.clone() }, facts, events: vec![event] })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    pub(crate) fn facts() -> Facts {
        Facts {
            name: "甲校".into(),
            tier: Tier::Township,
            region: "530402001".into(),
            county: "530402".into(),
            host_org: String::new(),
            host_kind: HostKind::Unstated,
            address: String::new(),
            area_cm2: 0,
            opened_on: day("2025-03-01"),
            state: State::Open,
            checklist: Checklist { sign: true, place: true, teacher: true, course: true, activities: ACTIVITIES },
        }
    }

    #[test]
    fn a_school_counts_only_while_it_is_open_and_meets_the_whole_checklist() {
        let whole = facts();
        assert!(whole.established());
        let lacks = |change: fn(&mut Checklist)| {
            let mut facts = facts();
            change(&mut facts.checklist);
            facts.established()
        };
        assert!(!lacks(|list| list.sign = false) && !lacks(|list| list.place = false));
        assert!(!lacks(|list| list.teacher = false) && !lacks(|list| list.course = false));
        assert!(!lacks(|list| list.activities = ACTIVITIES - 1));
        assert!(!Facts { state: State::Suspended, ..facts() }.established());
    }

    #[test]
    fn acts_follow_the_states_and_a_closed_school_stays_closed() {
        let school = register(Uuid::nil(), facts(), day("2025-11-05")).school;
        assert_eq!(act(&school, Act::Resume, day("2025-11-06"), "", "").unwrap_err().reason, "SCHOOL_STATE");
        let shut = act(&school, Act::Suspend, day("2025-11-06"), "装修", "").unwrap().school;
        assert_eq!(act(&shut, Act::Close, day("2025-11-01"), "", "").unwrap_err().reason, "FACT_LATER_EXISTS");
        let closed = act(&shut, Act::Close, day("2025-12-01"), "合并", "玉老干〔2025〕3号").unwrap();
        assert_eq!((closed.events[0].from_state, closed.events[0].to_state), ("停办", "已撤销"));
        let renamed = Facts { name: "乙校".into(), ..facts() };
        assert_eq!(revise(&closed.school, renamed, day("2026-01-01"), "").unwrap_err().reason, "SCHOOL_CLOSED");
        let later = register(Uuid::nil(), Facts { opened_on: day("2026-03-01"), ..facts() }, day("2025-11-05"));
        assert_eq!(later.school.facts.value.state, State::Planned);
    }

    #[test]
    fn a_tier_stands_at_its_own_level() {
        assert!(Tier::Village.check_region(Level::Village).is_ok());
        assert_eq!(Tier::Village.check_region(Level::Township).unwrap_err().reason, "SCHOOL_REGION_LEVEL");
        assert_eq!(Tier::Township.check_region(Level::County).unwrap_err().reason, "SCHOOL_REGION_LEVEL");
        assert_eq!(Tier::County.check_region(Level::City).unwrap_err().reason, "SCHOOL_REGION_LEVEL");
    }

    proptest! {
        #[test]
        fn no_act_leads_out_of_closed(acts in prop::collection::vec(0usize..4, 0..12)) {
            let mut state = State::Planned;
            let mut closed = false;
            for n in acts {
                let act = [Act::Open, Act::Suspend, Act::Resume, Act::Close][n];
                if let Ok(after) = next(state, act) {
                    prop_assert!(!closed);
                    state = after;
                    closed = state == State::Closed;
                }
            }
        }
    }
}
