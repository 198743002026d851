//! Two acts on people that cannot be taken back: two records become one, and a person is forgotten.

use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use kit::{Kind, Problem, Result};
use proto::trust::{ErasePersonRequest, FindPersonRequest, GetPersonRequest, MergePersonsRequest, Person};

use super::{Look, open};
use crate::console::persons::acts::{self, EraseView, MergeView, Step};
use crate::console::sharing::Tab;
use crate::http::sharing::{tabs, to_send_again, with_status};
use crate::http::{Front, pages};
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::{Asking, ERASE_PERSON, FIND_PERSON, GET_PERSON, MERGE_PERSONS, labels};

const WHOSE_ACT: &str = "合并、删除人员信息由保管部门的市级人员办理";

pub(super) async fn ask_merge(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Query(look): Query<Look>,
) -> Response {
    match open(&person, &look.bureau, MERGE_PERSONS, WHOSE_ACT) {
        Ok(()) => merge_page(&front, &person, &uri, &look.bureau, &Fields::default(), Step::Asked, None),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

/// First both people are looked up and shown, then they are merged: two posts, so that the wrong two are noticed.
pub(super) async fn merge(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, .. } = posted;
    let bureau = form.get("bureau").to_owned();
    if let Err(problem) = open(&person, &bureau, MERGE_PERSONS, WHOSE_ACT) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let asking = Asking { bureaus: &front.bureaus, person: &person };
    let (step, problem) = match form.get("keep_id") {
        "" => match both(asking, &bureau, &form).await {
            Ok(found) => (Step::Found(found), None),
            Err(problem) => (Step::Asked, Some(problem)),
        },
        keep => {
            let other = form.get("other_id");
            let request = MergePersonsRequest {
                keep_id: keep.to_owned(),
                other_id: other.to_owned(),
                reason: form.get("reason").trim().to_owned(),
            };
            let merged: Result<Person> = asking.ask(&bureau, MERGE_PERSONS, &request).await;
            match merged {
                Ok(merged) => (Step::Merged(Box::new(merged)), None),
                Err(problem) => match refused(asking, &bureau, [keep, other], problem).await {
                    Ok(answer) => answer,
                    Err(problem) => return to_send_again(&front, &person, &uri, &form, &problem),
                },
            }
        }
    };
    merge_page(&front, &person, &uri, &bureau, &form, step, problem.as_ref())
}

/// The two people of the form; what is wrong with the second is told beside the second. The reason is judged first, for
/// each search is on record.
async fn both(asking: Asking<'_>, bureau: &str, form: &Fields) -> Result<Box<[Person; 2]>> {
    let reason = form.get("reason").trim();
    if reason.is_empty() {
        return Err(Problem::field("reason", "FIELD_MISSING", "请写明合并原因"));
    }
    if let Some(carried) = contract::personal::carried(reason) {
        return Err(Problem::field(
            "reason",
            "PERSONAL_DATA_IN_TEXT",
            format!("内容中含有{}，请删去", carried.title()),
        ));
    }
    let find = async |kind: &'static str, number: &'static str| -> Result<Person> {
        let request = FindPersonRequest {
            kind: form.get(kind).parse().unwrap_or_default(),
            number: form.get(number).trim().to_owned(),
        };
        let found: Result<Person> = asking.ask(bureau, FIND_PERSON, &request).await;
        found.map_err(|problem| beside(problem, kind, number))
    };
    let keep = find("keep_kind", "keep_person_number").await?;
    let other = find("other_kind", "other_person_number").await?;
    if keep.id == other.id {
        return Err(Problem::field("other_person_number", "PERSON_SAME", "两个证件已是同一人的，不需要合并"));
    }
    Ok(Box::new([keep, other]))
}

/// Where a refused merger stands: both are shown again, as they are registered now. The problem again where the bureau is away
/// and cannot say.
async fn refused(
    asking: Asking<'_>,
    bureau: &str,
    ids: [&str; 2],
    mut problem: Problem,
) -> Result<(Step, Option<Problem>)> {
    match again(asking, bureau, ids).await {
        // Only the answer was lost, or this was sent twice.
        Ok([kept, gone]) if gone.merged_into == kept.id => Ok((Step::Merged(Box::new(kept)), None)),
        Ok(both) if two(&both) => Ok((Step::Found(Box::new(both)), Some(problem))),
        Err(away) if away.kind == Kind::Unavailable => Err(problem),
        _ => {
            // What was wrong with the ids has no field in the form that asks for numbers.
            problem.fields.clear();
            Ok((Step::Asked, Some(problem)))
        }
    }
}

/// The two who were found before, by id, as they are now.
async fn again(asking: Asking<'_>, bureau: &str, [keep, other]: [&str; 2]) -> Result<[Person; 2]> {
    let get = async |id: &str| -> Result<Person> {
        asking.ask(bureau, GET_PERSON, &GetPersonRequest { id: id.to_owned() }).await
    };
    Ok([get(keep).await?, get(other).await?])
}

/// Whether they are two, neither merged nor forgotten.
fn two(both: &[Person; 2]) -> bool {
    both[0].id != both[1].id && both.iter().all(|person| person.merged_into.is_empty() && !person.erased)
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
    with_status(problem, made)
}

/// Forgets a person who was found and shown just before.
pub(super) async fn erase(Shared(front): Shared<Front>, uri: Uri, posted: Posted<Fields>) -> Response {
    let Posted { person, form, .. } = posted;
    let bureau = form.get("bureau").to_owned();
    if let Err(problem) = open(&person, &bureau, ERASE_PERSON, WHOSE_ACT) {
        return pages::problem(&front, Some(&person), &uri, &problem);
    }
    let request = ErasePersonRequest {
        id: form.get("id").to_owned(),
        reason: form.get("reason").trim().to_owned(),
        document_number: form.get("document_number").trim().to_owned(),
    };
    let asking = Asking { bureaus: &front.bureaus, person: &person };
    let erased: Result<Person> = asking.ask(&bureau, ERASE_PERSON, &request).await;
    let done = erased.is_ok();
    let made = pages::page(&front, Some(&person), &uri, |frame| {
        let problem = erased.as_ref().err();
        let tabs = tabs(&front, &person, Tab::Persons);
        acts::erase(frame, &EraseView { tabs, bureau: &bureau, typed: &form, done, problem })
    });
    with_status(erased.as_ref().err(), made)
}
