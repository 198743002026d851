//! What every registry (登记册) of a bureau shares, so that a bureau's service holds only its own rules, tables and
//! words: places, cells of a row and their faults, facts that hold from a day on, history, keyset pages with filters,
//! idempotent mutations, bulk imports, and computing elements by SQL.
//!
//! Functions, not a framework: a registry keeps its own types, its own SQL and its own gRPC methods, and calls these.
//!
//! | room | what for |
//! |---|---|
//! | [`bureau`] | the city's data, database and clock, as a registry's rooms see them |
//! | [`cells`], [`codes`], [`fault`] | reading a row: every cell checked, everything wrong told at once |
//! | [`timeline`] | facts with the days on which they hold |
//! | [`history`] | what happened to a record, appended and never overwritten |
//! | [`columns`] | dates, codes, filters and keyset pages in SQL |
//! | [`changes`] | the change counter, idempotency keys, optimistic locking |
//! | [`imports`] | bulk imports: numbered batches, durable before they are acknowledged |
//! | [`legal_person`] | which institution a row means, by credit code or by name in its county |
//! | [`people`] | the cells that name a person |
//! | [`feed`] | change feeds: what other bureaus copy of a register, and what is copied here |
//! | [`elements`] | data elements, one SQL text each |
//! | [`service`] | a bureau's service as a program: everything but what makes the bureau |

pub mod bureau;
pub mod cells;
pub mod changes;
pub mod codes;
pub mod columns;
pub mod elements;
pub mod fault;
pub mod feed;
pub mod history;
pub mod imports;
pub mod legal_person;
pub mod people;
pub mod service;
pub mod timeline;

pub use bureau::{Bureau, Place};
pub use cells::Cells;
pub use codes::Coded;
pub use fault::{Fault, problem_of};
pub use feed::Feed;
pub use history::{Author, Event};
pub use service::{Opening, Service};
pub use timeline::Dated;

use kit::db::Migrations;

/// The tables of this crate: import ledger, idempotency keys, change counter, history, feeds and copies.
pub fn migrations() -> Migrations {
    Migrations {
        table: "_registry_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// Every SQL text that stands as it is sent, for a test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[
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
    history::SELECT,
    feed::store::HEAD,
    feed::store::NUMBER,
    feed::store::INSERT_BATCH,
    feed::store::FORGET_BATCHES,
    feed::store::SELECT_FILLED,
    feed::store::SAVE_FILLED,
    feed::store::SELECT_PAGE,
    feed::copy::store::SELECT_POSITION,
    feed::copy::store::SELECT_POSITIONS,
    feed::copy::store::SAVE_POSITION,
    feed::copy::store::FORGET_OTHERS,
    feed::copy::store::COUNT,
];

#[cfg(test)]
mod tests {
    use kit::Db;

    #[tokio::test]
    async fn every_statement_prepares() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("registry.db").to_str().unwrap()).await.unwrap();
        db.migrate(&crate::migrations()).await.unwrap();
        for statement in crate::STATEMENTS {
            db.check(*statement).await.unwrap_or_else(|problem| panic!("{problem}: {statement}"));
        }
    }
}
