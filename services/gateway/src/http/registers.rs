//! The registers' pages: all of them, a list, a record, a template, an export. Acts and imports have rooms of their own.

mod acts;
mod identity;
mod imports;

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use contract::register::{Get, ImportMethod, Register, text};
use kit::{Problem, Result};
use prost_reflect::DynamicMessage;

use super::{Front, pages};
use crate::console::persons::Identity;
use crate::console::registers::{
    Group, IndexPage, Link, ListPage, Reach, RecordPage, act_address, filters, home, record_address,
};
use crate::registers::listing::{Look, PAGE};
use crate::registers::words::Words;
use crate::registers::{self, Desk, export};
use crate::session::SignedIn;
use contract::bureau::title as bureau_title;

/// The pairs of a query, in their order.
type Pairs = Vec<(String, String)>;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/registers", get(index))
        .route("/registers/{name}", get(list))
        .route("/registers/{name}/export", get(export_list))
        .route("/registers/{name}/template", get(template))
        .route("/registers/{name}/{id}", get(record))
        .route("/registers/{name}/{id}/reveal", post(identity::reveal))
        .merge(acts::router())
        .merge(imports::router())
}

/// What handlers look at a register with.
fn desk<'a>(front: &'a Front, person: &'a SignedIn) -> Desk<'a> {
    Desk { bureaus: &front.bureaus, person, words: Words(&front.state.customs().city) }
}

/// What was done before the page was shown, by the method the address names.
fn done(register: &Register, pairs: &Pairs) -> String {
    let method = pairs.iter().find(|(name, _)| name == "done").map_or("", |(_, method)| method);
    register.act(method).map(|act| act.title.clone()).unwrap_or_default()
}

async fn index(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    let groups: Vec<Group<'_>> = registers::readable(&person)
        .into_iter()
        .map(|(bureau, registers)| Group { bureau: bureau_title(bureau), registers })
        .collect();
    pages::page(&front, Some(&person), &uri, |frame| IndexPage::html(frame, &groups, super::persons::may_ask(&person)))
}

async fn list(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path(name): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    let register = match registers::open(&person, &name) {
        Ok(register) => register,
        Err(problem) => return pages::problem(&front, Some(&person), &uri, &problem),
    };
    let desk = desk(&front, &person);
    let look = Look::of(&register.list, &pairs);
    let (request, faults) = look.request(&register.list);
    let (page, problem) = match desk.page(register, request, PAGE, &look.cursor).await {
        Ok(page) => (page, None),
        Err(problem) => (Default::default(), Some(problem)),
    };
    let regions = person.regions(&register.bureau);
    pages::page(&front, Some(&person), &uri, |frame| {
        let mut made = ListPage::new(frame, register, &look, (&page.records, &page.next), &desk.words);
        made.sources.clone_from(&page.sources);
        made.bureau = bureau_title(&register.bureau);
        made.controls = filters(&register.list, &look, &desk.words, Reach(&regions));
        (made.faults, made.problem) = (faults, problem);
        made.done = done(register, &pairs);
        made.anew = registers::acts_anew(&person, register)
            .into_iter()
            .map(|act| Link { href: anew(register, act.method.name(), &look), title: act.title.clone() })
            .collect();
        made.import =
            register.import.as_ref().is_some_and(|import| registers::may(&person, &register.bureau, &import.method));
        made.html()
    })
}

/// The form of a new record, which takes over the record that the list is narrowed to.
fn anew(register: &Register, method: &str, look: &Look) -> String {
    let narrowed = register.list.filters.iter().filter(|filter| register.referred(filter).is_some());
    let narrowed = Look {
        filters: narrowed
            .map(|leaf| (leaf.path.clone(), look.filter(leaf).to_owned()))
            .filter(|(_, id)| !id.is_empty())
            .collect(),
        ..Look::default()
    };
    format!("{}{}", act_address(register, "", method), narrowed.query())
}

async fn record(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((name, id)): Path<(String, String)>,
    Query(pairs): Query<Pairs>,
) -> Response {
    let desk = desk(&front, &person);
    let made = async {
        let register = registers::open(&person, &name)?;
        let answer = desk.detail(register, &id).await?;
        Ok((register, answer))
    };
    let made: Result<(&Register, DynamicMessage)> = made.await;
    match made {
        Ok((register, answer)) => match register.get.as_ref() {
            Some(get) => {
                let done = done(register, &pairs);
                record_page(&front, &person, &uri, (register, get, &answer), done, |_| ())
            }
            None => pages::problem(&front, Some(&person), &uri, &Problem::internal("a record without its method")),
        },
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

/// A record's page; `change` fills in what became of a look at the person it names.
fn record_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    (register, get, answer): (&Register, &Get, &DynamicMessage),
    done: String,
    change: impl FnOnce(&mut Identity),
) -> Response {
    let desk = desk(front, person);
    pages::page(front, Some(person), uri, |frame| {
        let mut page = RecordPage::new(frame, register, get, answer, &desk.words);
        let record = get.record(answer);
        let id = text(&record, "id");
        page.bureau = bureau_title(&register.bureau);
        page.done = done;
        page.identity = identity::identity(person, register, &record, &desk.words);
        if let Some(identity) = &mut page.identity {
            change(identity);
        }
        page.acts = registers::acts_on_record(person, register)
            .into_iter()
            .map(|act| Link { href: act_address(register, &id, act.method.name()), title: act.title.clone() })
            .collect();
        for (other, filter) in register.dependants() {
            if !registers::may(person, &other.bureau, &other.list.method) {
                continue;
            }
            let look = Look { filters: [(filter.path.clone(), id.clone())].into(), ..Look::default() };
            page.related.push(Link { href: format!("{}{}", home(other), look.query()), title: other.title.clone() });
        }
        let given = [("about", "record"), ("register", register.name.as_str()), ("record", id.as_str())];
        page.doubt = super::sharing::address("/sharing/corrections/new", &given);
        page.reveal = format!("{}/reveal", record_address(register, &id));
        page.html()
    })
}

async fn export_list(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path(name): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    let desk = desk(&front, &person);
    let made = async {
        let register = registers::open(&person, &name)?;
        let look = Look::of(&register.list, &pairs);
        let (request, _) = look.request(&register.list);
        let (records, more) = if pairs.iter().any(|(name, _)| name == "all") {
            desk.all(register, request).await?
        } else {
            (desk.page(register, request, PAGE, &look.cursor).await?.records, false)
        };
        let bytes = export::workbook(register, &desk.words, &records, more)?;
        Ok(workbook(&format!("{}-{}", register.title, front.state.clock().today()), bytes))
    };
    answered(&front, &person, &uri, made.await)
}

async fn template(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Path(name): Path<String>) -> Response {
    let made = async {
        let register = registers::open(&person, &name)?;
        let row = register.import.as_ref().map(ImportMethod::row);
        let row = row.ok_or_else(|| {
            Problem::not_found("REGISTER_NOT_IMPORTABLE", format!("“{}”不支持导入，没有模板", register.title))
        })?;
        let folder = tempfile::tempdir().map_err(Problem::internal)?;
        let path = folder.path().join("template.xlsx");
        contract::template::template_xlsx(row.full_name(), &path).map_err(Problem::internal)?;
        let bytes = tokio::fs::read(&path).await.map_err(Problem::internal)?;
        Ok(workbook(&format!("{}导入模板", register.title), bytes))
    };
    answered(&front, &person, &uri, made.await)
}

/// The answer, or the page that says why there is none.
fn answered(front: &Front, person: &SignedIn, uri: &Uri, made: Result<Response>) -> Response {
    made.unwrap_or_else(|problem| pages::problem(front, Some(person), uri, &problem))
}

/// A workbook to be saved under a Chinese name.
fn workbook(name: &str, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"export.xlsx\"; filename*=UTF-8''{}.xlsx", crate::console::escaped(name));
    let name = HeaderValue::try_from(name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
}
