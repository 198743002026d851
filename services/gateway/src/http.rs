//! HTTP/JSON, its OpenAPI description and docs page, and the console's pages. Read-only: nothing here changes
//! anything, so nothing here needs to know who reads. Listens on loopback until the console has a sign-in.

mod api;
mod pages;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kit::Problem;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::state::State;
use crate::view::{ErrorBody, FieldError};

/// Everything the HTTP port serves.
pub fn router(state: State) -> Router {
    Router::new()
        .merge(api::router())
        .merge(pages::router())
        .with_state(state)
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", api::Description::openapi()))
}

/// A problem as JSON.
struct Failure(Problem);

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
