//! 任务, 项目 and 数据状态: the plan's lists as printed, and how fresh every bureau is. Views, open to whoever may look.

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::pages::page;
use super::{Front, READERS};
use crate::session::{SignedIn, Visitor};
use crate::{assemble, console, query};

pub(super) fn router() -> Router<Front> {
    Router::new().route("/tasks", get(tasks)).route("/projects", get(projects)).route("/status", get(status))
}

/// The register's address, for those who may read it.
fn ledger(person: Option<&SignedIn>, bureau: &str, register: &str) -> String {
    let reads = person.is_some_and(|person| READERS.iter().any(|role| person.holds(bureau, role)));
    if reads { format!("/registers/{register}") } else { String::new() }
}

async fn status(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri) -> Response {
    page(&front, visitor.person(), &uri, |frame| console::status(frame, &query::bureaus(&front.state)?))
}

async fn tasks(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri) -> Response {
    const PACKS: [&str; 5] =
        ["CITY_BUREAU_REPORTER", "CITY_BUREAU_APPROVER", "TASKFORCE_ADMIN", "LEADER_VIEWER", "AUDITOR"];
    let packs = visitor.person().is_some_and(|person| PACKS.iter().any(|role| person.holds("supervision", role)));
    page(&front, visitor.person(), &uri, |frame| {
        let list = assemble::tasks(&query::reference(&front.state)?);
        console::tasks(frame, &list, &ledger(visitor.person(), "supervision", "supervision.task"), packs)
    })
}

#[derive(Debug, Default, Deserialize)]
struct Narrow {
    #[serde(default)]
    category: String,
    #[serde(default)]
    place: String,
}

async fn projects(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Query(narrow): Query<Narrow>) -> Response {
    page(&front, visitor.person(), &uri, |frame| {
        let list = assemble::projects(&query::reference(&front.state)?);
        let ledger = ledger(visitor.person(), "finance", "finance.project");
        console::projects(frame, &list, &narrow.category, &narrow.place, &ledger)
    })
}
