//! 人员查询: finding a person by document, who looked at whom, and the keys people are stored under. A number is posted
//! and never part of an address; what was looked at is written down by the bureau.

mod acts;
mod correction;

use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{get, post};
use contract::register::Register;
use kit::{Problem, Result};
use proto::common::Page;
use proto::trust::{
    FindPersonRequest, GetPersonKeysRequest, GetPersonKeysResponse, ListAccessesRequest, ListAccessesResponse, Person,
};
use serde::Deserialize;

use super::sharing::{address, tabs, with_status};
use super::{Front, pages};
use crate::console::persons::{self, AccessesView, Asked, PersonsView};
use crate::console::sharing::Tab;
use crate::session::door::see_other;
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::{
    Asking, CORRECT_PERSON, ERASE_PERSON, FIND_PERSON, LIST_ACCESSES, MERGE_PERSONS, PAGE, PERSON_KEYS,
    keepers_of_people, labels, may,
};
use contract::bureau::title as bureau_title;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/persons", get(show).post(find))
        .route("/persons/merge", get(acts::ask_merge).post(acts::merge))
        .route("/persons/erase", post(acts::erase))
        .route("/persons/seen/account", post(ask_account))
        .route("/persons/seen", get(seen_by_account).post(seen_by_document))
        .route("/persons/{bureau}/{id}/seen", get(seen_of_person))
        .route("/persons/{bureau}/{id}/correct", get(correction::ask).post(correction::correct))
}

/// What a person may ask about people at a bureau.
fn abilities(person: &SignedIn, bureau: &str) -> [bool; 3] {
    [FIND_PERSON, LIST_ACCESSES, PERSON_KEYS].map(|path| may(person, bureau, path))
}

/// BUREAU_UNKNOWN where the bureau keeps nobody, ROLE_MISSING, with `whose_act`, where the method is not this person's.
fn open(person: &SignedIn, bureau: &str, method: &str, whose_act: &str) -> Result<()> {
    keeps(bureau)?;
    if !may(person, bureau, method) {
        return Err(Problem::forbidden("ROLE_MISSING", whose_act));
    }
    Ok(())
}

/// BUREAU_UNKNOWN where the bureau keeps nobody.
fn keeps(bureau: &str) -> Result<()> {
    if keepers_of_people().contains(bureau) {
        return Ok(());
    }
    Err(Problem::field("bureau", "BUREAU_UNKNOWN", "这个部门不保管人员信息"))
}

/// Whether 人员查询 has anything for the person.
pub(crate) fn may_ask(person: &SignedIn) -> bool {
    keepers_of_people().iter().any(|bureau| abilities(person, bureau).contains(&true))
}

/// Bureaus that keep people and at which the person may ask about them: ROLE_MISSING, BUREAU_UNREACHABLE.
fn keepers(front: &Front, person: &SignedIn) -> Result<Vec<(String, String)>> {
    let keepers = keepers_of_people();
    let known = front.bureaus.names().filter(|name| keepers.contains(*name));
    let may = known.filter(|name| abilities(person, name).contains(&true));
    let found: Vec<(String, String)> = may.map(|name| (name.to_owned(), bureau_title(name).to_owned())).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    if let Some(down) = person.grants.unknown.iter().find(|name| keepers.contains(*name)) {
        let message = format!("{}暂时联系不上，现在不能查询人员", bureau_title(down));
        return Err(Problem::new(kit::Kind::Unavailable, "BUREAU_UNREACHABLE", message));
    }
    Err(Problem::forbidden("ROLE_MISSING", "人员查询由保管人员信息的部门的填报、审核、核定人员和审计人员办理"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    bureau: String,
}

async fn show(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(look): Query<Look>) -> Response {
    answer(&front, &person, &uri, &look.bureau, &Fields::default(), Asked::Nothing, None).await
}

async fn answer(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    bureau: &str,
    typed: &Fields,
    asked: Asked,
    problem: Option<&Problem>,
) -> Response {
    let keepers = match keepers(front, person) {
        Ok(keepers) => keepers,
        Err(problem) => return pages::problem(front, Some(person), uri, &problem),
    };
    let first = keepers.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let bureau = if keepers.iter().any(|(name, _)| name == bureau) { bureau.to_owned() } else { first };
    let [may_find, may_list, may_keys] = abilities(person, &bureau);
    let asking = Asking { bureaus: &front.bureaus, person };
    // Counted anew each time, so not with every search.
    let keys: Option<Result<GetPersonKeysResponse>> = match may_keys && matches!(asked, Asked::Nothing) {
        true => Some(asking.ask(&bureau, PERSON_KEYS, &GetPersonKeysRequest {}).await),
        false => None,
    };
    let made = pages::page(front, Some(person), uri, |frame| {
        let view = PersonsView {
            tabs: tabs(front, person, Tab::Persons),
            keepers,
            bureau: &bureau,
            kinds: labels("ylyx.contract.v1.DocumentKind"),
            may_find,
            may_list,
            may_merge: may(person, &bureau, MERGE_PERSONS),
            may_correct: may(person, &bureau, CORRECT_PERSON),
            may_erase: may(person, &bureau, ERASE_PERSON),
            keys,
            typed,
            records: records(person, &bureau),
            asked,
            problem,
        };
        persons::page(frame, &view)
    });
    with_status(problem, made)
}

/// Registers of the bureau whose records name a person, with the address of their lists.
fn records(person: &SignedIn, bureau: &str) -> Vec<(String, String)> {
    let own = contract::register::registers().iter().filter(|register| register.bureau == bureau);
    let named = own.filter(|register| register.list.filters.iter().any(|leaf| leaf.path == "person_id"));
    let open = named.filter(|register| may(person, bureau, &register.list.method.path));
    // Those who left are asked about as well.
    let all = |register: &Register| register.list.filters.iter().any(|leaf| leaf.path == "include_left");
    let home = |register: &Register| {
        let home = crate::console::registers::home(register);
        format!("{home}?{}", if all(register) { "include_left=true&" } else { "" })
    };
    open.map(|register| (home(register), register.title.clone())).collect()
}

async fn find(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, .. } = posted;
    let bureau = form.get("bureau").to_owned();
    let found = async {
        keepers(&front, &person)?;
        let request = FindPersonRequest {
            kind: form.get("kind").parse().unwrap_or_default(),
            number: form.get("person_number").trim().to_owned(),
        };
        Asking { bureaus: &front.bureaus, person: &person }.ask(&bureau, FIND_PERSON, &request).await
    };
    let found: Result<Person> = found.await;
    match found {
        Ok(one) => answer(&front, &person, &uri, &bureau, &form, Asked::Found(Box::new(one)), None).await,
        Err(problem) => answer(&front, &person, &uri, &bureau, &form, Asked::Find, Some(&problem)).await,
    }
}

async fn seen_by_document(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, .. } = posted;
    let bureau = form.get("bureau").to_owned();
    let request = ListAccessesRequest {
        kind: form.get("kind").parse().unwrap_or_default(),
        number: form.get("person_number").trim().to_owned(),
        page: Some(page("")),
        ..ListAccessesRequest::default()
    };
    match accesses(&front, &person, &bureau, &request).await {
        Ok(listed) => {
            // Further pages go by the person's id, for a number is no part of an address.
            let id = listed.accesses.first().map(|one| one.person_id.clone()).unwrap_or_default();
            let next = match listed.next_cursor.as_str() {
                "" => String::new(),
                cursor => address(&persons::seen_href(&bureau, &id), &[("cursor", cursor)]),
            };
            listing(&front, &person, &uri, &bureau, "", listed, [String::new(), next])
        }
        Err(problem) => answer(&front, &person, &uri, &bureau, &form, Asked::Seen, Some(&problem)).await,
    }
}

/// Where the page begins, and whose looks it shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    bureau: String,
    user: String,
    cursor: String,
}

/// An account's address, unless what was typed is none: it may be somebody's number, which stands in no address.
async fn ask_account(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, .. } = posted;
    let (bureau, user) = (form.get("bureau"), form.get("user").trim());
    if is_account(user) {
        return see_other(&address("/persons/seen", &[("bureau", bureau), ("user", user)]));
    }
    answer(&front, &person, &uri, bureau, &Fields::default(), Asked::Account, Some(&no_account())).await
}

fn is_account(text: &str) -> bool {
    let letter = text.starts_with(|first: char| first.is_ascii_alphabetic());
    letter && text.len() <= 64 && contract::personal::carried(text).is_none()
}

fn no_account() -> Problem {
    Problem::field("user", "ACCOUNT_INVALID", "请填写账号，如 reporter-530402")
}

async fn seen_by_account(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Query(place): Query<Place>,
) -> Response {
    let user = place.user.trim();
    if !is_account(user) {
        let problem = no_account();
        return answer(&front, &person, &uri, &place.bureau, &Fields::default(), Asked::Account, Some(&problem)).await;
    }
    let request = ListAccessesRequest {
        user: user.to_owned(),
        page: Some(page(&place.cursor)),
        ..ListAccessesRequest::default()
    };
    let here = |cursor: &str| {
        address("/persons/seen", &[("bureau", place.bureau.as_str()), ("user", user), ("cursor", cursor)])
    };
    match accesses(&front, &person, &place.bureau, &request).await {
        Ok(listed) => {
            let turns = turns(&place.cursor, &listed.next_cursor, here);
            listing(&front, &person, &uri, &place.bureau, user, listed, turns)
        }
        Err(problem) => {
            answer(&front, &person, &uri, &place.bureau, &Fields::default(), Asked::Account, Some(&problem)).await
        }
    }
}

async fn seen_of_person(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    Query(place): Query<Place>,
) -> Response {
    let request =
        ListAccessesRequest { id: id.clone(), page: Some(page(&place.cursor)), ..ListAccessesRequest::default() };
    match accesses(&front, &person, &bureau, &request).await {
        Ok(listed) => {
            let here = |cursor: &str| address(&persons::seen_href(&bureau, &id), &[("cursor", cursor)]);
            let turns = turns(&place.cursor, &listed.next_cursor, here);
            listing(&front, &person, &uri, &bureau, "", listed, turns)
        }
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

/// The addresses of the first page and of the next; empty where there is none.
fn turns(cursor: &str, next: &str, here: impl Fn(&str) -> String) -> [String; 2] {
    let first = if cursor.is_empty() { String::new() } else { here("") };
    [first, if next.is_empty() { String::new() } else { here(next) }]
}

fn page(cursor: &str) -> Page {
    Page { size: u32::try_from(PAGE).unwrap_or_default(), cursor: cursor.to_owned() }
}

async fn accesses(
    front: &Front,
    person: &SignedIn,
    bureau: &str,
    request: &ListAccessesRequest,
) -> Result<ListAccessesResponse> {
    keepers(front, person)?;
    keeps(bureau)?;
    Asking { bureaus: &front.bureaus, person }.ask(bureau, LIST_ACCESSES, request).await
}

fn listing(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    bureau: &str,
    user: &str,
    listed: ListAccessesResponse,
    [first, next]: [String; 2],
) -> Response {
    let view =
        AccessesView { tabs: tabs(front, person, Tab::Persons), bureau, user, rows: listed.accesses, first, next };
    pages::page(front, Some(person), uri, |frame| persons::accesses(frame, &view))
}
