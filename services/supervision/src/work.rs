//! 工作清单: work that is no statistic, by types that are plan data (practice §5). Rules only.
//!
//! ```text
//! DRAFT ─submit▶ SUBMITTED ─accept▶ ACCEPTED ─correct▶ SUBMITTED
//!                   └─return▶ RETURNED ─submit▶ SUBMITTED
//! ```

pub mod door;
pub mod import;
pub mod service;
pub mod store;

#[cfg(test)]
mod acts_test;

use city::work::WorkType;
use jiff::civil::Date;
use registry::{Coded, Fault, Place};
use uuid::Uuid;

/// Where an entry stands; only an accepted one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Draft,
    Submitted,
    Accepted,
    Returned,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Draft, "DRAFT"),
        (Self::Submitted, "SUBMITTED"),
        (Self::Accepted, "ACCEPTED"),
        (Self::Returned, "RETURNED"),
    ];
}

impl State {
    pub fn label(self) -> &'static str {
        match self {
            State::Draft => "草稿",
            State::Submitted => "已提交",
            State::Accepted => "已认可",
            State::Returned => "已退回",
        }
    }
}

/// What moves an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Submit,
    Accept,
    Return,
    Correct,
}

/// The state after an act; WORK_STATE where the state does not allow it.
pub fn next(state: State, act: Act) -> Result<State, Fault> {
    Ok(match (state, act) {
        (State::Draft | State::Returned, Act::Submit) => State::Submitted,
        (State::Submitted, Act::Accept) => State::Accepted,
        (State::Submitted, Act::Return) => State::Returned,
        (State::Draft | State::Returned, Act::Correct) => state,
        (State::Submitted | State::Accepted, Act::Correct) => State::Submitted,
        _ => {
            let act = match act {
                Act::Submit => "提交",
                Act::Accept => "认可",
                Act::Return => "退回",
                Act::Correct => "更正",
            };
            return Err(Fault::conflict("WORK_STATE", format!("工作状态为“{}”，不能{act}", state.label())));
        }
    })
}

/// What an entry states, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Code of the type.
    pub work_type: String,
    pub title: String,
    /// Organisation code.
    pub unit: String,
    /// Region and the county that counts it; the city's own work has no county.
    pub place: Place,
    pub quantity: i64,
    pub dated_on: Date,
    pub document_number: String,
    /// The task that it proves; 0: every task of its type.
    pub task_number: u32,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub version: i64,
    pub facts: Facts,
    pub state: State,
    /// User id of who wrote it last.
    pub author_id: String,
    pub written_by: String,
}

impl Entry {
    /// 认可 or 退回, never by the author. SAME_PERSON, WORK_STATE.
    pub fn decide(&mut self, act: Act, user: &str) -> Result<(), Fault> {
        let state = next(self.state, act)?;
        if self.author_id == user {
            return Err(Fault::conflict("SAME_PERSON", "填报人不能认可或退回自己填报的工作"));
        }
        self.state = state;
        Ok(())
    }

    /// States something else from now on. NOTHING_CHANGED.
    pub fn correct(&mut self, facts: Facts, author_id: &str, written_by: &str) -> Result<(), Fault> {
        if self.facts == facts {
            return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更"));
        }
        self.state = next(self.state, Act::Correct)?;
        self.facts = facts;
        author_id.clone_into(&mut self.author_id);
        written_by.clone_into(&mut self.written_by);
        Ok(())
    }
}

/// A type by its code or title.
pub fn type_of<'c>(types: &'c [WorkType], text: &str) -> Option<&'c WorkType> {
    let text = text.trim();
    types.iter().find(|one| one.code == text || one.title == text)
}

/// Numbers of the tasks that an entry proves.
pub fn tasks_of(types: &[WorkType], facts: &Facts) -> Vec<u32> {
    match facts.task_number {
        0 => types.iter().find(|one| one.code == facts.work_type).map(|one| one.tasks.clone()).unwrap_or_default(),
        number => vec![number],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_counts_only_after_another_person_accepts_it() {
        let facts = Facts {
            work_type: "meeting".into(),
            title: "会".into(),
            unit: "ZB".into(),
            place: Place { region: "530400".into(), county: String::new() },
            quantity: 1,
            dated_on: "2025-09-30".parse().unwrap(),
            document_number: String::new(),
            task_number: 0,
        };
        let (author_id, written_by) = ("u1".to_owned(), "李红".to_owned());
        let mut entry =
            Entry { id: Uuid::nil(), version: 1, facts: facts.clone(), state: State::Draft, author_id, written_by };
        assert_eq!(entry.decide(Act::Accept, "u2").unwrap_err().reason, "WORK_STATE");
        entry.state = next(entry.state, Act::Submit).unwrap();
        assert_eq!(entry.decide(Act::Accept, "u1").unwrap_err().reason, "SAME_PERSON");
        entry.decide(Act::Accept, "u2").unwrap();
        assert_eq!(entry.correct(facts.clone(), "u2", "").unwrap_err().reason, "NOTHING_CHANGED");
        entry.correct(Facts { quantity: 2, ..facts }, "u2", "王").unwrap();
        assert_eq!((entry.state, entry.author_id.as_str()), (State::Submitted, "u2"));
        assert_eq!(entry.decide(Act::Accept, "u2").unwrap_err().reason, "SAME_PERSON");
        entry.decide(Act::Return, "u1").unwrap();
        assert_eq!(next(State::Returned, Act::Accept).unwrap_err().reason, "WORK_STATE");
        assert_eq!(next(State::Accepted, Act::Submit).unwrap_err().reason, "WORK_STATE");
    }

    #[test]
    fn a_type_is_known_by_code_and_title() {
        let plan = &city::bundle::City::embedded().plan;
        assert_eq!(type_of(&plan.work_types, " 协调机制会议").unwrap().code, "meeting");
        assert_eq!(type_of(&plan.work_types, "rural-home").unwrap().tasks, [4]);
        assert!(type_of(&plan.work_types, "").is_none());
    }
}
