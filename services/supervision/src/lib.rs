//! The coordination office's service: the plan, the task ledger, the work register, and the reporting desk of units
//! without a service of their own.

mod actor;
pub mod elements;
pub mod evidence;
pub mod pack;
pub mod plan;
mod publish;
pub mod tasks;
pub mod work;

#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::sync::Arc;

use kit::db::Migrations;
use kit::folder::Folder;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::supervision::plan_service_server::PlanServiceServer;
use proto::supervision::task_ledger_service_server::TaskLedgerServiceServer;
use proto::supervision::work_service_server::WorkServiceServer;
use registry::Bureau;
use reporting::Desk;
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use elements::Registers;
use evidence::LARGEST_MESSAGE;
use plan::service::Plans;
use tasks::service::Ledger;
use work::service::Works;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "supervision";

/// Serves until shutdown. What the bundle says anew is published before the first call is taken.
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
    tasks::load::plan(&bureau).await?;
    let register = Arc::new(Registers { bureau: bureau.clone() });
    let key = SigningKey::load_or_create(&settings.signing_key)?;
    let desk = Desk::open(BUREAU, city.clone(), db.clone(), clock, key, register, folder.path()).await?;
    let desk = desk.until(shutdown.clone());
    publish::bundle(&desk, &city).await?;

    let ledger = TaskLedgerServiceServer::new(Ledger { bureau: bureau.clone() });
    let works = WorkServiceServer::new(Works { bureau });
    let routes = Routes::new(PlanServiceServer::new(Plans(city)))
        .add_service(ledger.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(works.max_decoding_message_size(LARGEST_MESSAGE))
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
        table: "_supervision_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[
    tasks::store::SELECT,
    tasks::store::SELECT_ONE,
    tasks::store::SELECT_GOALS,
    tasks::store::SELECT_GOALS_OF,
    tasks::store::UPDATE,
    tasks::store::UPDATE_GOAL,
    tasks::store::SELECT_REPORTS,
    tasks::store::SELECT_LATEST,
    tasks::store::SAVE_REPORT,
    tasks::store::SELECT_SUMMARIES,
    tasks::store::SELECT_LATEST_SUMMARIES,
    tasks::store::SAVE_SUMMARY,
    tasks::store::SELECT_ADJUSTMENTS,
    tasks::store::INSERT_ADJUSTMENT,
    tasks::store::DECIDE_ADJUSTMENT,
    evidence::store::SELECT_OF,
    evidence::store::SELECT_ONE,
    evidence::store::SELECT_CONTENT,
    evidence::store::COUNT,
    evidence::store::INSERT,
    evidence::store::SELECT_OF_TASK,
    evidence::store::SELECT_CONTENT_OF_TASK,
    work::store::SELECT,
    work::store::FORGET_TYPE_TASKS,
    work::store::FORGET_ELEMENTS,
    elements::ELEMENTS[0].sql,
    elements::ELEMENTS[1].sql,
    elements::ELEMENTS[2].sql,
    elements::ELEMENTS[3].sql,
    elements::ELEMENTS[4].sql,
    elements::ELEMENTS[5].sql,
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
