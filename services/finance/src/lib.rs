//! 市财政局: the registers of projects, their money and their monthly progress, and the figures that come from them.

pub mod elements;
pub mod funds;
pub mod inclusive;
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

use kit::db::Migrations;
use proto::finance::fund_service_server::FundServiceServer;
use proto::finance::inclusive_place_service_server::InclusivePlaceServiceServer;
use proto::finance::progress_service_server::ProgressServiceServer;
use proto::finance::project_service_server::ProjectServiceServer;
use registry::{Bureau, Opening, Service};
use reporting::Desk;
use tonic::service::Routes;

use funds::service::Funds;
use inclusive::InclusivePlaces;
use progress::service::Reports;
use projects::service::Projects;

/// This bureau.
pub const SERVICE: Service = Service {
    name: "finance",
    migrations,
    elements: &elements::ELEMENTS,
    statements: STATEMENTS,
    people: None,
    feeds: &[],
    copies: &inclusive::COPIED,
    open,
};

/// The plan's projects are in the register before the first call is taken.
fn open<'a>(bureau: &'a Bureau, _: &'a Desk) -> Opening<'a> {
    Box::pin(async move {
        projects::plan::load(bureau).await?;
        Ok(Routes::new(ProjectServiceServer::new(Projects { bureau: bureau.clone() }))
            .add_service(FundServiceServer::new(Funds { bureau: bureau.clone() }))
            .add_service(ProgressServiceServer::new(Reports { bureau: bureau.clone() }))
            .add_service(InclusivePlaceServiceServer::new(InclusivePlaces { bureau: bureau.clone() })))
    })
}

/// The tables of this service.
fn migrations() -> Migrations {
    Migrations {
        table: "_finance_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
const STATEMENTS: &[&str] = &[
    projects::store::SELECT,
    projects::store::SELECT_NUMBERS,
    projects::store::DELETE_STAGE,
    projects::import::SELECT_DISAPPEARED,
    funds::store::SELECT,
    funds::import::SELECT_DISAPPEARED,
    progress::store::SELECT,
    progress::store::SAVE,
];
