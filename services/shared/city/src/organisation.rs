//! Organisations the plan names, with the names they had and have.

use serde::{Deserialize, Serialize};

/// One unit; codes are ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    pub code: String,
    pub name_in_plan: String,
    pub full_name: String,
    /// party, government, county, central.
    pub kind: String,
    /// The service that serves it, when it has one.
    pub service: String,
    /// Oldest first.
    pub names: Vec<OrganisationName>,
}

/// A name and when it was borne.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationName {
    pub name: String,
    /// `YYYY-MM-DD`; empty: always.
    pub valid_from: String,
    /// Exclusive; empty: today.
    pub valid_to: String,
}

impl Organisation {
    /// The name at a date (`YYYY-MM-DD`).
    pub fn name_at(&self, date: &str) -> &str {
        self.names
            .iter()
            .find(|name| {
                name.valid_from.as_str() <= date && (name.valid_to.is_empty() || date < name.valid_to.as_str())
            })
            .map_or(&self.full_name, |name| &name.name)
    }
}
