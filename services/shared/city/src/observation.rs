//! What documents print as counts: the plan, the census bulletin.

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// One printed figure with its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintedObservation {
    pub element: String,
    pub region: String,
    pub period: Period,
    pub value: i64,
    /// The document and section.
    pub source: String,
}
