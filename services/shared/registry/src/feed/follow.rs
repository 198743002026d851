//! Sending a feed to one follower: replay after a position, then live.
//!
//! The table is the truth; a wake-up in this process only makes it quick. It is also read every two seconds, because
//! replicas that share a PostgreSQL change the same register, and because a database may be put back under a running
//! process. One page and a small channel are all that a follower holds here: while it does not read, nothing is read for
//! it.

use std::time::Duration;

use kit::{Kind, Problem, Result};
use prost::Message;
use proto::contract::{FeedHead, FollowFeedRequest};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use trust::{AccessRight, Caller};
use uuid::Uuid;

use super::event::{self, Content, FeedEvent, Stamp};
use super::store::{self, Head, Stored};
use super::{PAGE, reset};
use crate::bureau::Bureau;

const POLL: Duration = Duration::from_secs(2);
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Events that wait for a follower beside the page that is being sent.
pub(crate) const CHANNEL: usize = 64;

/// The stream of a Follow method.
pub type FollowStream<E> = ReceiverStream<Result<E, Status>>;

/// A Follow method: checks the position and starts sending; the answer ends when the stream does. FEED_RESET.
pub async fn answer<E: FeedEvent>(
    bureau: &Bureau,
    feed: &'static str,
    request: Request<FollowFeedRequest>,
) -> Result<Response<FollowStream<E>>, Status> {
    let right = Caller::of(&request)?.right().cloned();
    Ok(Response::new(follow(bureau, feed, request.into_inner(), right).await?))
}

/// What [`answer`] answers with.
pub async fn follow<E: FeedEvent>(
    bureau: &Bureau,
    feed: &'static str,
    request: FollowFeedRequest,
    right: Option<AccessRight>,
) -> Result<FollowStream<E>> {
    // Subscribed before the first read, so that nothing recorded meanwhile is slept over.
    let news = bureau.feeds.news.subscribe();
    let sequence = i64::try_from(request.after_sequence).map_err(|_| reset("序号超出"))?;
    let after = Place { sequence, batch: event::batch(&request.after_batch) };
    let head = store::head(&bureau.db, feed, sequence).await?;
    let stream_id = told_as(head.stream_id, right.as_ref());
    let anew = request.stream_id.is_empty() && sequence == 0;
    if !anew && request.stream_id != stream_id {
        return Err(reset("数据流标识不同"));
    }
    after.check(&head)?;
    let (sender, receiver) = mpsc::channel(CHANNEL);
    let sending = Sending { bureau: bureau.clone(), feed, right, stream: head.stream_id, stream_id, sender };
    tokio::spawn(async move {
        let end = tokio::select! {
            end = sending.all(after, news) => end,
            () = sending.sender.closed() => return,
            () = sending.bureau.feeds.shutdown.asked() => {
                Err(Problem::new(Kind::Unavailable, "SHUTTING_DOWN", "服务正在停止，请稍后重新连接"))
            }
        };
        if let Err(problem) = end {
            let _ = sending.sender.try_send(Err(problem.into()));
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// What a follower knows the stream by. Narrowed to other fields it is another stream: nobody goes on from rows that have
/// more than its right now gives, or less.
fn told_as(stream: Uuid, right: Option<&AccessRight>) -> String {
    let fields = right.into_iter().flat_map(|right| &right.fields);
    fields.fold(stream.to_string(), |told, field| told + "/" + field)
}

/// How far a follower has come: the number of its last event, and what proves that it had that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    sequence: i64,
    batch: Uuid,
}

impl Place {
    /// A database from a backup would give the same numbers to other events: the batch of the number is another one, or
    /// there is none yet.
    fn check(self, head: &Head) -> Result<()> {
        if self.sequence > head.last_sequence {
            return Err(reset("本数据流还没有这个序号"));
        }
        if self.sequence > 0 && head.batch != Some(self.batch) {
            return Err(reset("此序号的内容不同"));
        }
        Ok(())
    }
}

/// One follower is gone.
struct Gone;

struct Sending<E> {
    bureau: Bureau,
    feed: &'static str,
    /// What the follower may have of a record; none: everything.
    right: Option<AccessRight>,
    stream: Uuid,
    /// The same as the follower is told.
    stream_id: String,
    sender: mpsc::Sender<Result<E, Status>>,
}

impl<E: FeedEvent> Sending<E> {
    /// Sends until the follower is gone or the stream is no longer the feed's.
    async fn all(&self, mut after: Place, mut news: watch::Receiver<()>) -> Result<()> {
        let mut told = None;
        let mut head_due = Instant::now();
        loop {
            let mut at = self.bureau.clock.micros();
            let head = store::head(&self.bureau.db, self.feed, after.sequence).await?;
            if head.stream_id != self.stream {
                return Err(reset("已启用新的数据流"));
            }
            after.check(&head)?;
            // Before a long way, how long it is; at its end, that it is.
            let mut ahead = after.sequence < head.last_sequence;
            if ahead && told.is_none() && self.send_head(head.last_sequence, at).await.is_err() {
                return Ok(());
            }
            while ahead {
                at = self.bureau.clock.micros();
                let page = store::page(&self.bureau.db, self.feed, after.sequence, PAGE).await?;
                ahead = page.len() as i64 == PAGE;
                for stored in page {
                    after = Place { sequence: stored.sequence, batch: stored.batch };
                    if self.send_stored(stored).await?.is_err() {
                        return Ok(());
                    }
                }
            }
            if told != Some(after) || Instant::now() >= head_due {
                if self.send_head(after.sequence, at).await.is_err() {
                    return Ok(());
                }
                told = Some(after);
                head_due = Instant::now() + HEARTBEAT;
            }
            let _ = tokio::time::timeout_at(head_due.min(Instant::now() + POLL), news.changed()).await;
        }
    }

    async fn send_head(&self, sequence: i64, at_micros: i64) -> Result<(), Gone> {
        let sequence = u64::try_from(sequence).unwrap_or_default();
        let head = FeedHead { stream_id: self.stream_id.clone(), sequence, at_micros };
        self.send(Stamp::default(), Content::Head(head)).await
    }

    async fn send_stored(&self, stored: Stored) -> Result<Result<(), Gone>> {
        let Stored { sequence, batch, record_id, removed, payload, at_micros } = stored;
        let content = match removed {
            true => Content::Removed(record_id.to_string()),
            false => {
                let mut record = E::Record::decode(payload.as_slice()).map_err(Problem::internal)?;
                self.right.iter().try_for_each(|right| right.narrow(&mut record))?;
                Content::Record(record)
            }
        };
        Ok(self.send(Stamp { sequence, batch, at_micros }, content).await)
    }

    async fn send(&self, stamp: Stamp, content: Content<E::Record>) -> Result<(), Gone> {
        self.sender.send(Ok(E::seal(stamp, content))).await.map_err(|_| Gone)
    }
}
