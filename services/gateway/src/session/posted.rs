//! A form that somebody posted. Whatever goes wrong before it is read — the session ended, the page is of another
//! session — what was typed comes back, to be posted again with one click.

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kit::{Kind, Problem};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::SignedIn;
use super::door::{from_here, held_up, local, person};
use crate::console::{self, Kept};
use crate::http::{Front, pages};

/// Largest form that is read; the largest package of forms has a few thousand cells.
const LARGEST: usize = 1 << 20;
/// Largest form that is kept for somebody who must sign in again.
const LARGEST_KEPT: usize = 256 << 10;

/// A form whose fields are not known beforehand, in their order: `Posted<Fields>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first field of the name; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Every field of the name, as check boxes send them.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// A posted form (`application/x-www-form-urlencoded`) with the person who posted it. Take it as the last argument of
/// every handler that changes something, and do not take [`SignedIn`] beside it.
#[derive(Clone, Debug)]
pub struct Posted<T> {
    pub person: SignedIn,
    pub form: T,
    /// Fresh in every form that was shown (`templates/keys.html`): the same key is the same act, however often it is
    /// sent.
    pub idempotency_key: String,
}

impl<T: DeserializeOwned> FromRequest<Front> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, front: &Front) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let refuse = |person: Option<&SignedIn>, problem: Problem| pages::problem(front, person, &parts.uri, &problem);
        let here = from_here(&parts.headers);
        if here == Some(false) {
            return Err(refuse(None, foreign()));
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(refuse(None, Problem::new(Kind::Invalid, "FORM_UNREADABLE", "提交的不是表单")));
        }
        let body = axum::body::to_bytes(body, LARGEST)
            .await
            .map_err(|_| refuse(None, Problem::new(Kind::Invalid, "FORM_TOO_LARGE", "提交的内容过大，请分几次提交")))?;
        let fields = Fields(form_urlencoded::parse(&body).into_owned().collect());

        let person = person(front, &parts.headers).await.map_err(|problem| refuse(None, problem))?;
        let action = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let kept = Kept::of(action, &fields).filter(|_| body.len() <= LARGEST_KEPT && here == Some(true));
        let Some(person) = person else {
            let frame = pages::frame(front, None, &parts.uri);
            let message = match kept {
                Some(_) => "登录已过期，刚才填写的内容没有丢失，也还没有提交。重新登录后可继续提交。",
                None => "登录已过期，刚才的内容没有提交。请重新登录后再填。",
            };
            let page = console::signin(&frame, &console::SignIn { message, kept, ..console::SignIn::default() });
            return Err((StatusCode::UNAUTHORIZED, pages::html(page)).into_response());
        };
        if held_up(front, &person, parts.uri.path()) {
            return Err(crate::http::signin::password_page(front, &person, &parts.uri, kept, None));
        }
        if let Err(problem) = person.check_csrf(fields.get("csrf")) {
            let Some(kept) = kept else { return Err(refuse(Some(&person), problem)) };
            let frame = pages::frame(front, Some(&person), &parts.uri);
            let page = console::resume(&frame, &kept, Some(&problem));
            return Err((StatusCode::FORBIDDEN, pages::html(page)).into_response());
        }
        let form = serde_urlencoded::from_bytes(&body).map_err(|error| {
            tracing::debug!(%error, "form not readable");
            refuse(Some(&person), Problem::new(Kind::Invalid, "FORM_UNREADABLE", "表单不完整，请刷新页面后重填"))
        })?;
        Ok(Posted { person, form, idempotency_key: fields.get("idempotency_key").to_owned() })
    }
}

fn foreign() -> Problem {
    Problem::forbidden("CSRF_INVALID", "这次提交来自别的网站，没有生效")
}

impl Kept {
    /// What is worth keeping of a form: everything but its token, passwords and the numbers of people. None where
    /// nothing is left.
    pub(crate) fn of(action: &str, fields: &Fields) -> Option<Kept> {
        let worth = |name: &str| {
            let number = name.ends_with("person_number");
            name != "csrf" && !name.contains("password") && !number && !matches!(name, "old" | "again")
        };
        let fields: Vec<(String, String)> = fields.0.iter().filter(|(name, _)| worth(name)).cloned().collect();
        let action = local(action).to_owned();
        (!fields.is_empty() && !action.starts_with("/sign") && action != "/password").then_some(Kept { action, fields })
    }

    /// What a form carried along, as [`Kept::packed`] wrote it.
    pub(crate) fn unpacked(action: &str, packed: &str) -> Option<Kept> {
        if packed.is_empty() {
            return None;
        }
        Kept::of(action, &Fields(form_urlencoded::parse(packed.as_bytes()).into_owned().collect()))
    }
}
