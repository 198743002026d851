//! 市民政局: the registers of elderly institutions, their beds and the community facilities, and the figures that come
//! from them.

pub mod beds;
pub mod elements;
pub mod facilities;
pub mod institutions;

#[cfg(test)]
mod elements_test;
#[cfg(test)]
mod imports_test;
#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::sync::Arc;

use kit::db::Migrations;
use kit::folder::Folder;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::elderly_care::bed_service_server::BedServiceServer;
use proto::elderly_care::facility_service_server::FacilityServiceServer;
use proto::elderly_care::institution_service_server::InstitutionServiceServer;
use registry::Bureau;
use reporting::Desk;
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use beds::service::Beds;
use elements::Registers;
use facilities::service::Facilities;
use institutions::service::Institutions;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "elderly-care";

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
    let register = Arc::new(Registers { bureau: bureau.clone() });
    let key = SigningKey::load_or_create(&settings.signing_key)?;
    let desk = Desk::open(BUREAU, city, db.clone(), clock, key, register, folder.path()).await?;
    let desk = desk.until(shutdown.clone());

    let routes = Routes::new(InstitutionServiceServer::new(Institutions { bureau: bureau.clone() }))
        .add_service(BedServiceServer::new(Beds { bureau: bureau.clone() }))
        .add_service(FacilityServiceServer::new(Facilities { bureau }))
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
        table: "_elderly_care_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[
    institutions::store::SELECT,
    institutions::import::SELECT_DISAPPEARED,
    beds::store::SELECT,
    beds::store::SELECT_HOSTS,
    beds::import::SELECT_DISAPPEARED,
    facilities::store::SELECT,
    facilities::import::SELECT_DISAPPEARED,
    elements::ELEMENTS[0].sql,
    elements::ELEMENTS[1].sql,
    elements::ELEMENTS[2].sql,
    elements::ELEMENTS[3].sql,
    elements::ELEMENTS[4].sql,
    elements::ELEMENTS[5].sql,
    elements::ELEMENTS[6].sql,
    elements::ELEMENTS[7].sql,
    elements::ELEMENTS[8].sql,
    elements::ELEMENTS[9].sql,
    elements::ELEMENTS[10].sql,
    elements::ELEMENTS[11].sql,
    elements::ELEMENTS[12].sql,
    elements::ELEMENTS[13].sql,
    elements::ELEMENTS[14].sql,
    elements::ELEMENTS[15].sql,
    elements::ELEMENTS[16].sql,
    elements::ELEMENTS[17].sql,
    elements::ELEMENTS[18].sql,
    elements::ELEMENTS[19].sql,
    elements::ELEMENTS[20].sql,
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
