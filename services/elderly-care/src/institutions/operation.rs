//! The operating state of an institution (dictionary §5.1.1). Rules only.
//!
//! ```text
//! PREPARING ─▶ LEGAL_REGISTERED ─open▶ UNFILED ─submit▶ FILING_SUBMITTED ─confirm▶ OPERATING
//!                     └─submit▶ FILING_SUBMITTED ─confirm▶ FILED ─open▶ OPERATING
//! UNFILED, FILING_SUBMITTED, OPERATING ─suspend▶ SUSPENDED ─resume▶ OPERATING (UNFILED without a filing)
//! any ─terminate▶ TERMINATED
//! ```
//!
//! An institution files within days of taking in its first elders, so it may operate unfiled; then it counts, and its
//! state says 应备未备. What a receipt makes of it depends on whether it has opened.

use jiff::civil::Date;
use registry::{Coded, Dated, Fault, timeline};

/// 运营状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Preparing,
    LegalRegistered,
    Unfiled,
    FilingSubmitted,
    Filed,
    Operating,
    Suspended,
    Terminated,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Preparing, "PREPARING"),
        (Self::LegalRegistered, "LEGAL_REGISTERED"),
        (Self::Unfiled, "UNFILED"),
        (Self::FilingSubmitted, "FILING_SUBMITTED"),
        (Self::Filed, "FILED"),
        (Self::Operating, "OPERATING"),
        (Self::Suspended, "SUSPENDED"),
        (Self::Terminated, "TERMINATED"),
    ];
}

impl State {
    /// As people read it in the history.
    pub fn label(self) -> &'static str {
        match self {
            State::Preparing => "筹建",
            State::LegalRegistered => "已登记",
            State::Unfiled => "应备未备",
            State::FilingSubmitted => "已提交备案",
            State::Filed => "已备案",
            State::Operating => "运营",
            State::Suspended => "暂停",
            State::Terminated => "终止",
        }
    }
}

/// What is done to an institution's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Submit,
    Confirm,
    Open,
    Suspend,
    Resume,
    Terminate,
}

impl Act {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Act::Submit => "提交备案",
            Act::Confirm => "发备案回执",
            Act::Open => "运营",
            Act::Suspend => "暂停",
            Act::Resume => "恢复",
            Act::Terminate => "终止",
        }
    }
}

/// A filing that stands: the number and the day of its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    pub number: String,
    pub on: Date,
}

/// How an institution operates, as last recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub state: State,
    pub since: Date,
    /// The day the first elder was taken in; it is counted from then on.
    pub opened_on: Option<Date>,
    pub filed: Option<Filed>,
}

impl Operation {
    /// The operation of an institution that is entered now, with its past as far as the record states it.
    pub fn entered(
        registered: bool,
        established_on: Option<Date>,
        opened_on: Option<Date>,
        filed: Option<Filed>,
        today: Date,
    ) -> (Operation, Vec<Dated<State>>) {
        let filed_on = filed.as_ref().map(|filed| filed.on);
        let since = [established_on, opened_on, filed_on].into_iter().flatten().min().unwrap_or(today).min(today);
        let state = if registered { State::LegalRegistered } else { State::Preparing };
        let mut operation = Operation { state, since, opened_on, filed };
        let mut stretches = vec![Dated::from(since, state)];
        match (opened_on, filed_on) {
            (Some(opened), Some(filed)) if opened < filed => {
                operation.move_to(&mut stretches, State::Unfiled, opened);
                operation.move_to(&mut stretches, State::Operating, filed);
            }
            (Some(opened), Some(filed)) => {
                operation.move_to(&mut stretches, State::Filed, filed);
                operation.move_to(&mut stretches, State::Operating, opened);
            }
            (Some(opened), None) => operation.move_to(&mut stretches, State::Unfiled, opened),
            (None, Some(filed)) => operation.move_to(&mut stretches, State::Filed, filed),
            (None, None) => {}
        }
        (operation, stretches)
    }

    /// Does an act on a day and returns the stretches to save. Fails with INSTITUTION_STATE, FACT_LATER_EXISTS.
    pub fn act(&mut self, act: Act, on: Date) -> Result<Vec<Dated<State>>, Fault> {
        let state = self.after(act)?;
        let stretches = timeline::change(&Dated::from(self.since, self.state), on, state)?;
        if act == Act::Open {
            self.opened_on = Some(on);
        }
        if !stretches.is_empty() {
            (self.state, self.since) = (state, on);
        }
        Ok(stretches)
    }

    /// 法人登记 of an institution that was being prepared.
    pub fn register(&mut self, on: Date) -> Vec<Dated<State>> {
        let mut stretches = Vec::new();
        if self.state == State::Preparing {
            self.move_to(&mut stretches, State::LegalRegistered, on);
        }
        stretches
    }

    /// Takes over what the system of record holds; silence says nothing. Fails with OPENED_ON_DIFFERS, because figures
    /// of earlier periods would move, and INSTITUTION_TERMINATED.
    pub fn mirror(&mut self, opened_on: Option<Date>, filed: Option<Filed>) -> Result<Vec<Dated<State>>, Fault> {
        if let (Some(ours), Some(theirs)) = (self.opened_on, opened_on)
            && ours != theirs
        {
            let message = format!("已登记的开始收住日期为{ours}，表中为{theirs}");
            return Err(Fault::conflict("OPENED_ON_DIFFERS", message));
        }
        let opened = opened_on.filter(|_| self.opened_on.is_none());
        let filed = filed.filter(|filed| self.filed.as_ref() != Some(filed));
        if self.state == State::Terminated && (opened.is_some() || filed.is_some()) {
            let message = format!("该机构已于{}终止，与表中不一致", self.since);
            return Err(Fault::conflict("INSTITUTION_TERMINATED", message));
        }
        let mut stretches = Vec::new();
        if let Some(on) = opened {
            self.opened_on = Some(on);
            match self.state {
                State::Preparing | State::LegalRegistered => self.move_to(&mut stretches, State::Unfiled, on),
                State::Filed => self.move_to(&mut stretches, State::Operating, on),
                _ => {}
            }
        }
        if let Some(filed) = filed {
            match self.state {
                State::Preparing | State::LegalRegistered => self.move_to(&mut stretches, State::Filed, filed.on),
                State::Unfiled => self.move_to(&mut stretches, State::Operating, filed.on),
                State::FilingSubmitted if self.opened_on.is_some() => {
                    self.move_to(&mut stretches, State::Operating, filed.on);
                }
                State::FilingSubmitted => self.move_to(&mut stretches, State::Filed, filed.on),
                _ => {}
            }
            self.filed = Some(filed);
        }
        Ok(stretches)
    }

    fn after(&self, act: Act) -> Result<State, Fault> {
        let opened = self.opened_on.is_some();
        Ok(match (self.state, act) {
            (State::LegalRegistered | State::Unfiled, Act::Submit) => State::FilingSubmitted,
            (State::FilingSubmitted, Act::Confirm) if opened => State::Operating,
            (State::FilingSubmitted, Act::Confirm) => State::Filed,
            (State::Preparing | State::LegalRegistered, Act::Open) => State::Unfiled,
            (State::FilingSubmitted, Act::Open) if !opened => State::FilingSubmitted,
            (State::Filed, Act::Open) => State::Operating,
            (State::Unfiled | State::Operating, Act::Suspend) => State::Suspended,
            (State::FilingSubmitted, Act::Suspend) if opened => State::Suspended,
            (State::Suspended, Act::Resume) if self.filed.is_some() => State::Operating,
            (State::Suspended, Act::Resume) => State::Unfiled,
            (state, Act::Terminate) if state != State::Terminated => State::Terminated,
            (state, act) => {
                let message = format!("该机构状态为“{}”，不能{}", state.label(), act.label());
                return Err(Fault::conflict("INSTITUTION_STATE", message));
            }
        })
    }

    /// Moves on, at the earliest from where the newest stretch begins: what is told later does not undo it.
    fn move_to(&mut self, stretches: &mut Vec<Dated<State>>, state: State, on: Date) {
        let on = on.max(self.since);
        let moved = timeline::change(&Dated::from(self.since, self.state), on, state).unwrap_or_default();
        for stretch in moved {
            stretches.retain(|known| known.since != stretch.since);
            stretches.push(stretch);
        }
        (self.state, self.since) = (state, on);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn entered(opened_on: Option<&str>, filed_on: Option<&str>) -> (Operation, Vec<(String, State)>) {
        let filed = filed_on.map(|on| Filed { number: "1".into(), on: day(on) });
        let (operation, stretches) =
            Operation::entered(true, Some(day("2025-01-01")), opened_on.map(day), filed, day("2025-11-05"));
        for pair in stretches.windows(2) {
            assert_eq!(pair[0].until, Some(pair[1].since));
        }
        (operation, stretches.into_iter().map(|stretch| (stretch.since.to_string(), stretch.value)).collect())
    }

    #[test]
    fn a_record_enters_with_its_past() {
        let at = |day: &str, state| (day.to_owned(), state);
        let registered = at("2025-01-01", State::LegalRegistered);
        assert_eq!(entered(None, None).1, std::slice::from_ref(&registered));
        let (operation, past) = entered(Some("2025-03-01"), Some("2025-03-10"));
        assert_eq!(operation.state, State::Operating);
        let unfiled = at("2025-03-01", State::Unfiled);
        assert_eq!(past, [registered.clone(), unfiled.clone(), at("2025-03-10", State::Operating)]);
        let past = entered(Some("2025-03-10"), Some("2025-03-01")).1;
        assert_eq!(past, [registered.clone(), at("2025-03-01", State::Filed), at("2025-03-10", State::Operating)]);
        assert_eq!(entered(Some("2025-03-01"), None).1, [registered, unfiled]);
        assert_eq!(entered(Some("2025-01-01"), Some("2025-01-01")).1, [at("2025-01-01", State::Operating)]);
    }

    #[test]
    fn acts_in_the_wrong_state_are_refused() {
        let mut one = entered(None, None).0;
        for act in [Act::Confirm, Act::Suspend, Act::Resume] {
            assert_eq!(one.act(act, day("2025-02-01")).unwrap_err().reason, "INSTITUTION_STATE");
        }
        one.act(Act::Open, day("2025-02-01")).unwrap();
        assert_eq!((one.state, one.opened_on), (State::Unfiled, Some(day("2025-02-01"))));
        assert_eq!(one.act(Act::Open, day("2025-02-02")).unwrap_err().reason, "INSTITUTION_STATE");
        assert_eq!(one.act(Act::Submit, day("2025-01-31")).unwrap_err().reason, "FACT_LATER_EXISTS");
        one.act(Act::Submit, day("2025-02-05")).unwrap();
        one.act(Act::Confirm, day("2025-02-08")).unwrap();
        one.filed = Some(Filed { number: "1".into(), on: day("2025-02-08") });
        assert_eq!(one.state, State::Operating);
        one.act(Act::Suspend, day("2025-03-01")).unwrap();
        assert_eq!(one.act(Act::Suspend, day("2025-03-02")).unwrap_err().reason, "INSTITUTION_STATE");
        one.act(Act::Resume, day("2025-04-01")).unwrap();
        assert_eq!(one.state, State::Operating);
        one.act(Act::Terminate, day("2025-05-01")).unwrap();
        for act in [Act::Submit, Act::Confirm, Act::Open, Act::Suspend, Act::Resume, Act::Terminate] {
            assert_eq!(one.act(act, day("2025-06-01")).unwrap_err().reason, "INSTITUTION_STATE");
        }
        let filed = Filed { number: "2".into(), on: day("2025-06-01") };
        assert_eq!(one.mirror(None, Some(filed)).unwrap_err().reason, "INSTITUTION_TERMINATED");
    }

    #[test]
    fn the_system_of_record_is_mirrored_and_never_moves_the_opening() {
        let mut one = entered(Some("2025-03-01"), None).0;
        assert_eq!(one.mirror(Some(day("2025-03-02")), None).unwrap_err().reason, "OPENED_ON_DIFFERS");
        assert!(one.mirror(Some(day("2025-03-01")), None).unwrap().is_empty());
        let filed = Filed { number: "1".into(), on: day("2025-03-12") };
        assert_eq!(one.mirror(None, Some(filed.clone())).unwrap().len(), 2);
        assert_eq!(one.state, State::Operating);
        assert!(one.mirror(None, Some(filed)).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn nothing_operates_unopened_and_nothing_leaves_terminated(acts in prop::collection::vec(0usize..6, 0..30)) {
            let all = [Act::Submit, Act::Confirm, Act::Open, Act::Suspend, Act::Resume, Act::Terminate];
            let mut one = entered(None, None).0;
            for act in acts.into_iter().map(|n| all[n]) {
                let before = one.clone();
                if one.act(act, day("2025-06-01")).is_err() {
                    prop_assert_eq!(&before, &one);
                    continue;
                }
                prop_assert_ne!(before.state, State::Terminated);
                if matches!(one.state, State::Operating | State::Unfiled | State::Suspended) {
                    prop_assert!(one.opened_on.is_some());
                }
            }
        }
    }
}
