//! 备案 (国卫办人口发〔2019〕25号): the states of a filing, the clock in which the bureau answers, and 称号 with their
//! validity. Rules only.
//!
//! ```text
//! REGISTERED ─submit▶ SUBMITTED ─confirm▶ FILED ─change▶ CHANGE_PENDING ─confirm▶ FILED ─deregister▶ DEREGISTERED
//!                        └─reject▶ NOT_CONFORMING ─submit▶ RESUBMITTED ─confirm▶ FILED, ─reject▶ NOT_CONFORMING
//! ```

pub mod door;
pub mod feed;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Dated, Fault, timeline};
use uuid::Uuid;

/// Working days in which the bureau answers a filing (dictionary §5.2.1).
pub const ANSWER_WORKING_DAYS: u32 = 5;

/// 备案状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Registered,
    Submitted,
    Filed,
    NotConforming,
    Resubmitted,
    ChangePending,
    Deregistered,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Registered, "REGISTERED"),
        (Self::Submitted, "SUBMITTED"),
        (Self::Filed, "FILED"),
        (Self::NotConforming, "NOT_CONFORMING"),
        (Self::Resubmitted, "RESUBMITTED"),
        (Self::ChangePending, "CHANGE_PENDING"),
        (Self::Deregistered, "DEREGISTERED"),
    ];
}

impl State {
    /// As people read it in the history.
    pub fn label(self) -> &'static str {
        match self {
            State::Registered => "已登记未备案",
            State::Submitted => "已提交备案",
            State::Filed => "已备案",
            State::NotConforming => "不符合",
            State::Resubmitted => "重新提交",
            State::ChangePending => "变更待备案",
            State::Deregistered => "已注销",
        }
    }

    /// True while the bureau owes an answer.
    pub fn awaits_answer(self) -> bool {
        matches!(self, State::Submitted | State::Resubmitted | State::ChangePending)
    }
}

/// What is done to a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Submit,
    Confirm,
    Reject,
    Change,
    Deregister,
}

impl Act {
    fn label(self) -> &'static str {
        match self {
            Act::Submit => "提交备案",
            Act::Confirm => "发备案回执",
            Act::Reject => "判为不符合",
            Act::Change => "变更备案",
            Act::Deregister => "注销备案",
        }
    }
}

/// The state after an act; FILING_STATE where the state does not allow it.
pub fn next(state: State, act: Act) -> Result<State, Fault> {
    Ok(match (state, act) {
        (State::Registered, Act::Submit) => State::Submitted,
        (State::NotConforming, Act::Submit) => State::Resubmitted,
        (State::Submitted | State::Resubmitted | State::ChangePending, Act::Confirm) => State::Filed,
        (State::Submitted | State::Resubmitted, Act::Reject) => State::NotConforming,
        (State::Filed, Act::Change) => State::ChangePending,
        (State::Filed, Act::Deregister) => State::Deregistered,
        _ => {
            let message = format!("备案状态为“{}”，不能{}", state.label(), act.label());
            return Err(Fault::conflict("FILING_STATE", message));
        }
    })
}

/// A filing that the system of record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    pub number: String,
    pub on: Date,
}

/// The newest state of an institution's filing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    pub state: State,
    pub since: Date,
    /// Empty before the first receipt.
    pub number: String,
    /// The day by which the bureau must answer, while it owes an answer.
    pub answer_due: Option<Date>,
}

impl Filing {
    pub fn registered(since: Date) -> Self {
        Filing { state: State::Registered, since, number: String::new(), answer_due: None }
    }

    /// True when the system of record says nothing new.
    pub fn says(&self, filed: &Filed) -> bool {
        matches!(self.state, State::Filed | State::ChangePending) && self.number == filed.number
    }

    /// Does an act on a day and returns the stretches to save. `answer_due` is the end of the clock that the act
    /// starts, if it starts one. Fails with FILING_STATE, FILING_NUMBER_MISSING, FACT_LATER_EXISTS.
    pub fn act(
        &mut self,
        act: Act,
        on: Date,
        number: &str,
        answer_due: Option<Date>,
    ) -> Result<Vec<Dated<State>>, Fault> {
        let state = next(self.state, act)?;
        if act == Act::Confirm && number.is_empty() && self.number.is_empty() {
            return Err(Fault::cell("filing_number", "FILING_NUMBER_MISSING", "请填写备案编号"));
        }
        let stretches = timeline::change(&Dated::from(self.since, self.state), on, state)?;
        if act == Act::Confirm && !number.is_empty() {
            number.clone_into(&mut self.number);
        }
        (self.state, self.since) = (state, on);
        self.answer_due = answer_due.filter(|_| state.awaits_answer());
        Ok(stretches)
    }

    /// Takes over what the system of record holds. An institution that was merely registered counts as filed from
    /// the day of its receipt, at the earliest `earliest`, where its own timeline begins. Fails with
    /// FILING_DEREGISTERED, FACT_LATER_EXISTS.
    pub fn mirror(&mut self, filed: Filed, earliest: Date) -> Result<Vec<Dated<State>>, Fault> {
        if self.state == State::Deregistered {
            let message = format!("该机构已于{}注销备案，与表中备案编号 {} 不一致", self.since, filed.number);
            return Err(Fault::conflict("FILING_DEREGISTERED", message));
        }
        let (since, on) = match self.state {
            State::Registered => {
                let on = filed.on.max(earliest);
                (self.since.min(on), on)
            }
            _ => (self.since, filed.on),
        };
        let stretches = timeline::change(&Dated::from(since, self.state), on, State::Filed)?;
        if !stretches.is_empty() {
            self.since = on;
        }
        *self = Filing { state: State::Filed, since: self.since, number: filed.number, answer_due: None };
        Ok(stretches)
    }
}

/// 称号.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesignationKind {
    Inclusive,
    Demonstration,
}

impl Coded for DesignationKind {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Inclusive, "INCLUSIVE"), (Self::Demonstration, "DEMONSTRATION")];
}

/// Who gave it; `Unstated` only for 普惠.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesignationLevel {
    Unstated,
    National,
    Province,
    City,
    County,
}

impl Coded for DesignationLevel {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Unstated, "UNSPECIFIED"),
        (Self::National, "NATIONAL"),
        (Self::Province, "PROVINCE"),
        (Self::City, "CITY"),
        (Self::County, "COUNTY"),
    ];
}

/// 普惠认定 or 示范称号, valid from the first to the last day, both included, unless revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designation {
    pub id: Uuid,
    pub institution_id: Uuid,
    pub kind: DesignationKind,
    pub level: DesignationLevel,
    pub valid_from: Date,
    /// Last day; `None`: without end.
    pub valid_to: Option<Date>,
    /// No longer valid from this day on.
    pub revoked_on: Option<Date>,
    /// Places recognised as 普惠; 0 for 示范.
    pub places: i64,
    /// 普惠收费上限, 分 per month; 0 for 示范.
    pub fee_ceiling_fen: i64,
    pub document_number: String,
}

impl Designation {
    /// Everything that is wrong with a new designation, given those the institution has.
    pub fn faults(&self, others: &[Designation]) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.valid_to.is_some_and(|to| to < self.valid_from) {
            faults.push(Fault::cell("valid_to", "DATES_REVERSED", "有效期止早于有效期起"));
        }
        match self.kind {
            DesignationKind::Inclusive if self.places < 1 => {
                faults.push(Fault::cell("places", "PLACES_TOO_FEW", "普惠认定须写明托位数，至少1个"));
            }
            DesignationKind::Inclusive if self.fee_ceiling_fen < 0 => {
                faults.push(Fault::cell("fee_ceiling_fen", "FEE_NEGATIVE", "收费上限不能为负"));
            }
            DesignationKind::Demonstration if self.places != 0 || self.fee_ceiling_fen != 0 => {
                faults.push(Fault::cell("places", "PLACES_NOT_APPLICABLE", "示范称号不含托位数和收费上限"));
            }
            DesignationKind::Demonstration if self.level == DesignationLevel::Unstated => {
                faults.push(Fault::cell("level", "LEVEL_MISSING", "请填写称号级别"));
            }
            _ => {}
        }
        if others.iter().any(|other| self.overlaps(other)) {
            faults.push(Fault::conflict("DESIGNATION_OVERLAPS", "该机构在此期间已有同类同级称号"));
        }
        faults
    }

    fn overlaps(&self, other: &Designation) -> bool {
        let begins_before_end = |a: &Designation, b: &Designation| {
            b.valid_to.is_none_or(|to| a.valid_from <= to) && b.revoked_on.is_none_or(|on| a.valid_from < on)
        };
        (self.kind, self.level) == (other.kind, other.level)
            && begins_before_end(self, other)
            && begins_before_end(other, self)
    }

    /// Revokes it from a day on. Fails with DESIGNATION_REVOKED, DATES_REVERSED.
    pub fn revoke(&mut self, on: Date) -> Result<(), Fault> {
        if let Some(before) = self.revoked_on {
            return Err(Fault::conflict("DESIGNATION_REVOKED", format!("该称号已于{before}撤销")));
        }
        if on < self.valid_from || self.valid_to.is_some_and(|to| on > to) {
            return Err(Fault::cell("revoked_on", "DATES_REVERSED", "撤销日期不在有效期内"));
        }
        self.revoked_on = Some(on);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_filing_goes_its_way_and_no_other() {
        let mut filing = Filing::registered(day("2025-03-01"));
        assert_eq!(filing.act(Act::Confirm, day("2025-03-02"), "1", None).unwrap_err().reason, "FILING_STATE");
        filing.act(Act::Submit, day("2025-03-03"), "", Some(day("2025-03-10"))).unwrap();
        assert_eq!((filing.state, filing.answer_due), (State::Submitted, Some(day("2025-03-10"))));
        assert_eq!(filing.act(Act::Confirm, day("2025-03-01"), "1", None).unwrap_err().reason, "FACT_LATER_EXISTS");
        assert_eq!(filing.act(Act::Confirm, day("2025-03-05"), "", None).unwrap_err().reason, "FILING_NUMBER_MISSING");
        filing.act(Act::Reject, day("2025-03-05"), "", None).unwrap();
        assert_eq!((filing.state, filing.answer_due), (State::NotConforming, None));
        filing.act(Act::Submit, day("2025-03-06"), "", Some(day("2025-03-13"))).unwrap();
        assert_eq!(filing.state, State::Resubmitted);
        filing.act(Act::Confirm, day("2025-03-07"), "1", None).unwrap();
        filing.act(Act::Change, day("2025-04-01"), "", Some(day("2025-04-09"))).unwrap();
        filing.act(Act::Confirm, day("2025-04-02"), "", None).unwrap();
        assert_eq!((filing.state, filing.number.as_str()), (State::Filed, "1"));
        let stretches = filing.act(Act::Deregister, day("2025-05-01"), "", None).unwrap();
        assert_eq!(stretches[0].until, Some(day("2025-05-01")));
        let filed = Filed { number: "2".into(), on: day("2025-06-01") };
        assert_eq!(filing.mirror(filed, day("2025-03-01")).unwrap_err().reason, "FILING_DEREGISTERED");
    }

    proptest! {
        #[test]
        fn nothing_is_filed_but_by_a_receipt_and_nothing_leaves_deregistered(acts in prop::collection::vec(0usize..5, 0..20)) {
            let all = [Act::Submit, Act::Confirm, Act::Reject, Act::Change, Act::Deregister];
            let mut state = State::Registered;
            for act in acts.into_iter().map(|n| all[n]) {
                let Ok(after) = next(state, act) else { continue };
                prop_assert_ne!(state, State::Deregistered);
                prop_assert_eq!(after == State::Filed, act == Act::Confirm);
                prop_assert!(act != Act::Confirm || state.awaits_answer());
                state = after;
            }
        }
    }

    #[test]
    fn designations_have_a_time_and_do_not_overlap() {
        let one = Designation {
            id: Uuid::nil(),
            institution_id: Uuid::nil(),
            kind: DesignationKind::Demonstration,
            level: DesignationLevel::City,
            valid_from: day("2025-01-01"),
            valid_to: Some(day("2025-12-31")),
            revoked_on: None,
            places: 0,
            fee_ceiling_fen: 0,
            document_number: String::new(),
        };
        assert!(one.faults(&[]).is_empty());
        assert_eq!(one.faults(std::slice::from_ref(&one))[0].reason, "DESIGNATION_OVERLAPS");
        let next = Designation { valid_from: day("2026-01-01"), valid_to: None, ..one.clone() };
        assert!(next.faults(std::slice::from_ref(&one)).is_empty());
        let mut revoked = one.clone();
        revoked.revoke(day("2025-06-01")).unwrap();
        assert_eq!(revoked.revoke(day("2025-07-01")).unwrap_err().reason, "DESIGNATION_REVOKED");
        assert!(Designation { valid_from: day("2025-06-01"), ..one.clone() }.faults(&[revoked]).is_empty());
        let none = Designation { kind: DesignationKind::Inclusive, ..one };
        assert_eq!(none.faults(&[])[0].reason, "PLACES_TOO_FEW");
    }
}
