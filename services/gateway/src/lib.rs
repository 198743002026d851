//! The gateway: follows every bureau's publications and joins them into indicator views.
//!
//! `follow` brings envelopes in, `arrival` judges them, `store` keeps them, `cube` holds the figures, `evaluate` and
//! `lamp` make indicators of them, `assemble` puts names and words to them, `proof` shows what they stand on; `http`,
//! `grpc` and `console` are the doors. A view reads memory only: no bureau and no register is asked.
//!
//! People work here too: `accounts` and `session` say who somebody is, `bureaus` calls the owner of whatever is read or
//! changed in that person's name.

pub mod accounts;
pub mod arrival;
pub mod assemble;
pub mod bulletin;
pub mod bureaus;
pub mod catalogue;
pub mod console;
pub mod counties;
pub mod cube;
pub mod cut;
pub mod cuts;
pub mod desks;
pub mod evaluate;
pub mod exact;
pub mod figures;
pub mod final_evaluation;
mod follow;
mod freshness;
mod grpc;
mod http;
pub mod lamp;
pub mod pace;
pub mod proof;
pub mod public_data;
mod query;
pub mod registers;
pub mod session;
pub(crate) mod sharing;
pub mod state;
pub mod store;
pub mod view;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit::metrics::Metrics;
use kit::{Clock, Db, Folder, Problem, Result, Shutdown};
use proto::gateway::indicator_service_server::IndicatorServiceServer;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use trust::{Gate, KeyRing, SigningKey, Tls};

use accounts::{AccountSettings, Accounts};
use bureaus::Bureaus;
use http::Front;
use registers::import::jobs::Imports;
use session::Sessions;

pub use state::State;

/// The gateway's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub service: trust::Settings,
    /// Address of the HTTP port.
    pub http: SocketAddr,
    /// The bureaus to follow: name → `https://host:port`.
    pub bureaus: BTreeMap<String, String>,
    /// Takes demonstration data, and says so on every page.
    #[serde(default)]
    pub accept_synthetic: bool,
    /// The key that assertions about signed-in people are signed with, PKCS#8.
    pub issuer_key: PathBuf,
    /// The views can be seen without signing in. Everything else needs an account.
    #[serde(default)]
    pub anonymous_views: bool,
    #[serde(default)]
    pub accounts: AccountSettings,
}

/// Runs the gateway until shutdown: followers, gRPC on `listener`, HTTP on `http`.
pub async fn serve(
    settings: Settings,
    clock: Clock,
    listener: TcpListener,
    http: TcpListener,
    shutdown: Shutdown,
) -> Result<()> {
    let service = &settings.service;
    let folder = Folder::take(&service.data)?;
    let city = Arc::new(service.load_city()?);
    let db = Db::open(&service.database_location("gateway")).await?;
    db.migrate(&store::migrations()).await?;
    let keys = KeyRing::load(&service.keys)?;
    let tls = Tls::load(&service.tls_files())?;
    tls.watch(shutdown.clone());
    let gate = Gate::new("gateway", city.clone(), db.clone(), keys.clone(), clock.clone())?;
    gate.seed(&service.users).await?;
    let health = kit::health::open(service.health, "gateway", db.clone(), shutdown.clone()).await?;

    let customs = arrival::Customs { city, keys, accept_synthetic: settings.accept_synthetic };
    let key = SigningKey::load_or_create(&service.signing_key)?;
    let state = State::open(db.clone(), clock, customs, key, settings.bureaus.keys().cloned()).await?;

    let mut tasks = JoinSet::new();
    let mut channels = BTreeMap::new();
    for (bureau, endpoint) in &settings.bureaus {
        let channel = trust::channel(endpoint, bureau, &tls)?;
        tasks.spawn(follow::follow(state.clone(), bureau.clone(), channel.clone(), shutdown.clone()));
        channels.insert(bureau.clone(), channel);
    }
    let own = listener.local_addr().map_err(Problem::internal)?;
    channels.insert("gateway".to_owned(), trust::channel(&reachable(own), "gateway", &tls)?);
    tasks.spawn(freshness::watch(state.clone(), health.metrics.clone(), shutdown.clone()));
    let front = front(&settings, state.clone(), channels, health.metrics.clone()).await?;
    let asked = shutdown.clone();
    let pages = axum::serve(http, http::router(front)).with_graceful_shutdown(async move { asked.asked().await });
    let stop = shutdown.clone();
    tasks.spawn(async move {
        if let Some(Err(error)) = stop.bounded(Duration::from_secs(5), pages.into_future()).await {
            tracing::error!(%error, "HTTP port ended");
        }
    });
    let routes = tonic::service::Routes::new(IndicatorServiceServer::new(grpc::Door(state)));
    let ended = trust::serve(listener, tls, gate, routes, health.metrics, shutdown.clone()).await;
    shutdown.stop();
    while tasks.join_next().await.is_some() {}
    db.close().await;
    drop(folder);
    ended
}

/// What the pages need beside the views: the bureaus to call, accounts and sessions.
async fn front(
    settings: &Settings,
    state: State,
    channels: BTreeMap<String, Channel>,
    metrics: Metrics,
) -> Result<Front> {
    let (db, clock, city) = (state.db().clone(), state.clock().clone(), state.customs().city.clone());
    let issuer = SigningKey::load_or_create(&settings.issuer_key)?;
    let rules = Arc::new(settings.accounts.clone());
    let accounts = Accounts::open(db.clone(), clock.clone(), city.clone(), rules.clone()).await?;
    if let Some(passwords) = &rules.initial_passwords {
        accounts::seed::seed(&accounts, &settings.service.users, passwords).await?;
    }
    Ok(Front {
        bureaus: Bureaus::new(channels, issuer, city.code.clone(), clock.clone()),
        sessions: Sessions::new(db, clock, rules),
        accounts,
        state,
        anonymous_views: settings.anonymous_views,
        metrics,
        imports: Imports::open(settings.service.data.join("imports"))?,
    })
}

/// The own gRPC port, for the gateway keeps grants like every bureau and asks itself like every bureau.
fn reachable(own: SocketAddr) -> String {
    let ip = if own.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { own.ip() };
    format!("https://{}", SocketAddr::new(ip, own.port()))
}

/// Every SQL text of this crate, for the test that prepares them on both engines.
pub fn statements() -> Vec<&'static str> {
    [
        store::STATEMENTS,
        cuts::store::STATEMENTS,
        public_data::store::STATEMENTS,
        accounts::store::STATEMENTS,
        session::store::STATEMENTS,
    ]
    .concat()
}

/// Reads the configuration file, binds both ports and serves; the program's whole life.
pub async fn run(config: PathBuf) -> Result<()> {
    let settings: Settings = kit::config::load("gateway", &config)?;
    let listener = kit::port::bind(settings.service.listen, "gateway").await?;
    let http = kit::port::bind(settings.http, "gateway http").await?;
    let shutdown = Shutdown::on_signals().map_err(Problem::internal)?;
    serve(settings, Clock::system(), listener, http, shutdown).await
}
