//! Who gets no further than the handshake or the gate: no certificate, an expired one, another authority's, another
//! bureau's; an assertion of another time, another city, another hand; a person of another region.

use proto::reporting::report_service_client::ReportServiceClient;
use proto::reporting::{ListFormsRequest, OpenReportRequest};
use proto::supervision::GetPlanRequest;
use proto::supervision::plan_service_client::PlanServiceClient;
use suite_tests::people::{assertion, request, user_with};
use suite_tests::suite::{Engine, Running, channel};

const CITY: &str = "530400";

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let running = Running::start(Engine::Sqlite, None).await;
    let plan = |party: &str| PlanServiceClient::new(running.channel_as(party, "supervision"));
    plan("operator").get_plan(GetPlanRequest {}).await.expect("the operator may read the plan");

    // No certificate at all: the handshake ends.
    let address = running.endpoint("supervision").replace("https://", "");
    let mut bare = tokio::net::TcpStream::connect(&address).await.expect("connected");
    tokio::io::AsyncWriteExt::write_all(&mut bare, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut bare, &mut answer).await;
    assert!(!answer.windows(4).any(|bytes| bytes == b"grpc"), "plain text gets no answer");

    // An expired certificate of the right party.
    let city = city::bundle::City::embedded();
    let trust_folder = running.data().join("trust");
    let authority = trust::dev::authority(&trust_folder, &city).expect("the authority");
    let uri = format!("spiffe://{CITY}/operator/late");
    trust::dev::certify(&authority, &trust_folder.join("late"), &uri, Some((2021, 1, 1))).expect("made");
    let refused = plan("late").get_plan(GetPlanRequest {}).await.unwrap_err();
    assert!(no_connection(&refused), "{refused:?}");

    // The same name from another authority.
    let elsewhere = tempfile::tempdir().expect("a folder");
    trust::dev::prepare(elsewhere.path(), &city, &["supervision"]).expect("another authority");
    std::fs::copy(trust_folder.join("ca.pem"), elsewhere.path().join("trust/ca.pem")).expect("copied");
    let endpoint = running.endpoint("supervision");
    let mut impostor = PlanServiceClient::new(channel(elsewhere.path(), "operator", "supervision", &endpoint));
    assert!(no_connection(&impostor.get_plan(GetPlanRequest {}).await.unwrap_err()));

    // Another city's certificate, even by the same authority.
    trust::dev::certify(&authority, &trust_folder.join("foreign"), "spiffe://530500/operator/x", None).expect("made");
    let refused = plan("foreign").get_plan(GetPlanRequest {}).await.unwrap_err();
    assert!(no_connection(&refused), "{refused:?}");

    // A server that is not the bureau that was meant.
    let mut wrong = PlanServiceClient::new(channel(running.data(), "operator", "finance", &endpoint));
    assert!(no_connection(&wrong.get_plan(GetPlanRequest {}).await.unwrap_err()));
}

/// True when the handshake failed: no answer of the service reached us.
fn no_connection(status: &tonic::Status) -> bool {
    std::error::Error::source(status).is_some() && kit::Problem::reason_of(status).is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn assertions() {
    let running = Running::start(Engine::Sqlite, None).await;
    let mut reports = ReportServiceClient::new(running.channel_as("operator", "childcare"));
    let clerk = user_with(running.data(), "childcare", "COUNTY_REPORTER", "530402");
    let now = running.clock.micros();
    let reason = |status: tonic::Status| kit::Problem::reason_of(&status);

    let good = assertion(running.data(), &clerk, CITY, now);
    reports.list_forms(request(ListFormsRequest {}, &good)).await.expect("a good assertion");
    let refused = reports.list_forms(ListFormsRequest {}).await.unwrap_err();
    assert_eq!(reason(refused), "ASSERTION_MISSING");
    let old = assertion(running.data(), &clerk, CITY, now - 3_600_000_000);
    assert_eq!(reason(reports.list_forms(request(ListFormsRequest {}, &old)).await.unwrap_err()), "ASSERTION_EXPIRED");
    let foreign = assertion(running.data(), &clerk, "530500", now);
    let refused = reports.list_forms(request(ListFormsRequest {}, &foreign)).await.unwrap_err();
    assert_eq!(reason(refused), "ASSERTION_FOREIGN");
    let key = trust::SigningKey::load_or_create(&running.data().join("trust/gateway/signing.key")).expect("a key");
    let forged =
        trust::issue_assertion(&key, &clerk.id, &clerk.name, "", CITY, now, std::time::Duration::from_secs(60));
    let refused = reports.list_forms(request(ListFormsRequest {}, &forged)).await.unwrap_err();
    assert_eq!(reason(refused), "ASSERTION_FORGED", "a stolen gateway key vouches for nobody");

    let open = OpenReportRequest {
        form: "childcare-monthly".into(),
        region: "530403".into(),
        period: "2026-10".into(),
        revision_reason: String::new(),
    };
    let refused = reports.open_report(request(open.clone(), &good)).await.unwrap_err();
    assert_eq!(reason(refused), "REGION_OUT_OF_SCOPE", "another county's report");
    for (region, period, expected) in [
        ("999999", "2026-10", "REGION_UNKNOWN"),
        ("530402", "2026-13", "PERIOD_INVALID"),
        ("530402", "2025", "PERIOD_INVALID"),
    ] {
        let ask = OpenReportRequest { region: region.into(), period: period.into(), ..open.clone() };
        let refused = reports.open_report(request(ask, &good)).await.unwrap_err();
        let got = reason(refused);
        assert!(got == expected || (region == "999999" && got == "REGION_OUT_OF_SCOPE"), "{region} {period}: {got}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_http_refuses() {
    let running = Running::start(Engine::Sqlite, None).await;
    for (path, status, reason) in [
        ("/api/v1/indicators?region=999999&period=2020", 404, "REGION_UNKNOWN"),
        ("/api/v1/indicators?region=530400&period=2020-13", 400, "PERIOD_INVALID"),
        ("/api/v1/indicators?region=530400", 400, "PERIOD_REQUIRED"),
        ("/api/v1/indicators/X99?period=2020", 404, "INDICATOR_UNKNOWN"),
        ("/api/v1/indicators?period=2020&as_of=yesterday", 400, "AS_OF_INVALID"),
        ("/api/v1/indicators?period=2020&as_of=2001-01-01", 503, "PLAN_NOT_RECEIVED"),
        ("/api/v1/nothing", 404, "PATH_UNKNOWN"),
    ] {
        let (got, body) = running.get(path).await;
        assert_eq!((got, body["reason"].as_str()), (status, Some(reason)), "{path}: {body}");
        assert!(body["message"].as_str().is_some_and(|text| !text.is_ascii()), "a message in Chinese: {body}");
    }
    let (status, openapi) = running.get("/api/openapi.json").await;
    assert_eq!(status, 200);
    for path in ["/api/v1/indicators", "/api/v1/indicators/{code}/proof", "/api/v1/bureaus", "/api/v1/plan/projects"] {
        assert!(openapi["paths"][path].is_object(), "{path} is described");
    }
    assert_eq!(running.get_text("/api/docs/").await.0, 200, "the docs page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_or_folder_in_use_is_named_and_nothing_is_started() {
    let running = Running::start(Engine::Sqlite, None).await;
    let again = ylyx::suite::Suite::start(ylyx::suite::SuiteOptions::on_free_ports(running.data())).await;
    assert_eq!(again.map(drop).unwrap_err().reason, "DATA_FOLDER_HELD");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let taken = ylyx::suite::SuiteOptions {
        http: running.suite.as_ref().expect("running").http,
        ..ylyx::suite::SuiteOptions::on_free_ports(elsewhere.path())
    };
    let problem = ylyx::suite::Suite::start(taken).await.map(drop).unwrap_err();
    assert_eq!(problem.reason, "PORT_IN_USE");
}
