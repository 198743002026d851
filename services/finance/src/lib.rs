//! 市财政局: the registers of projects, their money and their monthly progress, and the figures that come from them.

pub mod elements;
pub mod funds;
pub mod money;
pub mod progress;
pub mod projects;

#[cfg(test)]
mod elements_test;
#[cfg(test)]
mod imports_test;
#[cfg(test)]
mod plan_test;
#[cfg(test)]
mod service_test;
#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::sync::Arc;

use kit::db::Migrations;
use kit::folder::Folder;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::finance::fund_service_server::FundServiceServer;
use proto::finance::progress_service_server::ProgressServiceServer;
use proto::finance::project_service_server::ProjectServiceServer;
use registry::Bureau;
use reporting::Desk;
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use elements::Registers;
use funds::service::Funds;
use progress::service::Reports;
use projects::service::Projects;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "finance";

/// Serves until shutdown.
pub async fn serve(settings: Settings, clock: Clock, listener: TcpListener, shutdown: Shutdown) -> Result<()> {
    let folder = Folder::take(&settings.data)?;
    let city = Arc::new(settings.load_city()?);
    let db = Db::open(&settings.database_location(BUREAU)).await?;
    db.migrate(&registry::migrations()).await?;
    db.migrate(&migrations()).await?;
    let tls = Tls::load(&settings.tls_files())?;
    tls.watch(shutdown.clone());
    let gate = Gate::new(BUREAU, city.clone(), db.clone(), KeyRing::load(&settings.keys)?, clock.clone())?;
    gate.seed(&settings.users).await?;
    kit::health::open(settings.health, BUREAU, db.clone(), shutdown.clone()).await?;

    let bureau = Bureau { city: city.clone(), db: db.clone(), clock: clock.clone() };
    projects::plan::load(&bureau).await?;
    let register = Arc::new(Registers { bureau: bureau.clone() });
    let key = SigningKey::load_or_create(&settings.signing_key)?;
    let desk = Desk::open(BUREAU, city, db.clone(), clock, key, register, folder.path()).await?;
    let desk = desk.until(shutdown.clone());

    let routes = Routes::new(ProjectServiceServer::new(Projects { bureau: bureau.clone() }))
        .add_service(FundServiceServer::new(Funds { bureau: bureau.clone() }))
        .add_service(ProgressServiceServer::new(Reports { bureau }))
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

/// The tables of this service.
pub fn migrations() -> Migrations {
    Migrations {
        table: "_finance_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[
    projects::store::SELECT,
    projects::store::SELECT_NUMBERS,
    projects::store::DELETE_STAGE,
    projects::import::SELECT_DISAPPEARED,
    funds::store::SELECT,
    funds::import::SELECT_DISAPPEARED,
    progress::store::SELECT,
    progress::store::SAVE,
    elements::ELEMENTS[0].sql,
    elements::ELEMENTS[1].sql,
    elements::ELEMENTS[2].sql,
    elements::ELEMENTS[3].sql,
    elements::ELEMENTS[4].sql,
    elements::ELEMENTS[5].sql,
    elements::ELEMENTS[6].sql,
    elements::ELEMENTS[7].sql,
];

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn every_statement_prepares() {
        let fixture = crate::testing::bureau("2025-11-05").await;
        for statement in crate::STATEMENTS {
            fixture.bureau.db.check(*statement).await.unwrap_or_else(|problem| panic!("{problem}: {statement}"));
        }
    }
}
