//! 共享授权: who applied for what, and every step of it at the bureau that provides.

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::{Problem, Result};
use proto::trust::{
    AccessRight, AccessRightDetail, AccessRightState, ApplyAccessRightRequest, GetAccessRightRequest,
    GrantAccessRightRequest, JudgeAccessRightRequest, ListAccessRightsRequest, ListAccessRightsResponse,
};
use serde::Deserialize;

use super::{address, asking, demand, tabs, to_send_again, with_status};
use crate::console::sharing::Tab;
use crate::console::sharing::rights::{self, Act, ApplyView, Offered, RightView, RightsView};
use crate::http::{Front, pages};
use crate::session::door::see_other;
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::titles::{entry, title};
use crate::sharing::{self, APPLY_RIGHT, Asking, GET_RIGHT, LIST_RIGHTS, Walked, labels, may};
use contract::bureau::{calls_for_people, title as bureau_title};
use contract::columns::{Column, columns};

const STATES: &str = "ylyx.trust.v1.AccessRightState";

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/sharing/rights", get(list))
        .route("/sharing/rights/new", get(new).post(apply))
        .route("/sharing/rights/{bureau}/{id}", get(show).post(act))
}

/// Bureaus at which the person may apply for a method: its own, or for what every bureau serves any of them.
pub(super) fn providers(asking: &Asking<'_>, path: &str) -> Vec<String> {
    let Some(entry) = entry(path).filter(|entry| entry.sharing == "CONDITIONAL") else { return Vec::new() };
    if entry.callers.iter().all(|caller| calls_for_people(caller)) {
        return Vec::new();
    }
    let keepers = sharing::keepers_of_people();
    let serves = |bureau: &String| match entry.bureau.as_str() {
        "" => !entry.service.ends_with("MatchingService") || keepers.contains(bureau),
        own => own == bureau,
    };
    asking.at(APPLY_RIGHT).into_iter().filter(serves).collect()
}

/// Filters and place in the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    state: String,
    provider: String,
    consumer: String,
    due: String,
    cursor: String,
}

async fn list(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    if let Err(problem) = demand(&person) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let asking = asking(&front, &person);
    let all = asking.at(LIST_RIGHTS);
    let bureaus: Vec<String> =
        all.iter().filter(|name| look.provider.is_empty() || **name == look.provider).cloned().collect();
    let state = look.state.parse().unwrap_or_default();
    let request = |page| ListAccessRightsRequest {
        state,
        consumer: look.consumer.clone(),
        method: String::new(),
        page: Some(page),
    };
    let split = |answer: ListAccessRightsResponse| (answer.rights, answer.next_cursor);
    let keep = |right: &AccessRight| look.due != "overdue" || right.overdue;
    let mut walked: Walked<AccessRight> =
        asking.walk((&bureaus, LIST_RIGHTS), &look.cursor, &request, split, &keep).await;
    asking.name_silent(&mut walked.gaps, LIST_RIGHTS);
    let here = |cursor: &str| {
        let given = [
            ("state", look.state.as_str()),
            ("provider", &look.provider),
            ("consumer", &look.consumer),
            ("due", &look.due),
            ("cursor", cursor),
        ];
        address("/sharing/rights", &given)
    };
    let titled =
        |names: Vec<&str>| names.iter().map(|name| ((*name).to_owned(), bureau_title(name).to_owned())).collect();
    let view = RightsView {
        tabs: tabs(&front, &person, Tab::Rights),
        first: if look.cursor.is_empty() { String::new() } else { here("") },
        next: if walked.next.is_empty() { String::new() } else { here(&walked.next) },
        walked,
        states: labels(STATES),
        providers: titled(all.iter().map(String::as_str).collect()),
        consumers: titled(front.bureaus.names().filter(|name| *name != "gateway").collect()),
        chosen: [look.state.clone(), look.provider.clone(), look.consumer.clone(), look.due.clone()],
        may_apply: !asking.at(APPLY_RIGHT).is_empty(),
    };
    pages::page(&front, Some(&person), &uri, |frame| rights::list(frame, &view))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    method: String,
}

async fn new(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(wanted): Query<Wanted>) -> Response {
    let fields = Fields(vec![("method".to_owned(), wanted.method)]);
    application(&front, &person, &uri, &fields, None)
}

/// The form: first which method is wanted, then what its contract allows.
fn application(front: &Front, person: &SignedIn, uri: &Uri, typed: &Fields, problem: Option<&Problem>) -> Response {
    let asking = asking(front, person);
    let made = pages::page(front, Some(person), uri, |frame| {
        demand(person)?;
        if asking.at(APPLY_RIGHT).is_empty() {
            return Err(Problem::forbidden("ROLE_MISSING", "申请共享授权须是部门核定人或协调机制办公室"));
        }
        let conditional =
            sharing::titles::entries()?.iter().filter(|entry| !providers(&asking, &entry.path).is_empty());
        let methods =
            conditional.map(|entry| (entry.path.clone(), format!("{} · {}", entry.bureau_title, title(&entry.path))));
        let path = typed.get("method");
        let chosen = entry(path).filter(|entry| !providers(&asking, &entry.path).is_empty());
        let titled = |names: Vec<String>| names.into_iter().map(|name| (name.clone(), bureau_title(&name).to_owned()));
        let offered = chosen.map(|entry| {
            let providers = providers(&asking, &entry.path);
            // Nobody applies at the own bureau for the own data.
            let own = |name: &String| providers.as_slice() == std::slice::from_ref(name);
            let outside = |name: &&String| !calls_for_people(name) && !own(name);
            Offered {
                entry,
                title: title(&entry.path),
                consumers: titled(entry.callers.iter().filter(outside).cloned().collect()).collect(),
                providers: titled(providers.clone()).collect(),
                fields: nameable(path),
            }
        });
        let view =
            ApplyView { tabs: tabs(front, person, Tab::Rights), methods: methods.collect(), offered, typed, problem };
        rights::apply(frame, &view)
    });
    with_status(problem, made)
}

/// The columns of the method's record: what a right may be narrowed to.
fn nameable(path: &str) -> Vec<Column> {
    sharing::method(path).map(|method| columns(&contract::catalogue::record(method))).unwrap_or_default()
}

async fn apply(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, idempotency_key } = posted;
    let provider = form.get("provider").to_owned();
    let applied = async {
        demand(&person)?;
        let request = ApplyAccessRightRequest {
            method: form.get("method").to_owned(),
            consumer: form.get("consumer").to_owned(),
            purpose: form.get("purpose").to_owned(),
            fields: form.all("fields").map(str::to_owned).collect(),
            basis: form.get("basis").trim().to_owned(),
            valid_until: form.get("valid_until").to_owned(),
            idempotency_key,
        };
        asking(&front, &person).ask::<_, AccessRight>(&provider, APPLY_RIGHT, &request).await
    };
    let applied: Result<AccessRight> = applied.await;
    match applied {
        Ok(right) => see_other(&format!("{}?done=apply", rights::href(&provider, &right.id))),
        Err(problem) => application(&front, &person, &uri, &form, Some(&problem)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    Query(Done { done }): Query<Done>,
) -> Response {
    let done = match done.as_str() {
        "apply" => "申请已提交",
        done => Act::of(done).map_or("", Act::done),
    };
    right_page(&front, &person, &uri, (&bureau, &id), done, &Fields::default(), None).await
}

async fn right_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    (bureau, id): (&str, &str),
    done: &str,
    typed: &Fields,
    problem: Option<&Problem>,
) -> Response {
    let made = async {
        demand(person)?;
        let request = GetAccessRightRequest { id: id.to_owned() };
        let detail: AccessRightDetail = asking(front, person).ask(bureau, GET_RIGHT, &request).await?;
        detail.right.clone().map(|right| (right, detail)).ok_or_else(|| Problem::internal("a right without itself"))
    };
    let made: Result<(AccessRight, AccessRightDetail)> = made.await;
    if let (Err(_), Some(problem)) = (&made, problem) {
        return to_send_again(front, person, uri, typed, problem);
    }
    let page = pages::page(front, Some(person), uri, |frame| {
        let (right, detail) = made?;
        let view = RightView {
            tabs: tabs(front, person, Tab::Rights),
            bureau,
            acts: offered(person, bureau, &right),
            barred: barred(person, &right),
            right: &right,
            detail: &detail,
            typed,
            done,
            problem,
        };
        rights::show(frame, &view)
    });
    with_status(problem, page)
}

/// The acts that the right's state and the person's roles allow; the bureau judges again.
fn offered(person: &SignedIn, bureau: &str, right: &AccessRight) -> Vec<Act> {
    let acts: &[Act] = match right.state() {
        AccessRightState::Applied => &[Act::Check, Act::Reject],
        AccessRightState::Checked => &[Act::Review, Act::Reject],
        AccessRightState::Reviewed => &[Act::Grant, Act::Reject],
        AccessRightState::Granted => &[Act::Suspend, Act::End],
        AccessRightState::Suspended => &[Act::Resume, Act::End],
        _ => &[],
    };
    let own = !barred(person, right).is_empty();
    let forward = |act: &Act| matches!(act, Act::Check | Act::Review | Act::Grant);
    acts.iter().copied().filter(|act| may(person, bureau, act.path()) && !(own && forward(act))).collect()
}

/// Why the next step is somebody else's; empty where it is not.
fn barred(person: &SignedIn, right: &AccessRight) -> &'static str {
    let before = match right.state() {
        AccessRightState::Applied => "",
        AccessRightState::Checked => &right.checked_by,
        AccessRightState::Reviewed => &right.reviewed_by,
        _ => return "",
    };
    if right.applied_by == person.id {
        "此项授权由您申请，以后各步请由他人办理。"
    } else if before == person.id {
        "上一步由您办理，下一步请由另一人办理。"
    } else {
        ""
    }
}

async fn act(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    posted: Posted<Fields>,
) -> Response {
    let Posted { person, form, .. } = posted;
    let chosen = form.get("act").to_owned();
    let done = async {
        demand(&person)?;
        let act = Act::of(&chosen).ok_or_else(|| Problem::field("act", "ACT_UNKNOWN", "请选择要办理的事项"))?;
        let (asking, reason) = (asking(&front, &person), form.get("reason").trim().to_owned());
        let _: AccessRight = if act == Act::Grant {
            let request = GrantAccessRightRequest {
                id: id.clone(),
                catalogue_number: form.get("catalogue_number").trim().to_owned(),
                authorisation_number: form.get("authorisation_number").trim().to_owned(),
                reason,
            };
            asking.ask(&bureau, act.path(), &request).await?
        } else {
            asking.ask(&bureau, act.path(), &JudgeAccessRightRequest { id: id.clone(), reason }).await?
        };
        Ok(())
    };
    let done: Result<()> = done.await;
    match done {
        Ok(()) => see_other(&format!("{}?done={chosen}", rights::href(&bureau, &id))),
        Err(problem) => right_page(&front, &person, &uri, (&bureau, &id), "", &form, Some(&problem)).await,
    }
}
