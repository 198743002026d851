//! Keeping one copy: ask for everything after the position, apply it, and ask again when the source was lost.

use std::time::Duration;

use futures::{Stream, StreamExt};
use kit::{Clock, Db, Problem, Result, Shutdown, retry};
use proto::contract::FollowFeedRequest;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use super::store::{self, Which};
use super::{MOVED, Position, SILENCE_SECONDS, Told};
use crate::feed::RESET;
use crate::feed::event::FeedEvent;

const SILENCE: Duration = Duration::from_secs(SILENCE_SECONDS);

/// Events of one transaction at most.
pub(crate) const BATCH: usize = 2_000;

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Before a source that refuses is asked again: what it wants is for people to settle.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_mins(1);

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
    /// Another process moved the copy.
    Moved,
    /// The source's stream is another one.
    Reset,
    /// The source answers, and refuses: why, as people read it, with the reason code.
    Refused(String),
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        let reason = Problem::reason_of(&status);
        match status.code() {
            _ if reason == RESET => End::Reset,
            code @ (Code::PermissionDenied | Code::Unauthenticated | Code::InvalidArgument | Code::Unimplemented) => {
                let reason = if reason.is_empty() { format!("{code:?}") } else { reason };
                End::Refused(format!("{}（{reason}）", status.message()))
            }
            _ => End::Gone(status.message().to_owned()),
        }
    }
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        match problem.reason {
            RESET => End::Reset,
            MOVED => End::Moved,
            _ => End::Gone(problem.to_string()),
        }
    }
}

/// How long to wait before the source is asked again: longer each time, until a connection has lived.
#[derive(Debug)]
struct Pauses(Duration);

impl Pauses {
    fn after(&mut self, lived: Duration) -> Duration {
        if lived > LONGEST_PAUSE {
            self.0 = SHORTEST_PAUSE;
        }
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
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
        let (source, feed) = self.which();
        let mut pauses = Pauses(SHORTEST_PAUSE);
        loop {
            let (begun, mut moves) = (Instant::now(), 0);
            let ended = tokio::select! {
                () = self.shutdown.asked() => return,
                ended = self.follow(&open, &mut moves) => ended,
            };
            let mut pause = pauses.after(begun.elapsed());
            let settled = match ended.err().unwrap_or_else(|| End::Gone("对方关闭了连接".to_owned())) {
                End::Gone(cause) => {
                    tracing::info!(source, feed, %cause, "feed not reachable");
                    Ok(())
                }
                End::Moved => {
                    tracing::debug!(source, feed, "another process keeps this copy too");
                    Ok(())
                }
                End::Reset => {
                    tracing::warn!(source, feed, "the feed begins a new stream: copying it anew");
                    self.begin_again(moves).await
                }
                End::Refused(trouble) => {
                    pause = PAUSE_AFTER_REFUSAL;
                    self.refused(trouble).await
                }
            };
            if let Err(problem) = settled {
                tracing::error!(source, feed, %problem, "the copy's position cannot be saved");
            }
            // Never all at once to a source that has just come back.
            let most = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            let jittered = Duration::from_millis(most / 2 + fastrand::u64(0..=most / 2));
            tokio::select! {
                () = self.shutdown.asked() => return,
                () = tokio::time::sleep(jittered) => {}
            }
        }
    }

    /// One connection, from the position on; `moves` is where it left the position.
    async fn follow<E, S, F>(&self, open: &impl Fn(Request<FollowFeedRequest>) -> F, moves: &mut i64) -> Result<(), End>
    where
        E: FeedEvent,
        S: Stream<Item = Result<E, Status>> + Unpin,
        F: Future<Output = Result<S, Status>>,
    {
        let (request, from) = self.request().await?;
        *moves = from;
        let mut request = Request::new(request);
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
                *moves = self.apply(*moves, events).await?;
            }
            if let Some(end) = end {
                return Err(end);
            }
        }
    }

    /// Asks for what comes after the position, and counts the moves until there.
    pub(crate) async fn request(&self) -> Result<(FollowFeedRequest, i64)> {
        let position = self.position().await?;
        let after_sequence = u64::try_from(position.sequence).unwrap_or_default();
        let after_batch = if position.sequence == 0 { Vec::new() } else { position.batch.as_bytes().to_vec() };
        Ok((FollowFeedRequest { stream_id: position.stream_id, after_sequence, after_batch }, position.moves))
    }

    /// Where the copy stands.
    pub(crate) async fn position(&self) -> Result<Position> {
        let (source, feed) = self.which();
        let found = store::positions(&self.db).await?.remove(&(source.to_owned(), feed.to_owned()));
        Ok(found.unwrap_or_else(Position::new))
    }

    /// Applies events in order, with the position, in one transaction, after so many moves; returns how many there are
    /// then. COPY_MOVED.
    pub(crate) async fn apply<E: FeedEvent>(&self, moves: i64, events: Vec<E>) -> Result<i64> {
        let told: Vec<Told> = events.into_iter().map(Told::of).collect::<Result<_>>()?;
        let now = self.clock.micros();
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut position = store::load(&mut tx, self.which()).await?;
            position.check(moves)?;
            let batch = position.take(&told, now)?;
            store::apply(&mut tx, self.which(), &batch).await?;
            store::save_position(&mut tx, self.which(), &position).await?;
            if batch.completes {
                store::forget_others(&mut tx, self.which(), &position).await?;
            }
            tx.commit().await?;
            Ok(position.moves)
        })
        .await
    }

    /// Leaves what readers see, and begins a fresh copy; another process may have done so already.
    pub(crate) async fn begin_again(&self, moves: i64) -> Result<()> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut position = store::load(&mut tx, self.which()).await?;
            if position.check(moves).is_err() {
                return Ok(());
            }
            position.begin_again();
            store::save_position(&mut tx, self.which(), &position).await?;
            store::forget_others(&mut tx, self.which(), &position).await?;
            tx.commit().await
        })
        .await
    }

    /// Remembers why the source refuses, for people to see.
    async fn refused(&self, trouble: String) -> Result<()> {
        let (source, feed) = self.which();
        let is_new = retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut position = store::load(&mut tx, self.which()).await?;
            if position.trouble == trouble {
                return Ok(false);
            }
            position.trouble.clone_from(&trouble);
            store::save_position(&mut tx, self.which(), &position).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await?;
        if is_new {
            tracing::warn!(source, feed, trouble, "the source of a copy refuses");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a source is asked within this time when every connection lives for `lived`.
    fn asked(within: Duration, lived: Duration) -> u32 {
        let mut pauses = Pauses(SHORTEST_PAUSE);
        let (mut count, mut passed) = (0, Duration::ZERO);
        while passed < within {
            count += 1;
            passed += lived + pauses.after(lived);
        }
        count
    }

    #[test]
    fn a_connection_that_breaks_at_once_is_waited_for_longer_each_time() {
        let twenty = Duration::from_secs(20);
        assert_eq!(asked(twenty, Duration::from_millis(1)), 9);
        // One that lived is asked for again soon.
        assert_eq!(asked(twenty, Duration::from_secs(6)), 4);
    }

    #[test]
    fn a_refusal_is_not_a_dead_line() {
        let refused = Problem::forbidden("ACCESS_RIGHT_SUSPENDED", "此项共享授权已暂停");
        assert!(
            matches!(End::from(Status::from(refused)), End::Refused(why) if why == "此项共享授权已暂停（ACCESS_RIGHT_SUSPENDED）")
        );
        assert!(matches!(End::from(Status::unavailable("")), End::Gone(_)));
        assert!(matches!(End::from(Status::from(crate::feed::reset("甲"))), End::Reset));
    }
}
