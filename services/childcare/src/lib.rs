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

use std::sync::Arc;

use kit::db::Migrations;
use kit::{Clock, Db, Result, Shutdown};
use tokio::net::TcpListener;

/// Name of this bureau in identities and as owner of elements.
pub const BUREAU: &str = "childcare";

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
