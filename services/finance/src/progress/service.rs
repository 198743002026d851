//! The gRPC door of monthly reports.

use kit::{Problem, Result, Tx, retry};
use proto::finance as wire;
use proto::finance::progress_service_server::ProgressService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::{Author, Bureau, Coded, history, problem_of};
use tonic::{Request, Response, Status};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::store::{self, Filter};
use super::{Change, Report, Signer, confirm, door, send_back, submit};
use crate::projects;
use crate::projects::service::project_id;

/// Serves monthly reports.
#[derive(Clone, Debug)]
pub struct Reports {
    pub bureau: Bureau,
}

fn progress_id(text: &str) -> Result<Uuid> {
    id(text, "PROGRESS_UNKNOWN", "月度进展")
}

impl Reports {
    fn signer(caller: &Caller, author: &Author) -> Result<Signer> {
        Ok(Signer { id: caller.user()?.id.clone(), name: author.by.clone() })
    }

    async fn save_and_show(
        &self,
        tx: &mut Tx,
        scope: &Scope,
        change: Change,
        author: &Author,
    ) -> Result<wire::Progress> {
        store::save(tx, &change, author).await?;
        changes::bump(tx).await?;
        Ok(door::message(store::load(tx, scope, change.report.id).await?))
    }
}

async fn reports_of(tx: &mut Tx, project: Uuid) -> Result<Vec<Report>> {
    Ok(store::of_project(tx, project).await?.into_iter().map(|placed| placed.report).collect())
}

#[tonic::async_trait]
impl ProgressService for Reports {
    async fn list_progress(
        &self,
        request: Request<wire::ListProgressRequest>,
    ) -> Result<Response<wire::ListProgressResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            project_id: match request.project_id.as_str() {
                "" => None,
                text => Some(project_id(text)?),
            },
            region: self.bureau.region_filter("region", &request.region)?,
            period: request.period.trim().to_owned(),
            state: request.state().as_str_name().strip_prefix("PROGRESS_STATE_").and_then(Coded::from_code),
            obstacle: request.obstacle().as_str_name().strip_prefix("OBSTACLE_").and_then(Coded::from_code),
        };
        let page = Page::asked(request.page)?;
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page).await?;
        let progress = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListProgressResponse { progress, next_cursor }))
    }

    async fn get_progress(
        &self,
        request: Request<wire::GetProgressRequest>,
    ) -> Result<Response<wire::ProgressDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = progress_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let progress = Some(door::message(store::load(&mut tx, &caller.scope, id).await?));
            Ok(wire::ProgressDetail { progress, history: history::of(&mut tx, id).await? })
        });
        Ok(Response::new(detail.await?))
    }

    async fn submit_progress(
        &self,
        request: Request<wire::SubmitProgressRequest>,
    ) -> Result<Response<wire::Progress>, Status> {
        const METHOD: &str = "SubmitProgress";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let project_id = project_id(&request.project_id)?;
        let statement = door::read(&self.bureau, &request).map_err(problem_of)?;
        let author = self.bureau.author(&caller)?;
        let by = Self::signer(&caller, &author)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let project = projects::store::load(&mut tx, &caller.scope, project_id).await?.project;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            let known = reports_of(&mut tx, project_id).await?;
            let (fresh, today) = (self.bureau.clock.id(), self.bureau.clock.today());
            let change = submit(fresh, &project, &known, statement.clone(), by.clone(), today).map_err(problem_of)?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn confirm_progress(
        &self,
        request: Request<wire::ConfirmProgressRequest>,
    ) -> Result<Response<wire::Progress>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = progress_id(&request.id)?;
        let author = self.bureau.author(&caller)?;
        let by = Self::signer(&caller, &author)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let report = store::load(&mut tx, &caller.scope, id).await?.report;
            check_version(report.version, request.version)?;
            let project = projects::store::load(&mut tx, &caller.scope, report.project_id).await?.project;
            let known = reports_of(&mut tx, report.project_id).await?;
            let change = confirm(&report, &project, &known, &by, self.bureau.clock.today()).map_err(problem_of)?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn send_back_progress(
        &self,
        request: Request<wire::SendBackProgressRequest>,
    ) -> Result<Response<wire::Progress>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = progress_id(&request.id)?;
        let reason = request.reason.trim();
        if reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写退回原因").into());
        }
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let report = store::load(&mut tx, &caller.scope, id).await?.report;
            check_version(report.version, request.version)?;
            let change = send_back(&report, reason, self.bureau.clock.today())?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }
}
