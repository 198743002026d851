//! Serving gRPC over mTLS with every limit set, and talking to it.

use std::time::Duration;

use hyper_util::rt::TokioIo;
use kit::metrics::Metrics;
use kit::{Problem, Result, Shutdown};
use rustls_pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server, Uri};

use crate::gate::Gate;
use crate::listen::connections;
use crate::measured::Measure;
use crate::tls::Tls;

/// A revoked certificate is refused at the latest after this and [`GRACE`], on the next connection: the server asks a
/// connection to end at this age, and cuts one that a stream holds open.
const CONNECTION_AGE: Duration = Duration::from_secs(600);
/// How long streams may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);

/// Serves `routes` behind the gate until shutdown; grants, access rights, correction tickets, health and reflection are
/// added here. What is served is counted in `metrics`, and traced.
pub async fn serve(
    listener: TcpListener,
    tls: Tls,
    gate: Gate,
    routes: Routes,
    metrics: Metrics,
    shutdown: Shutdown,
) -> Result<()> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .build_v1()
        .map_err(Problem::internal)?;
    let routes = routes
        .add_service(gate.grant_service())
        .add_service(gate.right_service())
        .add_service(gate.correction_service())
        .add_service(health_service)
        .add_service(reflection);
    gate.keep_up(shutdown.clone());
    let incoming = connections(listener, tls, CONNECTION_AGE + GRACE, shutdown.clone());
    let asked = shutdown.clone();
    let server = Server::builder()
        .max_connection_age(CONNECTION_AGE)
        .timeout(Duration::from_secs(60))
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .tcp_nodelay(true)
        .max_concurrent_streams(256)
        .http2_max_header_list_size(32 * 1024)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .layer(Measure { bureau: gate.bureau().to_owned(), metrics })
        .layer(gate)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async move { asked.asked().await });
    match shutdown.bounded(GRACE, server).await {
        Some(ended) => ended.map_err(Problem::internal),
        None => Ok(()),
    }
}

/// A channel to a bureau at `https://host:port`: connects when first used, again when lost, and only to a server
/// whose certificate names that bureau. The certificate in force at each connection is used.
pub fn channel(endpoint: &str, bureau: &str, tls: &Tls) -> Result<Channel> {
    let wrong = || Problem::field("endpoint", "ENDPOINT_INVALID", format!("“{endpoint}”不是 https://主机:端口"));
    let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
    if uri.scheme_str() != Some("https") || uri.port_u16().is_none() {
        return Err(wrong());
    }
    // The connector below speaks TLS itself; to tonic the connection is plain.
    let plain = endpoint.replacen("https://", "http://", 1);
    let endpoint = Endpoint::from_shared(plain)
        .map_err(|_| wrong())?
        .connect_timeout(Duration::from_secs(5))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .tcp_nodelay(true);
    let (tls, bureau) = (tls.clone(), bureau.to_owned());
    let connector = tower::service_fn(move |uri: Uri| {
        let (tls, bureau) = (tls.clone(), bureau.clone());
        async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let config = tls.client(&bureau).map_err(std::io::Error::other)?;
            let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(0))).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
            let stream = TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await?;
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    Ok(endpoint.connect_with_connector_lazy(connector))
}
