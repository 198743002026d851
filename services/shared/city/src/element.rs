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

/// Units in which persons are counted. 人次 (visits) and 户 (households) are none.
const OF_PERSONS: [&str; 2] = ["人", "名"];

impl Element {
    /// True when one more is one more person: the rule about small cells applies.
    pub fn counts_persons(&self) -> bool {
        OF_PERSONS.contains(&self.unit.as_str())
    }
}
