//! Keeping one copy: ask for everything after the position, apply it, and ask again when the source was lost.

use std::time::Duration;

use futures::{Stream, StreamExt};
use kit::{Clock, Db, Problem, Result, Shutdown, retry};
use proto::contract::FollowFeedRequest;
use tonic::{Request, Status};

use super::store::{self, Which};
use super::{Position, SILENCE_SECONDS, Told};
use crate::feed::RESET;
use crate::feed::event::FeedEvent;

const SILENCE: Duration = Duration::from_secs(SILENCE_SECONDS);

/// Events of one transaction at most.
pub(crate) const BATCH: usize = 2_000;

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps the copy of one feed.
#[derive(Clone, Debug)]
pub struct Follower {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) source: &'static str,
    pub(crate) feed: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) shutdown: Shutdown,
}

/// Why following ended.
enum End {
    /// The source does not answer; the copy stays, stale.
    Gone(String),
    /// The source's stream is another one.
    Reset,
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        if Problem::reason_of(&status) == RESET { End::Reset } else { End::Gone(status.message().to_owned()) }
    }
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        if problem.reason == RESET { End::Reset } else { End::Gone(problem.to_string()) }
    }
}

impl Follower {
    pub(crate) fn which(&self) -> Which {
        (self.source, self.feed)
    }

    /// Follows until shutdown; `open` calls the feed's Follow method.
    pub async fn run<E, S, F>(self, open: impl Fn(Request<FollowFeedRequest>) -> F)
    where
        E: FeedEvent,
        S: Stream<Item = Result<E, Status>> + Unpin,
        F: Future<Output = Result<S, Status>>,
    {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let ended = tokio::select! {
                () = self.shutdown.asked() => return,
                ended = self.once(&open, &mut pause) => ended,
            };
            let (source, feed) = self.which();
            match ended {
                End::Gone(cause) => tracing::info!(source, feed, %cause, "feed not reachable"),
                End::Reset => {
                    tracing::warn!(source, feed, "the feed begins a new stream: copying it anew");
                    if let Err(problem) = self.begin_again().await {
                        tracing::error!(source, feed, %problem, "cannot begin a fresh copy");
                    }
                }
            }
            // Never all at once to a source that has just come back.
            let most = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            let jittered = Duration::from_millis(most / 2 + fastrand::u64(0..=most / 2));
            tokio::select! {
                () = self.shutdown.asked() => return,
                () = tokio::time::sleep(jittered) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once<E, S, F>(&self, open: &impl Fn(Request<FollowFeedRequest>) -> F, pause: &mut Duration) -> End
    where
        E: FeedEvent,
        S: Stream<Item = Result<E, Status>> + Unpin,
        F: Future<Output = Result<S, Status>>,
    {
        match self.follow(open, pause).await {
            Ok(()) => End::Gone("对方关闭了连接".to_owned()),
            Err(end) => end,
        }
    }

    async fn follow<E, S, F>(
        &self,
        open: &impl Fn(Request<FollowFeedRequest>) -> F,
        pause: &mut Duration,
    ) -> Result<(), End>
    where
        E: FeedEvent,
        S: Stream<Item = Result<E, Status>> + Unpin,
        F: Future<Output = Result<S, Status>>,
    {
        let mut request = Request::new(self.request().await?);
        trust::state_purpose(&mut request, self.purpose);
        let opened = tokio::time::timeout(SILENCE, open(request)).await;
        let stream = opened.map_err(|_| End::Gone("连接超时".to_owned()))??;
        // What has arrived meanwhile is applied together: the further behind, the larger the batches.
        let mut chunks = stream.ready_chunks(BATCH);
        loop {
            let chunk = tokio::time::timeout(SILENCE, chunks.next()).await;
            let Some(chunk) = chunk.map_err(|_| End::Gone("长时间没有音讯".to_owned()))? else { return Ok(()) };
            let mut events = Vec::with_capacity(chunk.len());
            let mut end = None;
            for event in chunk {
                match event {
                    Ok(event) => events.push(event),
                    Err(status) => end = end.or(Some(End::from(status))),
                }
            }
            if !events.is_empty() {
                self.apply(events).await?;
                *pause = SHORTEST_PAUSE;
            }
            if let Some(end) = end {
                return Err(end);
            }
        }
    }

    /// Asks for what comes after the position.
    pub(crate) async fn request(&self) -> Result<FollowFeedRequest> {
        let position = store::position(&self.db, self.which()).await?.unwrap_or_else(Position::new);
        let after_sequence = u64::try_from(position.sequence).unwrap_or_default();
        Ok(FollowFeedRequest { stream_id: position.stream_id, after_sequence })
    }

    /// Applies events in order, with the position, in one transaction.
    pub(crate) async fn apply<E: FeedEvent>(&self, events: Vec<E>) -> Result<()> {
        let told: Vec<Told> = events.into_iter().map(Told::of).collect::<Result<_>>()?;
        let now = self.clock.micros();
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut position = store::load(&mut tx, self.which()).await?.unwrap_or_else(Position::new);
            let batch = position.take(&told, now)?;
            store::apply(&mut tx, self.which(), &batch).await?;
            store::save_position(&mut tx, self.which(), &position).await?;
            if batch.completes {
                store::forget_others(&mut tx, self.which(), &position).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Leaves what readers see, and begins a fresh copy.
    pub(crate) async fn begin_again(&self) -> Result<()> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut position = store::load(&mut tx, self.which()).await?.unwrap_or_else(Position::new);
            position.begin_again();
            store::save_position(&mut tx, self.which(), &position).await?;
            store::forget_others(&mut tx, self.which(), &position).await?;
            tx.commit().await
        })
        .await
    }
}
