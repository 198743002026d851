//! The states of a ticket and who may move it on. Pure.

use kit::Problem;

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Accepted,
    Declined,
    Confirmed,
}

impl State {
    pub(crate) const ALL: [State; 4] = [State::Open, State::Accepted, State::Declined, State::Confirmed];

    /// As the table and the contract (after its prefix) have it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            State::Open => "OPEN",
            State::Accepted => "ACCEPTED",
            State::Declined => "DECLINED",
            State::Confirmed => "CONFIRMED",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.code() == code)
    }

    fn title(self) -> &'static str {
        match self {
            State::Open => "待答复",
            State::Accepted => "已采纳",
            State::Declined => "不采纳",
            State::Confirmed => "已办结",
        }
    }
}

/// What may be done with a ticket after it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Accept,
    Decline,
    Confirm,
    Reopen,
}

/// A ticket's state, and what decides about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) state: State,
    pub(crate) opener: String,
    pub(crate) reopened: bool,
}

/// Why an act is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    State(State),
    /// Only the opener closes.
    Foreign,
    /// Nobody answers the own doubt.
    SamePerson,
    ReopenedAlready,
    AnswerMissing,
    ReasonMissing,
}

impl Progress {
    /// The ticket after an act of somebody, with what they say.
    pub(crate) fn after(&self, act: Act, by: &str, text: &str) -> Result<Progress, Refusal> {
        let own = by == self.opener;
        match act {
            Act::Accept | Act::Decline if own => return Err(Refusal::SamePerson),
            Act::Confirm | Act::Reopen if !own => return Err(Refusal::Foreign),
            _ => {}
        }
        let (state, reopened) = match (self.state, act) {
            (State::Open, Act::Accept) => (State::Accepted, self.reopened),
            (State::Open, Act::Decline) => (State::Declined, self.reopened),
            (State::Accepted | State::Declined, Act::Confirm) => (State::Confirmed, self.reopened),
            (State::Accepted | State::Declined, Act::Reopen) if self.reopened => return Err(Refusal::ReopenedAlready),
            (State::Accepted | State::Declined, Act::Reopen) => (State::Open, true),
            (state, _) => return Err(Refusal::State(state)),
        };
        match act {
            Act::Accept | Act::Decline if text.is_empty() => Err(Refusal::AnswerMissing),
            Act::Reopen if text.is_empty() => Err(Refusal::ReasonMissing),
            _ => Ok(Progress { state, opener: self.opener.clone(), reopened }),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::State(state) => {
                Problem::state("CORRECTION_STATE", format!("此项疑义现为“{}”，不能如此办理", state.title()))
            }
            Refusal::Foreign => Problem::forbidden("CORRECTION_FOREIGN", "只有提出人可以办结或重新提出"),
            Refusal::SamePerson => Problem::forbidden("SAME_PERSON", "此项疑义由您提出，请由另一人答复"),
            Refusal::ReopenedAlready => Problem::state("REOPENED_ALREADY", "此项疑义已重新提出过一次，请另行协商"),
            Refusal::AnswerMissing => Problem::field("text", "ANSWER_MISSING", "请填写处理情况或不采纳的理由"),
            Refusal::ReasonMissing => Problem::field("reason", "REASON_MISSING", "重新提出须说明理由"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACTS: [Act; 4] = [Act::Accept, Act::Decline, Act::Confirm, Act::Reopen];

    proptest! {
        #[test]
        fn the_owner_answers_the_opener_closes_and_nothing_goes_round_for_ever(
            acts in proptest::collection::vec((0usize..4, any::<bool>(), any::<bool>()), 1..30),
        ) {
            let mut ticket = Progress { state: State::Open, opener: "user:a".into(), reopened: false };
            let mut answers = 0;
            for (act, own, said) in acts {
                let act = ACTS[act];
                let by = if own { "user:a" } else { "user:b" };
                let Ok(next) = ticket.after(act, by, if said { "已核实" } else { "" }) else { continue };
                prop_assert_ne!(ticket.state, State::Confirmed);
                match act {
                    Act::Accept | Act::Decline => {
                        prop_assert!(!own && said && ticket.state == State::Open);
                        answers += 1;
                    }
                    Act::Confirm => prop_assert!(own && ticket.state != State::Open),
                    Act::Reopen => prop_assert!(own && said && !ticket.reopened && next.reopened),
                }
                ticket = next;
            }
            prop_assert!(answers <= 2);
        }
    }
}
