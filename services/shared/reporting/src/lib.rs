//! From a data element to a signed publication: reports with their sign chain, the one gap-free stream of what a
//! bureau has approved, and `Follow` for those entitled to it.
//!
//! A bureau opens a [`Desk`] over its database, hands it what its registers compute ([`Register`]), and serves the two
//! services of `ylyx.reporting.v1` that the desk gives it.
//!
//! - `report`: the state machine, its tables, its service. Published reports never change.
//! - `package`: a region's forms of one period together (套表), what is outstanding, acts on many reports at once.
//! - `basis`: which value of an element counts in a region (上报, 双轨, 台账), and the signed cut-over.
//! - `unlock`: locked periods and who may still hand in (补报).
//! - `publication`: envelopes, the stream, its service. Published envelopes never change.
//! - `stream_identity`: which stream this database writes, and what happens when it comes back from a backup.

mod basis;
mod forms;
mod package;
mod person;
mod publication;
mod register;
mod report;
mod stream_identity;
mod unlock;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use city::bundle::City;
use kit::db::Migrations;
use kit::{Clock, Db, Problem, Result, Shutdown};
use proto::reporting::publication_service_server::PublicationServiceServer;
use proto::reporting::report_service_server::ReportServiceServer;
use tokio::sync::watch;
use trust::SigningKey;

pub use publication::service::Publications;
pub use register::{Computed, NoRegister, Register};
pub use report::service::Reports;
use stream_identity::HighWater;

/// Every SQL constant of this crate, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &statements();

const ROOMS: [&[&str]; 5] = [
    report::store::STATEMENTS,
    package::store::STATEMENTS,
    basis::store::STATEMENTS,
    unlock::store::STATEMENTS,
    publication::store::STATEMENTS,
];

const COUNT: usize = {
    let (mut count, mut room) = (0, 0);
    while room < ROOMS.len() {
        count += ROOMS[room].len();
        room += 1;
    }
    count
};

const fn statements() -> [&'static str; COUNT] {
    let mut all = [""; COUNT];
    let (mut at, mut room) = (0, 0);
    while room < ROOMS.len() {
        let mut place = 0;
        while place < ROOMS[room].len() {
            all[at] = ROOMS[room][place];
            at += 1;
            place += 1;
        }
        room += 1;
    }
    all
}

/// The desk's tables, beside those of the bureau's registers.
pub fn migrations() -> Migrations {
    Migrations {
        table: "_reporting_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// The reporting desk of one bureau. Clones share everything.
#[derive(Clone)]
pub struct Desk {
    bureau: Arc<str>,
    city: Arc<City>,
    db: Db,
    clock: Clock,
    key: Arc<SigningKey>,
    register: Arc<dyn Register>,
    high_water: Arc<HighWater>,
    /// Wakes followers in this process; carries nothing, they read the table.
    news: watch::Sender<()>,
    shutdown: Shutdown,
    synthetic: bool,
}

impl Desk {
    /// Migrates the desk's tables, settles which stream it writes, and is ready. `data` is the bureau's data folder,
    /// already taken. Fails with STREAM_FILE_INVALID, SCHEMA_NEWER, SCHEMA_FAILED.
    pub async fn open(
        bureau: &str,
        city: Arc<City>,
        db: Db,
        clock: Clock,
        key: SigningKey,
        register: Arc<dyn Register>,
        data: &Path,
    ) -> Result<Desk> {
        db.migrate(&migrations()).await?;
        let high_water = HighWater::open(data)?;
        stream_identity::settle(&db, &clock, &key, &high_water).await?;
        Ok(Desk {
            bureau: bureau.into(),
            city,
            db,
            clock,
            key: Arc::new(key),
            register,
            high_water: Arc::new(high_water),
            news: watch::Sender::new(()),
            shutdown: Shutdown::new(),
            synthetic: false,
        })
    }

    /// Ends the streams of followers when stopping is asked for, so that they do not hold the server open.
    pub fn until(self, shutdown: Shutdown) -> Desk {
        Desk { shutdown, ..self }
    }

    /// Marks everything published from here on as demonstration data.
    pub fn demonstration(self) -> Desk {
        Desk { synthetic: true, ..self }
    }

    /// `ylyx.reporting.v1.ReportService` for this bureau's forms.
    pub fn report_service(&self) -> ReportServiceServer<Reports> {
        ReportServiceServer::new(Reports(self.clone()))
    }

    /// `ylyx.reporting.v1.PublicationService` for what this bureau has published.
    pub fn publication_service(&self) -> PublicationServiceServer<Publications> {
        PublicationServiceServer::new(Publications(self.clone()))
    }

    /// The city's own region code.
    fn city_region(&self) -> &str {
        &self.city.code
    }
}

/// A page's size as asked for: 0 means 50, more than 500 is cut to 500.
fn page_size(page: Option<&proto::common::Page>) -> usize {
    match page.map_or(0, |page| page.size) {
        0 => 50,
        size => size.min(500) as usize,
    }
}

fn cursor_invalid() -> Problem {
    Problem::field("page.cursor", "CURSOR_INVALID", "翻页标记无效")
}
