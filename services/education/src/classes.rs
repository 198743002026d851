//! 教学班 (dictionary §5.4): a course given by a school in a term. Rules only: no SQL, no contract, no clock.

pub mod door;
pub mod import;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Event, Fault};
use uuid::Uuid;

use crate::schools::{School, State as SchoolState};

/// Where a class stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Planned,
    Running,
    Ended,
    Cancelled,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Planned, "PLANNED"),
        (Self::Running, "RUNNING"),
        (Self::Ended, "ENDED"),
        (Self::Cancelled, "CANCELLED"),
    ];
}

impl State {
    pub fn label(self) -> &'static str {
        match self {
            State::Planned => "计划",
            State::Running => "开课",
            State::Ended => "结课",
            State::Cancelled => "取消",
        }
    }

    /// True for a class that is over, whichever way.
    pub fn is_over(self) -> bool {
        matches!(self, State::Ended | State::Cancelled)
    }
}

/// 学期: `2026S` (春) or `2026A` (秋).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term(String);

impl Term {
    /// TERM_INVALID.
    pub fn read(text: &str) -> Result<Term, Fault> {
        let text = text.trim();
        let fits = match text.as_bytes() {
            [b'2', b'0', tens, ones, b'S' | b'A'] => tens.is_ascii_digit() && ones.is_ascii_digit(),
            _ => false,
        };
        if fits {
            return Ok(Term(text.to_owned()));
        }
        let message = format!("学期“{text}”写法不对：春季学期写作2026S，秋季学期写作2026A");
        Err(Fault::cell("term", "TERM_INVALID", message))
    }

    pub fn code(&self) -> &str {
        &self.0
    }
}

/// What may change of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub capacity: i64,
    pub enrolled: i64,
    pub teacher_name: String,
    pub schedule: String,
    pub state: State,
}

impl Facts {
    /// CLASS_CAPACITY, CLASS_ENROLLED.
    pub fn check(&self) -> Result<(), Fault> {
        if self.capacity < 1 {
            return Err(Fault::cell("capacity", "CLASS_CAPACITY", "容量须为1人以上"));
        }
        if self.enrolled < 0 || self.enrolled > self.capacity {
            let message = format!("注册人数{}超出0至容量{}的范围", self.enrolled, self.capacity);
            return Err(Fault::cell("enrolled", "CLASS_ENROLLED", message));
        }
        Ok(())
    }
}

/// Which class: the course, the term and a name within a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub course_id: Uuid,
    pub term: Term,
    pub name: String,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub id: Uuid,
    pub version: i64,
    pub school_id: Uuid,
    pub identity: Identity,
    pub facts: Facts,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub class: Class,
    pub event: Event,
}

/// A school gives lessons only while it is open; before that it may plan them, and what is over may be recorded late:
/// CLASS_SCHOOL_NOT_OPEN.
pub fn check_school(school: &School, state: State) -> Result<(), Fault> {
    let fits = match school.facts.value.state {
        SchoolState::Open => true,
        SchoolState::Planned => state == State::Planned,
        SchoolState::Suspended | SchoolState::Closed => state.is_over(),
    };
    if fits {
        return Ok(());
    }
    let (name, at) = (&school.facts.value.name, school.facts.value.state.label());
    let message = format!("“{name}”现为“{at}”，不能有“{}”的班", state.label());
    Err(Fault::cell("state", "CLASS_SCHOOL_NOT_OPEN", message))
}

/// Sets up a class. CLASS_SCHOOL_NOT_OPEN.
pub fn set_up(id: Uuid, school: &School, identity: Identity, facts: Facts, on: Date) -> Result<Change, Fault> {
    check_school(school, facts.state)?;
    let event = Event::step(on, "", facts.state.label(), "设班");
    Ok(Change { class: Class { id, version: 1, school_id: school.id, identity, facts }, event })
}

/// Brings a class to what a row states; `None` when it states nothing new. A class that is over stays as it is:
/// CLASS_OVER; one that runs is not planned again: CLASS_STATE; CLASS_SCHOOL_NOT_OPEN.
pub fn revise(known: &Class, school: &School, facts: Facts, on: Date) -> Result<Option<Change>, Fault> {
    if known.facts == facts {
        return Ok(None);
    }
    let (before, after) = (known.facts.state, facts.state);
    if before.is_over() {
        return Err(Fault::conflict("CLASS_OVER", format!("该班已{}，不能再变更", before.label())));
    }
    if before == State::Running && after == State::Planned {
        return Err(Fault::cell("state", "CLASS_STATE", "该班已开课，不能改回计划"));
    }
    check_school(school, after)?;
    let event = if before == after {
        Event::note(on, "变更班级")
    } else {
        Event::step(on, before.label(), after.label(), "导入变更")
    };
    Ok(Some(Change { class: Class { facts, ..known.clone() }, event }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schools::tests::{day, facts as school_facts};
    use crate::schools::{Facts as SchoolFacts, register};

    fn school(state: SchoolState) -> School {
        let mut school = register(Uuid::nil(), school_facts(), day("2025-11-05")).school;
        school.facts.value = SchoolFacts { state, ..school.facts.value };
        school
    }

    fn facts(state: State) -> Facts {
        Facts { capacity: 40, enrolled: 30, teacher_name: String::new(), schedule: String::new(), state }
    }

    fn class(state: State) -> Class {
        let identity = Identity { course_id: Uuid::nil(), term: Term::read("2025A").unwrap(), name: "一班".into() };
        set_up(Uuid::nil(), &school(SchoolState::Open), identity, facts(state), day("2025-09-01")).unwrap().class
    }

    #[test]
    fn a_closed_school_gives_no_course() {
        let refused = |at, state| check_school(&school(at), state).err().map(|fault| fault.reason);
        for at in [SchoolState::Closed, SchoolState::Suspended] {
            assert_eq!(refused(at, State::Running), Some("CLASS_SCHOOL_NOT_OPEN"));
            assert_eq!(refused(at, State::Planned), Some("CLASS_SCHOOL_NOT_OPEN"));
            assert_eq!(refused(at, State::Ended), None);
        }
        assert_eq!(refused(SchoolState::Planned, State::Running), Some("CLASS_SCHOOL_NOT_OPEN"));
        assert_eq!(refused(SchoolState::Planned, State::Planned), None);
        assert_eq!(refused(SchoolState::Open, State::Running), None);
    }

    #[test]
    fn a_class_that_is_over_stays_so() {
        let open = school(SchoolState::Open);
        let on = day("2025-11-05");
        let again = |known, state| revise(&class(known), &open, facts(state), on).map(|change| change.is_some());
        assert_eq!(again(State::Running, State::Running), Ok(false));
        assert_eq!(again(State::Running, State::Ended), Ok(true));
        assert_eq!(again(State::Running, State::Planned).unwrap_err().reason, "CLASS_STATE");
        assert_eq!(again(State::Ended, State::Running).unwrap_err().reason, "CLASS_OVER");
        assert_eq!(again(State::Cancelled, State::Planned).unwrap_err().reason, "CLASS_OVER");
    }

    #[test]
    fn numbers_and_terms_are_checked() {
        assert_eq!(Facts { enrolled: 41, ..facts(State::Running) }.check().unwrap_err().reason, "CLASS_ENROLLED");
        assert_eq!(
            Facts { capacity: 0, enrolled: 0, ..facts(State::Planned) }.check().unwrap_err().reason,
            "CLASS_CAPACITY"
        );
        assert!(facts(State::Running).check().is_ok());
        for bad in ["2026", "2026B", "1999A", "2026春", "二〇二A", "20 6A", ""] {
            assert_eq!(Term::read(bad).unwrap_err().reason, "TERM_INVALID", "{bad}");
        }
        assert_eq!(Term::read(" 2026S ").unwrap().code(), "2026S");
    }
}
