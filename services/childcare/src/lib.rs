//! 市卫生健康委: the registers of childcare institutions and classes, and the figures that come from them.

pub mod bureau;
pub mod cells;
pub mod changes;
pub mod classes;
pub mod codes;
pub mod columns;
pub mod elements;
pub mod fault;
pub mod filing;
pub mod imports;
pub mod institutions;
pub mod timeline;

#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::sync::Arc;

use kit::db::Migrations;
use kit::folder::Folder;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::childcare::class_service_server::ClassServiceServer;
use proto::childcare::filing_service_server::FilingServiceServer;
use proto::childcare::institution_service_server::InstitutionServiceServer;
use reporting::Desk;
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use bureau::Bureau;
use classes::service::Classes;
use elements::Registers;
use filing::service::Filings;
use institutions::service::Institutions;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "childcare";

/// Serves until shutdown.
pub async fn serve(settings: Settings, clock: Clock, listener: TcpListener, shutdown: Shutdown) -> Result<()> {
    let folder = Folder::take(&settings.data)?;
    let city = Arc::new(settings.load_city()?);
    let db = Db::open(&settings.database_location(BUREAU)).await?;
    db.migrate(&migrations()).await?;
    let tls = Tls::load(&settings.tls_files())?;
    tls.watch(shutdown.clone());
    let gate = Gate::new(BUREAU, city.clone(), db.clone(), KeyRing::load(&settings.keys)?, clock.clone())?;
    gate.seed(&settings.users).await?;
    kit::health::open(settings.health, BUREAU, db.clone(), shutdown.clone()).await?;

    let bureau = Bureau { city: city.clone(), db: db.clone(), clock: clock.clone() };
    let register = Arc::new(Registers { bureau: bureau.clone() });
    let key = SigningKey::load_or_create(&settings.signing_key)?;
    let desk = Desk::open(BUREAU, city, db.clone(), clock, key, register, folder.path()).await?;
    let desk = desk.until(shutdown.clone());

    let routes = Routes::new(InstitutionServiceServer::new(Institutions { bureau: bureau.clone() }))
        .add_service(FilingServiceServer::new(Filings { bureau: bureau.clone() }))
        .add_service(ClassServiceServer::new(Classes { bureau }))
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
        table: "_childcare_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[
    institutions::store::SELECT,
    institutions::store::SELECT_HISTORY,
    institutions::import::SELECT_DISAPPEARED,
    filing::store::SELECT,
    filing::store::SELECT_OF_INSTITUTION,
    filing::store::INSERT,
    filing::store::REVOKE,
    classes::store::SELECT,
    classes::import::SELECT_DISAPPEARED,
    imports::store::SELECT,
    imports::store::INSERT,
    imports::store::SELECT_BATCH,
    imports::store::INSERT_BATCH,
    imports::store::UPDATE_TOTALS,
    imports::store::SELECT_FINISH,
    imports::store::FINISH,
    imports::store::FORGET_KEYS,
    changes::BUMP,
    changes::SELECT_COUNTER,
    changes::SELECT_ANSWER,
    changes::INSERT_ANSWER,
    elements::ELEMENTS[0].1,
    elements::ELEMENTS[1].1,
    elements::ELEMENTS[2].1,
    elements::ELEMENTS[3].1,
    elements::ELEMENTS[4].1,
    elements::ELEMENTS[5].1,
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
