//! 共享目录: every interface of the contracts, and one of them with its fields.

use askama::Template;
use contract::catalogue::Entry;
use kit::{Problem, Result};

use super::{Tabs, or_nothing};
use crate::console::page::{Choice, Page};
use crate::console::people::chosen;
use crate::console::{Frame, escaped};
use crate::sharing::titles::{purpose, title};

/// A page of the catalogue.
pub(crate) struct CatalogueView<'a> {
    pub(crate) tabs: Tabs,
    /// Entries in all, those that the filters leave, and those that need a right.
    pub(crate) all: usize,
    pub(crate) found: usize,
    pub(crate) conditional: usize,
    pub(crate) rows: Vec<&'a Entry>,
    pub(crate) bureaus: Vec<(String, String)>,
    pub(crate) sharings: Vec<(String, String)>,
    /// Bureau, sharing class, personal data.
    pub(crate) chosen: [String; 3],
    pub(crate) text: String,
    pub(crate) first: String,
    pub(crate) next: String,
}

/// The catalogue.
pub(crate) fn page(frame: &Frame, it: &CatalogueView<'_>) -> Result<String> {
    CataloguePage {
        page: Page::bare(Some(frame)),
        bureaus: chosen(&it.bureaus, &it.chosen[0]),
        sharings: chosen(&it.sharings, &it.chosen[1]),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_catalogue.html")]
struct CataloguePage<'a> {
    page: Page,
    bureaus: Vec<Choice>,
    sharings: Vec<Choice>,
    it: &'a CatalogueView<'a>,
}

impl CataloguePage<'_> {
    fn title(&self, entry: &Entry) -> String {
        title(&entry.path)
    }

    fn purposes(&self, entry: &Entry) -> String {
        in_words(entry)
    }

    fn href(&self, entry: &Entry) -> String {
        format!("/sharing/entry?path={}", escaped(&entry.path))
    }
}

/// The purposes of an interface, or that it asks for none.
fn in_words(entry: &Entry) -> String {
    let words: Vec<String> = entry.purposes.iter().map(|code| purpose(code)).collect();
    or_nothing(&words.join("、")).to_owned()
}

/// One interface.
pub(crate) struct EntryView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) entry: &'a Entry,
    pub(crate) may_apply: bool,
}

/// One interface of the catalogue.
pub(crate) fn entry(frame: &Frame, it: &EntryView<'_>) -> Result<String> {
    let roles = it.entry.roles.iter().map(|role| trust::roles::title(role).to_owned()).collect();
    let page = EntryPage { page: Page::bare(Some(frame)), title: title(&it.entry.path), roles, it };
    page.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_entry.html")]
struct EntryPage<'a> {
    page: Page,
    title: String,
    roles: Vec<String>,
    it: &'a EntryView<'a>,
}

impl EntryPage<'_> {
    fn purposes(&self) -> String {
        in_words(self.it.entry)
    }

    fn escaped(&self) -> String {
        escaped(&self.it.entry.path)
    }

    fn or_nothing<'t>(&self, text: &'t str) -> &'t str {
        or_nothing(text)
    }

    /// Fields whose titles nobody reads are named by their technical names.
    fn titled<'t>(&self, title: &'t str) -> &'t str {
        if title.is_empty() { "（技术字段）" } else { title }
    }
}
