//! Acts on records: the form, and what becomes of it. What was typed is never lost: not to a fault, not to a bureau
//! that is away, not to somebody who was faster.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State as Shared};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contract::register::{Act, Register, Target, text, version};
use kit::{Problem, Result};
use prost_reflect::{DynamicMessage, ReflectMessage};

use super::{Pairs, desk};
use crate::console::registers::{ActPage, Conflict, Reach, home, record_address};
use crate::http::{Front, pages};
use crate::registers::form::{self, Choices, Request, Typed};
use crate::registers::{self, Desk};
use crate::session::door::see_other;
use crate::session::{LARGEST_FILE, Posted, SignedIn, Uploaded};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/registers/{name}/new/{method}", get(show_new).post(make_new))
        .route("/registers/{name}/{id}/acts/{method}", get(show).post(carry_out))
        // A file, and the fields around it.
        .layer(DefaultBodyLimit::max(LARGEST_FILE + (1 << 20)))
}

/// A form that is shown: the act, the record it is about (none for a new one), and what stands in it.
struct Shown<'a> {
    register: &'static Register,
    act: &'static Act,
    id: &'a str,
    record: Option<DynamicMessage>,
    version: u64,
    typed: Typed,
    problem: Option<Problem>,
}

async fn show(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((name, id, method)): Path<(String, String, String)>,
) -> Response {
    let desk = desk(&front, &person);
    let made = async {
        let (register, act) = open(&person, &name, &method, true)?;
        let record = desk.record(register, &id).await?;
        let typed = form::prefilled(register, act, Some(&record), front.state.clock().today());
        let version = version(&record);
        Ok(Shown { register, act, id: &id, record: Some(record), version, typed, problem: None })
    };
    let made: Result<Shown<'_>> = made.await;
    match made {
        Ok(shown) => page(&front, &desk, &uri, shown).await,
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

async fn show_new(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((name, method)): Path<(String, String)>,
    Query(pairs): Query<Pairs>,
) -> Response {
    let (register, act) = match open(&person, &name, &method, false) {
        Ok(opened) => opened,
        Err(problem) => return pages::problem(&front, Some(&person), &uri, &problem),
    };
    let mut typed = form::prefilled(register, act, None, front.state.clock().today());
    typed.extend(pairs.into_iter().filter(|(name, _)| form::asked(act).any(|leaf| leaf.path == *name)));
    let shown = Shown { register, act, id: "", record: None, version: 0, typed, problem: None };
    page(&front, &desk(&front, &person), &uri, shown).await
}

async fn carry_out(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((name, id, method)): Path<(String, String, String)>,
    posted: Uploaded,
) -> Response {
    let opened = open(&posted.posted.person, &name, &method, true);
    take(&front, &uri, opened, &id, posted).await
}

async fn make_new(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((name, method)): Path<(String, String)>,
    posted: Uploaded,
) -> Response {
    let opened = open(&posted.posted.person, &name, &method, false);
    take(&front, &uri, opened, "", posted).await
}

async fn take(
    front: &Front,
    uri: &Uri,
    opened: Result<(&'static Register, &'static Act)>,
    id: &str,
    Uploaded { posted, file }: Uploaded,
) -> Response {
    let Posted { person, form: fields, idempotency_key } = posted;
    let (register, act) = match opened {
        Ok(opened) => opened,
        Err(problem) => return pages::problem(front, Some(&person), uri, &problem),
    };
    let desk = desk(front, &person);
    let typed = form::posted(act, &fields);
    let version = fields.get("version").parse().unwrap_or_default();
    let request = Request { id, version, idempotency_key: &idempotency_key, file };
    let answered = match form::message(act, &typed, &request) {
        Ok(message) => desk.call(&register.bureau, &act.method, message).await,
        Err(problem) => Err(problem),
    };
    match answered {
        Ok(answer) => see_other(&after(register, act, id, &answer)),
        Err(problem) => {
            // The record as it is now; where it cannot be had, the form stands without it.
            let record = match id {
                "" => None,
                id => desk.record(register, id).await.ok(),
            };
            let shown = Shown { register, act, id, record, version, typed, problem: Some(problem) };
            page(front, &desk, uri, shown).await
        }
    }
}

/// The act that an address names, if the person's roles allow it: ACT_UNKNOWN.
fn open(person: &SignedIn, name: &str, method: &str, on_record: bool) -> Result<(&'static Register, &'static Act)> {
    let register = registers::open(person, name)?;
    let act = register.act(method).filter(|act| (act.target != Target::New) == on_record);
    let act = act.ok_or_else(|| Problem::not_found("ACT_UNKNOWN", format!("“{}”没有这项业务", register.title)))?;
    registers::demand(person, register, &act.method)?;
    Ok((register, act))
}

/// Where to go when it is done: to the record, or to the list where a new record has no page.
fn after(register: &Register, act: &Act, id: &str, answer: &DynamicMessage) -> String {
    let made = if answer.descriptor() == register.list.record { text(answer, "id") } else { String::new() };
    let id = if id.is_empty() { made } else { id.to_owned() };
    let place = match register.get {
        Some(_) if !id.is_empty() => record_address(register, &id),
        _ => home(register),
    };
    format!("{place}?done={}", act.method.name())
}

async fn page(front: &Front, desk: &Desk<'_>, uri: &Uri, shown: Shown<'_>) -> Response {
    let Shown { register, act, id, record, version, typed, problem } = shown;
    // A form is shown even when the records it may refer to cannot be read: what was typed is worth more.
    let choices = desk.choices(register, act, &typed, problem.is_some()).await;
    let (choices, problem) = match (choices, problem) {
        (Ok(choices), problem) => (choices, problem),
        (Err(_), Some(problem)) => (Choices::default(), Some(problem)),
        (Err(unreadable), None) => (Choices::default(), Some(unreadable)),
    };
    let stale = problem.as_ref().is_some_and(|problem| problem.reason == "VERSION_STALE");
    let conflict = record
        .as_ref()
        .filter(|_| stale)
        .map(|now| Conflict { differences: form::differences(register, act, &typed, now, &desk.words) });
    let regions = desk.person.regions(&register.bureau);
    let response = pages::page(front, Some(desk.person), uri, |frame| {
        let what = (register, act, id);
        let mut page = ActPage::new(frame, what, &typed, &choices, problem.as_ref(), (&desk.words, Reach(&regions)));
        page.bureau = bureau_title(&register.bureau);
        page.title = record.as_ref().map(|record| desk.words.title(register, record)).unwrap_or_default();
        page.version = match (&conflict, &record) {
            (Some(_), Some(now)) => contract::register::version(now),
            _ => version,
        };
        page.conflict = conflict.clone();
        page.html()
    });
    match problem {
        None => response,
        Some(problem) => {
            let status = StatusCode::from_u16(problem.kind.codes().1).unwrap_or(StatusCode::BAD_REQUEST);
            (status, response).into_response()
        }
    }
}
