//! The catalogue of elements as supervision publishes it: who owns an element, whether regions can be
//! added, when its values hold.

use std::collections::BTreeMap;

use city::element::{Aggregation, Element, Timing};
use city::organisation::Organisation;
use kit::{Kind, Problem, Result};
use serde::{Deserialize, Serialize};

/// The published document.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    elements: Vec<Element>,
    organisations: Vec<Organisation>,
}

/// Look-up by code.
#[derive(Debug)]
pub struct Catalogue {
    elements: BTreeMap<String, Element>,
    organisations: BTreeMap<String, Organisation>,
}

impl Catalogue {
    /// Reads the published document.
    pub fn read(content: &[u8]) -> Result<Self> {
        let document: Document = serde_json::from_slice(content).map_err(|error| {
            Problem::new(Kind::Invalid, "DOCUMENT_UNREADABLE", format!("指标目录文件无法读取：{error}"))
        })?;
        Ok(Catalogue {
            elements: document.elements.into_iter().map(|element| (element.code.clone(), element)).collect(),
            organisations: document.organisations.into_iter().map(|unit| (unit.code.clone(), unit)).collect(),
        })
    }

    /// The element, or for one that an older catalogue does not know, one that cannot be added up.
    pub fn element(&self, code: &str) -> Element {
        self.elements.get(code).cloned().unwrap_or_else(|| Element {
            code: code.to_owned(),
            name: code.to_owned(),
            unit: String::new(),
            owner: String::new(),
            aggregation: Aggregation::Distinct,
            timing: Timing::Point,
            definition_version: 0,
            computed: false,
            definition: String::new(),
        })
    }

    pub fn known(&self, code: &str) -> Option<&Element> {
        self.elements.get(code)
    }

    /// The unit's name as the plan prints it.
    pub fn organisation(&self, code: &str) -> Option<&str> {
        self.organisations.get(code).map(|unit| unit.name_in_plan.as_str())
    }
}
