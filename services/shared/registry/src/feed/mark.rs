//! How a restored backup is noticed. Beside the database, in the data folder, `feeds.toml` remembers each feed's stream
//! and the last number that a follower may have been told; it is written before they are. A database that stands behind
//! the file has been restored: it would give the same numbers to other events. It then begins a **new** stream with the
//! events it holds, and a follower of the old one is told FEED_RESET.
//!
//! Where the file is missing and the feed is not new, a fresh copy is the safe answer. Replicas that share a PostgreSQL
//! each have a file of their own; one whose stream began earlier than the database's is only behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kit::folder::write_whole;
use kit::{Clock, Db, Problem, Result, retry};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{self, Head};

/// How far a feed had come, as the file says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    stream_id: Uuid,
    started_at: i64,
    sequence: i64,
}

impl Mark {
    fn of(head: &Head) -> Self {
        Mark { stream_id: head.stream_id, started_at: head.started_at, sequence: head.last_sequence }
    }

    fn covers(&self, head: &Head) -> bool {
        self.stream_id == head.stream_id && self.sequence >= head.last_sequence
    }

    /// True when the database is older than what followers were told.
    fn is_ahead_of(&self, head: &Head) -> bool {
        if self.stream_id == head.stream_id {
            head.last_sequence < self.sequence
        } else {
            head.started_at <= self.started_at
        }
    }
}

/// The file `feeds.toml`.
#[derive(Debug)]
pub(crate) struct Marks {
    path: PathBuf,
    /// What the file holds; writers queue here.
    held: Mutex<BTreeMap<String, Mark>>,
}

impl Marks {
    /// Reads the file in the data folder: FEED_FILE_INVALID when it cannot be read.
    pub(crate) fn open(data: &Path) -> Result<Marks> {
        let path = data.join("feeds.toml");
        let invalid = |error: String| {
            Problem::state("FEED_FILE_INVALID", format!("同步标识文件 {} 无法读取：{error}", path.display()))
        };
        let held = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| invalid(error.to_string()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(invalid(error.to_string())),
        };
        Ok(Marks { path, held: Mutex::new(held) })
    }

    /// Remembers that followers may be told of everything up to the head; durable when it returns.
    pub(crate) fn raise(&self, feed: &str, head: &Head) -> Result<()> {
        let mut held = self.held.lock().map_err(Problem::internal)?;
        if held.get(feed).is_some_and(|mark| mark.covers(head)) {
            return Ok(());
        }
        let mut raised = held.clone();
        raised.insert(feed.to_owned(), Mark::of(head));
        let text = toml::to_string(&raised).map_err(Problem::internal)?;
        write_whole(&self.path, &text)
            .map_err(|error| Problem::internal(format!("{}: {error}", self.path.display())))?;
        *held = raised;
        Ok(())
    }

    /// True when nothing has to be written to tell of this head.
    pub(crate) fn covers(&self, feed: &str, head: &Head) -> bool {
        self.held.lock().is_ok_and(|held| held.get(feed).is_some_and(|mark| mark.covers(head)))
    }

    /// Begins the feed, goes on with it, or begins a new stream after a restore.
    pub(crate) async fn settle(&self, db: &Db, clock: &Clock, feed: &'static str) -> Result<()> {
        let mark = self.held.lock().map_err(Problem::internal)?.get(feed).cloned();
        let head = retry(|| async {
            let mut tx = db.begin().await?;
            store::number(&mut tx, feed, 0, clock).await?;
            let mut head = store::head_in(&mut tx, feed).await?;
            let restored = match &mark {
                Some(mark) => mark.is_ahead_of(&head),
                None => head.last_sequence > 0,
            };
            if restored {
                tracing::warn!(
                    feed,
                    at = head.last_sequence,
                    "the database was restored: the feed begins a new stream"
                );
                let started_at = mark.as_ref().map_or(0, |mark| mark.started_at + 1).max(clock.micros());
                head = Head { stream_id: clock.id(), started_at, ..head };
                store::begin_stream(&mut tx, feed, &head).await?;
            }
            tx.commit().await?;
            Ok(head)
        })
        .await?;
        self.raise(feed, &head)
    }
}
