//! The city's table (13 indicators by 9 counties and the city) over gRPC, beside a bare service that answers with the
//! same message over the same mutual TLS; and what a dead bureau adds.

use std::time::{Duration, Instant};

use gateway::figures::Columns;
use proto::gateway::indicator_service_client::IndicatorServiceClient;
use proto::gateway::indicator_service_server::{IndicatorService, IndicatorServiceServer};
use proto::gateway::{self as wire, ListCountiesRequest};
use suite_tests::suite::{Engine, Running, channel, tls};
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};

use super::{Line, ROUNDS, Ratio};

const CALLS: usize = 400;

/// Answers with the same table, and the same columns, whatever is asked.
pub(crate) struct Echo {
    pub(crate) table: wire::CountyTable,
    pub(crate) columns: Box<dyn Fn() -> Columns + Send + Sync>,
}

#[tonic::async_trait]
impl IndicatorService for Echo {
    async fn list_counties(&self, _: Request<ListCountiesRequest>) -> Result<Response<wire::CountyTable>, Status> {
        Ok(Response::new(self.table.clone()))
    }
    async fn list_indicators(
        &self,
        _: Request<wire::ListIndicatorsRequest>,
    ) -> Result<Response<wire::ListIndicatorsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn get_indicator(
        &self,
        _: Request<wire::GetIndicatorRequest>,
    ) -> Result<Response<wire::IndicatorDetail>, Status> {
        Err(Status::unimplemented(""))
    }
    type ReadFiguresStream = Columns;
    async fn read_figures(
        &self,
        _: Request<wire::ReadFiguresRequest>,
    ) -> Result<Response<Self::ReadFiguresStream>, Status> {
        Ok(Response::new((self.columns)()))
    }
    async fn get_proof(&self, _: Request<wire::GetIndicatorRequest>) -> Result<Response<wire::Proof>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn list_bureaus(
        &self,
        _: Request<wire::ListBureausRequest>,
    ) -> Result<Response<wire::ListBureausResponse>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn resync_bureau(&self, _: Request<wire::ResyncBureauRequest>) -> Result<Response<wire::Bureau>, Status> {
        Err(Status::unimplemented(""))
    }
}

pub(crate) async fn measure() -> Vec<Line> {
    let mut running = Running::demonstration(Engine::Sqlite).await;
    let mut ours = IndicatorServiceClient::new(running.channel_as("operator", "gateway"));
    let table = ask(&mut ours).await;
    let size = prost::Message::encoded_len(&table);
    let mut echo = IndicatorServiceClient::new(
        echo(&running, Echo { table, columns: Box::new(|| Box::pin(tokio_stream::empty())) }).await,
    );
    for client in [&mut ours, &mut echo] {
        calls(client, 50).await;
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((calls(&mut ours, CALLS).await, calls(&mut echo, CALLS).await));
    }
    let lively = rounds.iter().map(|(ours, _)| *ours).min().unwrap_or_default();
    let mut lines = vec![Line {
        what: "city view, 13 × 10, over gRPC".into(),
        limit: "bare tonic echo of the same message, same mTLS".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "≥ 0.9",
        note: format!(
            "access rule, cut, freshness; {size} bytes, {} per call one after the other",
            super::micros(lively / CALLS as u32)
        ),
    }];
    running.stop().await;
    running.launch_without(&["elderly-care", "childcare", "education", "finance", "supervision"]).await;
    let mut alone = IndicatorServiceClient::new(running.channel_as("operator", "gateway"));
    calls(&mut alone, 50).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((calls(&mut alone, CALLS).await, calls(&mut echo, CALLS).await));
    }
    lines.push(Line {
        what: "the same view while all five bureaus are down".into(),
        limit: "the same echo".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "as above",
        note: "figures labelled with their date; the gateway goes on trying all five".into(),
    });
    lines
}

async fn ask(client: &mut IndicatorServiceClient<Channel>) -> wire::CountyTable {
    let message = ListCountiesRequest { period: "2026-09".into(), as_of: String::new() };
    client.list_counties(message).await.expect("a table").into_inner()
}

async fn calls(client: &mut IndicatorServiceClient<Channel>, many: usize) -> Duration {
    let begin = Instant::now();
    for _ in 0..many {
        std::hint::black_box(ask(client).await);
    }
    begin.elapsed()
}

/// A bare service behind the gateway's own certificate.
pub(crate) async fn echo(running: &Running, echo: Echo) -> Channel {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let incoming = trust::listen::connections(
        listener,
        tls(running.data(), "gateway"),
        Duration::from_secs(3600),
        kit::Shutdown::new(),
    );
    tokio::spawn(
        Server::builder()
            .tcp_nodelay(true)
            .add_service(IndicatorServiceServer::new(echo))
            .serve_with_incoming(incoming),
    );
    channel(running.data(), "operator", "gateway", &format!("https://{address}"))
}
