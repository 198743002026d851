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

use kit::db::Migrations;
use proto::education::class_service_server::ClassServiceServer;
use proto::education::course_service_server::CourseServiceServer;
use proto::education::school_service_server::SchoolServiceServer;
use proto::education::teacher_service_server::TeacherServiceServer;
use registry::{Bureau, Opening, Service};
use reporting::Desk;
use tonic::service::Routes;

use classes::service::Classes;
use courses::service::Courses;
use schools::service::Schools;
use teachers::service::Teachers;

/// This bureau.
pub const SERVICE: Service = Service {
    name: "education",
    migrations,
    elements: &elements::ELEMENTS,
    statements: STATEMENTS,
    people: Some(teachers::store::HOLDING),
    feeds: &[],
    copies: &[],
    open,
};

fn open<'a>(bureau: &'a Bureau, _: &'a Desk) -> Opening<'a> {
    Box::pin(async move {
        Ok(Routes::new(SchoolServiceServer::new(Schools { bureau: bureau.clone() }))
            .add_service(CourseServiceServer::new(Courses { bureau: bureau.clone() }))
            .add_service(TeacherServiceServer::new(Teachers {
                bureau: bureau.clone(),
                persons: bureau.persons()?.clone(),
            }))
            .add_service(ClassServiceServer::new(Classes { bureau: bureau.clone() })))
    })
}

/// The tables of this service.
fn migrations() -> Migrations {
    Migrations {
        table: "_education_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
const STATEMENTS: &[&str] = &[
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
    teachers::correction::SELECT_NAME_TAKEN,
    teachers::correction::SELECT_TO_RENAME,
    teachers::correction::SELECT_OF_PERSON,
    teachers::correction::SELECT_TAUGHT,
    classes::store::SELECT,
    classes::import::SELECT_DISAPPEARED,
];
