//! 政务数据共享目录, as the contracts have it: a file for programs and a workbook for people.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contract::catalogue::{Entry, catalogue, workbook};
use contract::rules::AccessRules;
use kit::{Problem, Result};

use super::{Front, pages};
use crate::bulletin::xlsx::MEDIA_TYPE;
use crate::session::SignedIn;

pub(super) fn router() -> Router<Front> {
    Router::new().route("/sharing/catalogue.json", get(json)).route("/sharing/catalogue.xlsx", get(xlsx))
}

/// The contracts do not change while the program runs.
fn entries() -> Result<&'static [Entry]> {
    static ENTRIES: LazyLock<Option<Vec<Entry>>> =
        LazyLock::new(|| AccessRules::load().ok().map(|rules| catalogue(&rules)));
    ENTRIES.as_deref().ok_or_else(|| Problem::internal("a method has no access rule"))
}

async fn json(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    match entries() {
        Ok(entries) => axum::Json(entries).into_response(),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

async fn xlsx(Shared(front): Shared<Front>, person: SignedIn, uri: Uri) -> Response {
    let made = entries().and_then(|entries| workbook(entries).map_err(Problem::internal));
    match made {
        Ok(bytes) => {
            let name = crate::console::escaped("政务数据共享目录");
            let name = format!("attachment; filename=\"catalogue.xlsx\"; filename*=UTF-8''{name}.xlsx");
            let name = HeaderValue::try_from(name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
            let kind = HeaderValue::from_static(MEDIA_TYPE);
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}
