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

use kit::db::Migrations;
use proto::elderly_care::bed_service_server::BedServiceServer;
use proto::elderly_care::facility_service_server::FacilityServiceServer;
use proto::elderly_care::institution_feed_service_server::InstitutionFeedServiceServer;
use proto::elderly_care::institution_service_server::InstitutionServiceServer;
use registry::{Bureau, Opening, Service};
use reporting::Desk;
use tonic::service::Routes;

use beds::service::Beds;
use facilities::service::Facilities;
use institutions::feed::InstitutionFeeds;
use institutions::service::Institutions;

/// This bureau.
pub const SERVICE: Service = Service {
    name: "elderly-care",
    migrations,
    elements: &elements::ELEMENTS,
    statements: STATEMENTS,
    people: None,
    feeds: &[institutions::feed::FEED],
    copies: &[],
    open,
};

fn open<'a>(bureau: &'a Bureau, _: &'a Desk) -> Opening<'a> {
    Box::pin(async move {
        Ok(Routes::new(InstitutionServiceServer::new(Institutions { bureau: bureau.clone() }))
            .add_service(BedServiceServer::new(Beds { bureau: bureau.clone() }))
            .add_service(FacilityServiceServer::new(Facilities { bureau: bureau.clone() }))
            .add_service(InstitutionFeedServiceServer::new(InstitutionFeeds { bureau: bureau.clone() })))
    })
}

/// The tables of this service.
fn migrations() -> Migrations {
    Migrations {
        table: "_elderly_care_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
const STATEMENTS: &[&str] = &[
    institutions::store::SELECT,
    institutions::store::SELECT_IDS_AFTER,
    institutions::import::SELECT_DISAPPEARED,
    beds::store::SELECT,
    beds::store::SELECT_HOSTS,
    beds::import::SELECT_DISAPPEARED,
    facilities::store::SELECT,
    facilities::import::SELECT_DISAPPEARED,
];
