//! Who comes to a page: the cookie, the session behind it, and the way to the sign-in without one.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kit::{Kind, Problem, Result};

use super::SignedIn;
use crate::http::{Failure, Front, pages};

const COOKIE: &str = "ylyx_session";
/// Pages a person may open before the password is changed.
const BEFORE_CHANGE: [&str; 2] = ["/password", "/signout"];

/// The secret in the request's cookie.
pub(crate) fn secret(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// `Set-Cookie` for a secret; None takes the cookie away.
pub(crate) fn cookie(secret: Option<&str>, secure: bool) -> HeaderValue {
    let (value, age) = secret.map_or(("", "; Max-Age=0"), |secret| (secret, ""));
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Whether a browser says the request comes from a page of ours. None: it says nothing, as no browser does since 2020.
pub(crate) fn from_here(headers: &HeaderMap) -> Option<bool> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return Some(matches!(site, "same-origin" | "none"));
    }
    let origin = text("origin")?;
    let host = origin.split_once("://").map(|(_, host)| host);
    Some(host.is_some() && host == text("host"))
}

/// A path of this site, or the front page: nobody is led elsewhere by what an address says.
pub(crate) fn local(path: &str) -> &str {
    let plain = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t']);
    if plain { path } else { "/" }
}

/// Where to sign in, and to come back.
pub(crate) fn signin(next: &Uri) -> String {
    let next = next.path_and_query().map_or("/", |path| path.as_str());
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/signin?next={next}")
}

/// 303 to a path of this site.
pub(crate) fn see_other(path: &str) -> Response {
    let place = HeaderValue::try_from(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// The person behind a request.
pub(crate) async fn person(front: &Front, headers: &HeaderMap) -> Result<Option<SignedIn>> {
    let Some(secret) = secret(headers) else { return Ok(None) };
    let Some(found) = front.sessions.find(secret).await? else { return Ok(None) };
    let grants = front.bureaus.grants(&found.row.account).await;
    Ok(Some(SignedIn {
        id: found.row.account,
        name: found.row.name,
        unit: found.row.unit,
        region: found.row.region,
        grants,
        csrf_token: found.csrf_token,
        must_change: found.row.must_change,
    }))
}

/// True while the person must change the password before anything else.
pub(crate) fn held_up(front: &Front, person: &SignedIn, path: &str) -> bool {
    person.must_change && !front.sessions.settings().initial_passwords_stay && !BEFORE_CHANGE.contains(&path)
}

impl FromRequestParts<Front> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> std::result::Result<Self, Response> {
        let found = person(front, &parts.headers).await;
        let found = found.map_err(|problem| pages::problem(front, None, &parts.uri, &problem))?;
        match found {
            Some(person) if held_up(front, &person, parts.uri.path()) => Err(see_other("/password")),
            Some(person) => Ok(person),
            None if parts.method.is_safe() => Err(see_other(&signin(&parts.uri))),
            None => {
                let message = "登录已过期，这次提交没有生效。请重新登录，再提交一次";
                let problem = Problem::new(Kind::Unauthenticated, "SESSION_ENDED", message);
                Err(pages::problem(front, None, &parts.uri, &problem))
            }
        }
    }
}

impl OptionalFromRequestParts<Front> for SignedIn {
    type Rejection = Infallible;

    /// Whoever is signed in, for pages that everybody may open.
    async fn from_request_parts(parts: &mut Parts, front: &Front) -> std::result::Result<Option<Self>, Infallible> {
        Ok(person(front, &parts.headers).await.unwrap_or_default())
    }
}

/// Whoever looks at a view: a signed-in person, or anybody where `anonymous_views` says so.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<SignedIn>);

impl Visitor {
    pub fn person(&self) -> Option<&SignedIn> {
        self.0.as_ref()
    }
}

impl FromRequestParts<Front> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> std::result::Result<Self, Response> {
        if !front.anonymous_views {
            let person = <SignedIn as FromRequestParts<Front>>::from_request_parts(parts, front).await?;
            return Ok(Visitor(Some(person)));
        }
        Ok(Visitor(person(front, &parts.headers).await.unwrap_or_default()))
    }
}

/// The JSON views, for whoever may look: SIGN_IN_REQUIRED.
pub(crate) async fn demand_viewer(State(front): State<Front>, request: Request, next: Next) -> Response {
    if front.anonymous_views {
        return next.run(request).await;
    }
    match person(&front, request.headers()).await {
        Ok(Some(_)) => next.run(request).await,
        Ok(None) => Failure(Problem::new(Kind::Unauthenticated, "SIGN_IN_REQUIRED", "请先登录")).into_response(),
        Err(problem) => Failure(problem).into_response(),
    }
}
