//! Import of facility sheets.

use std::collections::HashMap;

use kit::{Result, Tx};
use proto::elderly_care::FacilityRow;
use registry::columns::prefix_pattern;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Event, Fault};
use uuid::Uuid;

use super::door::{self, Names};
use super::{Change, Facility, Facts, register, revise, store};

/// Those of the import's region that the file does not name; one that was closed left the register itself.
pub const SELECT_DISAPPEARED: &str = "\
SELECT a.name FROM facility a
JOIN facility_facts f ON f.facility_id = a.id AND f.valid_to IS NULL
WHERE a.region LIKE $2 AND f.state <> 'CLOSED'
  AND a.id NOT IN (SELECT record_id FROM import_key WHERE import_id = $1 AND record_id IS NOT NULL)
ORDER BY a.id";

/// The register of facilities as an import sees it.
#[derive(Clone, Debug)]
pub struct FacilityIntake {
    pub bureau: Bureau,
}

/// The facilities that the rows of a batch may mean, by region and name.
type Known = HashMap<(String, String), Facility>;

fn key(names: &Names) -> Option<(String, String)> {
    names.region.clone().filter(|_| !names.name.is_empty()).map(|region| (region, names.name.clone()))
}

#[tonic::async_trait]
impl Intake for FacilityIntake {
    const REGISTER: &'static str = "elderly.facility";
    type Row = FacilityRow;
    type Names = Names;
    type Entry = Facts;
    type Known = Known;
    type Change = Change;

    fn read(&self, import: &Import, row: &FacilityRow) -> Draft<Names, Facts> {
        door::read(&self.bureau, &import.terms.region, row)
    }

    async fn load(&self, tx: &mut Tx, _: &Import, drafts: &[Draft<Names, Facts>]) -> Result<Known> {
        let mut names: Vec<&str> = drafts.iter().map(|draft| draft.names.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let keyed = store::by_name(tx, &names)
            .await?
            .into_iter()
            .map(|facility| ((facility.facts.value.region.clone(), facility.facts.value.name.clone()), facility));
        Ok(keyed.collect())
    }

    fn keys(&self, _: &Known, draft: &Draft<Names, Facts>) -> Vec<String> {
        key(&draft.names).map(|(region, name)| format!("{region}/{name}")).into_iter().collect()
    }

    fn record(&self, known: &Known, draft: &Draft<Names, Facts>) -> Option<Uuid> {
        key(&draft.names).and_then(|key| known.get(&key)).map(|facility| facility.id)
    }

    fn decide(
        &self,
        known: &mut Known,
        import: &Import,
        names: &Names,
        facts: Facts,
        author: &Author,
    ) -> Result<Option<Change>, Fault> {
        if !self.bureau.covers(&import.terms.region, &facts.region) {
            let message = format!("该设施在{}，不在本次导入的地区内", self.bureau.name_of(&facts.region));
            return Err(Fault::cell("region", "REGION_OUTSIDE_IMPORT", message));
        }
        let on = import.terms.effective_on;
        match key(names).and_then(|key| known.get(&key)) {
            Some(facility) => revise(facility, facts, &Event::note(on, "导入变更")),
            None => Ok(Some(register(author.clock.id(), facts, on))),
        }
    }

    fn changed(change: &Change) -> Uuid {
        change.facility.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    async fn disappeared(&self, tx: &mut Tx, import: &Import) -> Result<Vec<String>> {
        let pattern = prefix_pattern(&self.bureau.prefix(&import.terms.region));
        let names: Vec<(String,)> = tx.query(SELECT_DISAPPEARED).bind(import.terms.id).bind(pattern).all().await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }
}
