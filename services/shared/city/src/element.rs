//! Data elements: what a bureau counts.

use serde::{Deserialize, Serialize};

/// Whether regions may be added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    Sum,
    /// A person or facility may count in two regions: the owner states the total.
    Distinct,
}

/// When a value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// At the end of the period.
    Point,
    Month,
    /// From 1 January to the end of the period.
    Ytd,
    Year,
    MchYear,
}

/// One element of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// Dotted code, such as `childcare.places`.
    pub code: String,
    pub name: String,
    pub unit: String,
    /// The one bureau that may publish it.
    pub owner: String,
    pub aggregation: Aggregation,
    pub timing: Timing,
    pub definition_version: u32,
    /// Computed from a register, or typed.
    pub computed: bool,
    pub definition: String,
}
