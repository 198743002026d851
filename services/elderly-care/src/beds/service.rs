//! The gRPC door of the register of beds.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::ImportAcknowledgement;
use proto::elderly_care as wire;
use proto::elderly_care::bed_service_server::BedService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Fault, cells, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::{BedIntake, check_code, check_host};
use super::store::{self, Filter, Host};
use super::{Bed, Change, alter, build, close, door, meant};
use crate::institutions;
use crate::institutions::service::institution_id;

/// Serves the register of beds.
#[derive(Clone, Debug)]
pub struct Beds {
    pub bureau: Bureau,
}

fn bed_id(text: &str) -> Result<Uuid> {
    id(text, "BED_UNKNOWN", "床位")
}

impl Beds {
    async fn save_and_show(&self, tx: &mut Tx, scope: &Scope, change: Change, author: &Author) -> Result<wire::Bed> {
        let id = change.bed.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        Ok(door::message(store::show(tx, scope, id, self.bureau.clock.today()).await?))
    }

    /// Loads, decides and saves; refuses a version that others changed meanwhile.
    async fn change(
        &self,
        caller: &Caller,
        id: &str,
        version: u64,
        decide: impl Fn(&Bed) -> Result<Option<Change>, Fault>,
    ) -> Result<Response<wire::Bed>, Status> {
        let id = bed_id(id)?;
        let author = self.bureau.author(caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id).await?.bed;
            check_version(known.version, version)?;
            let Some(change) = decide(&known)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }
}

#[tonic::async_trait]
impl BedService for Beds {
    async fn list_beds(
        &self,
        request: Request<wire::ListBedsRequest>,
    ) -> Result<Response<wire::ListBedsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let institution_id = match request.institution_id.as_str() {
            "" => None,
            text => Some(institution_id(text)?),
        };
        let filter = Filter {
            institution_id,
            region: self.bureau.region_filter("region", &request.region)?,
            kind: request.r#type().as_str_name().strip_prefix("BED_TYPE_").and_then(Coded::from_code),
            nature: request.nature().as_str_name().strip_prefix("BED_NATURE_").and_then(Coded::from_code),
            status: request.status().as_str_name().strip_prefix("BED_STATUS_").and_then(Coded::from_code),
            include_closed: request.include_closed,
        };
        let page = Page::asked(request.page)?;
        let today = self.bureau.clock.today();
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page, today).await?;
        let beds = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListBedsResponse { beds, next_cursor }))
    }

    async fn get_bed(&self, request: Request<wire::GetBedRequest>) -> Result<Response<wire::BedDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = bed_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let bed = store::show(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            let history = history::of(&mut tx, id).await?;
            Ok(wire::BedDetail { bed: Some(door::message(bed)), history })
        });
        Ok(Response::new(detail.await?))
    }

    async fn register_bed(&self, request: Request<wire::RegisterBedRequest>) -> Result<Response<wire::Bed>, Status> {
        const METHOD: &str = "RegisterBed";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let institution_id = institution_id(&request.institution_id)?;
        let row = request.bed.clone().unwrap_or_default();
        let entry = door::read_form(&row, self.bureau.clock.today()).map_err(problem_of)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let institution = institutions::store::load(&mut tx, &caller.scope, institution_id).await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            let facts = institution.facts.value;
            let host = Host {
                id: institution_id,
                uscc: institution.uscc,
                name: facts.name,
                region: facts.region,
                state: institution.operation.state,
            };
            check_host(host.state, &host.name)?;
            let places = [(institution_id, entry.room_no.as_str(), entry.bed_no.as_str())];
            let there = store::at_places(&mut tx, &places).await?;
            if meant(there.iter().map(|placed| &placed.bed), &entry).is_some() {
                let message = format!("该机构已有{}房{}床", entry.room_no, entry.bed_no);
                return Err(Problem::new(Kind::Exists, "BED_EXISTS", message).and_field("bed_no", "已有同号床位"));
            }
            if let Some(code) = &entry.code {
                for other in store::by_code(&mut tx, &[code]).await? {
                    check_code(&other, &host, None)?;
                }
            }
            let change = build(self.bureau.clock.id(), institution_id, entry.clone());
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_bed(&self, request: Request<wire::ChangeBedRequest>) -> Result<Response<wire::Bed>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut cells = Cells::default();
        let effective_on = cells.date("effective_on", "生效日期", &request.effective_on);
        let stated = (request.r#type(), request.nature(), request.status());
        let facts = door::facts(&mut cells, stated, &request.recognised_on, self.bureau.clock.today());
        let (Some(effective_on), Some(facts), true) = (effective_on, facts, cells.faults.is_empty()) else {
            return Err(problem_of(cells.faults).into());
        };
        self.change(&caller, &request.id, request.version, |known| {
            alter(known, facts, effective_on, request.reason.trim())
        })
        .await
    }

    async fn close_bed(&self, request: Request<wire::CloseBedRequest>) -> Result<Response<wire::Bed>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let closed_on = cells::date("closed_on", "撤销日期", &request.closed_on).map_err(Problem::from)?;
        let reason = request.reason.trim();
        if reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写原因").into());
        }
        self.change(&caller, &request.id, request.version, |known| close(known, closed_on, reason).map(Some)).await
    }

    type ImportBedsStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_beds(
        &self,
        request: Request<Streaming<wire::ImportBedsRequest>>,
    ) -> Result<Response<Self::ImportBedsStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = BedIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportBedsRequest) -> Result<Step<wire::BedRow>, Status> {
    use wire::import_beds_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.bed.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
