//! Signing in and out, and the own password.

use axum::Router;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kit::{Kind, Problem};
use serde::Deserialize;

use super::{Front, pages};
use crate::console::{self, Kept};
use crate::session::door::{cookie, from_here, local, secret, see_other};
use crate::session::{Posted, SignedIn, csrf_token};

/// A sign-in may carry a form of 256 kB, written as a field of another form.
const LARGEST: usize = 2 << 20;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/signin", get(show).post(sign_in))
        .route("/signout", post(sign_out))
        .route("/password", get(show_password).post(change_password))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

async fn show(
    Shared(front): Shared<Front>,
    person: Option<SignedIn>,
    uri: Uri,
    Query(Next { next }): Query<Next>,
) -> Response {
    if person.is_some() {
        return see_other(local(&next));
    }
    let signin = console::SignIn { next: local(&next), ..console::SignIn::default() };
    pages::page(&front, None, &uri, |frame| console::signin(frame, &signin))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignIn {
    id: String,
    password: String,
    next: String,
    kept_action: String,
    kept_fields: String,
}

async fn sign_in(Shared(front): Shared<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // There is no session yet whose token could be asked for; a browser says where the form comes from.
    if from_here(&parts.headers) == Some(false) {
        let foreign = Problem::forbidden("CSRF_INVALID", "这次登录来自别的网站，没有生效");
        return pages::problem(&front, None, &parts.uri, &foreign);
    }
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        let large = Problem::new(Kind::Invalid, "FORM_TOO_LARGE", "提交的内容过大");
        return pages::problem(&front, None, &parts.uri, &large);
    };
    let form: SignIn = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let kept = Kept::unpacked(&form.kept_action, &form.kept_fields);
    let account = match front.accounts.sign_in(&form.id, form.password).await {
        Ok(account) => account,
        Err(problem) => {
            let signin =
                console::SignIn { problem: Some(&problem), id: &form.id, next: local(&form.next), kept, message: "" };
            let page = console::signin(&pages::frame(&front, None, &parts.uri), &signin);
            let status = StatusCode::from_u16(problem.kind.codes().1).unwrap_or(StatusCode::UNAUTHORIZED);
            return (status, pages::html(page)).into_response();
        }
    };
    let session = match front.sessions.begin(&account.id, secret(&parts.headers)).await {
        Ok(session) => session,
        Err(problem) => return pages::problem(&front, None, &parts.uri, &problem),
    };
    let page = match kept {
        None => see_other(local(&form.next)),
        Some(kept) => {
            let person = SignedIn {
                grants: front.bureaus.grants(&account.id).await,
                id: account.id,
                name: account.name,
                unit: account.unit,
                region: account.region,
                csrf_token: csrf_token(&session),
                must_change: account.must_change,
            };
            pages::page(&front, Some(&person), &parts.uri, |frame| console::resume(frame, &kept, None))
        }
    };
    with_session(&front, &session, page)
}

/// The answer that also gives the browser its session.
fn with_session(front: &Front, session: &str, page: Response) -> Response {
    let secure = front.sessions.settings().secure_cookie;
    ([(header::SET_COOKIE, cookie(Some(session), secure))], page).into_response()
}

async fn sign_out(Shared(front): Shared<Front>, headers: axum::http::HeaderMap, posted: Posted<SignOut>) -> Response {
    if let Some(secret) = secret(&headers)
        && let Err(problem) = front.sessions.end(secret).await
    {
        return pages::problem(&front, Some(&posted.person), &Uri::from_static("/signout"), &problem);
    }
    if let Err(problem) = front.accounts.signed_out(&posted.person.id).await {
        tracing::error!(%problem, "sign-out not noted");
    }
    let gone = cookie(None, front.sessions.settings().secure_cookie);
    ([(header::SET_COOKIE, gone)], see_other("/signin")).into_response()
}

/// Nothing is asked but the token.
#[derive(Debug, Deserialize)]
struct SignOut {}

async fn show_password(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    password_page(&front, &person, &uri, None, None)
}

/// 修改密码, with what was kept and what is wrong.
pub(crate) fn password_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    kept: Option<Kept>,
    problem: Option<&Problem>,
) -> Response {
    let made = console::password(&pages::frame(front, Some(person), uri), person.must_change, kept.as_ref(), problem);
    let status = problem.map_or(200, |problem| problem.kind.codes().1);
    (StatusCode::from_u16(status).unwrap_or_default(), pages::html(made)).into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewPassword {
    old: String,
    password: String,
    again: String,
    kept_action: String,
    kept_fields: String,
}

async fn change_password(Shared(front): Shared<Front>, uri: Uri, posted: Posted<NewPassword>) -> Response {
    let Posted { person, form, .. } = posted;
    let kept = Kept::unpacked(&form.kept_action, &form.kept_fields);
    let changed = front.accounts.change_password(&person.id, form.old, form.password, &form.again).await;
    if let Err(problem) = changed {
        return password_page(&front, &person, &uri, kept, Some(&problem));
    }
    // All sessions ended with the old password; this browser gets a new one.
    let session = match front.sessions.begin(&person.id, None).await {
        Ok(session) => session,
        Err(problem) => return pages::problem(&front, None, &uri, &problem),
    };
    let person = SignedIn { csrf_token: csrf_token(&session), must_change: false, ..person };
    let page = match kept {
        Some(kept) => pages::page(&front, Some(&person), &uri, |frame| console::resume(frame, &kept, None)),
        None => see_other("/"),
    };
    with_session(&front, &session, page)
}
