//! The institutions that rows of a sheet mean, by credit code or by name, within the region of an import.

use std::collections::HashMap;

use kit::{Result, Tx};
use registry::{Bureau, Fault};
use uuid::Uuid;

use super::{Institution, store};

/// Institutions of a region by credit code and by name.
#[derive(Debug, Default)]
pub struct Named {
    institutions: HashMap<Uuid, Institution>,
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<String, Vec<Uuid>>,
}

impl Named {
    /// Loads the institutions of a region that have any of the codes or names, in a few statements for all of them.
    pub async fn load(tx: &mut Tx, bureau: &Bureau, region: &str, usccs: &[&str], names: &[&str]) -> Result<Named> {
        let today = bureau.clock.today();
        let mut found = store::by_uscc(tx, usccs, today).await?;
        found.extend(store::by_name(tx, names, today).await?);
        found.retain(|institution| bureau.covers(region, &institution.facts.value.region));
        let mut named = Named::default();
        for institution in found {
            if named.institutions.contains_key(&institution.id) {
                continue;
            }
            named.by_name.entry(institution.facts.value.name.clone()).or_default().push(institution.id);
            if let Some(uscc) = &institution.uscc {
                named.by_uscc.insert(uscc.clone(), institution.id);
            }
            named.institutions.insert(institution.id, institution);
        }
        Ok(named)
    }

    /// All that were loaded.
    pub fn all(&self) -> impl Iterator<Item = &Institution> {
        self.institutions.values()
    }

    /// The institution that a row names: by its credit code, else by its name. INSTITUTION_AMBIGUOUS, INSTITUTION_UNKNOWN.
    pub fn find(&self, uscc: Option<&str>, name: &str) -> Result<&Institution, Fault> {
        let by_uscc = uscc.and_then(|uscc| self.by_uscc.get(uscc));
        let id = match (by_uscc, self.by_name.get(name).map(Vec::as_slice)) {
            (Some(id), _) => id,
            (None, Some([id])) => id,
            (None, Some([_, _, ..])) => {
                let message = "本次导入的地区内有多家同名机构，请填写机构信用代码";
                return Err(Fault::conflict("INSTITUTION_AMBIGUOUS", message));
            }
            _ => {
                let message = format!("本次导入的地区内没有登记“{name}”，请先导入机构");
                return Err(Fault::cell("institution_name", "INSTITUTION_UNKNOWN", message));
            }
        };
        self.institutions
            .get(id)
            .filter(|institution| match (uscc, &institution.uscc) {
                (Some(theirs), Some(ours)) => theirs == ours,
                _ => true,
            })
            .ok_or_else(|| {
                Fault::cell("institution_uscc", "INSTITUTION_UNKNOWN", "没有登记这个信用代码，同名机构的代码与表中不同")
            })
    }
}
