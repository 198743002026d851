//! The gRPC door of the register of projects.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::ImportAcknowledgement;
use proto::finance as wire;
use proto::finance::project_service_server::ProjectService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Event, Fault, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::ProjectIntake;
use super::stages::Reached;
use super::store::{self, Filter, Viewed};
use super::{Change, Course, Entry, Project, adjust, advance, door, register, revise, set_course, withdraw};
use crate::funds::door::past_day;
use crate::{funds, money, progress};

/// Serves the register of projects.
#[derive(Clone, Debug)]
pub struct Projects {
    pub bureau: Bureau,
}

/// Which project, as read.
pub(crate) fn project_id(text: &str) -> Result<Uuid> {
    id(text, "PROJECT_UNKNOWN", "项目")
}

impl Projects {
    fn read(&self, row: Option<wire::ProjectRow>) -> Result<Entry> {
        let row = row.ok_or_else(|| Problem::field("project", "FIELD_MISSING", "请填写项目信息"))?;
        door::read(&self.bureau, self.bureau.city_code(), &row).entry.map_err(problem_of)
    }

    /// A code belongs to one project (CODE_TAKEN), a name to one within its county (NAME_TAKEN).
    async fn check_free(&self, tx: &mut Tx, entry: &Entry, own: Option<Uuid>) -> Result<()> {
        let other = |found: &Viewed| Some(found.project.id) != own;
        let taken = |reason, field: &str, message: String| {
            Err(Problem::new(Kind::Exists, reason, message.clone()).and_field(field, message))
        };
        if let Some(code) = &entry.code
            && store::by_code(tx, &[code]).await?.iter().any(other)
        {
            return taken("CODE_TAKEN", "code", format!("项目代码 {code} 已登记在另一个项目"));
        }
        let facts = &entry.facts;
        let same_place = |found: &Viewed| found.project.facts.county == facts.county && other(found);
        if store::by_name(tx, &[&facts.name]).await?.iter().any(same_place) {
            return taken("NAME_TAKEN", "name", format!("本县已登记名为“{}”的项目", facts.name));
        }
        Ok(())
    }

    async fn show(&self, tx: &mut Tx, scope: &Scope, change: Change, author: &Author) -> Result<wire::Project> {
        let id = change.project.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        Ok(door::message(store::load(tx, scope, id).await?, self.bureau.clock.today()))
    }

    /// An act on a known project: load, decide, save, show.
    async fn act(
        &self,
        caller: &Caller,
        (id, version): (&str, u64),
        decide: impl Fn(&Project) -> Result<Change, Fault>,
    ) -> Result<Response<wire::Project>, Status> {
        let id = project_id(id)?;
        let author = self.bureau.author(caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?.project;
            check_version(known.version, version)?;
            let shown = self.show(&mut tx, &caller.scope, decide(&known)?, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn set_course(
        &self,
        request: Request<wire::StandingRequest>,
        course: Course,
    ) -> Result<Response<wire::Project>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let event = self.event(&request.on, &request.reason, &request.document_number)?;
        self.act(&caller, (&request.id, request.version), |known| set_course(known, course, event.clone())).await
    }

    /// What a form says of an act: its day, its reason and the document.
    fn event(&self, on: &str, reason: &str, document_number: &str) -> Result<Event> {
        let mut cells = Cells::default();
        let on = cells.take(past_day(&self.bureau, "on", "日期", on));
        let reason = cells.required("reason", "原因", reason);
        match on.filter(|_| cells.faults.is_empty()) {
            Some(on) => Ok(Event { document_number: document_number.trim().to_owned(), ..Event::note(on, reason) }),
            None => Err(problem_of(cells.faults)),
        }
    }
}

#[tonic::async_trait]
impl ProjectService for Projects {
    async fn list_projects(
        &self,
        request: Request<wire::ListProjectsRequest>,
    ) -> Result<Response<wire::ListProjectsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            region: self.bureau.region_filter("region", &request.region)?,
            category: request.category().as_str_name().strip_prefix("PROJECT_CATEGORY_").and_then(Coded::from_code),
            stage: request.stage().as_str_name().strip_prefix("PROJECT_STAGE_").and_then(Coded::from_code),
            standing: request.standing().as_str_name().strip_prefix("PROJECT_STANDING_").and_then(Coded::from_code),
            name_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let today = self.bureau.clock.today();
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page, today).await?;
        let projects = found.into_iter().map(|viewed| door::message(viewed, today)).collect();
        Ok(Response::new(wire::ListProjectsResponse { projects, next_cursor }))
    }

    async fn get_project(
        &self,
        request: Request<wire::GetProjectRequest>,
    ) -> Result<Response<wire::ProjectDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = project_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let viewed = store::load(&mut tx, &caller.scope, id).await?;
            let entries = funds::store::of_projects(&mut tx, &[id]).await?.remove(&id).unwrap_or_default();
            let sums = funds::by_source(entries.iter().map(|placed| &placed.entry));
            let reports = progress::store::of_project(&mut tx, id).await?;
            Ok(wire::ProjectDetail {
                stages: viewed.project.stages.all().iter().map(door::stage_reached).collect(),
                project: Some(door::message(viewed, self.bureau.clock.today())),
                sources: sums.into_iter().map(|(source, money)| funds::door::source_money(source, money)).collect(),
                entries: entries.into_iter().map(funds::door::message).collect(),
                progress: reports.into_iter().map(progress::door::message).collect(),
                history: history::of(&mut tx, id).await?,
            })
        });
        Ok(Response::new(detail.await?))
    }

    async fn register_project(
        &self,
        request: Request<wire::RegisterProjectRequest>,
    ) -> Result<Response<wire::Project>, Status> {
        const METHOD: &str = "RegisterProject";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let entry = self.read(request.project.clone())?;
        caller.scope.check(&entry.facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            self.check_free(&mut tx, &entry, None).await?;
            let change = register(self.bureau.clock.id(), entry.clone(), self.bureau.clock.today());
            let shown = self.show(&mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_project(
        &self,
        request: Request<wire::ChangeProjectRequest>,
    ) -> Result<Response<wire::Project>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = project_id(&request.id)?;
        let entry = self.read(request.project.clone())?;
        caller.scope.check(&entry.facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?.project;
            check_version(known.version, request.version)?;
            self.check_free(&mut tx, &entry, Some(id)).await?;
            let reason = if request.reason.trim().is_empty() { "变更登记事项" } else { request.reason.trim() };
            let Some(change) = revise(&known, entry.clone(), self.bureau.clock.today(), reason)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = self.show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn advance_project(
        &self,
        request: Request<wire::AdvanceProjectRequest>,
    ) -> Result<Response<wire::Project>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut cells = Cells::default();
        let stage = cells.coded("stage", "阶段", request.stage().as_str_name(), "PROJECT_STAGE_");
        let on = cells.take(past_day(&self.bureau, "on", "日期", &request.on));
        let (Some(stage), Some(on)) = (stage, on) else { return Err(problem_of(cells.faults).into()) };
        let reached = Reached { stage, on, document_number: request.document_number.trim().to_owned() };
        let reason = request.reason.trim();
        self.act(&caller, (&request.id, request.version), |known| advance(known, reached.clone(), reason)).await
    }

    async fn withdraw_stage(
        &self,
        request: Request<wire::WithdrawStageRequest>,
    ) -> Result<Response<wire::Project>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut cells = Cells::default();
        let reason = cells.required("reason", "原因", &request.reason);
        if !cells.faults.is_empty() {
            return Err(problem_of(cells.faults).into());
        }
        let today = self.bureau.clock.today();
        self.act(&caller, (&request.id, request.version), |known| withdraw(known, today, &reason)).await
    }

    async fn adjust_project(
        &self,
        request: Request<wire::AdjustProjectRequest>,
    ) -> Result<Response<wire::Project>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = project_id(&request.id)?;
        let event = self.event(&request.on, &request.reason, &request.document_number)?;
        let mut cells = Cells::default();
        cells.required("document_number", "调整批复文号", &request.document_number);
        let total = cells.take(money::positive("total_fen", "调整后总投资", request.total_fen));
        let complete_on =
            cells.optional_date("planned_complete_on", "调整后计划竣工日期", &request.planned_complete_on);
        let Some(total) = total.filter(|_| cells.faults.is_empty()) else {
            return Err(problem_of(cells.faults).into());
        };
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?.project;
            check_version(known.version, request.version)?;
            let entries = funds::store::of_projects(&mut tx, &[id]).await?.remove(&id).unwrap_or_default();
            let released = funds::central_released(entries.iter().map(|placed| &placed.entry));
            let change = adjust(&known, total, complete_on, released, event.clone())?;
            let shown = self.show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn stop_project(&self, request: Request<wire::StandingRequest>) -> Result<Response<wire::Project>, Status> {
        self.set_course(request, Course::Stopped).await
    }

    async fn resume_project(&self, request: Request<wire::StandingRequest>) -> Result<Response<wire::Project>, Status> {
        self.set_course(request, Course::Running).await
    }

    async fn cancel_project(&self, request: Request<wire::StandingRequest>) -> Result<Response<wire::Project>, Status> {
        self.set_course(request, Course::Cancelled).await
    }

    type ImportProjectsStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_projects(
        &self,
        request: Request<Streaming<wire::ImportProjectsRequest>>,
    ) -> Result<Response<Self::ImportProjectsStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = ProjectIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportProjectsRequest) -> Result<Step<wire::ProjectRow>, Status> {
    use wire::import_projects_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.project.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
