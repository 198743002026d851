//! Files of evidence, and 迎检资料包: passed on as the coordination office's service sends them.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kit::Result;
use proto::supervision::task_ledger_service_client::TaskLedgerServiceClient;
use proto::supervision::{FilePart, GetEvidenceRequest, InspectionPackRequest};
use tokio_stream::StreamExt;
use tonic::{Status, Streaming};

use super::{Front, pages};
use crate::arrival::PLAN_KEEPER;
use crate::bureaus::said;
use crate::session::SignedIn;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/evidence/{id}", get(file)).route("/tasks/{number}/pack", get(pack))
}

async fn file(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Path(id): Path<String>) -> Response {
    let made = async {
        let mut client = TaskLedgerServiceClient::new(front.bureaus.require(PLAN_KEEPER)?);
        let asked = front.bureaus.request(&person, GetEvidenceRequest { id });
        passed_on(client.get_evidence(asked).await.map(tonic::Response::into_inner)).await
    };
    made.await.unwrap_or_else(|problem| pages::problem(&front, Some(&person), &uri, &problem))
}

async fn pack(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Path(number): Path<u32>) -> Response {
    let made = async {
        let mut client = TaskLedgerServiceClient::new(front.bureaus.require(PLAN_KEEPER)?);
        let asked = front.bureaus.request(&person, InspectionPackRequest { task_number: number });
        passed_on(client.inspection_pack(asked).await.map(tonic::Response::into_inner)).await
    };
    made.await.unwrap_or_else(|problem| pages::problem(&front, Some(&person), &uri, &problem))
}

/// The parts as a download under the name that the first of them says. What fails before it is a page; what fails
/// later breaks the download off.
async fn passed_on(parts: Result<Streaming<FilePart>, Status>) -> Result<Response> {
    let mut parts = parts.map_err(|status| said(PLAN_KEEPER, &status))?;
    let first = parts.message().await.map_err(|status| said(PLAN_KEEPER, &status))?.unwrap_or_default();
    let name = format!("attachment; filename*=UTF-8''{}", crate::console::escaped(&first.file_name));
    let name = HeaderValue::try_from(name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    // Never a page of ours, whatever it holds.
    let kind = HeaderValue::from_static("application/octet-stream");
    let rest = parts.map(|part| part.map(|part| part.content));
    let body = Body::from_stream(tokio_stream::once(Ok(first.content)).chain(rest));
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], body).into_response())
}
