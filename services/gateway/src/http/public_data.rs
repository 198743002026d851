//! 公开数据 of a cut: the coordination office issues it once, and takes the files to the city's public site.

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use kit::{Problem, Result};

use super::cuts::{demand_registrar, download, found};
use super::{Front, pages};
use crate::cuts::NamedCut;
use crate::cuts::desk::By;
use crate::public_data::{desk, store, write};
use crate::session::{Fields, Posted, SignedIn};

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/cuts/{id}/public", post(issue))
        .route("/cuts/{id}/public.csv", get(csv))
        .route("/cuts/{id}/public.json", get(json))
}

async fn issue(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path(id): Path<String>,
    Posted { person, .. }: Posted<Fields>,
) -> Response {
    let issued = async {
        demand_registrar(&person)?;
        let cut = found(&front, &id)?;
        desk::issue(&front.state, &cut, By { id: &person.id, name: &person.name }).await
    };
    match issued.await {
        Ok(()) => Redirect::to(&format!("/cuts/{id}")).into_response(),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

async fn csv(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Path(id): Path<String>) -> Response {
    let made = async {
        demand_registrar(&person)?;
        let cut = found(&front, &id)?;
        file(&cut, "csv", write::CSV, store::csv(front.state.db(), cut.id).await?)
    };
    made.await.unwrap_or_else(|problem: Problem| pages::problem(&front, Some(&person), &uri, &problem))
}

async fn json(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Path(id): Path<String>) -> Response {
    let made = async {
        demand_registrar(&person)?;
        let cut = found(&front, &id)?;
        file(&cut, "json", write::JSON, store::json(front.state.db(), cut.id).await?)
    };
    made.await.unwrap_or_else(|problem: Problem| pages::problem(&front, Some(&person), &uri, &problem))
}

/// The bytes as they were issued: PUBLIC_DATA_NOT_ISSUED.
fn file(cut: &NamedCut, extension: &str, media_type: &str, bytes: Option<Vec<u8>>) -> Result<Response> {
    let unissued = || Problem::not_found("PUBLIC_DATA_NOT_ISSUED", format!("“{}”的公开数据还没有发布", cut.name));
    Ok(download(&format!("{}（公开数据）.{extension}", cut.name), media_type, bytes.ok_or_else(unissued)?))
}
