//! The gRPC door of the register of institutions: convert, authorise, begin, load, decide, save, commit, convert.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::ImportAcknowledgement;
use proto::elderly_care as wire;
use proto::elderly_care::institution_service_server::InstitutionService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Event, Fault, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::InstitutionIntake;
use super::operation::{Act, Filed};
use super::store::{self, Filter};
use super::{Change, Entry, Institution, door, operate, rate, register, revise};
use crate::beds;

/// Serves the register of institutions.
#[derive(Clone, Debug)]
pub struct Institutions {
    pub bureau: Bureau,
}

/// Which institution, as read.
pub(crate) fn institution_id(text: &str) -> Result<Uuid> {
    id(text, "INSTITUTION_UNKNOWN", "养老机构")
}

impl Institutions {
    fn read(&self, row: Option<wire::InstitutionRow>) -> Result<Entry> {
        let row = row.ok_or_else(|| Problem::field("institution", "FIELD_MISSING", "请填写机构信息"))?;
        door::read(&self.bureau, self.bureau.city_code(), &row).entry.map_err(problem_of)
    }

    /// A credit code belongs to one institution (USCC_TAKEN), a name to one within its county (NAME_TAKEN).
    async fn check_free(&self, tx: &mut Tx, entry: &Entry, own: Option<&Institution>) -> Result<()> {
        let other = |found: &Institution| own.is_none_or(|own| own.id != found.id);
        if let Some(uscc) = &entry.uscc
            && store::by_uscc(tx, &[uscc]).await?.iter().any(other)
        {
            return Err(Problem::new(Kind::Exists, "USCC_TAKEN", format!("信用代码 {uscc} 已登记在另一家机构"))
                .and_field("uscc", "已登记在另一家机构"));
        }
        let facts = &entry.facts;
        let same_place = |found: &Institution| found.facts.value.county == facts.county && other(found);
        if store::by_name(tx, &[&facts.name]).await?.iter().any(same_place) {
            return Err(Problem::new(Kind::Exists, "NAME_TAKEN", format!("本县已登记名为“{}”的机构", facts.name))
                .and_field("name", "本县已有同名机构"));
        }
        Ok(())
    }

    /// The institution with its beds, as both are today.
    async fn show(&self, tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<wire::Institution> {
        let today = self.bureau.clock.today();
        let institution = store::show(tx, scope, id, today).await?;
        let beds = beds::store::totals(tx.query(beds::store::totals_of(1)), &[id], today).await?;
        Ok(door::message(institution, beds.get(&id).copied().unwrap_or_default(), today))
    }

    async fn save_and_show(
        &self,
        tx: &mut Tx,
        scope: &Scope,
        change: Change,
        author: &Author,
    ) -> Result<wire::Institution> {
        let id = change.institution.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        self.show(tx, scope, id).await
    }

    /// Loads, decides and saves; refuses a version that others changed meanwhile.
    async fn change(
        &self,
        caller: &Caller,
        id: &str,
        version: u64,
        decide: impl Fn(&Institution) -> Result<Change, Fault>,
    ) -> Result<Response<wire::Institution>, Status> {
        let id = institution_id(id)?;
        let author = self.bureau.author(caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?;
            check_version(known.version, version)?;
            let change = decide(&known)?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            self.bureau.commit(tx).await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn operate(
        &self,
        act: Act,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let told = self.told(&request.effective_on, &request.reason, &request.document_number)?;
        self.change(&caller, &request.id, request.version, |known| operate(known, act, told.clone(), None)).await
    }

    /// What history will say of an act: a day that has come, and why.
    fn told(&self, effective_on: &str, reason: &str, document_number: &str) -> Result<Event> {
        let mut cells = Cells::default();
        let today = self.bureau.clock.today();
        let text = cells.required("effective_on", "办理日期", effective_on);
        let on = door::past_date(&mut cells, "effective_on", "办理日期", &text, today);
        let reason = cells.required("reason", "事由", reason);
        match on {
            Some(on) if cells.faults.is_empty() => {
                Ok(Event { document_number: document_number.trim().to_owned(), ..Event::note(on, reason) })
            }
            _ => Err(problem_of(cells.faults)),
        }
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
            ownership: request.ownership().as_str_name().strip_prefix("OWNERSHIP_").and_then(Coded::from_code),
            state: request.state().as_str_name().strip_prefix("OPERATING_STATE_").and_then(Coded::from_code),
            over_approved: request.beds_over_approved,
            name_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let (db, today) = (&self.bureau.db, self.bureau.clock.today());
        let (found, next_cursor) = store::page(db, &caller.scope, filter, page, today).await?;
        let ids: Vec<Uuid> = found.iter().map(|institution| institution.id).collect();
        let beds = beds::store::totals(db.read(beds::store::totals_of(ids.len())), &ids, today).await?;
        let institutions = found.into_iter().map(|institution| {
            let beds = beds.get(&institution.id).copied().unwrap_or_default();
            door::message(institution, beds, today)
        });
        Ok(Response::new(wire::ListInstitutionsResponse { institutions: institutions.collect(), next_cursor }))
    }

    async fn get_institution(
        &self,
        request: Request<wire::GetInstitutionRequest>,
    ) -> Result<Response<wire::InstitutionDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = institution_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let institution = self.show(&mut tx, &caller.scope, id).await?;
            let history = history::of(&mut tx, id).await?;
            Ok(wire::InstitutionDetail { institution: Some(institution), history })
        });
        Ok(Response::new(detail.await?))
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
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
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
        caller.scope.check(&entry.facts.region)?;
        let told = self.told(&request.effective_on, &request.reason, &request.document_number)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?;
            check_version(known.version, request.version)?;
            self.check_free(&mut tx, &entry, Some(&known)).await?;
            let Some(change) = revise(&known, entry.clone(), told.effective_on, &told)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            self.bureau.commit(tx).await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn submit_filing(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.operate(Act::Submit, request).await
    }

    async fn confirm_filing(
        &self,
        request: Request<wire::ConfirmFilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let reason = if request.reason.trim().is_empty() { Act::Confirm.label() } else { request.reason.trim() };
        let told = self.told(&request.effective_on, reason, &request.document_number)?;
        let number = request.filing_number.trim().to_owned();
        if number.is_empty() {
            return Err(Problem::field("filing_number", "FILING_NUMBER_MISSING", "请填写备案编号").into());
        }
        let filed = Filed { number, on: told.effective_on };
        self.change(&caller, &request.id, request.version, |known| {
            operate(known, Act::Confirm, told.clone(), Some(filed.clone()))
        })
        .await
    }

    async fn open_institution(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.operate(Act::Open, request).await
    }

    async fn suspend_institution(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.operate(Act::Suspend, request).await
    }

    async fn resume_institution(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.operate(Act::Resume, request).await
    }

    async fn terminate_institution(
        &self,
        request: Request<wire::OperationRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.operate(Act::Terminate, request).await
    }

    async fn rate_institution(
        &self,
        request: Request<wire::RateInstitutionRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut cells = Cells::default();
        let rating = door::read_rating(&mut cells, request.grade(), &request.graded_on, &request.grade_until_on);
        let document_number = cells.required("document_number", "文号", &request.document_number);
        let Some(rating) = rating.filter(|_| cells.faults.is_empty()) else {
            return Err(problem_of(cells.faults).into());
        };
        let today = self.bureau.clock.today();
        self.change(&caller, &request.id, request.version, |known| {
            rate(known, rating, today, request.reason.trim(), document_number.clone())
        })
        .await
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
