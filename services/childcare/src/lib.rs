//! 市卫生健康委: the registers of childcare institutions, classes and staff, and the figures that come from them.

pub mod classes;
pub mod elements;
pub mod feeds;
pub mod filing;
pub mod institutions;
pub mod staff;

#[cfg(test)]
mod feeds_test;
#[cfg(test)]
mod imports_test;
#[cfg(test)]
mod testing;

use kit::db::Migrations;
use proto::childcare::class_service_server::ClassServiceServer;
use proto::childcare::filing_service_server::FilingServiceServer;
use proto::childcare::institution_feed_service_server::InstitutionFeedServiceServer;
use proto::childcare::institution_service_server::InstitutionServiceServer;
use proto::childcare::staff_service_server::StaffServiceServer;
use registry::{Bureau, Opening, Service};
use reporting::Desk;
use tonic::service::Routes;

use classes::service::Classes;
use feeds::InstitutionFeeds;
use filing::service::Filings;
use institutions::service::Institutions;
use staff::service::StaffDoor;

/// This bureau.
pub const SERVICE: Service = Service {
    name: "childcare",
    migrations,
    elements: &elements::ELEMENTS,
    statements: STATEMENTS,
    people: Some(staff::store::HOLDING),
    feeds: &[institutions::feed::FEED, filing::feed::FEED],
    copies: &[],
    open,
};

fn open<'a>(bureau: &'a Bureau, _: &'a Desk) -> Opening<'a> {
    Box::pin(async move {
        Ok(Routes::new(InstitutionServiceServer::new(Institutions { bureau: bureau.clone() }))
            .add_service(FilingServiceServer::new(Filings { bureau: bureau.clone() }))
            .add_service(ClassServiceServer::new(Classes { bureau: bureau.clone() }))
            .add_service(StaffServiceServer::new(StaffDoor {
                bureau: bureau.clone(),
                persons: bureau.persons()?.clone(),
            }))
            .add_service(InstitutionFeedServiceServer::new(InstitutionFeeds { bureau: bureau.clone() })))
    })
}

/// The tables of this service.
fn migrations() -> Migrations {
    Migrations {
        table: "_childcare_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
const STATEMENTS: &[&str] = &[
    institutions::store::SELECT,
    institutions::store::SELECT_IDS_AFTER,
    institutions::import::SELECT_DISAPPEARED,
    filing::feed::SELECT,
    filing::store::SELECT,
    filing::store::SELECT_OF_INSTITUTION,
    filing::store::INSERT,
    filing::store::REVOKE,
    classes::store::SELECT,
    classes::import::SELECT_DISAPPEARED,
    staff::store::SELECT,
    staff::store::SELECT_OF_PERSON,
    staff::import::SELECT_DISAPPEARED,
];
