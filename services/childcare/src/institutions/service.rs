//! The gRPC door of the register of institutions: convert, authorise, begin, load, decide, save, commit, convert.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::childcare as wire;
use proto::childcare::institution_service_server::InstitutionService;
use proto::contract::ImportAcknowledgement;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Fault, cells, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::InstitutionIntake;
use super::store::{self, Filter};
use super::{Change, Entry, Institution, door, operate, register, revise};
use crate::filing::{self, door::designation_message};

/// Serves the register of institutions.
#[derive(Clone, Debug)]
pub struct Institutions {
    pub bureau: Bureau,
}

/// Which institution, as read.
pub(crate) fn institution_id(text: &str) -> Result<Uuid> {
    id(text, "INSTITUTION_UNKNOWN", "托育机构")
}

/// Saves one change and shows the institution as it is today.
pub(crate) async fn save_and_show(
    bureau: &Bureau,
    tx: &mut Tx,
    scope: &Scope,
    change: Change,
    author: &Author,
) -> Result<wire::Institution> {
    let id = change.institution.id;
    store::save(tx, &[change], author).await?;
    changes::bump(tx).await?;
    Ok(door::message(store::show(tx, scope, id, bureau.clock.today()).await?))
}

impl Institutions {
    fn read(&self, row: Option<wire::InstitutionRow>) -> Result<Entry> {
        let row = row.ok_or_else(|| Problem::field("institution", "FIELD_MISSING", "请填写机构信息"))?;
        door::read(&self.bureau, self.bureau.city_code(), &row).entry.map_err(problem_of)
    }

    /// A credit code belongs to one institution (USCC_TAKEN), a name to one within its county (NAME_TAKEN).
    async fn check_free(&self, tx: &mut Tx, entry: &Entry, own: Option<&Institution>) -> Result<()> {
        let today = self.bureau.clock.today();
        let other = |found: &Institution| own.is_none_or(|own| own.id != found.id);
        if let Some(uscc) = &entry.uscc
            && store::by_uscc(tx, &[uscc], today).await?.iter().any(other)
        {
            return Err(Problem::new(Kind::Exists, "USCC_TAKEN", format!("信用代码 {uscc} 已登记在另一家机构"))
                .and_field("uscc", "已登记在另一家机构"));
        }
        let facts = &entry.facts;
        let same_place = |found: &&Institution| found.facts.value.county == facts.county && other(found);
        let renamed =
            own.is_none_or(|own| own.facts.value.name != facts.name || own.facts.value.county != facts.county);
        if renamed && store::by_name(tx, &[&facts.name], today).await?.iter().any(|found| same_place(&found)) {
            return Err(Problem::new(Kind::Exists, "NAME_TAKEN", format!("本县已登记名为“{}”的机构", facts.name))
                .and_field("name", "本县已有同名机构"));
        }
        Ok(())
    }

    async fn set_operating(
        &self,
        request: Request<wire::OperationRequest>,
        operating: bool,
    ) -> Result<wire::Institution> {
        let caller = Caller::of(&request).map_err(|_| Problem::forbidden("CALLER_UNKNOWN", "无法识别调用者"))?;
        let request = request.into_inner();
        let id = institution_id(&request.id)?;
        let effective_on = cells::date("effective_on", "生效日期", &request.effective_on)?;
        let mut cells = Cells::default();
        let reason = cells.required("reason", "原因", &request.reason);
        if !cells.faults.is_empty() {
            return Err(problem_of(cells.faults));
        }
        let author = self.bureau.author(&caller)?;
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            check_version(known.version, request.version)?;
            let change = operate(&known, operating, effective_on, &reason)?;
            let shown = save_and_show(&self.bureau, &mut tx, &caller.scope, change, &author).await?;
            self.bureau.commit(tx).await?;
            Ok(shown)
        })
        .await
    }
}

#[tonic::async_trait]
impl InstitutionService for Institutions {
    async fn list_institutions(
        &self,
        request: Request<wire::ListInstitutionsRequest>,
    ) -> Result<Response<wire::ListInstitutionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            region: self.bureau.region_filter("region", &request.region)?,
            kind: request.kind().as_str_name().strip_prefix("INSTITUTION_KIND_").and_then(Coded::from_code),
            ownership: request.ownership().as_str_name().strip_prefix("OWNERSHIP_").and_then(Coded::from_code),
            filing_state: request.filing_state().as_str_name().strip_prefix("FILING_STATE_").and_then(Coded::from_code),
            operating: request.operating,
            name_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let today = self.bureau.clock.today();
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page, today).await?;
        let institutions = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListInstitutionsResponse { institutions, next_cursor }))
    }

    async fn get_institution(
        &self,
        request: Request<wire::GetInstitutionRequest>,
    ) -> Result<Response<wire::InstitutionDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = institution_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let institution = store::show(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            let designations = filing::store::of_institution(&mut tx, id).await?;
            let history = history::of(&mut tx, id).await?;
            Ok((institution, designations, history))
        });
        let (institution, designations, history) = detail.await?;
        Ok(Response::new(wire::InstitutionDetail {
            institution: Some(door::message(institution)),
            designations: designations.into_iter().map(designation_message).collect(),
            history,
        }))
    }

    async fn register_institution(
        &self,
        request: Request<wire::RegisterInstitutionRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        const METHOD: &str = "RegisterInstitution";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let entry = self.read(request.institution.clone())?;
        caller.scope.check(&entry.facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            self.check_free(&mut tx, &entry, None).await?;
            let change = register(self.bureau.clock.id(), entry.clone(), self.bureau.clock.today());
            let shown = save_and_show(&self.bureau, &mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            self.bureau.commit(tx).await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_institution(
        &self,
        request: Request<wire::ChangeInstitutionRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = institution_id(&request.id)?;
        let entry = self.read(request.institution.clone())?;
        let effective_on = cells::date("effective_on", "生效日期", &request.effective_on).map_err(Problem::from)?;
        caller.scope.check(&entry.facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            check_version(known.version, request.version)?;
            self.check_free(&mut tx, &entry, Some(&known)).await?;
            let reason = if request.reason.trim().is_empty() { "变更登记事项" } else { request.reason.trim() };
            let Some(change) = revise(&known, entry.clone(), effective_on, reason)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = save_and_show(&self.bureau, &mut tx, &caller.scope, change, &author).await?;
            self.bureau.commit(tx).await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn suspend_institution(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        Ok(Response::new(self.set_operating(request, false).await?))
    }

    async fn resume_institution(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        Ok(Response::new(self.set_operating(request, true).await?))
    }

    type ImportInstitutionsStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_institutions(
        &self,
        request: Request<Streaming<wire::ImportInstitutionsRequest>>,
    ) -> Result<Response<Self::ImportInstitutionsStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = InstitutionIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportInstitutionsRequest) -> Result<Step<wire::InstitutionRow>, Status> {
    use wire::import_institutions_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.institution.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
