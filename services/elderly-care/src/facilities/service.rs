//! The gRPC door of the register of facilities: convert, authorise, begin, load, decide, save, commit, convert.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::ImportAcknowledgement;
use proto::elderly_care as wire;
use proto::elderly_care::facility_service_server::FacilityService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Event, Fault, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::FacilityIntake;
use super::store::{self, Filter};
use super::{Change, Facility, Facts, State, door, operate, register, revise};
use crate::institutions::door::past_date;

/// Serves the register of facilities.
#[derive(Clone, Debug)]
pub struct Facilities {
    pub bureau: Bureau,
}

fn facility_id(text: &str) -> Result<Uuid> {
    id(text, "FACILITY_UNKNOWN", "设施")
}

impl Facilities {
    fn read(&self, row: Option<wire::FacilityRow>) -> Result<Facts> {
        let row = row.ok_or_else(|| Problem::field("facility", "FIELD_MISSING", "请填写登记事项"))?;
        door::read(&self.bureau, self.bureau.city_code(), &row).entry.map_err(problem_of)
    }

    /// What history will say of an act: a day that has come, and why.
    fn told(&self, effective_on: &str, reason: &str, document_number: &str) -> Result<Event> {
        let mut cells = Cells::default();
        let text = cells.required("effective_on", "生效日期", effective_on);
        let on = past_date(&mut cells, "effective_on", "生效日期", &text, self.bureau.clock.today());
        let reason = cells.required("reason", "事由", reason);
        match on {
            Some(on) if cells.faults.is_empty() => {
                Ok(Event { document_number: document_number.trim().to_owned(), ..Event::note(on, reason) })
            }
            _ => Err(problem_of(cells.faults)),
        }
    }

    /// A name belongs to one facility of a township or village: NAME_TAKEN.
    async fn check_free(&self, tx: &mut Tx, facts: &Facts, own: Option<Uuid>) -> Result<()> {
        let taken = |found: &Facility| found.facts.value.region == facts.region && own != Some(found.id);
        if store::by_name(tx, &[&facts.name]).await?.iter().any(taken) {
            return Err(Problem::new(Kind::Exists, "NAME_TAKEN", format!("当地已登记名为“{}”的设施", facts.name))
                .and_field("name", "当地已有同名设施"));
        }
        Ok(())
    }

    async fn save(&self, tx: &mut Tx, scope: &Scope, change: Change, author: &Author) -> Result<wire::Facility> {
        let id = change.facility.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        Ok(door::message(&store::show(tx, scope, id, self.bureau.clock.today()).await?))
    }

    async fn operate(
        &self,
        next: State,
        request: Request<wire::FacilityOperationRequest>,
    ) -> Result<Response<wire::Facility>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = facility_id(&request.id)?;
        let told = self.told(&request.effective_on, &request.reason, &request.document_number)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?;
            check_version(known.version, request.version)?;
            let change = operate(&known, next, &told)?;
            let shown = self.save(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }
}

#[tonic::async_trait]
impl FacilityService for Facilities {
    async fn list_facilities(
        &self,
        request: Request<wire::ListFacilitiesRequest>,
    ) -> Result<Response<wire::ListFacilitiesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            region: self.bureau.region_filter("region", &request.region)?,
            kind: request.r#type().as_str_name().strip_prefix("FACILITY_TYPE_").and_then(Coded::from_code),
            state: request.state().as_str_name().strip_prefix("FACILITY_STATE_").and_then(Coded::from_code),
            has_day_care: request.has_day_care,
            name_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let (db, today) = (&self.bureau.db, self.bureau.clock.today());
        let (found, next_cursor) = store::page(db, &caller.scope, filter, page, today).await?;
        let facilities = found.iter().map(door::message).collect();
        Ok(Response::new(wire::ListFacilitiesResponse { facilities, next_cursor }))
    }

    async fn get_facility(
        &self,
        request: Request<wire::GetFacilityRequest>,
    ) -> Result<Response<wire::FacilityDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = facility_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let facility = store::show(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            let history = history::of(&mut tx, id).await?;
            let (service_area, facility) = (door::villages(&facility), Some(door::message(&facility)));
            Ok(wire::FacilityDetail { facility, service_area, history })
        });
        Ok(Response::new(detail.await?))
    }

    async fn register_facility(
        &self,
        request: Request<wire::RegisterFacilityRequest>,
    ) -> Result<Response<wire::Facility>, Status> {
        const METHOD: &str = "RegisterFacility";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let facts = self.read(request.facility.clone())?;
        caller.scope.check(&facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            self.check_free(&mut tx, &facts, None).await?;
            let change = register(self.bureau.clock.id(), facts.clone(), self.bureau.clock.today());
            let shown = self.save(&mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_facility(
        &self,
        request: Request<wire::ChangeFacilityRequest>,
    ) -> Result<Response<wire::Facility>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = facility_id(&request.id)?;
        let facts = self.read(request.facility.clone())?;
        caller.scope.check(&facts.region)?;
        let told = self.told(&request.effective_on, &request.reason, &request.document_number)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?;
            check_version(known.version, request.version)?;
            self.check_free(&mut tx, &facts, Some(known.id)).await?;
            let Some(change) = revise(&known, facts.clone(), &told)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = self.save(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn idle_facility(
        &self,
        request: Request<wire::FacilityOperationRequest>,
    ) -> Result<Response<wire::Facility>, Status> {
        self.operate(State::Idle, request).await
    }

    async fn resume_facility(
        &self,
        request: Request<wire::FacilityOperationRequest>,
    ) -> Result<Response<wire::Facility>, Status> {
        self.operate(State::Operating, request).await
    }

    async fn close_facility(
        &self,
        request: Request<wire::FacilityOperationRequest>,
    ) -> Result<Response<wire::Facility>, Status> {
        self.operate(State::Closed, request).await
    }

    type ImportFacilitiesStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_facilities(
        &self,
        request: Request<Streaming<wire::ImportFacilitiesRequest>>,
    ) -> Result<Response<Self::ImportFacilitiesStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = FacilityIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportFacilitiesRequest) -> Result<Step<wire::FacilityRow>, Status> {
    use wire::import_facilities_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.facility.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
