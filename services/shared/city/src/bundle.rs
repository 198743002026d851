//! A city's folder, read and cross-checked once at start. An error names file, row or key, and reason.

mod check;
mod read;
mod work;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use include_dir::{Dir, include_dir};

use crate::answer::AnswerWithin;
use crate::calendar::Calendar;
use crate::element::Element;
use crate::form::Form;
use crate::import_profile::ImportProfile;
use crate::observation::PrintedObservation;
use crate::organisation::Organisation;
use crate::plan::Plan;
use crate::region::RegionTree;
use crate::tile::Tile;

static YUXI: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../../deploy/cities/yuxi");

/// Everything about one city that is data.
#[derive(Clone, Debug)]
pub struct City {
    /// Region code of the city.
    pub code: String,
    pub name: String,
    pub regions: RegionTree,
    pub organisations: Vec<Organisation>,
    pub calendar: Calendar,
    pub elements: Vec<Element>,
    pub forms: Vec<Form>,
    pub profiles: Vec<ImportProfile>,
    pub plan: Plan,
    /// The schematic map's tiles; empty where the city has drawn none.
    pub tiles: Vec<Tile>,
    /// What the plan and the census bulletin print.
    pub printed: Vec<PrintedObservation>,
    /// Working days within which bureaus answer each other.
    pub answer_within: AnswerWithin,
}

/// What is wrong with a bundle, where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("城市数据包 {file}{place}：{message}")]
pub struct BundleError {
    pub file: String,
    /// ` 第 N 行` or ` [key]`, or empty.
    pub place: String,
    pub message: String,
}

impl BundleError {
    pub const REASON: &'static str = "CITY_BUNDLE_INVALID";

    pub(crate) fn new(file: &str, place: impl std::fmt::Display, message: impl std::fmt::Display) -> Self {
        BundleError { file: file.to_owned(), place: place.to_string(), message: message.to_string() }
    }
}

impl City {
    /// The embedded reference city.
    pub fn embedded() -> Arc<City> {
        static CITY: OnceLock<Arc<City>> = OnceLock::new();
        CITY.get_or_init(|| {
            let city =
                read::city(&|file: &str| YUXI.get_file(file).and_then(|file| file.contents_utf8()).map(String::from));
            Arc::new(city.unwrap_or_else(|error| unreachable!("the embedded bundle is tested: {error}")))
        })
        .clone()
    }

    /// A city from a folder.
    pub fn load(folder: &Path) -> Result<City, BundleError> {
        read::city(&|file: &str| std::fs::read_to_string(folder.join(file)).ok())
    }

    pub fn element(&self, code: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.code == code)
    }

    pub fn form(&self, code: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.code == code)
    }

    pub fn profile(&self, register: &str) -> Option<&ImportProfile> {
        self.profiles.iter().find(|profile| profile.register == register)
    }

    /// The organisation that a person's unit means: its code, or a name it has or had.
    pub fn organisation_called(&self, unit: &str) -> Option<&Organisation> {
        let unit = unit.trim();
        let means = |organisation: &&Organisation| {
            organisation.code == unit
                || organisation.name_in_plan == unit
                || organisation.full_name == unit
                || organisation.names.iter().any(|name| name.name == unit)
        };
        self.organisations.iter().find(means).filter(|_| !unit.is_empty())
    }

    pub fn organisation(&self, code: &str) -> Option<&Organisation> {
        self.organisations.iter().find(|unit| unit.code == code)
    }
}
