//! Sending a feed to one follower: replay after a position, then live.
//!
//! The table is the truth; a wake-up in this process only makes it quick. It is also read every two seconds, because
//! replicas that share a PostgreSQL change the same register. One page and a small channel are all that a follower holds
//! here: while it does not read, nothing is read for it.

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

use super::event::{Content, FeedEvent};
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
    let head = store::head(&bureau.db, feed).await?;
    let stream_id = told_as(head.stream_id, right.as_ref());
    let after = verified(&head, &stream_id, &request)?;
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

/// The position to go on from, if this stream has it.
fn verified(head: &Head, stream_id: &str, request: &FollowFeedRequest) -> Result<i64> {
    if request.stream_id.is_empty() && request.after_sequence == 0 {
        return Ok(0);
    }
    if request.stream_id != stream_id {
        return Err(reset("数据流标识不同"));
    }
    let after = i64::try_from(request.after_sequence).map_err(|_| reset("序号超出"))?;
    if after > head.last_sequence {
        return Err(reset("本数据流还没有这个序号"));
    }
    Ok(after)
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
    async fn all(&self, mut after: i64, mut news: watch::Receiver<()>) -> Result<()> {
        let mut told = None;
        let mut head_due = Instant::now();
        loop {
            let at = self.bureau.clock.micros();
            let head = store::head(&self.bureau.db, self.feed).await?;
            if head.stream_id != self.stream {
                return Err(reset("已启用新的数据流"));
            }
            self.mark(&head).await?;
            // Before a long way, how long it is; at its end, that it is.
            let ahead = told.is_none() && after < head.last_sequence;
            if ahead && self.send(0, 0, self.head(&head, at)).await.is_err() {
                return Ok(());
            }
            while after < head.last_sequence {
                let page = store::page(&self.bureau.db, self.feed, after, head.last_sequence, PAGE).await?;
                // Records that move on while they are read leave numbers without an event.
                let short = (page.len() as i64) < PAGE;
                for stored in page {
                    after = stored.sequence;
                    if self.send_stored(stored).await?.is_err() {
                        return Ok(());
                    }
                }
                if short {
                    after = head.last_sequence;
                }
            }
            if told != Some(after) || Instant::now() >= head_due {
                if self.send(0, 0, self.head(&head, at)).await.is_err() {
                    return Ok(());
                }
                told = Some(after);
                head_due = Instant::now() + HEARTBEAT;
            }
            let wake = tokio::time::timeout_at(head_due.min(Instant::now() + POLL), news.changed()).await;
            if wake.is_ok_and(|news| news.is_err()) {
                // Nobody can announce any more; only the table is left.
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// What is told now is never given to something else after a restore.
    async fn mark(&self, head: &Head) -> Result<()> {
        let Some(marks) = self.bureau.feeds.marks.clone().filter(|marks| !marks.covers(self.feed, head)) else {
            return Ok(());
        };
        let (feed, head) = (self.feed, head.clone());
        tokio::task::spawn_blocking(move || marks.raise(feed, &head)).await.map_err(Problem::internal)?
    }

    fn head(&self, head: &Head, at_micros: i64) -> Content<E::Record> {
        let sequence = u64::try_from(head.last_sequence).unwrap_or_default();
        Content::Head(FeedHead { stream_id: self.stream_id.clone(), sequence, at_micros })
    }

    async fn send_stored(&self, stored: Stored) -> Result<Result<(), Gone>> {
        let Stored { sequence, record_id, removed, payload, at_micros } = stored;
        let content = match removed {
            true => Content::Removed(record_id.to_string()),
            false => {
                let mut record = E::Record::decode(payload.as_slice()).map_err(Problem::internal)?;
                self.right.iter().try_for_each(|right| right.narrow(&mut record))?;
                Content::Record(record)
            }
        };
        Ok(self.send(sequence, at_micros, content).await)
    }

    async fn send(&self, sequence: i64, at_micros: i64, content: Content<E::Record>) -> Result<(), Gone> {
        self.sender.send(Ok(E::seal(sequence, at_micros, content))).await.map_err(|_| Gone)
    }
}
