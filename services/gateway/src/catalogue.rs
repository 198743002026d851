//! The catalogue of elements as supervision publishes it: who owns an element, whether regions can be
//! added, when its values hold.

use std::collections::BTreeMap;

use city::element::{Aggregation, Element, Timing};
use city::form::Cadence;
use city::organisation::Organisation;
use city::period::Period;
use kit::{Kind, Problem, Result};
use serde::{Deserialize, Serialize};

/// The published document.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    elements: Vec<Element>,
    organisations: Vec<Organisation>,
    #[serde(default)]
    cadences: BTreeMap<String, Cadence>,
}

/// Look-up by code.
#[derive(Debug)]
pub struct Catalogue {
    elements: BTreeMap<String, Element>,
    organisations: BTreeMap<String, Organisation>,
    /// How often an element is reported, where that is less often than every month.
    cadences: BTreeMap<String, Cadence>,
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
            cadences: document.cadences,
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

    /// Every element, in the order of the codes.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.values()
    }

    pub fn known(&self, code: &str) -> Option<&Element> {
        self.elements.get(code)
    }

    /// The period whose figure a month shows: of what is reported by quarters or halves, the last one that has ended.
    /// Such a figure is not missing in the months between.
    pub fn due(&self, element: &Element, period: Period) -> Period {
        let Period::Month(year, month) = period else { return period };
        let (months, last) = match self.cadences.get(&element.code) {
            Some(Cadence::Quarter) => (3, period.month_back(i16::from(month % 3))),
            Some(Cadence::Half) => (6, period.month_back(i16::from(month % 6))),
            _ => return period,
        };
        let Period::Month(ended, at) = last else { return period };
        match element.timing {
            Timing::Ytd if ended != year => period,
            Timing::Point | Timing::Ytd if months == 3 => Period::Quarter(ended, at / 3),
            Timing::Point | Timing::Ytd => Period::Half(ended, at / 6),
            _ => period,
        }
    }

    /// The unit's name as the plan prints it.
    pub fn organisation(&self, code: &str) -> Option<&str> {
        self.organisations.get(code).map(|unit| unit.name_in_plan.as_str())
    }
}
