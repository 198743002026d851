//! `ReportService` at the door: convert, let the desk act for the caller, convert.

use kit::{Problem, Result};
use proto::reporting as wire;
use proto::reporting::report_service_server::ReportService;
use proto::reporting::{
    ExemptReportRequest, GetReportRequest, ListFormsRequest, ListFormsResponse, ListReportsRequest,
    ListReportsResponse, OpenReportRequest, RecallReportRequest, Report, ReviewReportRequest, SaveReportRequest,
    SendBackReportRequest, SubmitReportRequest,
};
use tonic::{Request, Response, Status};
use trust::Caller;

use super::acts::Entry;
use super::convert;
use super::desk::Listing;
use crate::basis::desk::CutOver;
use crate::package::filing::Filing;
use crate::{Desk, basis, page_size, unlock};

/// The report service of one desk.
#[derive(Clone)]
pub struct Reports(pub(crate) Desk);

impl Reports {
    async fn answer(&self, caller: &Caller, report: &super::Report) -> Result<Response<Report>, Status> {
        let around = self.0.around(caller, report).await?;
        Ok(Response::new(convert::report(report, &around, self.0.clock.today())))
    }
}

#[tonic::async_trait]
impl ReportService for Reports {
    async fn list_forms(&self, request: Request<ListFormsRequest>) -> Result<Response<ListFormsResponse>, Status> {
        Caller::of(&request)?;
        let forms = self.0.forms().map(|form| convert::form(form, &self.0.city)).collect();
        Ok(Response::new(ListFormsResponse { forms }))
    }

    async fn open_report(&self, request: Request<OpenReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let OpenReportRequest { form, region, period, revision_reason } = request.into_inner();
        self.answer(&caller, &self.0.open_report(&caller, &form, &region, &period, &revision_reason).await?).await
    }

    async fn get_report(&self, request: Request<GetReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::id("id", &request.get_ref().id)?;
        self.answer(&caller, &self.0.report(&caller, id).await?).await
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let listing = Listing {
            state: request.state(),
            size: page_size(request.page.as_ref()),
            cursor: request.page.map(|page| page.cursor).unwrap_or_default(),
            form: request.form,
            period: request.period,
            region: request.region,
            overdue_only: request.overdue_only,
        };
        let (reports, next_cursor) = self.0.list_reports(&caller, &listing).await?;
        Ok(Response::new(ListReportsResponse { reports, next_cursor }))
    }

    async fn save_report(&self, request: Request<SaveReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let entries: Vec<Entry> = request.cells.into_iter().map(convert::entry).collect();
        self.answer(&caller, &self.0.save_report(&caller, id, request.version, &entries).await?).await
    }

    async fn submit_report(&self, request: Request<SubmitReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let kind = convert::submission_of(request.kind());
        let explanations = request.explanations.into_iter().map(|one| (one.check, one.text)).collect();
        self.answer(&caller, &self.0.submit_report(&caller, id, request.version, kind, &explanations).await?).await
    }

    async fn review_report(&self, request: Request<ReviewReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        self.answer(&caller, &self.0.review_report(&caller, id, request.version).await?).await
    }

    async fn send_back_report(&self, request: Request<SendBackReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let due_on = convert::date("due_on", &request.due_on)?;
        let faults: Vec<(String, String)> =
            request.faults.into_iter().map(|fault| (fault.element, fault.reason)).collect();
        self.answer(&caller, &self.0.send_back_report(&caller, id, request.version, &faults, due_on).await?).await
    }

    async fn recall_report(&self, request: Request<RecallReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        self.answer(&caller, &self.0.recall_report(&caller, id, request.version, &request.reason).await?).await
    }

    async fn exempt_report(&self, request: Request<ExemptReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let ExemptReportRequest { form, region, period, reason } = request.into_inner();
        self.answer(&caller, &self.0.exempt_report(&caller, &form, &region, &period, &reason).await?).await
    }

    async fn list_package(
        &self,
        request: Request<wire::ListPackageRequest>,
    ) -> Result<Response<wire::ListPackageResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListPackageRequest { region, period } = request.into_inner();
        let lines = self.0.list_package(&caller, &region, &period).await?;
        Ok(Response::new(wire::ListPackageResponse { lines }))
    }

    async fn file_package(
        &self,
        request: Request<wire::FilePackageRequest>,
    ) -> Result<Response<wire::FilePackageResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        if request.kind() == wire::SubmissionKind::Unspecified {
            let message = "请选择零报告、本期无变化或正常填报";
            return Err(Problem::field("kind", "KIND_INVALID", message).into());
        }
        let filing = Filing {
            kind: convert::submission_of(request.kind()),
            expected: request.expected.into_iter().map(|one| (one.form, one.version)).collect(),
            on_behalf_reason: request.on_behalf_reason,
            explanations: request.explanations.into_iter().map(|one| (one.check, one.text)).collect(),
        };
        let answers = self.0.file_package(&caller, &request.region, &request.period, &filing).await?;
        Ok(Response::new(wire::FilePackageResponse { answers }))
    }

    async fn list_outstanding(
        &self,
        request: Request<wire::ListOutstandingRequest>,
    ) -> Result<Response<wire::ListOutstandingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListOutstandingRequest { period, region } = request.into_inner();
        Ok(Response::new(self.0.list_outstanding(&caller, &period, &region).await?))
    }

    async fn review_reports(
        &self,
        request: Request<wire::ReviewReportsRequest>,
    ) -> Result<Response<wire::ReviewReportsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let reports = request.into_inner().reports.into_iter().map(|one| (one.id, one.version));
        let answers = self.0.review_reports(&caller, &reports.collect::<Vec<_>>()).await?;
        Ok(Response::new(wire::ReviewReportsResponse { answers }))
    }

    async fn fill_on_behalf(&self, request: Request<wire::FillOnBehalfRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let wire::FillOnBehalfRequest { form, region, period, reason, revision_reason } = request.into_inner();
        let report = self.0.fill_on_behalf(&caller, &form, &region, &period, &revision_reason, &reason).await?;
        self.answer(&caller, &report).await
    }

    async fn request_unlock(
        &self,
        request: Request<wire::RequestUnlockRequest>,
    ) -> Result<Response<wire::Unlock>, Status> {
        let caller = Caller::of(&request)?;
        let wire::RequestUnlockRequest { form, region, period, reason } = request.into_inner();
        let unlock = self.0.request_unlock(&caller, &form, &region, &period, &reason).await?;
        Ok(Response::new(unlock::desk::convert(&unlock)))
    }

    async fn list_unlocks(
        &self,
        request: Request<wire::ListUnlocksRequest>,
    ) -> Result<Response<wire::ListUnlocksResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let listing = unlock::desk::Listing {
            state: unlock::desk::state_of(request.state()),
            size: page_size(request.page.as_ref()),
            cursor: request.page.map(|page| page.cursor).unwrap_or_default(),
            form: request.form,
            period: request.period,
        };
        let (unlocks, next_cursor) = self.0.list_unlocks(&caller, &listing).await?;
        let unlocks = unlocks.iter().map(unlock::desk::convert).collect();
        Ok(Response::new(wire::ListUnlocksResponse { unlocks, next_cursor }))
    }

    async fn decide_unlock(
        &self,
        request: Request<wire::DecideUnlockRequest>,
    ) -> Result<Response<wire::Unlock>, Status> {
        let caller = Caller::of(&request)?;
        let wire::DecideUnlockRequest { id, grant, reason, until_on } = request.into_inner();
        let until_on = if grant { Some(convert::date("until_on", &until_on)?) } else { None };
        let id = id.parse().map_err(|_| Problem::field("id", "UNLOCK_ID_INVALID", "解锁申请编号写法不对"))?;
        let unlock = self.0.decide_unlock(&caller, id, until_on, &reason).await?;
        Ok(Response::new(unlock::desk::convert(&unlock)))
    }

    async fn list_basis(
        &self,
        request: Request<wire::ListBasisRequest>,
    ) -> Result<Response<wire::ListBasisResponse>, Status> {
        let caller = Caller::of(&request)?;
        let wire::ListBasisRequest { element, region } = request.into_inner();
        let lines = self.0.list_basis(&caller, &element, &region).await?;
        Ok(Response::new(wire::ListBasisResponse { lines }))
    }

    async fn cut_over(
        &self,
        request: Request<wire::CutOverRequest>,
    ) -> Result<Response<wire::CutOverResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let cut_over = CutOver {
            basis: basis::desk::basis_of(request.basis())?,
            elements: request.elements.into_iter().collect(),
            regions: request.regions.into_iter().collect(),
            effective_period: request.effective_period,
            reason: request.reason,
            document_number: request.document_number,
            explanations: request.explanations.into_iter().map(|one| ((one.element, one.region), one.text)).collect(),
        };
        let lines = self.0.cut_over(&caller, &cut_over).await?;
        Ok(Response::new(wire::CutOverResponse { lines }))
    }
}
