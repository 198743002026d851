//! The feed of institutions: each as it is and as it is recorded ahead, for the bureaus that supervise them.

use jiff::civil::Date;
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
pub const FEED: Feed = Feed { name: "elderly.institution", version: 1, records };

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
    let ids: Vec<Uuid> = changes.iter().map(|change| change.institution.id).collect();
    let told = entries(tx, &ids, clock.today()).await?;
    feed::append(tx, FEED.name, told, clock).await
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
    let Institution { id, uscc, facts, operation, .. } = institution;
    let text = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let ownership = format!("OWNERSHIP_{}", facts.value.ownership.code());
    let state = format!("OPERATING_STATE_{}", operation.state.code());
    let (filing_number, filed_on) =
        operation.filed.map(|filed| (filed.number, filed.on.to_string())).unwrap_or_default();
    wire::InstitutionSnapshot {
        id: id.to_string(),
        name: facts.value.name,
        uscc: uscc.unwrap_or_default(),
        ownership: wire::Ownership::from_str_name(&ownership).unwrap_or_default() as i32,
        region: facts.value.region,
        county: facts.value.county,
        opened_on: text(operation.opened_on),
        state: wire::OperatingState::from_str_name(&state).unwrap_or_default() as i32,
        state_since: operation.since.to_string(),
        filing_number,
        filed_on,
        facts_since: facts.since.to_string(),
        later: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prost::Message;
    use registry::Author;

    use super::*;
    use crate::institutions::operation::{Act, Filed, State};
    use crate::institutions::{Ownership, register, revise};
    use crate::testing::{Fixture, HONGTA, bureau, institution};

    /// What the feed tells, after checking that it is what the register holds.
    async fn told(fixture: &Fixture) -> Vec<wire::InstitutionSnapshot> {
        let db = &fixture.bureau.db;
        let told = "SELECT record_id, payload FROM feed_event WHERE feed = $1 AND NOT removed";
        let told: Vec<(Uuid, Vec<u8>)> = db.read(told).bind(FEED.name).all().await.unwrap();
        let told: BTreeMap<Uuid, Vec<u8>> = told.into_iter().collect();
        let mut tx = db.begin().await.unwrap();
        let held = records(&mut tx, Uuid::nil(), fixture.bureau.clock.today(), 500).await.unwrap();
        let held: BTreeMap<Uuid, Vec<u8>> = held.into_iter().map(|one| (one.id, one.payload.unwrap())).collect();
        assert_eq!(told, held);
        told.values().map(|bytes| wire::InstitutionSnapshot::decode(bytes.as_slice()).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_feed_is_its_register() {
        let mut fixture = bureau("2025-11-05").await;
        fixture.institutions(HONGTA, vec![institution("甲院"), institution("乙院")]).await;
        fixture.act("乙院", Act::Terminate, "2025-11-04".parse().unwrap()).await.unwrap();
        let states: Vec<_> = told(&fixture).await.iter().map(|one| (one.name.clone(), one.state())).collect();
        assert_eq!(states[1], ("乙院".to_owned(), wire::OperatingState::Terminated));
    }

    #[tokio::test]
    async fn a_snapshot_says_every_state_and_ownership_and_what_is_recorded_ahead() {
        use wire::{OperatingState as S, Ownership as O};
        let mut fixture = bureau("2025-11-05").await;
        fixture.institutions(HONGTA, vec![institution("甲院")]).await;
        let today = fixture.bureau.clock.today();
        let mut tx = fixture.bureau.db.begin().await.unwrap();
        let known = store::by_name(&mut tx, &["甲院"]).await.unwrap().remove(0);
        let author = Author { by: "李红".into(), clock: fixture.bureau.clock.clone() };
        let owners = [
            (Ownership::PublicRural, O::PublicRural),
            (Ownership::PublicUrban, O::PublicUrban),
            (Ownership::PublicBuiltPrivateRun, O::PublicBuiltPrivateRun),
            (Ownership::Private, O::Private),
        ];
        let cases = [
            (State::Preparing, S::Preparing),
            (State::LegalRegistered, S::LegalRegistered),
            (State::Unfiled, S::Unfiled),
            (State::FilingSubmitted, S::FilingSubmitted),
            (State::Filed, S::Filed),
            (State::Operating, S::Operating),
            (State::Suspended, S::Suspended),
            (State::Terminated, S::Terminated),
        ];
        let (mut changes, mut expected) = (Vec::new(), Vec::new());
        for (n, (state, told_state)) in cases.into_iter().enumerate() {
            let (ownership, told_ownership) = owners[n % owners.len()];
            let facts = crate::institutions::Facts { ownership, ..known.facts.value.clone() };
            let entry = crate::institutions::Entry { uscc: None, facts, opened_on: None, filed: None, rating: None };
            let id = Uuid::from_u128(n as u128 + 1);
            let mut change = register(id, entry.clone(), today);
            change.institution.operation.state = state;
            change.institution.operation.filed =
                (n > 3).then(|| Filed { number: format!("民养{n}"), on: "2024-05-01".parse().unwrap() });
            let mut snapshot = wire::InstitutionSnapshot {
                id: id.to_string(),
                name: "甲院".to_owned(),
                ownership: told_ownership as i32,
                region: known.facts.value.region.clone(),
                county: "530402".to_owned(),
                state: told_state as i32,
                state_since: change.institution.operation.since.to_string(),
                filing_number: if n > 3 { format!("民养{n}") } else { String::new() },
                filed_on: if n > 3 { "2024-05-01".to_owned() } else { String::new() },
                facts_since: change.institution.facts.since.to_string(),
                ..Default::default()
            };
            changes.push(change.clone());
            if n == 0 {
                // Another name from a day to come.
                let mut renamed = entry;
                renamed.facts.name = "甲新院".to_owned();
                let ahead = "2025-12-01".parse().unwrap();
                let told = registry::Event::note(ahead, "更名");
                changes.push(revise(&change.institution, renamed, ahead, &told).unwrap().unwrap());
                let later = wire::InstitutionSnapshot {
                    name: "甲新院".to_owned(),
                    facts_since: "2025-12-01".to_owned(),
                    ..snapshot.clone()
                };
                snapshot.later = vec![later];
            }
            expected.push(snapshot);
        }
        for change in changes {
            store::save(&mut tx, &[change], &author).await.unwrap();
        }
        tx.commit().await.unwrap();
        let told = told(&fixture).await;
        assert_eq!(told[..expected.len()], expected);
    }
}
