//! Services as separate processes, killed with -9: nothing acknowledged is lost, nothing is applied twice, and a dead
//! bureau hides nothing but its own freshness.

use std::time::Duration;

use proto::childcare::class_service_client::ClassServiceClient;
use proto::childcare::{ClassRow, ImportClassesRequest, InstitutionRow, import_classes_request as step};
use proto::contract::{ImportMode, ImportStart};
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::report_service_client::ReportServiceClient;
use proto::{childcare as wire, reporting};
use serde_json::Value;
use suite_tests::people::{assertion, request, user_with};
use suite_tests::process::Programs;
use suite_tests::sheets;
use suite_tests::suite::{channel, eventually};
use tonic::Request;
use tonic::transport::Channel;

const CITY: &str = "530400";
const COUNTY: &str = "530402";

/// A request in the name of whoever holds the role at childcare.
fn by<T>(programs: &Programs, role: &str, region: &str, message: T) -> Request<T> {
    let user = user_with(&programs.data, "childcare", role, region);
    let now = kit::Clock::system().micros();
    request(message, &assertion(&programs.data, &user, CITY, now))
}

fn childcare(programs: &Programs) -> Channel {
    channel(&programs.data, "operator", "childcare", &programs.endpoint("childcare"))
}

async fn register(programs: &Programs) {
    let row = InstitutionRow {
        name: "玉兴街道阳光托育园".into(),
        uscc: sheets::uscc(1),
        kind: wire::InstitutionKind::Standalone as i32,
        ownership: wire::Ownership::Public as i32,
        region: "530402001".into(),
        opened_on: "2025-01-01".into(),
        ..InstitutionRow::default()
    };
    let mut institutions = wire::institution_service_client::InstitutionServiceClient::new(childcare(programs));
    let message = wire::RegisterInstitutionRequest { institution: Some(row), idempotency_key: "once".into() };
    for _ in 0..2 {
        let asked = by(programs, "COUNTY_REPORTER", COUNTY, message.clone());
        institutions.register_institution(asked).await.expect("registered, and the same again");
    }
}

async fn places(programs: &Programs) -> Vec<i64> {
    let mut classes = ClassServiceClient::new(childcare(programs));
    let message = wire::ListClassesRequest {
        page: Some(proto::common::Page { size: 500, cursor: String::new() }),
        ..wire::ListClassesRequest::default()
    };
    let listed = classes.list_classes(by(programs, "COUNTY_REPORTER", COUNTY, message)).await.expect("listed");
    listed.into_inner().classes.iter().map(|class| class.places).collect()
}

async fn bureau(programs: &Programs, name: &str) -> Value {
    let (_, list) = programs.get("/api/v1/bureaus").await;
    let all = list["bureaus"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|bureau| bureau["name"] == name).unwrap_or_default()
}

const BATCHES: u64 = 24;
const ROWS: u64 = 10;

fn batch(number: u64) -> ImportClassesRequest {
    let rows = (0..ROWS)
        .map(|at| wire::NumberedClass {
            row: (number - 1) * ROWS + at + 2,
            class: Some(ClassRow {
                institution_name: "玉兴街道阳光托育园".into(),
                class_name: format!("第{number}批{at}班"),
                class_kind: wire::ClassKind::Big as i32,
                places: 10,
                opened_on: "2025-02-01".into(),
                ..ClassRow::default()
            }),
        })
        .collect();
    ImportClassesRequest { step: Some(step::Step::Batch(wire::ClassBatch { number, rows })) }
}

fn start() -> ImportClassesRequest {
    let start = ImportStart {
        import_id: "019a0000-0000-7000-8000-000000000001".into(),
        mode: ImportMode::Commit as i32,
        region: COUNTY.into(),
        effective_on: "2025-02-01".into(),
        file_name: "classes.xlsx".into(),
        file_digest: "00".repeat(32),
        total_rows: BATCHES * ROWS,
        ..ImportStart::default()
    };
    ImportClassesRequest { step: Some(step::Step::Start(start)) }
}

/// Goes on with the import from wherever the service says, until `stop_after` more batches are acknowledged. Returns
/// the last batch that is durable, and whether the import is finished.
async fn import(programs: &Programs, stop_after: u64) -> Result<(u64, bool), tonic::Status> {
    let (send, receive) = tokio::sync::mpsc::channel(4);
    let mut classes = ClassServiceClient::new(childcare(programs));
    send.send(start()).await.expect("sent");
    let outgoing = tokio_stream::wrappers::ReceiverStream::new(receive);
    let mut answers = classes.import_classes(by(programs, "COUNTY_REPORTER", COUNTY, outgoing)).await?.into_inner();
    let mut durable = answers.message().await?.expect("an answer to the start").batch;
    for _ in 0..stop_after {
        if durable == BATCHES {
            let finish = ImportClassesRequest { step: Some(step::Step::Finish(wire::ClassFinish {})) };
            send.send(finish).await.expect("sent");
            let end = answers.message().await?.expect("an answer to the finish");
            let totals = end.totals.expect("totals");
            assert_eq!((totals.added, totals.rejected, totals.conflicting), (BATCHES * ROWS, 0, 0));
            return Ok((durable, true));
        }
        send.send(batch(durable + 1)).await.expect("sent");
        let answer = answers.message().await?.expect("an acknowledgement");
        assert_eq!(answer.batch, durable + 1);
        durable = answer.batch;
    }
    Ok((durable, false))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_imports_and_publications() {
    let folder = tempfile::tempdir().expect("a folder");
    let programs = Programs::start(folder.path()).await;
    eventually("the plan", async || programs.get("/api/v1/plan/tasks").await.0 == 200).await;
    register(&programs).await;

    // An import, killed after every second batch, with further batches on their way: at another moment each time.
    let mut acknowledged = 0;
    for moment in (1..).map(|round: u64| round * 4 % 23) {
        let (durable, finished) = import(&programs, 2).await.expect("the service is up");
        assert!(durable >= acknowledged, "batch {acknowledged} was acknowledged and {durable} is durable");
        acknowledged = durable;
        if finished {
            break;
        }
        let flying = tokio::time::timeout(Duration::from_millis(moment), import(&programs, 3)).await;
        if let Ok(Ok((durable, _))) = flying {
            acknowledged = acknowledged.max(durable);
        }
        programs.kill("childcare");
        programs.launch("childcare").await;
    }
    let stored = places(&programs).await;
    assert_eq!(stored.len() as u64, BATCHES * ROWS, "nothing lost, nothing doubled");
    assert_eq!(stored.iter().sum::<i64>(), (BATCHES * ROWS * 10) as i64);

    // Publications: the same call again and again over kills publishes once.
    let mut reports = Vec::new();
    for month in ["2025-03", "2025-04", "2025-05"] {
        reports.push((month, reviewed(&programs, month, "900").await));
    }
    for (month, id) in &reports {
        let mut sequences = Vec::new();
        for moment in [2, 5, 9, 14, 20] {
            let flying = tokio::time::timeout(Duration::from_millis(moment), publish(&programs, month, id)).await;
            sequences.extend(flying.ok().and_then(Result::ok));
            programs.kill("childcare");
            programs.launch("childcare").await;
        }
        let again = publish(&programs, month, id).await.expect("published, or the first answer");
        assert!(sequences.iter().all(|sequence| *sequence == again), "{sequences:?} and then {again}");
    }
    let all = (BATCHES * ROWS * 10).to_string();
    // A month's denominator may come from the month before (its alignment allows that): the sequence says what arrived.
    eventually("all publications", async || {
        let (_, list) = programs.get(&format!("/api/v1/indicators/C10?region={COUNTY}&period=2025-05")).await;
        list["denominator"] == all.as_str() && bureau(&programs, "childcare").await["sequence"].as_u64() >= Some(3)
    })
    .await;
    assert_eq!(bureau(&programs, "childcare").await["sequence"], 3, "three publications, not more");
    dead_bureau(&programs).await;
}

/// The view answers while childcare is dead, says since when, and catches up.
async fn dead_bureau(programs: &Programs) {
    let path = format!("/api/v1/indicators/C10?region={COUNTY}&period=2025-05");
    let fourth = reviewed(programs, "2025-06", "900").await;
    programs.kill("childcare");
    eventually("staleness", async || bureau(programs, "childcare").await["state"] == "stale").await;
    assert!(bureau(programs, "childcare").await["stale_since"].is_string());
    assert_eq!(bureau(programs, "supervision").await["state"], "live", "a dead bureau hides nothing else");
    let (status, view) = programs.get(&path).await;
    assert_eq!((status, &view["stale"]), (200, &Value::from(true)));
    assert_eq!(view["denominator"], (BATCHES * ROWS * 10).to_string(), "the last figure stays; it is no zero");

    // The gateway dies too, and comes back with what it had while childcare is still away.
    programs.kill("gateway");
    programs.launch("gateway").await;
    eventually("the view from the store", async || programs.get(&path).await.1["denominator"].is_string()).await;

    programs.launch("childcare").await;
    publish(programs, "2025-06", &fourth).await.expect("published");
    eventually("the new publication", async || {
        let state = bureau(programs, "childcare").await;
        state["state"] == "live" && state["sequence"] == 4
    })
    .await;
    let (_, view) = programs.get(&path).await;
    assert_eq!(view["stale"], false);
}

/// Opens, fills, submits and reviews the monthly report of the county, with so many children.
pub(super) async fn reviewed(programs: &Programs, month: &str, enrolled: &str) -> String {
    let mut reports = ReportServiceClient::new(childcare(programs));
    let open = reporting::OpenReportRequest {
        form: "childcare-monthly".into(),
        region: COUNTY.into(),
        period: month.into(),
        revision_reason: String::new(),
    };
    let report = reports.open_report(by(programs, "COUNTY_REPORTER", COUNTY, open)).await.expect("opened").into_inner();
    let cells = [("childcare.children.enrolled", enrolled)]
        .map(|(element, value)| reporting::CellEntry {
            element: element.into(),
            value: value.into(),
            ..reporting::CellEntry::default()
        })
        .to_vec();
    let save = reporting::SaveReportRequest { id: report.id, version: report.version, cells };
    let report = reports.save_report(by(programs, "COUNTY_REPORTER", COUNTY, save)).await.expect("saved").into_inner();
    let submit = reporting::SubmitReportRequest { id: report.id, version: report.version, ..Default::default() };
    let report =
        reports.submit_report(by(programs, "COUNTY_REPORTER", COUNTY, submit)).await.expect("submitted").into_inner();
    let review = reporting::ReviewReportRequest { id: report.id, version: report.version };
    reports.review_report(by(programs, "COUNTY_REVIEWER", COUNTY, review)).await.expect("reviewed").into_inner().id
}

pub(super) async fn publish(programs: &Programs, month: &str, id: &str) -> Result<u64, tonic::Status> {
    let message = reporting::PublishReportsRequest {
        report_ids: vec![id.to_owned()],
        kind: reporting::PublicationKind::Flash as i32,
        reason: String::new(),
        idempotency_key: format!("publish-{month}"),
    };
    let mut publications = PublicationServiceClient::new(childcare(programs));
    let answer = publications.publish_reports(by(programs, "CITY_BUREAU_APPROVER", CITY, message)).await?.into_inner();
    let publication: reporting::Publication = prost::Message::decode(answer.payload).expect("a publication");
    Ok(publication.sequence)
}
