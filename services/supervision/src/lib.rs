//! The coordination office's service: the plan, and the reporting desk of units without a service of their own.

pub mod plan;
mod publish;

use std::path::PathBuf;
use std::sync::Arc;

use kit::folder::Folder;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::supervision::plan_service_server::PlanServiceServer;
use reporting::{Desk, NoRegister};
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use plan::service::Plans;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "supervision";

/// Serves until shutdown. What the bundle says anew is published before the first call is taken.
pub async fn serve(settings: Settings, clock: Clock, listener: TcpListener, shutdown: Shutdown) -> Result<()> {
    let folder = Folder::take(&settings.data)?;
    let city = Arc::new(settings.load_city()?);
    let db = Db::open(&settings.database_location(BUREAU)).await?;
    let tls = Tls::load(&settings.tls_files())?;
    tls.watch(shutdown.clone());
    let gate = Gate::new(BUREAU, city.clone(), db.clone(), KeyRing::load(&settings.keys)?, clock.clone())?;
    gate.seed(&settings.users).await?;
    kit::health::open(settings.health, BUREAU, db.clone(), shutdown.clone()).await?;

    let key = SigningKey::load_or_create(&settings.signing_key)?;
    let register = Arc::new(NoRegister);
    let desk = Desk::open(BUREAU, city.clone(), db.clone(), clock, key, register, folder.path()).await?;
    let desk = desk.until(shutdown.clone());
    publish::bundle(&desk, &city).await?;

    let routes = Routes::new(PlanServiceServer::new(Plans(city)))
        .add_service(desk.report_service())
        .add_service(desk.publication_service());
    let ended = trust::serve(listener, tls, gate, routes, shutdown).await;
    db.close().await;
    ended
}

/// Reads the configuration file, binds the port and serves; the program's whole life.
pub async fn run(config: PathBuf) -> Result<()> {
    let settings: Settings = kit::config::load(BUREAU, &config)?;
    let listener = kit::port::bind(settings.listen, BUREAU).await?;
    let shutdown = Shutdown::on_signals().map_err(Problem::internal)?;
    serve(settings, Clock::system(), listener, shutdown).await
}
