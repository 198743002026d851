//! `ReportService` at the door: convert, let the desk act for the caller, convert.

use kit::Result;
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
use crate::{Desk, page_size};

/// The report service of one desk.
#[derive(Clone)]
pub struct Reports(pub(crate) Desk);

impl Reports {
    fn answer(&self, report: &super::Report) -> Result<Response<Report>, Status> {
        Ok(Response::new(convert::report(report, self.0.clock.today())))
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
        self.answer(&self.0.open_report(&caller, &form, &region, &period, &revision_reason).await?)
    }

    async fn get_report(&self, request: Request<GetReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::id("id", &request.get_ref().id)?;
        self.answer(&self.0.report(&caller, id).await?)
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
        self.answer(&self.0.save_report(&caller, id, request.version, &entries).await?)
    }

    async fn submit_report(&self, request: Request<SubmitReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let kind = convert::submission_of(request.kind());
        let explanations = request.explanations.into_iter().map(|one| (one.check, one.text)).collect();
        self.answer(&self.0.submit_report(&caller, id, request.version, kind, &explanations).await?)
    }

    async fn review_report(&self, request: Request<ReviewReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        self.answer(&self.0.review_report(&caller, id, request.version).await?)
    }

    async fn send_back_report(&self, request: Request<SendBackReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let due_on = convert::date("due_on", &request.due_on)?;
        let faults: Vec<(String, String)> =
            request.faults.into_iter().map(|fault| (fault.element, fault.reason)).collect();
        self.answer(&self.0.send_back_report(&caller, id, request.version, &faults, due_on).await?)
    }

    async fn recall_report(&self, request: Request<RecallReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        self.answer(&self.0.recall_report(&caller, id, request.version, &request.reason).await?)
    }

    async fn exempt_report(&self, request: Request<ExemptReportRequest>) -> Result<Response<Report>, Status> {
        let caller = Caller::of(&request)?;
        let ExemptReportRequest { form, region, period, reason } = request.into_inner();
        self.answer(&self.0.exempt_report(&caller, &form, &region, &period, &reason).await?)
    }
}
