//! The doubts that wait for one person, for 我的工作: those to answer at the bureaus where the person may, and the
//! person's own whose answer waits for the opener's word. A page of each is asked for, not everything: how many there are
//! beyond it is not worth the time of every bureau.

use kit::Result;
use proto::common::Page;
use proto::trust::{Correction, CorrectionState, ListCorrectionsRequest, ListCorrectionsResponse};
use tokio::task::JoinSet;

use super::corrections::demand;
use crate::http::Front;
use crate::session::SignedIn;
use crate::sharing::{ANSWER_CORRECTION, Asking, Gaps, LIST_CORRECTIONS, PAGE, may};

/// How many tickets wait, as far as one page tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Tickets {
    pub(in crate::http) count: usize,
    pub(in crate::http) overdue: usize,
    /// There are others beyond the page.
    pub(in crate::http) more: bool,
}

impl Tickets {
    fn add(&mut self, answer: &ListCorrectionsResponse, counts: impl Fn(&Correction) -> bool) {
        let counted = || answer.corrections.iter().filter(|one| counts(one));
        self.count += counted().count();
        self.overdue += counted().filter(|one| one.overdue).count();
        self.more |= !answer.next_cursor.is_empty();
    }

    /// `3 件`, or `50 件以上`.
    pub(in crate::http) fn said(&self) -> String {
        format!("{} 件{}", self.count, if self.more { "以上" } else { "" })
    }
}

/// What waits, and where nothing could be learned.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Waiting {
    /// Bureaus at which the person may answer and which said what waits there.
    pub(in crate::http) to_answer: Vec<(String, Tickets)>,
    /// Answered tickets that the person opened.
    pub(in crate::http) own: Tickets,
    pub(in crate::http) gaps: Gaps,
}

/// Asks every bureau at once; one that is down is named and takes nothing away from the others. Nobody is asked for a
/// person who may not open the pages of doubts.
pub(in crate::http) async fn doubts(front: &Front, person: &SignedIn) -> Waiting {
    let mut waiting = Waiting::default();
    if demand(person).is_err() {
        return waiting;
    }
    let mut asked = JoinSet::new();
    for bureau in super::asking(front, person).at(LIST_CORRECTIONS) {
        let open = may(person, &bureau, ANSWER_CORRECTION).then_some(CorrectionState::Open);
        for state in [CorrectionState::Accepted, CorrectionState::Declined].into_iter().chain(open) {
            let (bureaus, person, bureau) = (front.bureaus.clone(), person.clone(), bureau.clone());
            asked.spawn(async move {
                let page = Page { size: u32::try_from(PAGE).unwrap_or_default(), cursor: String::new() };
                let request = ListCorrectionsRequest { state: state as i32, page: Some(page) };
                let asking = Asking { bureaus: &bureaus, person: &person };
                let answer: Result<ListCorrectionsResponse> = asking.ask(&bureau, LIST_CORRECTIONS, &request).await;
                (bureau, state, answer)
            });
        }
    }
    let mut answers = asked.join_all().await;
    answers.sort_by(|(one, ..), (next, ..)| one.cmp(next));
    for (bureau, state, answer) in answers {
        match answer {
            // Nobody answers a doubt of their own.
            Ok(answer) if state == CorrectionState::Open => {
                let mut tickets = Tickets::default();
                tickets.add(&answer, |one| !one.own);
                waiting.to_answer.push((bureau, tickets));
            }
            Ok(answer) => waiting.own.add(&answer, |one| one.own),
            Err(problem) => waiting.gaps.add(&bureau, &problem),
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_others_beyond_it_says_that_there_are_more() {
        let ticket = |own, overdue| Correction { own, overdue, ..Correction::default() };
        let mut tickets = Tickets::default();
        let corrections = vec![ticket(false, true), ticket(true, true), ticket(false, false)];
        tickets.add(&ListCorrectionsResponse { corrections, next_cursor: String::new() }, |one| !one.own);
        assert_eq!((tickets.said().as_str(), tickets.overdue), ("2 件", 1));
        let next = ListCorrectionsResponse { corrections: vec![ticket(false, true)], next_cursor: "c2".into() };
        tickets.add(&next, |one| !one.own);
        assert_eq!((tickets.said().as_str(), tickets.overdue), ("3 件以上", 2));
    }
}
