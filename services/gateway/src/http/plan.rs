//! 任务, 项目 and 数据状态: the plan's lists as printed, and how fresh every bureau is. Views, open to whoever may look.

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use kit::Result;
use proto::common::Page;
use proto::finance::project_service_client::ProjectServiceClient;
use proto::finance::{ListProjectsRequest, Project};
use proto::supervision::task_ledger_service_client::TaskLedgerServiceClient;
use proto::supervision::{LedgerTask, ListLedgerTasksRequest};
use serde::Deserialize;

use super::pages::{page, problem};
use super::{Front, READERS};
use crate::arrival::PLAN_KEEPER;
use crate::bureaus::said;
use crate::session::{SignedIn, Visitor};
use crate::{assemble, console, query};

/// The bureau that keeps the projects.
const PROJECT_KEEPER: &str = "finance";
/// Every record of a list that the plan itself numbers.
const WHOLE: u32 = 500;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/tasks", get(tasks))
        .route("/tasks/board", get(board))
        .route("/projects", get(projects))
        .route("/projects/gantt", get(gantt))
        .route("/status", get(status))
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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Board {
    unit: String,
    lamp: String,
}

async fn board(Shared(front): Shared<Front>, person: SignedIn, uri: Uri, Query(choice): Query<Board>) -> Response {
    let city = front.state.customs().city.clone();
    match ledger_tasks(&front, &person).await {
        Err(said) => problem(&front, Some(&person), &uri, &said),
        Ok(tasks) => page(&front, Some(&person), &uri, |frame| {
            let named = |code: &str| tasks.iter().any(|task| task.units.iter().any(|unit| unit == code));
            let units = city.organisations.iter().filter(|unit| named(&unit.code));
            let units: Vec<_> = units.map(|unit| (unit.code.clone(), unit.name_in_plan.clone())).collect();
            let today = front.state.clock().today().to_string();
            let (unit, lamp) = (choice.unit.as_str(), choice.lamp.as_str());
            console::board(frame, &console::Board { tasks: &tasks, units: &units, unit, lamp, today: &today })
        }),
    }
}

/// The task ledger as this person may see it: the plan has tens of tasks.
pub(super) async fn ledger_tasks(front: &Front, person: &SignedIn) -> Result<Vec<LedgerTask>> {
    let mut client = TaskLedgerServiceClient::new(front.bureaus.require(PLAN_KEEPER)?);
    let page = Some(Page { size: WHOLE, cursor: String::new() });
    let asked = front.bureaus.request(person, ListLedgerTasksRequest { page, ..ListLedgerTasksRequest::default() });
    let answer = client.list_ledger_tasks(asked).await.map_err(|status| said(PLAN_KEEPER, &status))?;
    Ok(answer.into_inner().tasks)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Drawn {
    category: String,
    place: String,
    /// Not empty: only what is late.
    late: String,
}

async fn gantt(Shared(front): Shared<Front>, visitor: Visitor, uri: Uri, Query(choice): Query<Drawn>) -> Response {
    let reader = visitor.person().filter(|person| READERS.iter().any(|role| person.holds(PROJECT_KEEPER, role)));
    let (ledger, without) = match reader {
        None => (None, "登录并有项目台账权限后，图上显示完成投资和逾期。".to_owned()),
        // A bureau that is down takes nothing of the plan away.
        Some(person) => match ledger_projects(&front, person).await {
            Ok(ledger) => (Some(ledger), String::new()),
            Err(said) => (None, format!("项目台账暂时读不到：{}", said.message)),
        },
    };
    page(&front, visitor.person(), &uri, |frame| {
        let plan = assemble::projects(&query::reference(&front.state)?);
        let today = front.state.clock().today();
        let (category, place, late) = (choice.category.as_str(), choice.place.as_str(), !choice.late.is_empty());
        let (ledger, without) = (ledger.as_deref(), without.as_str());
        console::gantt(frame, &console::Gantt { plan: &plan, ledger, without, category, place, late, today })
    })
}

/// The projects of the plan as the ledger has them.
async fn ledger_projects(front: &Front, person: &SignedIn) -> Result<Vec<Project>> {
    let mut client = ProjectServiceClient::new(front.bureaus.require(PROJECT_KEEPER)?);
    let page = Some(Page { size: WHOLE, cursor: String::new() });
    let asked = front.bureaus.request(person, ListProjectsRequest { page, ..ListProjectsRequest::default() });
    let answer = client.list_projects(asked).await.map_err(|status| said(PROJECT_KEEPER, &status))?;
    Ok(answer.into_inner().projects)
}
