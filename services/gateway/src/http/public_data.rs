//! 公开数据 of a cut, for the coordination office to put on the city's public site.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::{Problem, Result};

use super::cuts::{demand_registrar, download, found};
use super::{Front, pages};
use crate::cuts::NamedCut;
use crate::public_data::{self, PublicTable, write};
use crate::session::SignedIn;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/cuts/{id}/public.csv", get(csv)).route("/cuts/{id}/public.json", get(json))
}

async fn csv(front: Shared<Front>, person: SignedIn, uri: Uri, id: Path<String>) -> Response {
    file(front, person, uri, id, "csv", write::CSV, write::csv).await
}

async fn json(front: Shared<Front>, person: SignedIn, uri: Uri, id: Path<String>) -> Response {
    file(front, person, uri, id, "json", write::JSON, write::json).await
}

async fn file(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path(id): Path<String>,
    extension: &str,
    media_type: &str,
    write: fn(&PublicTable) -> Result<Vec<u8>>,
) -> Response {
    let made = async {
        demand_registrar(&person)?;
        let cut = found(&front, &id)?;
        let name = format!("{}（公开数据）.{extension}", cut.name);
        let table = table(&front, &cut).await?;
        Ok(download(&name, media_type, write(&table)?))
    };
    made.await.unwrap_or_else(|problem: Problem| pages::problem(&front, Some(&person), &uri, &problem))
}

/// The cut's table, after those of all cuts that were made before it. Goes through every one of them: not on a thread
/// that others wait for.
async fn table(front: &Front, cut: &NamedCut) -> Result<PublicTable> {
    let state = front.state.clone();
    let mut cuts: Vec<Arc<NamedCut>> = state.cuts().into_iter().filter(|one| one.id <= cut.id).collect();
    cuts.reverse();
    let made = tokio::task::spawn_blocking(move || {
        let synthetic = state.customs().accept_synthetic;
        state.cube(|cube| public_data::table(cube, &cuts, synthetic))
    });
    made.await.map_err(Problem::internal)?
}
