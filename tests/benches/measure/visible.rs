//! From the answer to a publication until the gateway shows it.

use std::time::{Duration, Instant};

use prost::Message;
use proto::gateway::ListBureausRequest;
use proto::gateway::indicator_service_client::IndicatorServiceClient;
use proto::reporting::{Publication, PublicationKind};
use suite_tests::desk::Desk;
use suite_tests::suite::{Engine, Running};

use super::{Line, micros, quantile};

const COUNTIES: [&str; 9] = ["530402", "530403", "530481", "530423", "530424", "530425", "530426", "530427", "530428"];

pub(crate) async fn measure() -> Line {
    let running = Running::start(Engine::Sqlite, None).await;
    let desk = Desk::new(&running, "supervision");
    let mut gateway = IndicatorServiceClient::new(running.channel_as("operator", "gateway"));
    let mut times = Vec::new();
    for month in 1..=10 {
        for county in COUNTIES {
            let typed = [("insurance.pension.participants", "960"), ("insurance.pension.due", "1000")];
            let period = format!("2026-{month:02}");
            let report = desk.report("pension-monthly", county, &period, &typed).await;
            let envelope = desk.publish(&[report.id], PublicationKind::Final).await.expect("published");
            let begin = Instant::now();
            let sequence = Publication::decode(envelope.payload).expect("a publication").sequence;
            loop {
                let known = gateway.list_bureaus(ListBureausRequest {}).await.expect("bureaus").into_inner().bureaus;
                if known.iter().any(|one| one.name == "supervision" && one.sequence >= sequence) {
                    break;
                }
                assert!(begin.elapsed() < Duration::from_secs(10), "never shown");
            }
            times.push(begin.elapsed());
        }
    }
    let (median, late) = (quantile(&mut times, 50), quantile(&mut times, 99));
    Line {
        what: format!("publish to visible, {} publications", times.len()),
        limit: "—".into(),
        figure: format!("p50 {}, p99 {}", micros(median), micros(late)),
        aim: "p99 ≤ 100 ms",
        note: "signature and chain verified, envelope durable before it is shown".into(),
    }
}
