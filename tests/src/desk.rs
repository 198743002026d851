//! A bureau's reporting desk, worked over gRPC by the people of its sign chain.

use proto::reporting as wire;
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::report_service_client::ReportServiceClient;
use tonic::transport::Channel;

use trust::users::UserEntry;

use crate::people::{assertion, request, user, user_with};
use crate::suite::Running;

const CITY: &str = "530400";

/// A bureau's reporting desk with the three people of its sign chain.
pub struct Desk<'r> {
    running: &'r Running,
    bureau: &'static str,
}

impl<'r> Desk<'r> {
    pub fn new(running: &'r Running, bureau: &'static str) -> Self {
        Desk { running, bureau }
    }

    fn reports(&self) -> ReportServiceClient<Channel> {
        ReportServiceClient::new(self.running.channel_as("operator", self.bureau))
    }

    /// A request in the name of whoever holds the role here.
    fn by<T>(&self, role: &str, region: &str, message: T) -> tonic::Request<T> {
        self.of(&user_with(self.running.data(), self.bureau, role, region), message)
    }

    fn of<T>(&self, user: &UserEntry, message: T) -> tonic::Request<T> {
        let assertion = assertion(self.running.data(), user, CITY, self.running.clock.micros());
        request(message, &assertion)
    }

    /// Opens, fills, submits and reviews; the bad acts on the way are refused.
    pub async fn report(&self, form: &str, region: &str, period: &str, typed: &[(&str, &str)]) -> wire::Report {
        let (fill, check) = if region == CITY {
            ("CITY_BUREAU_REPORTER", "CITY_BUREAU_APPROVER")
        } else {
            ("COUNTY_REPORTER", "COUNTY_REVIEWER")
        };
        let mut reports = self.reports();
        let open = wire::OpenReportRequest {
            form: form.into(),
            region: region.into(),
            period: period.into(),
            revision_reason: String::new(),
        };
        let report = reports.open_report(self.by(fill, region, open)).await.expect("opened").into_inner();
        let entry = |(element, value): &(&str, &str)| wire::CellEntry {
            element: (*element).to_owned(),
            value: (*value).to_owned(),
            ..wire::CellEntry::default()
        };
        if let Some((element, _)) = typed.first() {
            let ratio = wire::SaveReportRequest {
                id: report.id.clone(),
                version: report.version,
                cells: vec![entry(&(*element, "2.6%"))],
            };
            let refused = reports.save_report(self.by(fill, region, ratio)).await.unwrap_err();
            assert_eq!(kit::Problem::reason_of(&refused), "RATIO_NOT_ACCEPTED");
        }
        let save = wire::SaveReportRequest {
            id: report.id.clone(),
            version: report.version,
            cells: typed.iter().map(entry).collect(),
        };
        let report = reports.save_report(self.by(fill, region, save)).await.expect("saved").into_inner();
        let submit = wire::SubmitReportRequest {
            id: report.id.clone(),
            version: report.version,
            kind: wire::SubmissionKind::Filled as i32,
            explanations: Vec::new(),
        };
        let report =
            reports.submit_report(self.by(fill, region, submit.clone())).await.expect("submitted").into_inner();
        let twice = wire::SubmitReportRequest { version: report.version, ..submit };
        let refused = reports.submit_report(self.by(fill, region, twice)).await.unwrap_err();
        assert_eq!(kit::Problem::reason_of(&refused), "ALREADY_SUBMITTED");
        let review = wire::ReviewReportRequest { id: report.id.clone(), version: report.version };
        let refused = reports.review_report(self.by(fill, region, review.clone())).await.unwrap_err();
        assert_eq!(kit::Problem::reason_of(&refused), "ROLE_MISSING", "the submitter is no reviewer");
        let unreviewed =
            self.publish(std::slice::from_ref(&report.id), wire::PublicationKind::Flash).await.unwrap_err();
        assert_eq!(kit::Problem::reason_of(&unreviewed), "STATE_WRONG", "out of order");
        reports.review_report(self.by(check, region, review)).await.expect("reviewed").into_inner()
    }

    /// Publishes in the name of the bureau's second approver: the first may have reviewed.
    pub async fn publish(
        &self,
        reports: &[String],
        kind: wire::PublicationKind,
    ) -> Result<wire::Envelope, tonic::Status> {
        let message = wire::PublishReportsRequest {
            report_ids: reports.to_vec(),
            kind: kind as i32,
            reason: String::new(),
            idempotency_key: format!("publish-{}", reports.join("-")),
        };
        let second = user(self.running.data(), &format!("approver2-{}", self.bureau));
        let mut publications = PublicationServiceClient::new(self.running.channel_as("operator", self.bureau));
        publications.publish_reports(self.of(&second, message)).await.map(tonic::Response::into_inner)
    }
}
