//! 数据共享: what the contracts share, the rights to it, doubts about it, copies of it and questions about people. Each
//! bureau keeps its own part and judges every call; here is only asked and shown.

mod copies;
mod corrections;
mod rights;
pub(super) mod waiting;

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contract::catalogue::{Entry, workbook};
use kit::{Problem, Result};
use serde::Deserialize;

pub(super) use super::accounts::with_status;
use super::{Front, pages};
use crate::bulletin::xlsx::MEDIA_TYPE;
use crate::console::sharing::catalogue::{self, CatalogueView, EntryView};
use crate::console::sharing::{Tab, Tabs};
use crate::console::{self, Kept};
use crate::session::{Fields, SignedIn};
use crate::sharing::titles::{entries, entry};
use crate::sharing::{self, Asking};

/// Who is shown 数据共享.
pub(crate) const SHARERS: [&str; 4] = ["TASKFORCE_ADMIN", "SYS_ADMIN", "AUDITOR", "CITY_BUREAU_APPROVER"];
/// Entries of the catalogue on a page.
const ENTRIES: usize = 40;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/sharing", get(show))
        .route("/sharing/entry", get(show_entry))
        .route("/sharing/catalogue.json", get(json))
        .route("/sharing/catalogue.xlsx", get(xlsx))
        .merge(rights::router())
        .merge(corrections::router())
        .merge(copies::router())
}

/// ROLE_MISSING for whoever has nothing to do with sharing.
fn demand(person: &SignedIn) -> Result<()> {
    if person.holds_any(&SHARERS) {
        return Ok(());
    }
    Err(Problem::forbidden("ROLE_MISSING", "数据共享由协调机制办公室、各部门核定人、审计人员和系统管理员查看"))
}

fn asking<'a>(front: &'a Front, person: &'a SignedIn) -> Asking<'a> {
    Asking { bureaus: &front.bureaus, person }
}

/// The pages of 数据共享 that the person may see, one of them shown: clerks have those about people.
pub(super) fn tabs(front: &Front, person: &SignedIn, here: Tab) -> Tabs {
    let asking = asking(front, person);
    let mut shown = Vec::new();
    if person.holds_any(&SHARERS) {
        shown.extend([Tab::Catalogue, Tab::Rights, Tab::Corrections]);
        if !asking.at(sharing::LIST_FEEDS).is_empty() {
            shown.push(Tab::Copies);
        }
    }
    if copies::questioned(&asking).next().is_some() || sharing::may(person, "childcare", sharing::MATCH_STAFF) {
        shown.push(Tab::Matching);
    }
    if super::persons::may_ask(person) {
        shown.push(Tab::Persons);
    }
    // A single page needs no tabs, nor does one that stands beside these.
    if shown.len() < 2 || !shown.contains(&here) {
        shown.clear();
    }
    Tabs { shown, here }
}

/// What was typed, to be sent again: for a refusal at a bureau that then cannot even show the record.
pub(super) fn to_send_again(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    typed: &Fields,
    problem: &Problem,
) -> Response {
    match Kept::of(uri.path(), typed) {
        Some(kept) => {
            let page = pages::page(front, Some(person), uri, |frame| console::resume(frame, &kept, Some(problem)));
            with_status(Some(problem), page)
        }
        None => pages::problem(front, Some(person), uri, problem),
    }
}

/// An address with those parameters that say something.
pub(super) fn address(path: &str, given: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(given.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Filters of the catalogue, and the entry after which the page begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    bureau: String,
    sharing: String,
    personal: String,
    text: String,
    cursor: String,
}

impl Look {
    fn fits(&self, entry: &Entry) -> bool {
        let text = self.text.trim().to_lowercase();
        let about = |text: &str| {
            let words = [&entry.path, &entry.service_title, &entry.about, &entry.bureau_title, &entry.catalogue_number];
            let fields = entry.fields.iter().map(|field| field.title.as_str());
            let title = sharing::titles::title(&entry.path);
            words
                .into_iter()
                .map(String::as_str)
                .chain(fields)
                .chain([title.as_str()])
                .any(|word| word.to_lowercase().contains(text))
        };
        (self.bureau.is_empty() || self.bureau == entry.bureau || self.bureau == "all" && entry.bureau.is_empty())
            && (self.sharing.is_empty() || self.sharing == entry.sharing)
            && match self.personal.as_str() {
                "yes" => !entry.personal.is_empty(),
                "no" => entry.personal.is_empty(),
                _ => true,
            }
            && (text.is_empty() || about(&text))
    }

    fn address(&self, cursor: &str) -> String {
        let given = [
            ("bureau", self.bureau.as_str()),
            ("sharing", &self.sharing),
            ("personal", &self.personal),
            ("text", &self.text),
            ("cursor", cursor),
        ];
        address("/sharing", &given)
    }
}

async fn show(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    pages::page(&front, Some(&person), &uri, |frame| {
        demand(&person)?;
        let all = entries()?;
        let found: Vec<&Entry> = all.iter().filter(|entry| look.fits(entry)).collect();
        let from = found.iter().position(|entry| entry.path == look.cursor).unwrap_or_default();
        let view = CatalogueView {
            tabs: tabs(&front, &person, Tab::Catalogue),
            all: all.len(),
            found: found.len(),
            conditional: all.iter().filter(|entry| entry.sharing == "CONDITIONAL").count(),
            rows: found.iter().copied().skip(from).take(ENTRIES).collect(),
            bureaus: bureaus_of(all),
            sharings: sharings_of(all),
            chosen: [look.bureau.clone(), look.sharing.clone(), look.personal.clone()],
            text: look.text.clone(),
            first: if from == 0 { String::new() } else { look.address("") },
            next: found.get(from + ENTRIES).map(|entry| look.address(&entry.path)).unwrap_or_default(),
        };
        catalogue::page(frame, &view)
    })
}

/// Providers in the order of the catalogue.
fn bureaus_of(entries: &[Entry]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for entry in entries {
        let name = if entry.bureau.is_empty() { "all" } else { &entry.bureau };
        if !found.iter().any(|(known, _)| known == name) {
            found.push((name.to_owned(), entry.bureau_title.clone()));
        }
    }
    found
}

fn sharings_of(entries: &[Entry]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for entry in entries {
        if !found.iter().any(|(known, _)| *known == entry.sharing) {
            found.push((entry.sharing.clone(), entry.sharing_title.clone()));
        }
    }
    found
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    path: String,
}

async fn show_entry(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(named): Query<Named>) -> Response {
    pages::page(&front, Some(&person), &uri, |frame| {
        demand(&person)?;
        let unknown = || Problem::not_found("METHOD_UNKNOWN", "共享目录中没有这个接口");
        let entry = entry(&named.path).ok_or_else(unknown)?;
        let view = EntryView {
            tabs: tabs(&front, &person, Tab::Catalogue),
            entry,
            may_apply: !rights::providers(&asking(&front, &person), &entry.path).is_empty(),
        };
        catalogue::entry(frame, &view)
    })
}

async fn json(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    match entries() {
        Ok(entries) => axum::Json(entries).into_response(),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

async fn xlsx(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    let made = entries().and_then(|entries| workbook(entries).map_err(Problem::internal));
    match made {
        Ok(bytes) => {
            let name = crate::console::escaped("政务数据共享目录");
            let name = format!("attachment; filename=\"catalogue.xlsx\"; filename*=UTF-8''{name}.xlsx");
            let name = HeaderValue::try_from(name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
            let kind = HeaderValue::from_static(MEDIA_TYPE);
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}
