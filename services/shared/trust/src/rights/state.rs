//! The states of an access right and who may move it on. Pure.

use kit::Problem;

/// Where a right stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Applied,
    Checked,
    Reviewed,
    Granted,
    Suspended,
    Ended,
    Rejected,
}

impl State {
    pub(crate) const ALL: [State; 7] = [
        State::Applied,
        State::Checked,
        State::Reviewed,
        State::Granted,
        State::Suspended,
        State::Ended,
        State::Rejected,
    ];

    /// As the table and the contract (after its prefix) have it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            State::Applied => "APPLIED",
            State::Checked => "CHECKED",
            State::Reviewed => "REVIEWED",
            State::Granted => "GRANTED",
            State::Suspended => "SUSPENDED",
            State::Ended => "ENDED",
            State::Rejected => "REJECTED",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.code() == code)
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            State::Applied => "申请",
            State::Checked => "形式检查通过",
            State::Reviewed => "审核通过",
            State::Granted => "已授权",
            State::Suspended => "暂停",
            State::Ended => "终止",
            State::Rejected => "驳回",
        }
    }
}

/// What may be done with a right after it was applied for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Check,
    Review,
    Grant,
    Reject,
    Suspend,
    Resume,
    End,
}

impl Act {
    fn title(self) -> &'static str {
        match self {
            Act::Check => "形式检查",
            Act::Review => "审核",
            Act::Grant => "授权",
            Act::Reject => "驳回",
            Act::Suspend => "暂停",
            Act::Resume => "恢复",
            Act::End => "终止",
        }
    }

    fn needs_reason(self) -> bool {
        matches!(self, Act::Reject | Act::Suspend | Act::Resume | Act::End)
    }
}

/// A right's state, and whose steps brought it there (user ids).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) state: State,
    pub(crate) applied: String,
    pub(crate) checked: Option<String>,
    pub(crate) reviewed: Option<String>,
    pub(crate) granted: Option<String>,
}

/// Why an act is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The state does not allow it.
    State(State, Act),
    /// The step before was the same person's.
    SameAsBefore,
    /// Who applied takes no step towards the grant.
    Applicant,
    ReasonMissing(Act),
}

impl Progress {
    /// A new application.
    #[cfg(test)]
    pub(crate) fn applied(by: &str) -> Progress {
        Progress { state: State::Applied, applied: by.to_owned(), checked: None, reviewed: None, granted: None }
    }

    /// The right after an act of somebody. Three people at least give a right: one applies, and of the three steps that
    /// two or more others take no two that follow each other are the same person's.
    pub(crate) fn after(&self, act: Act, by: &str, reason: &str) -> Result<Progress, Refusal> {
        use State::{Applied, Checked, Ended, Granted, Rejected, Reviewed, Suspended};
        let to = match (self.state, act) {
            (Applied, Act::Check) => Checked,
            (Checked, Act::Review) => Reviewed,
            (Reviewed, Act::Grant) | (Suspended, Act::Resume) => Granted,
            (Applied | Checked | Reviewed, Act::Reject) => Rejected,
            (Granted, Act::Suspend) => Suspended,
            (Granted | Suspended, Act::End) => Ended,
            (state, act) => return Err(Refusal::State(state, act)),
        };
        if act.needs_reason() && reason.trim().is_empty() {
            return Err(Refusal::ReasonMissing(act));
        }
        if matches!(act, Act::Check | Act::Review | Act::Grant) && self.applied == by {
            return Err(Refusal::Applicant);
        }
        let before = match act {
            Act::Review => self.checked.as_deref(),
            Act::Grant => self.reviewed.as_deref(),
            _ => None,
        };
        if before == Some(by) {
            return Err(Refusal::SameAsBefore);
        }
        let mut next = Progress { state: to, ..self.clone() };
        match act {
            Act::Check => next.checked = Some(by.to_owned()),
            Act::Review => next.reviewed = Some(by.to_owned()),
            Act::Grant => next.granted = Some(by.to_owned()),
            _ => {}
        }
        Ok(next)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::State(state, act) => {
                Problem::state("ACCESS_RIGHT_STATE", format!("此项授权现为“{}”，不能{}", state.title(), act.title()))
            }
            Refusal::SameAsBefore => Problem::forbidden("SAME_PERSON", "上一步由您办理，此步请由另一人办理"),
            Refusal::Applicant => Problem::forbidden("SAME_PERSON", "此项授权由您申请，请由他人办理"),
            Refusal::ReasonMissing(act) => {
                Problem::field("reason", "REASON_MISSING", format!("{}须说明理由", act.title()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const ACTS: [Act; 7] = [Act::Check, Act::Review, Act::Grant, Act::Reject, Act::Suspend, Act::Resume, Act::End];
    const PEOPLE: [&str; 4] = ["a", "b", "c", "d"];

    #[test]
    fn the_flow_and_nothing_beside_it() {
        let allowed: Vec<(State, Act)> = State::ALL
            .into_iter()
            .flat_map(|state| ACTS.map(|act| (state, act)))
            .filter(|(state, act)| {
                let right = Progress {
                    state: *state,
                    checked: Some("b".into()),
                    reviewed: Some("c".into()),
                    ..Progress::applied("a")
                };
                right.after(*act, "d", "理由").is_ok()
            })
            .collect();
        let flow = [
            (State::Applied, Act::Check),
            (State::Applied, Act::Reject),
            (State::Checked, Act::Review),
            (State::Checked, Act::Reject),
            (State::Reviewed, Act::Grant),
            (State::Reviewed, Act::Reject),
            (State::Granted, Act::Suspend),
            (State::Granted, Act::End),
            (State::Suspended, Act::Resume),
            (State::Suspended, Act::End),
        ];
        assert_eq!(allowed, flow);
        assert!(State::ALL.iter().all(|state| State::from_code(state.code()) == Some(*state)));
    }

    proptest! {
        #[test]
        fn nobody_gives_a_right_alone(
            applicant in 0usize..4,
            acts in proptest::collection::vec((0usize..7, 0usize..4, any::<bool>()), 1..40),
        ) {
            let mut right = Progress::applied(PEOPLE[applicant]);
            let mut done = Vec::new();
            for (act, by, reasoned) in acts {
                let (act, by) = (ACTS[act], PEOPLE[by]);
                let Ok(next) = right.after(act, by, if reasoned { "理由" } else { " " }) else { continue };
                prop_assert!(!matches!(right.state, State::Ended | State::Rejected), "the end is the end");
                prop_assert!(reasoned || !matches!(act, Act::Reject | Act::Suspend | Act::Resume | Act::End));
                prop_assert_eq!(&next.applied, &right.applied);
                right = next;
                done.push((act, by));
                if matches!(right.state, State::Granted | State::Suspended | State::Ended) {
                    let steps: Vec<&str> = [Act::Check, Act::Review, Act::Grant]
                        .iter()
                        .map(|step| done.iter().find(|(act, _)| act == step).expect("no step is left out").1)
                        .collect();
                    prop_assert!(done.iter().map(|(act, _)| *act).take(3).eq([Act::Check, Act::Review, Act::Grant]));
                    prop_assert!(!steps.contains(&PEOPLE[applicant]));
                    prop_assert_ne!(steps[0], steps[1]);
                    prop_assert_ne!(steps[1], steps[2]);
                    let people: BTreeSet<&str> = steps.iter().copied().chain([PEOPLE[applicant]]).collect();
                    prop_assert!(people.len() >= 3, "three people give a right: {people:?}");
                    let signed = [&right.checked, &right.reviewed, &right.granted].map(|by| by.as_deref().unwrap_or(""));
                    prop_assert_eq!(signed.to_vec(), steps);
                }
            }
        }
    }
}
