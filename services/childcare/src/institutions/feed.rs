//! The feed of institutions: each as it is and as it is recorded ahead, for the bureaus that supervise them.

use jiff::civil::Date;
use kit::{Clock, Result, Tx};
use proto::childcare as wire;
use registry::feed::{self, Entry, Feed, Records};
use uuid::Uuid;

use super::{Change, Institution, store};
use crate::filing;

/// What others copy of this register.
pub const FEED: Feed = Feed { name: "childcare.institution", version: 1, records };

/// Tells what was saved, in the same transaction; a designation tells of its institution's name and place too.
pub(super) async fn tell(tx: &mut Tx, changes: &[Change], clock: &Clock) -> Result<()> {
    let ids: Vec<Uuid> = changes.iter().map(|change| change.institution.id).collect();
    let told = entries(tx, &ids, clock.today()).await?;
    feed::append(tx, FEED.name, told, clock).await?;
    let changed: Vec<Uuid> =
        changes.iter().filter(|change| !change.facts.is_empty()).map(|change| change.institution.id).collect();
    filing::feed::tell_of(tx, &changed, clock).await
}

fn records(tx: &mut Tx, after: Uuid, today: Date, limit: i64) -> Records<'_> {
    Box::pin(async move {
        let ids = store::ids_after(tx, after, limit).await?;
        entries(tx, &ids, today).await
    })
}

async fn entries(tx: &mut Tx, ids: &[Uuid], today: Date) -> Result<Vec<Entry>> {
    let stretches = store::from_today(tx, ids, today).await?;
    Ok(Entry::of_stretches::<wire::InstitutionEvent>(stretches.into_iter().map(|one| (one.id, snapshot(one)))))
}

fn snapshot(institution: Institution) -> wire::InstitutionSnapshot {
    let Institution { id, uscc, facts, filing, .. } = institution;
    wire::InstitutionSnapshot {
        id: id.to_string(),
        name: facts.value.name,
        uscc: uscc.unwrap_or_default(),
        kind: super::door::kind_message(facts.value.kind) as i32,
        ownership: super::door::ownership_message(facts.value.ownership) as i32,
        region: facts.value.region,
        county: facts.value.county,
        opened_on: facts.value.opened_on.to_string(),
        operating: facts.value.operating,
        filing_state: filing::door::state_message(filing.state) as i32,
        filing_number: filing.number,
        facts_since: facts.since.to_string(),
        later: Vec::new(),
    }
}
