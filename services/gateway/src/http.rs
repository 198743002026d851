//! HTTP/JSON, its OpenAPI description and docs page, and the console's pages.
//!
//! Views are open to all where the configuration says so; every other page takes [`crate::session::SignedIn`], and
//! whatever changes something takes [`crate::session::Posted`].

mod accounts;
mod api;
mod basis;
mod cuts;
mod evidence;
mod filling;
mod headers;
pub(crate) mod pages;
pub(crate) mod persons;
mod plan;
mod public_data;
mod registers;
mod report;
mod review;
pub(crate) mod sharing;
pub(crate) mod signin;
#[cfg(test)]
mod tests;
mod unlocks;
mod work;

use std::time::Instant;

use axum::Router;
use axum::extract::{FromRef, MatchedPath, Request, State as Shared};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kit::Problem;
use kit::metrics::Metrics;
use tracing::{Instrument, field};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::accounts::Accounts;
use crate::bureaus::Bureaus;
use crate::registers::import::jobs::Imports;
use crate::session::{Sessions, door};
use crate::state::State;
use crate::view::{ErrorBody, FieldError};

/// Roles that fill forms in.
pub(crate) const REPORTERS: [&str; 2] = ["COUNTY_REPORTER", "CITY_BUREAU_REPORTER"];
/// Roles that sign what others filled in.
pub(crate) const JUDGES: [&str; 2] = ["COUNTY_REVIEWER", "CITY_BUREAU_APPROVER"];
/// Who makes cuts and issues what is made of them: the coordination office.
pub(crate) const REGISTRAR: &str = "TASKFORCE_ADMIN";
/// Roles that read reports and registers.
pub(crate) const READERS: [&str; 6] = [
    "COUNTY_REPORTER",
    "COUNTY_REVIEWER",
    "CITY_BUREAU_REPORTER",
    "CITY_BUREAU_APPROVER",
    "TASKFORCE_ADMIN",
    "AUDITOR",
];

/// What the pages share. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Front {
    pub state: State,
    pub bureaus: Bureaus,
    pub accounts: Accounts,
    pub sessions: Sessions,
    /// Views need no sign-in.
    pub anonymous_views: bool,
    pub metrics: Metrics,
    pub(crate) imports: Imports,
}

impl FromRef<Front> for State {
    fn from_ref(front: &Front) -> State {
        front.state.clone()
    }
}

/// Everything the HTTP port serves.
pub fn router(front: Front) -> Router {
    let views = api::router().layer(axum::middleware::from_fn_with_state(front.clone(), door::demand_viewer));
    Router::new()
        .merge(views)
        .merge(pages::router())
        .merge(plan::router())
        .merge(filling::router())
        .merge(review::router())
        .merge(basis::router())
        .merge(cuts::router())
        .merge(public_data::router())
        .merge(evidence::router())
        .merge(unlocks::router())
        .merge(sharing::router())
        .merge(persons::router())
        .merge(work::router())
        .merge(signin::router())
        .merge(registers::router())
        .merge(accounts::router())
        .method_not_allowed_fallback(pages::only_posted)
        .layer(axum::middleware::from_fn_with_state(front.metrics.clone(), observe))
        .with_state(front)
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", api::Description::openapi()))
        .layer(axum::middleware::from_fn(headers::protect))
}

/// Methods that are counted under their own name.
const METHODS: [Method; 5] = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::PUT];

/// Counts and traces an answer under the route's pattern, never under the address. A trace begins here: a visitor's own
/// headers are not believed.
async fn observe(Shared(metrics): Shared<Metrics>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str);
    // What a visitor invents must become neither a label nor a name.
    let method = Some(request.method()).filter(|method| METHODS.contains(method)).map_or("OTHER", Method::as_str);
    let what = format!("{method} {route}");
    let code = field::Empty;
    let span = tracing::info_span!("http", otel.name = what, otel.kind = "server", http.response.status_code = code);
    let answer = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", answer.status().as_u16());
    metrics.served("http", &what, answer.status().as_str(), begin.elapsed());
    answer
}

/// A problem as JSON.
pub(crate) struct Failure(pub(crate) Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Problem { kind, reason, message, fields, .. } = self.0;
        let status = StatusCode::from_u16(kind.codes().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fields = fields.into_iter().map(|(field, message)| FieldError { field, message }).collect();
        (status, axum::Json(ErrorBody { reason: reason.to_owned(), message, fields })).into_response()
    }
}
