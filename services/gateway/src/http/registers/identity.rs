//! 身份信息 of a record that names a person: masked, and shown in plain once, for a purpose that is written down.

use axum::extract::{Path, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use contract::register::{Get, Register, text};
use kit::{Problem, Result};
use prost_reflect::DynamicMessage;
use proto::trust::{RevealPersonRequest, RevealedPerson};

use super::desk;
use crate::console::persons::{Identity, correction, seen_href};
use crate::http::sharing::with_status;
use crate::http::{Front, pages};
use crate::registers;
use crate::registers::words::Words;
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::{Asking, CORRECT_PERSON, LIST_ACCESSES, REVEAL_PERSON, labels, may};

/// The block of a record's page; `None` where the record names nobody.
pub(super) fn identity(
    person: &SignedIn,
    register: &Register,
    record: &DynamicMessage,
    words: &Words<'_>,
) -> Option<Identity> {
    let id = text(record, "person_id");
    if id.is_empty() {
        return None;
    }
    let masked =
        register.list.columns.iter().filter(|leaf| matches!(leaf.path.as_str(), "name" | "document_number" | "phone"));
    Some(Identity {
        masked: masked.map(|leaf| (leaf.column.title.clone(), words.shown(leaf, record))).collect(),
        seen: if may(person, &register.bureau, LIST_ACCESSES) {
            seen_href(&register.bureau, &id)
        } else {
            String::new()
        },
        correct: if may(person, &register.bureau, CORRECT_PERSON) {
            correction::href(&register.bureau, &id)
        } else {
            String::new()
        },
        may_reveal: may(person, &register.bureau, REVEAL_PERSON),
        purposes: labels("ylyx.trust.v1.Purpose"),
        ..Identity::default()
    })
}

pub(super) async fn reveal(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((name, id)): Path<(String, String)>,
    posted: Posted<Fields>,
) -> Response {
    let Posted { person, form, .. } = posted;
    let desk = desk(&front, &person);
    let opened = async {
        let register = registers::open(&person, &name)?;
        let get = register.get.as_ref().ok_or_else(|| Problem::internal("a record without a method to get it"))?;
        let answer = desk.detail(register, &id).await?;
        Ok((register, get, answer))
    };
    let opened: Result<(&Register, &Get, DynamicMessage)> = opened.await;
    let (register, get, answer) = match opened {
        Ok(opened) => opened,
        Err(problem) => return pages::problem(&front, Some(&person), &uri, &problem),
    };
    let person_id = text(&get.record(&answer), "person_id");
    let has = |what: &str| form.all("what").any(|one| one == what);
    let request = RevealPersonRequest {
        id: person_id.clone(),
        purpose: form.get("purpose").parse().unwrap_or_default(),
        reason: form.get("reason").trim().to_owned(),
        name: has("name"),
        documents: has("documents"),
        phone: has("phone"),
    };
    let revealed: Result<RevealedPerson> = if person_id.is_empty() {
        Err(Problem::not_found("PERSON_UNKNOWN", "这条记录没有关联人员"))
    } else {
        Asking { bureaus: &front.bureaus, person: &person }.ask(&register.bureau, REVEAL_PERSON, &request).await
    };
    let problem = revealed.as_ref().err();
    let page = super::record_page(&front, &person, &uri, (register, get, &answer), String::new(), |identity| {
        identity.purpose = form.get("purpose").to_owned();
        identity.reason = form.get("reason").to_owned();
        identity.chosen = form.all("what").map(str::to_owned).collect();
        identity.problem = problem.cloned();
        identity.revealed = revealed.as_ref().ok().cloned();
    });
    with_status(problem, page)
}
