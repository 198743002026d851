//! The feed of institutions: each as last recorded, for the bureaus that supervise them.

use kit::{Clock, Result, Tx};
use proto::contract::FollowFeedRequest;
use proto::elderly_care as wire;
use proto::elderly_care::institution_feed_service_server::InstitutionFeedService;
use registry::feed::follow::{FollowStream, answer};
use registry::feed::{self, Entry, Feed, Records};
use registry::{Bureau, Coded};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Change, Institution, store};

/// What others copy of this register.
pub const FEED: Feed = Feed { name: "elderly.institution", records };

/// Serves institutions to the bureaus that copy them.
#[derive(Clone, Debug)]
pub struct InstitutionFeeds {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl InstitutionFeedService for InstitutionFeeds {
    type FollowInstitutionsStream = FollowStream<wire::InstitutionEvent>;

    async fn follow_institutions(
        &self,
        request: Request<FollowFeedRequest>,
    ) -> Result<Response<Self::FollowInstitutionsStream>, Status> {
        answer(&self.bureau, FEED.name, request).await
    }
}

/// Tells what was saved, in the same transaction.
pub(super) async fn tell(tx: &mut Tx, changes: &[Change], clock: &Clock) -> Result<()> {
    let entries = changes.iter().map(|change| entry(&change.institution)).collect();
    feed::append(tx, FEED.name, entries, clock).await
}

fn records(tx: &mut Tx, after: Uuid, limit: i64) -> Records<'_> {
    Box::pin(async move { Ok(store::recorded_after(tx, after, limit).await?.iter().map(entry).collect()) })
}

fn entry(institution: &Institution) -> Entry {
    let Institution { id, uscc, facts, operation, .. } = institution;
    let text = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let ownership = format!("OWNERSHIP_{}", facts.value.ownership.code());
    let state = format!("OPERATING_STATE_{}", operation.state.code());
    let record = wire::InstitutionSnapshot {
        id: id.to_string(),
        name: facts.value.name.clone(),
        uscc: uscc.clone().unwrap_or_default(),
        ownership: wire::Ownership::from_str_name(&ownership).unwrap_or_default() as i32,
        region: facts.value.region.clone(),
        county: facts.value.county.clone(),
        opened_on: text(operation.opened_on),
        state: wire::OperatingState::from_str_name(&state).unwrap_or_default() as i32,
        state_since: operation.since.to_string(),
        filing_number: operation.filed.as_ref().map(|filed| filed.number.clone()).unwrap_or_default(),
        filed_on: text(operation.filed.as_ref().map(|filed| filed.on)),
        facts_since: facts.since.to_string(),
    };
    Entry::of(*id, &record)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::institutions::operation::Act;
    use crate::testing::{HONGTA, bureau, institution};

    #[tokio::test]
    async fn a_feed_is_its_register() {
        let mut fixture = bureau("2025-11-05").await;
        fixture.institutions(HONGTA, vec![institution("甲院"), institution("乙院")]).await;
        fixture.act("乙院", Act::Terminate, "2025-11-04".parse().unwrap()).await.unwrap();
        let db = &fixture.bureau.db;
        let told = "SELECT record_id, payload FROM feed_event WHERE feed = $1 AND NOT removed";
        let told: Vec<(Uuid, Vec<u8>)> = db.read(told).bind(FEED.name).all().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let held = records(&mut tx, Uuid::nil(), 500).await.unwrap();
        let held: BTreeMap<Uuid, Vec<u8>> = held.into_iter().map(|one| (one.id, one.payload.unwrap())).collect();
        assert_eq!((held.len(), told.into_iter().collect::<BTreeMap<_, _>>()), (2, held));
    }
}
