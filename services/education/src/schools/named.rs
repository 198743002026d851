//! The schools that rows of a sheet mean by name, within the region of an import.

use std::collections::HashMap;

use kit::{Result, Tx};
use registry::{Bureau, Fault};

use super::{School, store};

/// Schools of a region by name.
#[derive(Debug, Default)]
pub struct Named {
    schools: HashMap<String, Vec<School>>,
}

impl Named {
    /// Loads the schools of a region that bear any of the names, in one statement for all of them.
    pub async fn load(tx: &mut Tx, bureau: &Bureau, region: &str, mut names: Vec<&str>) -> Result<Named> {
        names.sort_unstable();
        names.dedup();
        let mut schools: HashMap<String, Vec<School>> = HashMap::new();
        for school in store::by_name(tx, &names).await? {
            if bureau.covers(region, &school.facts.value.region) {
                schools.entry(school.facts.value.name.clone()).or_default().push(school);
            }
        }
        Ok(Named { schools })
    }

    /// All that were loaded.
    pub fn all(&self) -> impl Iterator<Item = &School> {
        self.schools.values().flatten()
    }

    /// The school of a name: SCHOOL_UNKNOWN, SCHOOL_AMBIGUOUS.
    pub fn find(&self, name: &str) -> Result<&School, Fault> {
        match self.schools.get(name).map_or(&[][..], Vec::as_slice) {
            [school] => Ok(school),
            [] => {
                let message = format!("本次导入的地区内没有登记“{name}”，请先登记学校");
                Err(Fault::cell("school_name", "SCHOOL_UNKNOWN", message))
            }
            _ => {
                let message = format!("本次导入的地区内有多所“{name}”，请按县（市、区）分别导入");
                Err(Fault::cell("school_name", "SCHOOL_AMBIGUOUS", message))
            }
        }
    }
}
