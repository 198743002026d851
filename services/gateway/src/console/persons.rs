//! 人员查询, who looked at whom, and the block of a record that names a person.

pub(crate) mod acts;
pub(crate) mod correction;

use askama::Template;
use kit::{Problem, Result};
use proto::trust::{Access, GetPersonKeysResponse, Person, RevealedPerson};

use super::page::{Choice, Page};
use super::people::{Faults, chosen};
use super::sharing::Tabs;
use super::{Frame, escaped, grouped};
use crate::registers::words::instant;
use crate::session::Fields;
use crate::sharing::label;
use contract::bureau::title as bureau_title;

/// Who looked at a person.
pub(crate) fn seen_href(bureau: &str, id: &str) -> String {
    format!("/persons/{}/{}/seen", escaped(bureau), escaped(id))
}

fn kind(kind: i32) -> String {
    label("ylyx.contract.v1.DocumentKind", kind)
}

/// The block of a record that names a person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    /// Title and masked value.
    pub(crate) masked: Vec<(String, String)>,
    /// Who looked at the person; empty where that is not this person's to know.
    pub(crate) seen: String,
    /// Where the person is corrected; empty likewise.
    pub(crate) correct: String,
    pub(crate) may_reveal: bool,
    pub(crate) purposes: Vec<(String, String)>,
    /// What was asked for just now.
    pub(crate) purpose: String,
    pub(crate) reason: String,
    pub(crate) chosen: Vec<String>,
    pub(crate) problem: Option<Problem>,
    /// The plain text, shown once.
    pub(crate) revealed: Option<RevealedPerson>,
}

impl Identity {
    pub(super) fn purposes(&self) -> Vec<Choice> {
        chosen(&self.purposes, &self.purpose)
    }

    pub(super) fn faults(&self) -> Faults<'_> {
        Faults(self.problem.as_ref())
    }

    pub(super) fn ticked(&self, what: &str) -> bool {
        self.chosen.iter().any(|one| one == what)
    }

    /// The plain text as title and value; what was not asked for is not there.
    pub(super) fn plain(&self) -> Vec<(String, String)> {
        let Some(shown) = &self.revealed else { return Vec::new() };
        let mut plain = vec![("姓名".to_owned(), shown.name.clone())];
        for document in &shown.documents {
            plain.push((kind(document.kind), document.number.clone()));
            plain.push(("原15位号码".to_owned(), document.original.clone()));
        }
        plain.push(("电话".to_owned(), shown.phone.clone()));
        plain.retain(|(_, value)| !value.is_empty());
        plain
    }
}

/// What was asked on the page.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Nothing,
    /// By document; the faults are those of that form.
    Find,
    Found(Box<Person>),
    /// Who looked, by document.
    Seen,
    /// Who looked, by account.
    Account,
}

/// 人员查询 at one bureau.
pub(crate) struct PersonsView<'a> {
    pub(crate) tabs: Tabs,
    /// Bureaus that keep people, as far as the person may ask there.
    pub(crate) keepers: Vec<(String, String)>,
    pub(crate) bureau: &'a str,
    pub(crate) kinds: Vec<(String, String)>,
    pub(crate) may_find: bool,
    pub(crate) may_list: bool,
    pub(crate) may_merge: bool,
    pub(crate) may_correct: bool,
    pub(crate) may_erase: bool,
    /// `None` where that is not the person's to know.
    pub(crate) keys: Option<Result<GetPersonKeysResponse>>,
    pub(crate) typed: &'a Fields,
    /// Lists that can be narrowed to one person: address and title.
    pub(crate) records: Vec<(String, String)>,
    pub(crate) asked: Asked,
    pub(crate) problem: Option<&'a Problem>,
}

/// The page. A number that was typed is not shown again: the page says what is wrong with it.
pub(crate) fn page(frame: &Frame, it: &PersonsView<'_>) -> Result<String> {
    let of = |mine: bool| Faults(it.problem.filter(|_| mine));
    PersonsPage {
        page: Page::bare(Some(frame)),
        bureau: bureau_title(it.bureau),
        keepers: chosen(&it.keepers, it.bureau),
        kinds: chosen(&it.kinds, it.typed.get("kind")),
        find: of(matches!(it.asked, Asked::Find)),
        seen: of(matches!(it.asked, Asked::Seen)),
        account: of(matches!(it.asked, Asked::Account)),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "persons.html")]
struct PersonsPage<'a> {
    page: Page,
    bureau: &'a str,
    keepers: Vec<Choice>,
    kinds: Vec<Choice>,
    /// What is wrong with each of the forms.
    find: Faults<'a>,
    seen: Faults<'a>,
    account: Faults<'a>,
    it: &'a PersonsView<'a>,
}

impl PersonsPage<'_> {
    fn found(&self) -> Option<&Person> {
        match &self.it.asked {
            Asked::Found(person) => Some(person),
            _ => None,
        }
    }

    fn kind(&self, number: &i32) -> String {
        kind(*number)
    }

    fn seen_href(&self, person: &Person) -> String {
        seen_href(self.it.bureau, &person.id)
    }

    fn correct_href(&self, person: &Person) -> String {
        correction::href(self.it.bureau, &person.id)
    }

    fn text(&self, person: &Person) -> String {
        acts::line(person)
    }

    /// People that are not yet stored under the newest key.
    fn waiting(&self, keys: &GetPersonKeysResponse) -> u64 {
        let newest = keys.keys.last().map(|key| key.persons).unwrap_or_default();
        keys.persons.saturating_sub(newest)
    }

    fn number(&self, number: &u64) -> String {
        grouped(&number.to_string())
    }
}

/// Who looked.
pub(crate) struct AccessesView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) bureau: &'a str,
    /// The account whose looks they are; empty: those at one person.
    pub(crate) user: &'a str,
    pub(crate) rows: Vec<Access>,
    pub(crate) first: String,
    pub(crate) next: String,
}

/// The list of looks.
pub(crate) fn accesses(frame: &Frame, it: &AccessesView<'_>) -> Result<String> {
    let page = AccessesPage { page: Page::bare(Some(frame)), bureau: bureau_title(it.bureau), it };
    page.render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "person_accesses.html")]
struct AccessesPage<'a> {
    page: Page,
    bureau: &'a str,
    it: &'a AccessesView<'a>,
}

impl AccessesPage<'_> {
    fn at(&self, access: &Access) -> String {
        instant(access.at_micros)
    }

    fn purpose(&self, access: &Access) -> String {
        let purpose = label("ylyx.trust.v1.Purpose", access.purpose);
        if purpose.is_empty() { "—".to_owned() } else { purpose }
    }

    /// The looks at the person that an account looked at; empty on that person's own page.
    fn person(&self, access: &Access) -> String {
        // A search that found nobody is on record under no person.
        if self.it.user.is_empty() || access.person_id.is_empty() {
            return String::new();
        }
        seen_href(self.it.bureau, &access.person_id)
    }
}
