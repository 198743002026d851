//! A bureau comes back from a backup: its stream is another one, its figures stand still as diverged, and an operator
//! accepts the new stream.

use std::path::Path;

use proto::gateway::indicator_service_client::IndicatorServiceClient;
use proto::gateway::{ListBureausRequest, ResyncBureauRequest};
use proto::reporting as wire;
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::report_service_client::ReportServiceClient;
use suite_tests::people::{assertion, request, user_with};
use suite_tests::suite::{Engine, Running};

const CITY: &str = "530400";
const COUNTY: &str = "530402";

fn by<T>(running: &Running, service: &str, role: &str, region: &str, message: T) -> tonic::Request<T> {
    let user = user_with(running.data(), service, role, region);
    request(message, &assertion(running.data(), &user, CITY, running.clock.micros()))
}

/// Publishes the county's zero report of a month.
async fn publish(running: &Running, month: &str) {
    let mut reports = ReportServiceClient::new(running.channel_as("operator", "childcare"));
    let open = wire::OpenReportRequest {
        form: "childcare-monthly".into(),
        region: COUNTY.into(),
        period: month.into(),
        revision_reason: String::new(),
    };
    let ask = by(running, "childcare", "COUNTY_REPORTER", COUNTY, open);
    let report = reports.open_report(ask).await.expect("opened").into_inner();
    let kind = wire::SubmissionKind::Zero as i32;
    let submit = wire::SubmitReportRequest { id: report.id, version: report.version, kind, explanations: Vec::new() };
    let ask = by(running, "childcare", "COUNTY_REPORTER", COUNTY, submit);
    let report = reports.submit_report(ask).await.expect("submitted").into_inner();
    let review = wire::ReviewReportRequest { id: report.id, version: report.version };
    let ask = by(running, "childcare", "COUNTY_REVIEWER", COUNTY, review);
    let report = reports.review_report(ask).await.expect("reviewed").into_inner();
    let publish = wire::PublishReportsRequest {
        report_ids: vec![report.id],
        kind: wire::PublicationKind::Flash as i32,
        ..wire::PublishReportsRequest::default()
    };
    let mut publications = PublicationServiceClient::new(running.channel_as("operator", "childcare"));
    let ask = by(running, "childcare", "CITY_BUREAU_APPROVER", CITY, publish);
    publications.publish_reports(ask).await.expect("published");
}

fn copy_database(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for name in ["childcare.db", "childcare.db-wal", "childcare.db-shm"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).expect("copied");
        }
    }
}

async fn state(running: &Running) -> (String, u64) {
    let (_, list) = running.get("/api/v1/bureaus").await;
    let all = list["bureaus"].as_array().cloned().unwrap_or_default();
    let childcare = all.into_iter().find(|one| one["name"] == "childcare").unwrap_or_default();
    (childcare["state"].as_str().unwrap_or_default().to_owned(), childcare["sequence"].as_u64().unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_diverges_until_an_operator_resyncs() {
    let mut running = Running::start(Engine::Sqlite, None).await;
    publish(&running, "2026-08").await;
    running.eventually("the first publication", async || state(&running).await == ("live".to_owned(), 1)).await;
    running.stop().await;
    let (live, backup) = (running.data().join("childcare"), running.data().join("backup"));
    copy_database(&live, &backup);
    running.launch().await;
    publish(&running, "2026-09").await;
    running.eventually("the second publication", async || state(&running).await == ("live".to_owned(), 2)).await;

    running.stop().await;
    copy_database(&backup, &live);
    running.launch().await;
    running.eventually("divergence", async || state(&running).await.0 == "diverged").await;
    let september = || async { running.indicator("C11", COUNTY, "2026-09").await["value"].clone() };
    assert_eq!(september().await, "0", "what was received stays shown");
    let (status, _) = running.get("/api/v1/indicators?period=2020").await;
    assert_eq!(status, 200, "one diverged bureau hides nothing else");

    let mut gateway = IndicatorServiceClient::new(running.channel_as("operator", "gateway"));
    let refused = gateway.resync_bureau(ResyncBureauRequest { bureau: "childcare".into() }).await.unwrap_err();
    assert_eq!(kit::Problem::reason_of(&refused), "ASSERTION_MISSING");
    let ask = by(&running, "gateway", "SYS_ADMIN", CITY, ResyncBureauRequest { bureau: "childcare".into() });
    gateway.resync_bureau(ask).await.expect("resynced");
    running.eventually("the new stream", async || state(&running).await == ("live".to_owned(), 1)).await;
    assert_eq!(september().await, serde_json::Value::Null, "September was lost with the disk, and is missing again");
    assert_eq!(running.indicator("C11", COUNTY, "2026-08").await["value"], "0");
    let listed = gateway.list_bureaus(ListBureausRequest {}).await.expect("listed").into_inner().bureaus;
    assert_eq!(listed.iter().find(|one| one.name == "childcare").map(|one| one.state.as_str()), Some("live"));
}
