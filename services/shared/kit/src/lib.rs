//! What every service needs exactly once: clock, configuration, database, errors, logs, shutdown, the health port.
//!
//! Knows no domain noun. What would be a bug if two services did it differently lives here; everything else stays in
//! the services.

pub mod clock;
pub mod config;
pub mod db;
pub mod folder;
pub mod health;
pub mod metrics;
pub mod port;
pub mod problem;
pub mod program;
pub mod shutdown;
pub mod telemetry;
pub mod trace;

pub use clock::Clock;
pub use db::{Db, Sql, Tx, retry};
pub use folder::Folder;
pub use problem::{Kind, Problem, Result};
pub use shutdown::Shutdown;
