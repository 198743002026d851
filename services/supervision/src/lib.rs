//! The coordination office's service: the plan, the task ledger, the work register, and the reporting desk of units
//! without a service of their own.

mod actor;
pub mod elements;
pub mod evidence;
pub mod pack;
pub mod plan;
mod publish;
pub mod supervised;
pub mod tasks;
pub mod work;

#[cfg(test)]
mod testing;

use kit::db::Migrations;
use proto::supervision::plan_service_server::PlanServiceServer;
use proto::supervision::supervised_institution_service_server::SupervisedInstitutionServiceServer;
use proto::supervision::task_ledger_service_server::TaskLedgerServiceServer;
use proto::supervision::work_service_server::WorkServiceServer;
use registry::{Bureau, Opening, Service};
use reporting::Desk;
use tonic::service::Routes;

use evidence::LARGEST_MESSAGE;
use plan::service::Plans;
use supervised::Supervised;
use tasks::service::Ledger;
use work::service::Works;

/// This bureau.
pub const SERVICE: Service = Service {
    name: "supervision",
    migrations,
    elements: &elements::ELEMENTS,
    statements: STATEMENTS,
    people: None,
    feeds: &[],
    copies: &supervised::COPIED,
    open,
};

/// What the bundle says anew is published before the first call is taken.
fn open<'a>(bureau: &'a Bureau, desk: &'a Desk) -> Opening<'a> {
    Box::pin(async move {
        tasks::load::plan(bureau).await?;
        publish::bundle(desk, &bureau.city).await?;
        let ledger = TaskLedgerServiceServer::new(Ledger { bureau: bureau.clone() });
        let works = WorkServiceServer::new(Works { bureau: bureau.clone() });
        Ok(Routes::new(PlanServiceServer::new(Plans(bureau.city.clone())))
            .add_service(ledger.max_decoding_message_size(LARGEST_MESSAGE))
            .add_service(works.max_decoding_message_size(LARGEST_MESSAGE))
            .add_service(SupervisedInstitutionServiceServer::new(Supervised { bureau: bureau.clone() })))
    })
}

/// The tables of this service.
fn migrations() -> Migrations {
    Migrations {
        table: "_supervision_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
const STATEMENTS: &[&str] = &[
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
    tasks::reminder::store::SELECT,
    tasks::reminder::store::INSERT,
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
];
