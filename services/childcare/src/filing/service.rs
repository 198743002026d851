//! The gRPC door of 备案 and 称号.

use jiff::civil::Date;
use kit::{Problem, Result, retry};
use proto::childcare as wire;
use proto::childcare::filing_service_server::FilingService;
use registry::changes::{self, check_version};
use registry::columns::id;
use registry::{Bureau, Cells, Event, Fault, cells, history, problem_of};
use tonic::{Request, Response, Status};
use trust::Caller;
use uuid::Uuid;

use super::door::designation_message;
use super::{ANSWER_WORKING_DAYS, Act, Designation, next, store};
use crate::institutions::service::{institution_id, save_and_show};
use crate::institutions::{self, Change};

/// Serves filings and designations.
#[derive(Clone, Debug)]
pub struct Filings {
    pub bureau: Bureau,
}

impl Filings {
    async fn act(
        &self,
        act: Act,
        request: Request<wire::FilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = institution_id(&request.id)?;
        let on = self.day("on", "办理日期", &request.on)?;
        let mut cells = Cells::default();
        let reason = match act {
            Act::Reject | Act::Change | Act::Deregister => cells.required("reason", "原因", &request.reason),
            Act::Submit | Act::Confirm => request.reason.trim().to_owned(),
        };
        if !cells.faults.is_empty() {
            return Err(problem_of(cells.faults).into());
        }
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let mut institution =
                institutions::store::load(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            check_version(institution.version, request.version)?;
            let before = institution.filing.state;
            let due = match next(before, act)?.awaits_answer() {
                true => Some(self.bureau.working_days_after(on, ANSWER_WORKING_DAYS)?),
                false => None,
            };
            let filings = institution.filing.act(act, on, request.filing_number.trim(), due)?;
            let event = Event {
                effective_on: on,
                from_state: before.label(),
                to_state: institution.filing.state.label(),
                reason: reason.clone(),
                document_number: request.document_number.trim().to_owned(),
            };
            let change = Change { institution, facts: Vec::new(), filings, events: vec![event] };
            let shown = save_and_show(&self.bureau, &mut tx, &caller.scope, change, &author).await?;
            self.bureau.commit(tx).await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    /// The day of an act: written right, and not in the future (DATE_IN_FUTURE).
    fn day(&self, field: &'static str, title: &str, text: &str) -> Result<Date> {
        let day = cells::date(field, title, text)?;
        if day > self.bureau.clock.today() {
            return Err(Fault::cell(field, "DATE_IN_FUTURE", format!("{title}{day}晚于今天")).into());
        }
        Ok(day)
    }

    fn read_designation(&self, request: &wire::GrantDesignationRequest) -> Result<Designation> {
        let mut cells = Cells::default();
        let kind = cells.coded("kind", "称号类别", request.kind().as_str_name(), "DESIGNATION_KIND_");
        let level = cells.coded("level", "称号级别", request.level().as_str_name(), "DESIGNATION_LEVEL_");
        let valid_from = cells.date("valid_from", "有效期起", &request.valid_from);
        let valid_to = cells.optional_date("valid_to", "有效期止", &request.valid_to);
        match (kind, level, valid_from) {
            (Some(kind), Some(level), Some(valid_from)) if cells.faults.is_empty() => Ok(Designation {
                id: self.bureau.clock.id(),
                institution_id: institution_id(&request.institution_id)?,
                kind,
                level,
                valid_from,
                valid_to,
                revoked_on: None,
                places: request.places,
                fee_ceiling_fen: request.fee_ceiling_fen,
                document_number: request.document_number.trim().to_owned(),
            }),
            _ => Err(problem_of(cells.faults)),
        }
    }
}

/// What history says of a designation.
fn told(designation: &Designation, on: Date, act: &str, reason: &str, document_number: &str) -> (Uuid, Event) {
    let kind = match designation.kind {
        super::DesignationKind::Inclusive => "普惠认定",
        super::DesignationKind::Demonstration => "示范称号",
    };
    let reason = if reason.is_empty() { format!("{act}{kind}") } else { format!("{act}{kind}：{reason}") };
    (designation.institution_id, Event { document_number: document_number.to_owned(), ..Event::note(on, reason) })
}

#[tonic::async_trait]
impl FilingService for Filings {
    async fn submit_filing(
        &self,
        request: Request<wire::FilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.act(Act::Submit, request).await
    }

    async fn confirm_filing(
        &self,
        request: Request<wire::FilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.act(Act::Confirm, request).await
    }

    async fn reject_filing(
        &self,
        request: Request<wire::FilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.act(Act::Reject, request).await
    }

    async fn change_filing(
        &self,
        request: Request<wire::FilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.act(Act::Change, request).await
    }

    async fn deregister_filing(
        &self,
        request: Request<wire::FilingRequest>,
    ) -> Result<Response<wire::Institution>, Status> {
        self.act(Act::Deregister, request).await
    }

    async fn grant_designation(
        &self,
        request: Request<wire::GrantDesignationRequest>,
    ) -> Result<Response<wire::Designation>, Status> {
        const METHOD: &str = "GrantDesignation";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let designation = self.read_designation(&request)?;
        let author = self.bureau.author(&caller)?;
        let granted = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let (id, today) = (designation.institution_id, self.bureau.clock.today());
            institutions::store::load(&mut tx, &caller.scope, id, today).await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            let faults = designation.faults(&store::of_institution(&mut tx, id).await?);
            if !faults.is_empty() {
                return Err(problem_of(faults));
            }
            store::insert(&mut tx, &designation, &author.clock).await?;
            let (id, event) = told(&designation, designation.valid_from, "授予", "", &designation.document_number);
            history::append(&mut tx, &[(id, &event)], &author).await?;
            changes::bump(&mut tx).await?;
            let answer = designation_message(designation.clone());
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &answer).await?;
            self.bureau.commit(tx).await?;
            Ok(answer)
        });
        Ok(Response::new(granted.await?))
    }

    async fn revoke_designation(
        &self,
        request: Request<wire::RevokeDesignationRequest>,
    ) -> Result<Response<wire::Designation>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = id(&request.id, "DESIGNATION_UNKNOWN", "称号")?;
        let on = self.day("revoked_on", "撤销日期", &request.revoked_on)?;
        let reason = request.reason.trim();
        if reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写原因").into());
        }
        let author = self.bureau.author(&caller)?;
        let revoked = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let mut designation = store::load(&mut tx, id).await?;
            let today = self.bureau.clock.today();
            institutions::store::load(&mut tx, &caller.scope, designation.institution_id, today).await?;
            designation.revoke(on)?;
            store::revoke(&mut tx, &designation, &author.clock).await?;
            let (id, event) = told(&designation, on, "撤销", reason, request.document_number.trim());
            history::append(&mut tx, &[(id, &event)], &author).await?;
            changes::bump(&mut tx).await?;
            self.bureau.commit(tx).await?;
            Ok(designation_message(designation))
        });
        Ok(Response::new(revoked.await?))
    }
}
