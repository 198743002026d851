//! The pages of the acts on people: merging two records, forgetting a person.

use askama::Template;
use kit::{Problem, Result};
use proto::contract::DocumentKind;
use proto::trust::Person;

use crate::console::Frame;
use crate::console::page::{Choice, Page};
use crate::console::people::{Faults, chosen};
use crate::console::sharing::Tabs;
use crate::session::Fields;
use contract::bureau::title as bureau_title;

/// How far a merger has come.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Asked,
    /// Both were found, the one to keep first, and wait for the person's word.
    Found(Box<[Person; 2]>),
    Merged(Box<Person>),
}

/// A person in one line, masked: 李*明，居民身份证 530***********0018，电话 138****5678
pub(super) fn line(person: &Person) -> String {
    let documents = person.documents.iter().map(|one| format!("{} {}", super::kind(one.kind), one.number));
    let phone = Some(&person.phone).filter(|phone| !phone.is_empty()).map(|phone| format!("电话 {phone}"));
    let parts: Vec<String> = [person.name.clone()].into_iter().chain(documents).chain(phone).collect();
    parts.join("，")
}

/// Merging at one bureau.
pub(crate) struct MergeView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) bureau: &'a str,
    pub(crate) kinds: Vec<(String, String)>,
    pub(crate) typed: &'a Fields,
    pub(crate) step: Step,
    pub(crate) problem: Option<&'a Problem>,
}

/// The page. Numbers that were typed are not shown again.
pub(crate) fn merge(frame: &Frame, it: &MergeView<'_>) -> Result<String> {
    MergePage {
        page: Page::bare(Some(frame)),
        bureau: bureau_title(it.bureau),
        keep_kinds: chosen(&it.kinds, it.typed.get("keep_kind")),
        other_kinds: chosen(&it.kinds, it.typed.get("other_kind")),
        faults: Faults(it.problem),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "person_merge.html")]
struct MergePage<'a> {
    page: Page,
    bureau: &'a str,
    keep_kinds: Vec<Choice>,
    other_kinds: Vec<Choice>,
    faults: Faults<'a>,
    it: &'a MergeView<'a>,
}

impl MergePage<'_> {
    /// One of the two numbers is probably mistyped, or they are two people.
    fn two_residents(&self, both: &[Person; 2]) -> bool {
        both.iter().all(|person| person.documents.iter().any(|one| one.kind() == DocumentKind::ResidentId))
    }

    fn line(&self, person: &Person) -> String {
        line(person)
    }
}

/// Forgetting one person at one bureau.
pub(crate) struct EraseView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) bureau: &'a str,
    pub(crate) typed: &'a Fields,
    pub(crate) done: bool,
    pub(crate) problem: Option<&'a Problem>,
}

/// The page.
pub(crate) fn erase(frame: &Frame, it: &EraseView<'_>) -> Result<String> {
    let page =
        ErasePage { page: Page::bare(Some(frame)), bureau: bureau_title(it.bureau), faults: Faults(it.problem), it };
    page.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "person_erase.html")]
struct ErasePage<'a> {
    page: Page,
    bureau: &'a str,
    faults: Faults<'a>,
    it: &'a EraseView<'a>,
}
