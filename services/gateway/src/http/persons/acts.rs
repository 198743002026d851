//! Two acts on people that cannot be taken back: two records become one, and a person is forgotten.

use axum::extract::{Path, Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use kit::{Problem, Result};
use proto::trust::{ErasePersonRequest, FindPersonRequest, MergePersonsRequest, Person};

use super::{Look, unkept};
use crate::console::persons::acts::{self, EraseView, MergeView, Step};
use crate::console::sharing::Tab;
use crate::http::sharing::{tabs, with_status};
use crate::http::{Front, pages};
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::{Asking, ERASE_PERSON, FIND_PERSON, MERGE_PERSONS, keepers_of_people, labels, may};

/// ROLE_MISSING where the act is not this person's, BUREAU_UNKNOWN where the bureau keeps nobody.
fn open(person: &SignedIn, bureau: &str, method: &str) -> Result<()> {
    if !keepers_of_people().contains(bureau) {
        return Err(Problem::field("bureau", "BUREAU_UNKNOWN", "这个部门不保管人员信息"));
    }
    if !may(person, bureau, method) {
        return Err(Problem::forbidden("ROLE_MISSING", "合并、删除人员信息由保管部门的市级人员办理"));
    }
    Ok(())
}

pub(super) async fn ask_merge(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Query(look): Query<Look>,
) -> Response {
    match open(&person, &look.bureau, MERGE_PERSONS) {
        Ok(()) => merge_page(&front, &person, &uri, &look.bureau, &Fields::default(), Step::Asked, None),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

/// First both people are looked up and shown, then they are merged: two posts, so that the wrong two are noticed.
pub(super) async fn merge(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, .. } = posted;
    let bureau = form.get("bureau").to_owned();
    if let Err(problem) = open(&person, &bureau, MERGE_PERSONS) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let asking = Asking { bureaus: &front.bureaus, person: &person };
    let done: Result<Step> = match form.get("keep_id") {
        "" => both(asking, &bureau, &form).await,
        keep => {
            let request = MergePersonsRequest {
                keep_id: keep.to_owned(),
                other_id: form.get("other_id").to_owned(),
                reason: form.get("reason").trim().to_owned(),
            };
            asking.ask(&bureau, MERGE_PERSONS, &request).await.map(|merged| Step::Merged(Box::new(merged)))
        }
    };
    match done {
        Ok(step) => merge_page(&front, &person, &uri, &bureau, &form, step, None),
        Err(problem) => merge_page(&front, &person, &uri, &bureau, &form, Step::Asked, Some(&problem)),
    }
}

/// The two people of the form; what is wrong with the second is told beside the second.
async fn both(asking: Asking<'_>, bureau: &str, form: &Fields) -> Result<Step> {
    let find = async |kind: &'static str, number: &'static str| -> Result<Box<Person>> {
        let request = FindPersonRequest {
            kind: form.get(kind).parse().unwrap_or_default(),
            number: form.get(number).trim().to_owned(),
        };
        let found: Result<Person> = asking.ask(bureau, FIND_PERSON, &request).await;
        found.map(Box::new).map_err(|problem| beside(problem, kind, number))
    };
    let (keep, other) = (find("keep_kind", "keep_number").await?, find("other_kind", "other_number").await?);
    if keep.id == other.id {
        return Err(Problem::field("other_number", "PERSON_SAME", "两个证件已是同一人的，不需要合并"));
    }
    if form.get("reason").trim().is_empty() {
        return Err(Problem::field("reason", "FIELD_MISSING", "请写明合并原因"));
    }
    Ok(Step::Found { keep, other })
}

/// The bureau's fault, at the form's own names for its fields; what names none stands at the number.
fn beside(mut problem: Problem, kind: &str, number: &str) -> Problem {
    for (field, _) in &mut problem.fields {
        *field = if field == "kind" { kind } else { number }.to_owned();
    }
    if problem.fields.is_empty() {
        problem.fields.push((number.to_owned(), problem.message.clone()));
    }
    problem
}

fn merge_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    bureau: &str,
    typed: &Fields,
    step: Step,
    problem: Option<&Problem>,
) -> Response {
    let made = pages::page(front, Some(person), uri, |frame| {
        let kinds = labels("ylyx.contract.v1.DocumentKind");
        let view = MergeView { tabs: tabs(front, person, Tab::Persons), bureau, kinds, typed, step, problem };
        acts::merge(frame, &view)
    });
    with_status(problem, unkept(made))
}

pub(super) async fn ask_erase(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((bureau, _)): Path<(String, String)>,
) -> Response {
    match open(&person, &bureau, ERASE_PERSON) {
        Ok(()) => erase_page(&front, &person, &uri, &bureau, &Fields::default(), false, None),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

pub(super) async fn erase(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((bureau, id)): Path<(String, String)>,
    posted: Posted<Fields>,
) -> Response {
    let Posted { person, form, .. } = posted;
    if let Err(problem) = open(&person, &bureau, ERASE_PERSON) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let request = ErasePersonRequest {
        id,
        reason: form.get("reason").trim().to_owned(),
        document_number: form.get("document_number").trim().to_owned(),
    };
    let asking = Asking { bureaus: &front.bureaus, person: &person };
    let erased: Result<Person> = asking.ask(&bureau, ERASE_PERSON, &request).await;
    erase_page(&front, &person, &uri, &bureau, &form, erased.is_ok(), erased.as_ref().err())
}

fn erase_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    bureau: &str,
    typed: &Fields,
    done: bool,
    problem: Option<&Problem>,
) -> Response {
    let made = pages::page(front, Some(person), uri, |frame| {
        acts::erase(frame, &EraseView { tabs: tabs(front, person, Tab::Persons), bureau, typed, done, problem })
    });
    with_status(problem, unkept(made))
}
