//! Import of work sheets: what a sheet states is submitted at once; an accepted entry is corrected on its own page,
//! never by a sheet.

use kit::{Result, Tx};
use proto::supervision::WorkRow;
use registry::imports::Import;
use registry::imports::stream::{Draft, Intake};
use registry::{Author, Bureau, Event, Fault};
use uuid::Uuid;

use super::store::{self, is_same};
use super::{Act, Entry, Facts, State, door, next};

/// The register of work as an import sees it.
#[derive(Clone, Debug)]
pub struct WorkIntake {
    pub bureau: Bureau,
    /// User id of who imports.
    pub author_id: String,
}

#[tonic::async_trait]
impl Intake for WorkIntake {
    const REGISTER: &'static str = "supervision.work";
    type Row = WorkRow;
    /// A row names its work by what it states.
    type Names = ();
    type Entry = Facts;
    type Known = Vec<Entry>;
    type Change = (Entry, Event);

    fn read(&self, import: &Import, row: &WorkRow) -> Draft<(), Facts> {
        let region = &import.terms.region;
        let entry = door::read(&self.bureau, region, row).and_then(|facts| {
            if self.bureau.covers(region, &facts.place.region) {
                return Ok(facts);
            }
            let message = format!("“{}”不在本次导入的地区内", self.bureau.name_of(&facts.place.region));
            Err(vec![Fault::cell("region", "REGION_OUTSIDE_IMPORT", message)])
        });
        Draft { names: (), entry }
    }

    async fn load(&self, tx: &mut Tx, _: &Import, drafts: &[Draft<(), Facts>]) -> Result<Vec<Entry>> {
        let mut titles: Vec<&str> =
            drafts.iter().filter_map(|d| d.entry.as_ref().ok()).map(|f| f.title.as_str()).collect();
        titles.sort_unstable();
        titles.dedup();
        store::named(tx, &titles).await
    }

    fn keys(&self, _: &Vec<Entry>, draft: &Draft<(), Facts>) -> Vec<String> {
        let key = |f: &Facts| format!("{}/{}/{}/{}/{}", f.work_type, f.unit, f.place.region, f.dated_on, f.title);
        draft.entry.as_ref().map(key).into_iter().collect()
    }

    fn record(&self, known: &Vec<Entry>, draft: &Draft<(), Facts>) -> Option<Uuid> {
        let facts = draft.entry.as_ref().ok()?;
        known.iter().find(|entry| is_same(&entry.facts, facts)).map(|entry| entry.id)
    }

    fn decide(
        &self,
        known: &mut Vec<Entry>,
        import: &Import,
        (): &(),
        facts: Facts,
        author: &Author,
    ) -> Result<Option<(Entry, Event)>, Fault> {
        let on = import.terms.effective_on;
        let Some(mut entry) = known.iter().find(|entry| is_same(&entry.facts, &facts)).cloned() else {
            let (author_id, written_by) = (self.author_id.clone(), author.by.clone());
            let (id, state) = (author.clock.id(), State::Submitted);
            let entry = Entry { id, version: 1, facts, state, author_id, written_by };
            return Ok(Some((entry, Event::step(on, "", State::Submitted.label(), "批量导入"))));
        };
        if entry.state == State::Accepted && entry.facts != facts {
            let message = "该项工作已认可，内容与表中不同，请在其页面更正";
            return Err(Fault::conflict("WORK_ACCEPTED", message));
        }
        let before = entry.state;
        if entry.facts != facts {
            entry.correct(facts, &self.author_id, &author.by)?;
        }
        if matches!(entry.state, State::Draft | State::Returned) {
            entry.state = next(entry.state, Act::Submit)?;
            self.author_id.clone_into(&mut entry.author_id);
            author.by.clone_into(&mut entry.written_by);
        }
        let unchanged = known.contains(&entry);
        Ok((!unchanged).then(|| {
            let event = Event::step(on, before.label(), entry.state.label(), "批量导入");
            (entry, event)
        }))
    }

    fn changed((entry, _): &(Entry, Event)) -> Uuid {
        entry.id
    }

    async fn save(&self, tx: &mut Tx, changes: &[(Entry, Event)], author: &Author) -> Result<()> {
        store::save(tx, changes, author).await
    }

    /// A work sheet never claims to list everything: work is added, not kept up.
    async fn disappeared(&self, _: &mut Tx, _: &Import) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
