//! 市委老干部局: the registers of seniors' schools, their courses, teachers and classes, and the figures that come from
//! them.

pub mod classes;
pub mod courses;
pub mod elements;
pub mod schools;
pub mod teachers;

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
use proto::education::class_service_server::ClassServiceServer;
use proto::education::course_service_server::CourseServiceServer;
use proto::education::school_service_server::SchoolServiceServer;
use proto::education::teacher_service_server::TeacherServiceServer;
use registry::Bureau;
use reporting::Desk;
use tokio::net::TcpListener;
use tonic::service::Routes;
use trust::{Gate, KeyRing, Settings, SigningKey, Tls};

use classes::service::Classes;
use courses::service::Courses;
use elements::Registers;
use schools::service::Schools;
use teachers::service::Teachers;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "education";

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

    let routes = Routes::new(SchoolServiceServer::new(Schools { bureau: bureau.clone() }))
        .add_service(CourseServiceServer::new(Courses { bureau: bureau.clone() }))
        .add_service(TeacherServiceServer::new(Teachers { bureau: bureau.clone() }))
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
        table: "_education_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[
    schools::store::SELECT,
    schools::store::SELECT_DEMONSTRATIONS,
    schools::store::INSERT_DEMONSTRATION,
    schools::store::REVOKE_DEMONSTRATION,
    schools::store::TOUCH,
    schools::import::SELECT_DISAPPEARED,
    courses::store::SELECT,
    courses::import::SELECT_DISAPPEARED,
    teachers::store::SELECT,
    teachers::import::SELECT_DISAPPEARED,
    classes::store::SELECT,
    classes::import::SELECT_DISAPPEARED,
    elements::ELEMENTS[0].sql,
    elements::ELEMENTS[1].sql,
    elements::ELEMENTS[2].sql,
    elements::ELEMENTS[3].sql,
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
