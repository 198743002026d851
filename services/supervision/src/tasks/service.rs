//! The gRPC door of the task ledger: lists and details here, what people do in [`acts`].

pub mod acts;

use futures::stream::BoxStream;
use kit::{Problem, Result};
use proto::supervision as wire;
use proto::supervision::task_ledger_service_server::TaskLedgerService;
use registry::columns::id;
use registry::{Bureau, Coded, history};
use tonic::{Request, Response, Status};
use trust::Caller;
use uuid::Uuid;

use super::lamp::Lamp;
use super::view::{self, Newest, View};
use super::{State, door, reminder, store, unit_of};
use crate::actor::Actor;
use crate::plan::{known, page};
use crate::{evidence, pack};

/// Serves the task ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub bureau: Bureau,
}

pub(super) fn task_id(text: &str) -> Result<Uuid> {
    id(text, "TASK_UNKNOWN", "任务")
}

impl Ledger {
    /// Tasks are the city's, so a role in a county acts on none of them: REGION_OUT_OF_SCOPE.
    fn actor<T>(&self, request: &Request<T>) -> Result<Actor, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(request)?)?;
        actor.scope.check(self.bureau.city_code())?;
        Ok(actor)
    }

    /// One task as people see it now.
    pub(super) async fn show(&self, id: Uuid) -> Result<wire::LedgerTask> {
        let newest = Newest::load(&self.bureau).await?;
        let mut tx = self.bureau.db.begin().await?;
        let task = store::load(&mut tx, id).await?;
        Ok(door::message(&self.bureau.city, view::of(&self.bureau, task, &newest, self.bureau.clock.today())))
    }

    /// Every task in the plan's order; the plan bounds how many there are.
    async fn views(&self) -> Result<Vec<View>> {
        let newest = Newest::load(&self.bureau).await?;
        let mut tx = self.bureau.db.begin().await?;
        let tasks = store::all(&mut tx).await?;
        let today = self.bureau.clock.today();
        Ok(tasks.into_iter().map(|task| view::of(&self.bureau, task, &newest, today)).collect())
    }

    pub(crate) async fn list(&self, asked: wire::ListLedgerTasksRequest) -> Result<wire::ListLedgerTasksResponse> {
        let city = &self.bureau.city;
        let printed = &city.plan.tasks;
        known(
            asked.group == 0 || printed.iter().any(|task| task.group == asked.group),
            "group",
            "GROUP_UNKNOWN",
            asked.group,
        )?;
        let unit = if asked.unit.is_empty() { None } else { Some(unit_of(city, &asked.unit)?) };
        let state: Option<State> = asked.state().as_str_name().strip_prefix("TASK_STATE_").and_then(Coded::from_code);
        let lamp: Option<Lamp> = asked.lamp().as_str_name().strip_prefix("LAMP_").and_then(Coded::from_code);
        let fits = |view: &View| {
            let task = printed.iter().find(|task| task.number == view.task.number);
            let text = task.is_some_and(|task| {
                (asked.group == 0 || task.group == asked.group)
                    && unit.as_ref().is_none_or(|unit| task.organisations.contains(unit))
                    && task.content.contains(asked.text_contains.trim())
            });
            text && state.is_none_or(|state| view.task.state == state)
                && lamp.is_none_or(|lamp| view.lamp == Some(lamp))
                && asked.overdue.is_none_or(|overdue| view.overdue == overdue)
        };
        // The cursor is sought among all tasks, so that one whose lamp changed meanwhile still marks its place.
        let proto::common::Page { size, cursor } = asked.page.clone().unwrap_or_default();
        let views = self.views().await?;
        known(
            cursor.is_empty() || views.iter().any(|view| view.task.number.to_string() == cursor),
            "page.cursor",
            "CURSOR_INVALID",
            &cursor,
        )?;
        let after = cursor.parse().unwrap_or(0);
        let rows = views.into_iter().filter(|view| view.task.number > after && fits(view));
        let (rows, next_cursor) = page(rows, |view| view.task.number.to_string(), size, "")?;
        let tasks = rows.into_iter().map(|view| door::message(city, view)).collect();
        Ok(wire::ListLedgerTasksResponse { tasks, next_cursor })
    }

    pub(crate) async fn detail(&self, id: Uuid) -> Result<wire::LedgerTaskDetail> {
        let newest = Newest::load(&self.bureau).await?;
        let mut tx = self.bureau.db.begin().await?;
        let task = store::load(&mut tx, id).await?;
        let goals = task.goals.iter().cloned().map(door::goal).collect();
        let reports = store::reports(&mut tx, id).await?;
        let answered =
            reports.iter().filter(|report| report.on_behalf_reason.is_empty()).map(|report| report.filed_at).max();
        let progress = reports.into_iter().map(door::report).collect();
        let summaries = store::summaries(&mut tx, id).await?.into_iter().map(door::summary).collect();
        let adjustments = store::adjustments(&mut tx, id).await?.into_iter().map(door::adjustment).collect();
        let reminders = reminder::store::of(&mut tx, id).await?;
        let reminders = reminders.into_iter().map(|one| door::reminder(one, answered)).collect();
        let evidence = evidence::store::of(&mut tx, id).await?.into_iter().map(evidence::door::message).collect();
        let history = history::of(&mut tx, id).await?;
        let view = view::of(&self.bureau, task, &newest, self.bureau.clock.today());
        let task = Some(door::message(&self.bureau.city, view));
        Ok(wire::LedgerTaskDetail { task, goals, progress, summaries, adjustments, evidence, history, reminders })
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TaskLedgerService for Ledger {
    async fn list_ledger_tasks(
        &self,
        request: Request<wire::ListLedgerTasksRequest>,
    ) -> Answer<wire::ListLedgerTasksResponse> {
        Caller::of(&request)?;
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn get_ledger_task(&self, request: Request<wire::GetLedgerTaskRequest>) -> Answer<wire::LedgerTaskDetail> {
        Caller::of(&request)?;
        Ok(Response::new(self.detail(task_id(&request.into_inner().id)?).await?))
    }

    async fn accept_task(&self, request: Request<wire::AcceptTaskRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.accept(&actor, request.into_inner()).await?))
    }

    async fn file_task_progress(&self, request: Request<wire::FileTaskProgressRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.file_progress(&actor, request.into_inner()).await?))
    }

    async fn summarise_task(&self, request: Request<wire::SummariseTaskRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.summarise(&actor, request.into_inner()).await?))
    }

    async fn add_task_evidence(&self, request: Request<wire::AddTaskEvidenceRequest>) -> Answer<wire::Evidence> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.add_evidence(&actor, request.into_inner()).await?))
    }

    async fn apply_for_closure(&self, request: Request<wire::ApplyForClosureRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.apply(&actor, request.into_inner()).await?))
    }

    async fn confirm_closure(&self, request: Request<wire::DecideClosureRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.decide_closure(&actor, true, request.into_inner()).await?))
    }

    async fn reject_closure(&self, request: Request<wire::DecideClosureRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.decide_closure(&actor, false, request.into_inner()).await?))
    }

    async fn propose_adjustment(&self, request: Request<wire::ProposeAdjustmentRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.propose(&actor, request.into_inner()).await?))
    }

    async fn approve_adjustment(&self, request: Request<wire::DecideAdjustmentRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.decide_adjustment(&actor, true, request.into_inner()).await?))
    }

    async fn refuse_adjustment(&self, request: Request<wire::DecideAdjustmentRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.decide_adjustment(&actor, false, request.into_inner()).await?))
    }

    async fn issue_reminder(&self, request: Request<wire::IssueReminderRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.remind(&actor, request.into_inner()).await?))
    }

    async fn override_lamp(&self, request: Request<wire::OverrideLampRequest>) -> Answer<wire::LedgerTask> {
        let actor = self.actor(&request)?;
        Ok(Response::new(self.fix_lamp(&actor, request.into_inner()).await?))
    }

    type GetEvidenceStream = BoxStream<'static, Result<wire::FilePart, Status>>;

    async fn get_evidence(&self, request: Request<wire::GetEvidenceRequest>) -> Answer<Self::GetEvidenceStream> {
        let caller = Caller::of(&request)?;
        let id = id(&request.into_inner().id, "EVIDENCE_UNKNOWN", "佐证")?;
        let (evidence, content) = evidence::store::file(&self.bureau.db, &caller.scope, id).await?;
        if evidence::sha256(&content) != evidence.sha256 {
            return Err(Problem::internal(format!("evidence {id} does not match its digest")).into());
        }
        Ok(Response::new(evidence::door::parts(evidence.file_name, content)))
    }

    type InspectionPackStream = BoxStream<'static, Result<wire::FilePart, Status>>;

    async fn inspection_pack(
        &self,
        request: Request<wire::InspectionPackRequest>,
    ) -> Answer<Self::InspectionPackStream> {
        let caller = Caller::of(&request)?;
        let (name, content) = pack::of_task(&self.bureau, &caller.scope, request.into_inner().task_number).await?;
        Ok(Response::new(evidence::door::parts(name, content)))
    }
}
