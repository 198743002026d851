//! Putting right what is registered of a person: name, phone, a document. What is registered is shown masked, and what was
//! typed of a number or a phone is not shown again.

use axum::extract::{Path, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use kit::{Problem, Result};
use proto::trust::{CorrectPersonRequest, GetPersonRequest, Person};

use super::{open, records};
use crate::console::persons::correction::{self, CorrectionView, FURTHER};
use crate::console::sharing::Tab;
use crate::http::sharing::{tabs, with_status};
use crate::http::{Front, pages};
use crate::session::{Fields, Posted, SignedIn};
use crate::sharing::{Asking, CORRECT_PERSON, GET_PERSON, labels};

type Whom = Path<(String, String)>;

/// Who is to be corrected, as registered now. BUREAU_UNKNOWN, ROLE_MISSING, and what the bureau refuses.
async fn registered(front: &Front, person: &SignedIn, bureau: &str, id: &str) -> Result<Person> {
    open(person, bureau, CORRECT_PERSON, "人员信息由保管部门的填报人员更正")?;
    let request = GetPersonRequest { id: id.to_owned() };
    let whom: Person = Asking { bureaus: &front.bureaus, person }.ask(bureau, GET_PERSON, &request).await?;
    if whom.erased {
        return Err(Problem::state("PERSON_ERASED", "此人的身份信息已按规定删除，没有可更正的内容"));
    }
    if !whom.merged_into.is_empty() {
        return Err(Problem::state("PERSON_MERGED", "这条人员记录已并入另一条，请对保留的那条更正"));
    }
    Ok(whom)
}

pub(super) async fn ask(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((bureau, id)): Whom,
) -> Response {
    match registered(&front, &person, &bureau, &id).await {
        Ok(whom) => show(&front, &person, &uri, (&bureau, &whom), &Fields::default(), false, None),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

pub(super) async fn correct(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((bureau, id)): Whom,
    posted: Posted<Fields>,
) -> Response {
    let Posted { person, form, .. } = posted;
    let before = match registered(&front, &person, &bureau, &id).await {
        Ok(before) => before,
        Err(problem) => return pages::problem(&front, Some(&person), &uri, &problem),
    };
    // Without a number no document is meant, whatever the choices beside it stand at.
    let number = form.get("person_number").trim();
    let chosen = |field: &str| if number.is_empty() { "" } else { form.get(field) };
    if !number.is_empty() && form.get("replaces").is_empty() {
        let unsaid = Problem::field("replaces", "FIELD_MISSING", "请选择更正哪个证件，或增加一个证件");
        return show(&front, &person, &uri, (&bureau, &before), &form, false, Some(&unsaid));
    }
    let request = CorrectPersonRequest {
        id,
        name: form.get("name").trim().to_owned(),
        phone: form.get("phone").trim().to_owned(),
        kind: chosen("kind").parse().unwrap_or_default(),
        number: number.to_owned(),
        replaces: Some(chosen("replaces")).filter(|which| *which != FURTHER).unwrap_or_default().to_owned(),
        reason: form.get("reason").trim().to_owned(),
    };
    let asking = Asking { bureaus: &front.bureaus, person: &person };
    let corrected: Result<Person> = asking.ask(&bureau, CORRECT_PERSON, &request).await;
    match corrected {
        Ok(whom) => show(&front, &person, &uri, (&bureau, &whom), &form, true, None),
        Err(problem) => show(&front, &person, &uri, (&bureau, &before), &form, false, Some(&problem)),
    }
}

fn show(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    (bureau, whom): (&str, &Person),
    typed: &Fields,
    done: bool,
    problem: Option<&Problem>,
) -> Response {
    let made = pages::page(front, Some(person), uri, |frame| {
        let view = CorrectionView {
            tabs: tabs(front, person, Tab::Persons),
            bureau,
            whom,
            kinds: labels("ylyx.contract.v1.DocumentKind"),
            records: records(person, bureau),
            typed,
            done,
            problem,
        };
        correction::page(frame, &view)
    });
    with_status(problem, made)
}
