//! The feed of institutions: each as last recorded, for the bureaus that supervise them.

use kit::{Clock, Result, Tx};
use proto::childcare as wire;
use registry::Coded;
use registry::feed::{self, Entry, Feed, Records};
use uuid::Uuid;

use super::{Change, Institution, store};
use crate::filing;

/// What others copy of this register.
pub const FEED: Feed = Feed { name: "childcare.institution", records };

/// Tells what was saved, in the same transaction; a designation tells of its institution's name and place too.
pub(super) async fn tell(tx: &mut Tx, changes: &[Change], clock: &Clock) -> Result<()> {
    let entries = changes.iter().map(|change| entry(&change.institution)).collect();
    feed::append(tx, FEED.name, entries, clock).await?;
    let changed: Vec<Uuid> =
        changes.iter().filter(|change| !change.facts.is_empty()).map(|change| change.institution.id).collect();
    filing::feed::tell_of(tx, &changed, clock).await
}

fn records(tx: &mut Tx, after: Uuid, limit: i64) -> Records<'_> {
    Box::pin(async move { Ok(store::recorded_after(tx, after, limit).await?.iter().map(entry).collect()) })
}

fn entry(institution: &Institution) -> Entry {
    let Institution { id, uscc, facts, filing, .. } = institution;
    let record = wire::InstitutionSnapshot {
        id: id.to_string(),
        name: facts.value.name.clone(),
        uscc: uscc.clone().unwrap_or_default(),
        kind: super::door::kind_message(facts.value.kind) as i32,
        ownership: super::door::ownership_message(facts.value.ownership) as i32,
        region: facts.value.region.clone(),
        county: facts.value.county.clone(),
        opened_on: facts.value.opened_on.to_string(),
        operating: facts.value.operating,
        filing_state: wire::FilingState::from_str_name(&format!("FILING_STATE_{}", filing.state.code()))
            .unwrap_or_default() as i32,
        filing_number: filing.number.clone(),
        facts_since: facts.since.to_string(),
    };
    Entry::of(*id, &record)
}
