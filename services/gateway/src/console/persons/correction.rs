//! The page on which a person's name, phone and documents are put right.

use askama::Template;
use kit::{Problem, Result};
use proto::trust::Person;

use super::kind;
use crate::console::page::{Choice, Page};
use crate::console::people::{Faults, chosen};
use crate::console::sharing::Tabs;
use crate::console::{Frame, escaped};
use crate::session::Fields;
use contract::bureau::title as bureau_title;

/// What stands for a further document among those that may be wrong.
pub(crate) const FURTHER: &str = "further";

/// Where a person is corrected.
pub(crate) fn href(bureau: &str, id: &str) -> String {
    format!("/persons/{}/{}/correct", escaped(bureau), escaped(id))
}

/// One person at one bureau.
pub(crate) struct CorrectionView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) bureau: &'a str,
    /// As registered: before, and where it is done, after.
    pub(crate) whom: &'a Person,
    pub(crate) kinds: Vec<(String, String)>,
    /// Lists that can be narrowed to the person: address and title.
    pub(crate) records: Vec<(String, String)>,
    pub(crate) typed: &'a Fields,
    pub(crate) done: bool,
    pub(crate) problem: Option<&'a Problem>,
}

/// The page.
pub(crate) fn page(frame: &Frame, it: &CorrectionView<'_>) -> Result<String> {
    let documents = it.whom.documents.iter();
    let mut replaces: Vec<(String, String)> = documents
        .map(|document| (document.number.clone(), format!("更正{} {}", kind(document.kind), document.number)))
        .collect();
    replaces.push((FURTHER.to_owned(), "增加一个证件".to_owned()));
    CorrectionPage {
        page: Page::bare(Some(frame)),
        bureau: bureau_title(it.bureau),
        href: href(it.bureau, &it.whom.id),
        replaces: chosen(&replaces, it.typed.get("replaces")),
        kinds: chosen(&it.kinds, it.typed.get("kind")),
        faults: Faults(it.problem),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "person_correct.html")]
struct CorrectionPage<'a> {
    page: Page,
    bureau: &'a str,
    href: String,
    replaces: Vec<Choice>,
    kinds: Vec<Choice>,
    faults: Faults<'a>,
    it: &'a CorrectionView<'a>,
}

impl CorrectionPage<'_> {
    fn kind(&self, number: &i32) -> String {
        kind(*number)
    }
}
