//! A feed with many records, and how to read it to its head: what a benchmark of replay needs.

use futures::{Stream, StreamExt};
use kit::{Clock, Db, Problem, Result};
use proto::childcare::InstitutionSnapshot;
use proto::contract::FollowFeedRequest;
use tonic::Status;
use uuid::Uuid;

use super::event::{Content, FeedEvent};
use super::{Entry, store};
use crate::bureau::Bureau;

/// Records of one transaction.
const BATCH: u64 = 2_000;

/// Fills a feed of institutions with this many invented records, in the database of the bureau that offers it.
pub async fn fill(db: &Db, clock: &Clock, feed: &'static str, count: u64) -> Result<()> {
    let mut next = 0;
    while next < count {
        let last = count.min(next + BATCH);
        let entries = (next..last).map(|n| {
            let id = Uuid::from_u128(u128::from(n) + 1);
            let record = InstitutionSnapshot {
                id: id.to_string(),
                name: format!("第{n}托育园"),
                uscc: format!("52530402MJ{n:08}"),
                region: "530402001".to_owned(),
                county: "530402".to_owned(),
                opened_on: "2025-03-01".to_owned(),
                operating: true,
                facts_since: "2025-03-01".to_owned(),
                ..InstitutionSnapshot::default()
            };
            Entry::of(id, &record)
        });
        let mut tx = db.begin().await?;
        store::append(&mut tx, feed, entries.collect(), clock).await?;
        tx.commit().await?;
        next = last;
    }
    Ok(())
}

/// Reads events until the source says that there are no more, and counts them.
pub async fn drain<E: FeedEvent>(mut events: impl Stream<Item = Result<E, Status>> + Unpin) -> Result<u64, Status> {
    let (mut count, mut position) = (0, 0);
    while let Some(event) = events.next().await {
        match event?.open() {
            (_, Some(Content::Head(head))) if head.sequence == position => return Ok(count),
            (_, Some(Content::Head(_))) => {}
            (stamp, _) => {
                position = u64::try_from(stamp.sequence).unwrap_or_default();
                count += 1;
            }
        }
    }
    Err(Problem::internal("the feed ended before its head").into())
}

/// Follows a feed of this process from its beginning to its head, and counts its events.
pub async fn replay<E: FeedEvent>(bureau: &Bureau, feed: &'static str) -> Result<u64, Status> {
    let events = super::follow::follow::<E>(bureau, feed, FollowFeedRequest::default(), None).await?;
    drain(events).await
}
