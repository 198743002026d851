//! What an operator's Prometheus reads from a running gateway: rates, errors and durations of what is asked, how fresh each
//! bureau is, and that one of them is gone.

use std::collections::BTreeMap;

use proto::gateway::ListBureausRequest;
use proto::gateway::indicator_service_client::IndicatorServiceClient;
use suite_tests::process::Programs;
use suite_tests::suite::{channel, eventually, http_get};

/// Every line of the answer: series → value.
async fn read(programs: &Programs) -> BTreeMap<String, i64> {
    let (status, text) = http_get(programs.health, "/metrics").await;
    assert_eq!(status, 200);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let series = lines.filter_map(|line| line.rsplit_once(' '));
    series.map(|(name, value)| (name.to_owned(), value.split('.').next().unwrap_or("").parse().unwrap_or(0))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_rates_errors_durations_and_lag() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Programs::start(folder.path()).await;
    let page = "/api/v1/indicators?period=2020";
    eventually("the plan", async || programs.get(page).await.0 == 200).await;
    let before = read(&programs).await;
    for _ in 0..3 {
        programs.get(page).await;
    }
    programs.get("/no/such/page?id=530402195001010018").await;
    let mut bureau =
        IndicatorServiceClient::new(channel(folder.path(), "childcare", "gateway", &programs.endpoint("gateway")));
    bureau.list_bureaus(ListBureausRequest {}).await.unwrap();
    let mut stranger =
        IndicatorServiceClient::new(channel(folder.path(), "childcare", "gateway", &programs.endpoint("gateway")));
    let refused = proto::gateway::ResyncBureauRequest::default();
    stranger.resync_bureau(refused).await.unwrap_err();

    let after = read(&programs).await;
    let more = |series: &str| after.get(series).copied().unwrap_or(0) - before.get(series).copied().unwrap_or(0);
    assert_eq!(more("ylyx_http_total{route=\"GET /api/v1/indicators\",code=\"200\"}"), 3, "{after:?}");
    assert_eq!(more("ylyx_http_duration_seconds_count{route=\"GET /api/v1/indicators\"}"), 3);
    assert_eq!(more("ylyx_rpc_total{method=\"ylyx.gateway.v1.IndicatorService/ListBureaus\",code=\"0\"}"), 1);
    assert_eq!(more("ylyx_rpc_total{method=\"ylyx.gateway.v1.IndicatorService/ResyncBureau\",code=\"7\"}"), 1);
    assert!(!after.keys().any(|series| series.contains("no/such") || series.contains("5304021950")), "{after:?}");
    // Gauges are set every few seconds.
    let sequence = "ylyx_feed_sequence{bureau=\"supervision\"}";
    eventually("the gauges", async || {
        let gauges = read(&programs).await;
        gauges.get(sequence).is_some_and(|at| *at > 0) && gauges["ylyx_cube_figures"] > 0
    })
    .await;
    assert_eq!(read(&programs).await["ylyx_feed_diverged{bureau=\"supervision\"}"], 0);

    // A dead bureau shows by its lag, and by nothing else.
    programs.kill("supervision");
    let lag = "ylyx_feed_lag_seconds{bureau=\"supervision\"}";
    let standing = read(&programs).await[lag];
    eventually("the lag", async || read(&programs).await[lag] > standing).await;
    assert_eq!(programs.get(page).await.0, 200);
}
