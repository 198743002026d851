//! Following the stream: replay after a position, then live. At least once, in order, nothing skipped.
//!
//! The table is the truth; a wake-up in this process only makes it quick. It is also read every two seconds, because
//! replicas that share a PostgreSQL publish into the same stream.

use std::time::Duration;

use kit::{Kind, Problem, Result};
use proto::reporting::follow_response::Item;
use proto::reporting::{FollowResponse, Head as HeadMessage};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use super::store::{self, Head};
use crate::Desk;

const PAGE: i64 = 200;
const POLL: Duration = Duration::from_secs(2);
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Where a follower says it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    /// Empty with sequence 0: from the beginning, whatever the stream is.
    pub(crate) stream_id: String,
    pub(crate) after_sequence: u64,
    pub(crate) after_hash: Vec<u8>,
}

impl Desk {
    /// Checks the position and starts sending; the receiver ends when the stream does. STREAM_DIVERGED.
    pub(crate) async fn follow(&self, position: Position) -> Result<mpsc::Receiver<Result<FollowResponse, Status>>> {
        // Subscribed before the first read, so that nothing published meanwhile is slept over.
        let news = self.news.subscribe();
        let head = store::current(&self.db).await?;
        self.verify(&head, &position).await?;
        let (sender, receiver) = mpsc::channel(16);
        let desk = self.clone();
        tokio::spawn(async move {
            let end = tokio::select! {
                end = desk.send_all(head.stream_id, position.after_sequence as i64, &sender, news) => end,
                () = sender.closed() => return,
                () = desk.shutdown.asked() => {
                    Err(Problem::new(Kind::Unavailable, "SHUTTING_DOWN", "服务正在停止，请稍后重新连接"))
                }
            };
            if let Err(problem) = end {
                let _ = sender.try_send(Err(problem.into()));
            }
        });
        Ok(receiver)
    }

    /// A follower goes on only from an envelope that this stream really has.
    async fn verify(&self, head: &Head, position: &Position) -> Result<()> {
        if position.stream_id.is_empty() && position.after_sequence == 0 {
            return Ok(());
        }
        if position.stream_id != head.stream_id.to_string() {
            return Err(diverged("数据流标识不同"));
        }
        let after = i64::try_from(position.after_sequence).map_err(|_| diverged("序号超出"))?;
        if after == 0 {
            return Ok(());
        }
        match store::hash_at(&self.db, head.stream_id, after).await? {
            None => Err(diverged("本数据流还没有这个序号")),
            Some(hash) if hash != position.after_hash => Err(diverged("该序号的内容摘要不同")),
            Some(_) => Ok(()),
        }
    }

    /// Sends until the follower is gone or the stream is no longer the current one.
    async fn send_all(
        &self,
        stream_id: Uuid,
        mut after: i64,
        sender: &mpsc::Sender<Result<FollowResponse, Status>>,
        mut news: watch::Receiver<()>,
    ) -> Result<()> {
        let mut head_due = Instant::now();
        loop {
            let head = store::current(&self.db).await?;
            if head.stream_id != stream_id {
                return Err(diverged("已启用新的数据流"));
            }
            while after < head.last_sequence {
                let page = store::page(&self.db, stream_id, after, PAGE).await?;
                if page.is_empty() {
                    return Err(Problem::internal(format!("the stream ends at {after}, before its head")));
                }
                for stored in page {
                    after = stored.sequence;
                    if sender.send(Ok(item(Item::Envelope(stored.envelope)))).await.is_err() {
                        return Ok(());
                    }
                    head_due = Instant::now();
                }
            }
            if Instant::now() >= head_due {
                let message = HeadMessage { stream_id: stream_id.to_string(), sequence: after as u64 };
                if sender.send(Ok(item(Item::Head(message)))).await.is_err() {
                    return Ok(());
                }
                head_due = Instant::now() + HEARTBEAT;
            }
            // A closed channel cannot happen while this desk lives; the poll would go on anyway.
            let _ = tokio::time::timeout_at(head_due.min(Instant::now() + POLL), news.changed()).await;
        }
    }
}

fn item(item: Item) -> FollowResponse {
    FollowResponse { item: Some(item) }
}

fn diverged(how: &str) -> Problem {
    Problem::state("STREAM_DIVERGED", format!("数据流已分叉（{how}），请人工核对后重新同步"))
}
