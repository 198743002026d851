//! Sharing between the bureaus as one person may see it: access rights, doubts about data, copies, questions about
//! people. Each bureau keeps its own; here they are asked one after the other, and one that is down is named.

pub(crate) mod titles;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use contract::rules::{AccessRules, Method};
use kit::{Problem, Result};
use prost::Message;
use prost_reflect::DynamicMessage;
use proto::common::Page;

use crate::bureaus::Bureaus;
use crate::registers::call;
use crate::session::SignedIn;
use contract::bureau::title as bureau_title;

pub(crate) const LIST_RIGHTS: &str = "/ylyx.trust.v1.AccessRightService/ListAccessRights";
pub(crate) const GET_RIGHT: &str = "/ylyx.trust.v1.AccessRightService/GetAccessRight";
pub(crate) const APPLY_RIGHT: &str = "/ylyx.trust.v1.AccessRightService/ApplyAccessRight";
pub(crate) const LIST_CORRECTIONS: &str = "/ylyx.trust.v1.CorrectionService/ListCorrections";
pub(crate) const GET_CORRECTION: &str = "/ylyx.trust.v1.CorrectionService/GetCorrection";
pub(crate) const OPEN_CORRECTION: &str = "/ylyx.trust.v1.CorrectionService/OpenCorrection";
pub(crate) const ANSWER_CORRECTION: &str = "/ylyx.trust.v1.CorrectionService/AnswerCorrection";
pub(crate) const CLOSE_CORRECTION: &str = "/ylyx.trust.v1.CorrectionService/CloseCorrection";
pub(crate) const LIST_FEEDS: &str = "/ylyx.contract.v1.FeedStatusService/ListFeeds";
pub(crate) const LIST_BATCHES: &str = "/ylyx.trust.v1.MatchingService/ListMatchBatches";
pub(crate) const MATCH_STAFF: &str = "/ylyx.childcare.v1.StaffService/MatchStaff";
pub(crate) const FIND_PERSON: &str = "/ylyx.trust.v1.PersonService/FindPerson";
pub(crate) const GET_PERSON: &str = "/ylyx.trust.v1.PersonService/GetPerson";
pub(crate) const CORRECT_PERSON: &str = "/ylyx.trust.v1.PersonService/CorrectPerson";
pub(crate) const REVEAL_PERSON: &str = "/ylyx.trust.v1.PersonService/RevealPerson";
pub(crate) const MERGE_PERSONS: &str = "/ylyx.trust.v1.PersonService/MergePersons";
pub(crate) const ERASE_PERSON: &str = "/ylyx.trust.v1.PersonService/ErasePerson";
pub(crate) const LIST_ACCESSES: &str = "/ylyx.trust.v1.PersonService/ListAccesses";
pub(crate) const PERSON_KEYS: &str = "/ylyx.trust.v1.PersonService/GetPersonKeys";

/// Rows of a page.
pub(crate) const PAGE: usize = 50;
/// Answers that one page may take where a filter leaves little of each.
const MOST: usize = 20;

/// The rules of every method: the contracts do not change while the program runs.
pub(crate) fn rules() -> Result<&'static AccessRules> {
    static RULES: LazyLock<Option<AccessRules>> = LazyLock::new(|| AccessRules::load().ok());
    RULES.as_ref().ok_or_else(|| Problem::internal("a method has no access rule"))
}

pub(crate) fn method(path: &str) -> Result<&'static Method> {
    rules()?.method(path).ok_or_else(|| Problem::internal(format!("no contract states {path}")))
}

/// True where the person's roles at the bureau let the method be called, or it asks for none. It decides what is
/// offered, not what is allowed.
pub(crate) fn may(person: &SignedIn, bureau: &str, path: &str) -> bool {
    let Ok(method) = method(path) else { return false };
    method.rule.roles.is_empty() || method.rule.roles.iter().any(|role| person.holds(bureau, role))
}

/// Bureaus that keep people, and so answer questions about them: those with a register whose records name a person.
pub(crate) fn keepers_of_people() -> &'static BTreeSet<String> {
    static KEEPERS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let registers = contract::register::registers().iter();
        let named = registers.filter(|register| register.list.record.get_field_by_name("person_id").is_some());
        named.map(|register| register.bureau.clone()).collect()
    });
    &KEEPERS
}

/// The labelled values of an enum of the contracts, as a form offers them: number and label.
pub(crate) fn labels(name: &str) -> Vec<(String, String)> {
    let named = |number| contract::columns::label_of(name, number).map(|label| (number.to_string(), label));
    (1..64).filter_map(named).collect()
}

/// The label of one value; empty for what has none.
pub(crate) fn label(name: &str, number: i32) -> String {
    contract::columns::label_of(name, number).unwrap_or_default()
}

/// What was found at the bureaus, and where nothing could be learned.
#[derive(Clone, Debug)]
pub(crate) struct Walked<R> {
    /// Each with the bureau that keeps it.
    pub(crate) rows: Vec<(String, R)>,
    /// Where the next page begins; empty at the end.
    pub(crate) next: String,
    pub(crate) gaps: Gaps,
}

impl<R> Walked<R> {
    /// What an empty page says: that there is nothing, or only how far that is known.
    pub(crate) fn nothing(&self, what: &str, filtered: bool) -> String {
        let fitting = if filtered { "符合条件的" } else { "" };
        let silent = self.gaps.down.len() + self.gaps.refused.len();
        if !self.next.is_empty() {
            format!("到这里没有{fitting}{what}，下一页还有")
        } else if silent > 0 {
            format!("答复了的部门没有{fitting}{what}，{silent} 个部门没有答复")
        } else {
            format!("没有{fitting}{what}")
        }
    }
}

/// Bureaus of which something is missing on the page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps {
    /// Titles of those that cannot be reached.
    pub(crate) down: Vec<String>,
    /// Title, and what the bureau said instead.
    pub(crate) refused: Vec<(String, String)>,
}

impl Gaps {
    /// Every bureau has answered.
    pub(crate) fn is_empty(&self) -> bool {
        self.down.is_empty() && self.refused.is_empty()
    }

    /// Notes why a bureau gave no answer.
    pub(crate) fn add(&mut self, bureau: &str, problem: &Problem) {
        let title = bureau_title(bureau).to_owned();
        if problem.reason == "BUREAU_UNREACHABLE" {
            self.down.push(title);
        } else {
            self.refused.push((title, problem.message.clone()));
        }
    }
}

/// Asks in a person's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) bureaus: &'a Bureaus,
    pub(crate) person: &'a SignedIn,
}

impl Asking<'_> {
    /// Bureaus at which the person may call the method, in their order.
    pub(crate) fn at(&self, path: &str) -> Vec<String> {
        let bureaus = self.bureaus.names().filter(|bureau| *bureau != "gateway");
        bureaus.filter(|bureau| may(self.person, bureau, path)).map(str::to_owned).collect()
    }

    /// Names the bureaus of which is not known now what the person may do there: they were not asked.
    pub(crate) fn name_silent(&self, gaps: &mut Gaps, path: &str) {
        if method(path).is_ok_and(|method| !method.rule.roles.is_empty()) {
            let unknown = self.person.grants.unknown.iter().filter(|bureau| *bureau != "gateway");
            for title in unknown.map(|bureau| bureau_title(bureau).to_owned()) {
                if !gaps.down.contains(&title) {
                    gaps.down.push(title);
                }
            }
        }
    }

    /// One answer of one bureau.
    pub(crate) async fn ask<M: Message, T: Message + Default>(
        &self,
        bureau: &str,
        path: &str,
        message: &M,
    ) -> Result<T> {
        let method = method(path)?;
        let mut asked = DynamicMessage::new(method.input.clone());
        asked.transcode_from(message).map_err(Problem::internal)?;
        let answer = call::ask(self.bureaus, self.person, bureau, method, asked).await?;
        answer.transcode_to().map_err(Problem::internal)
    }

    /// A page of a list that every bureau keeps a part of: bureau by bureau, each in its own order. `cursor` is what
    /// the page before said; a bureau that gives no answer is passed over and named.
    pub(crate) async fn walk<M: Message, T: Message + Default, R>(
        &self,
        (bureaus, path): (&[String], &str),
        cursor: &str,
        request: &(dyn Fn(Page) -> M + Sync),
        split: fn(T) -> (Vec<R>, String),
        keep: &(dyn Fn(&R) -> bool + Sync),
    ) -> Walked<R> {
        let mut walked = Walked { rows: Vec::new(), next: String::new(), gaps: Gaps::default() };
        // A bureau that has gone from the list since takes its place with it.
        let known = cursor.split_once(':').filter(|(from, _)| bureaus.iter().any(|bureau| bureau == from));
        let (from, after) = known.unwrap_or_default();
        let mut after = after.to_owned();
        let first = bureaus.iter().position(|bureau| bureau == from).unwrap_or_default();
        let mut asked = 0;
        for bureau in &bureaus[first..] {
            loop {
                if walked.rows.len() >= PAGE || asked >= MOST {
                    walked.next = format!("{bureau}:{after}");
                    return walked;
                }
                asked += 1;
                let size = u32::try_from(PAGE - walked.rows.len()).unwrap_or_default();
                let page = request(Page { size, cursor: after.clone() });
                match self.ask(bureau, path, &page).await {
                    Ok(answer) => {
                        let (rows, next) = split(answer);
                        walked.rows.extend(rows.into_iter().filter(keep).map(|row| (bureau.clone(), row)));
                        after = next;
                    }
                    Err(problem) => {
                        walked.gaps.add(bureau, &problem);
                        after.clear();
                    }
                }
                if after.is_empty() {
                    break;
                }
            }
        }
        walked
    }
}
