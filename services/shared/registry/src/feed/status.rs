//! What is copied here and how fresh it is: for people by `ListFeeds`, for machines as gauges.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::metrics::Metrics;
use kit::{Clock, Db, Result, Shutdown};
use proto::contract as wire;
use proto::contract::feed_status_service_server::FeedStatusService;
use tonic::{Request, Response, Status};
use trust::{Caller, Tls};

use super::copy::store::{count, positions};
use super::copy::{Follower, Freshness, Position, Source};
use crate::bureau::Bureau;

const EVERY: Duration = Duration::from_secs(5);
const SECOND: i64 = 1_000_000;

/// The copies that a service keeps.
#[derive(Clone)]
pub struct Copies {
    db: Db,
    clock: Clock,
    sources: &'static [Source],
    /// Bureaus whose address is known.
    endpoints: BTreeMap<String, String>,
}

impl Copies {
    /// `endpoints`: bureau → `https://host:port`. A source that is not among them is not followed.
    pub fn new(bureau: &Bureau, sources: &'static [Source], endpoints: BTreeMap<String, String>) -> Self {
        Copies { db: bureau.db.clone(), clock: bureau.clock.clone(), sources, endpoints }
    }

    /// Follows every source whose address is known until shutdown. ENDPOINT_INVALID.
    pub fn follow(&self, tls: &Tls, shutdown: &Shutdown) -> Result<()> {
        for source in self.sources {
            let Some(endpoint) = self.endpoints.get(source.bureau) else { continue };
            let follower = Follower {
                db: self.db.clone(),
                clock: self.clock.clone(),
                source: source.bureau,
                feed: source.feed,
                purpose: source.purpose,
                shutdown: shutdown.clone(),
            };
            tokio::spawn((source.follow)(follower, trust::channel(endpoint, source.bureau, tls)?));
        }
        Ok(())
    }

    /// Every copy as it stands now, its records uncounted.
    async fn stand(&self) -> Result<Vec<wire::FeedStatus>> {
        let now = self.clock.micros();
        let mut positions = positions(&self.db).await?;
        let number = |value: i64| u64::try_from(value).unwrap_or_default();
        let stands = self.sources.iter().map(|Source { bureau, feed, .. }| {
            let known = positions.remove(&((*bureau).to_owned(), (*feed).to_owned()));
            let state = match &known {
                _ if !self.endpoints.contains_key(*bureau) => wire::FeedState::Off,
                None => wire::FeedState::Waiting,
                Some(position) => state(&Freshness::of(position), now),
            };
            let position = known.unwrap_or_else(Position::new);
            wire::FeedStatus {
                source: (*bureau).to_owned(),
                feed: (*feed).to_owned(),
                sequence: number(position.sequence),
                head_sequence: number(position.head_sequence),
                behind: number(position.behind()),
                as_of_micros: position.as_of,
                last_contact_micros: position.last_contact_at,
                stream_id: position.stream_id,
                trouble: position.trouble,
                state: state as i32,
                records: 0,
            }
        });
        Ok(stands.collect())
    }

    /// Every copy as it stands now.
    pub(crate) async fn list(&self) -> Result<Vec<wire::FeedStatus>> {
        let mut all = self.stand().await?;
        for one in &mut all {
            one.records = u64::try_from(count(&self.db, (&one.source, &one.feed)).await?).unwrap_or_default();
        }
        Ok(all)
    }

    /// Sets the gauges until shutdown.
    pub async fn watch(self, metrics: Metrics, shutdown: Shutdown) {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tokio::select! { () = shutdown.asked() => return, _ = tick.tick() => {} }
            match self.stand().await {
                Ok(all) => all.iter().for_each(|one| set(one, &metrics, self.clock.micros())),
                Err(problem) => tracing::warn!(%problem, "the copies could not be looked at"),
            }
        }
    }
}

fn state(freshness: &Freshness, now: i64) -> wire::FeedState {
    match freshness {
        Freshness { refused: true, .. } => wire::FeedState::Refused,
        _ if !freshness.is_heard(now) => wire::FeedState::Stale,
        Freshness { copying: true, .. } => wire::FeedState::Copying,
        Freshness { behind: 1.., .. } => wire::FeedState::Behind,
        Freshness { .. } => wire::FeedState::Current,
    }
}

fn set(one: &wire::FeedStatus, metrics: &Metrics, now: i64) {
    let label = format!("bureau=\"{}\",feed=\"{}\"", one.source, one.feed);
    let since = |at: i64| if at == 0 { -1 } else { (now - at) / SECOND };
    let lag = since(one.last_contact_micros);
    metrics.set("copy_lag_seconds", "Since the source of a copied register was heard; -1: never.", &label, lag);
    let age = since(one.as_of_micros);
    metrics.set("copy_age_seconds", "Since a copied register was known to be complete; -1: never.", &label, age);
    let behind = i64::try_from(one.behind).unwrap_or(i64::MAX);
    metrics.set("copy_behind_events", "Events that a copied register lacks at most.", &label, behind);
    let copying = i64::from(one.state() == wire::FeedState::Copying);
    metrics.set("copy_filling", "1 while a register is copied anew.", &label, copying);
}

#[tonic::async_trait]
impl FeedStatusService for Copies {
    async fn list_feeds(
        &self,
        request: Request<wire::ListFeedsRequest>,
    ) -> Result<Response<wire::ListFeedsResponse>, Status> {
        Caller::of(&request)?;
        Ok(Response::new(wire::ListFeedsResponse { feeds: self.list().await? }))
    }
}
