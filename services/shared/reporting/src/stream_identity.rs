//! Which stream this database writes, and how a restored backup is noticed.
//!
//! A stream id is made when the database is new. Beside the database, in the data folder, `stream.toml` remembers the
//! stream and how far it had come. A database that stands behind the file, or whose stream the file does not know, has
//! been restored from a backup: its next sequence was already given away, and followers hold another envelope there.
//! It then begins a **new** stream and issues everything it holds again, in order, under new signatures: the same
//! figures, the same times, the same sequences, with the note [`RESTORED`]. A follower of the old stream is told
//! STREAM_DIVERGED; one that starts anew has everything. The old envelopes stay in the table as they were.
//!
//! Replicas that share a PostgreSQL each have a file of their own; one that names an *earlier* stream of the same
//! database is only behind, and is brought up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kit::folder::write_whole;
use kit::{Clock, Db, Problem, Result, retry};
use prost::Message;
use proto::reporting::Publication;
use serde::{Deserialize, Serialize};
use trust::SigningKey;
use uuid::Uuid;

use crate::publication::issue::{LOCK, issue};
use crate::publication::store::{self, Head};

/// What a publication says that was issued again after a restore.
pub(crate) const RESTORED: &str = "恢复自备份";

const PAGE: i64 = 200;

/// How far a stream had come, as the file says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    stream_id: Uuid,
    sequence: i64,
}

/// The high-water file.
pub(crate) struct HighWater {
    path: PathBuf,
    /// What the file holds; writers queue here so that it never goes back.
    mark: Mutex<Option<Mark>>,
}

impl HighWater {
    /// Reads `stream.toml` in the data folder: STREAM_FILE_INVALID when it cannot be read.
    pub(crate) fn open(data: &Path) -> Result<HighWater> {
        let path = data.join("stream.toml");
        let invalid = |error: String| {
            Problem::state("STREAM_FILE_INVALID", format!("数据流标识文件 {} 无法读取：{error}", path.display()))
        };
        let mark = match fs::read_to_string(&path) {
            Ok(text) => Some(toml::from_str(&text).map_err(|error| invalid(error.to_string()))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(invalid(error.to_string())),
        };
        Ok(HighWater { path, mark: Mutex::new(mark) })
    }

    /// Remembers that the stream has come this far; durable when it returns.
    pub(crate) fn raise(&self, head: &Head) -> Result<()> {
        let mut held = self.mark.lock().map_err(Problem::internal)?;
        let mark = Mark { stream_id: head.stream_id, sequence: head.last_sequence };
        if held.as_ref().is_some_and(|old| old.stream_id == mark.stream_id && old.sequence >= mark.sequence) {
            return Ok(());
        }
        let text = toml::to_string(&mark).map_err(Problem::internal)?;
        write_whole(&self.path, &text)
            .map_err(|error| Problem::internal(format!("{}: {error}", self.path.display())))?;
        *held = Some(mark);
        Ok(())
    }

    fn mark(&self) -> Option<Mark> {
        self.mark.lock().ok().and_then(|mark| mark.clone())
    }
}

/// Finds the stream to go on with: makes the first one, keeps the current one, or begins a new one after a restore.
pub(crate) async fn settle(db: &Db, clock: &Clock, key: &SigningKey, file: &HighWater) -> Result<Head> {
    let mark = file.mark();
    let head = retry(|| async {
        let mut tx = db.begin_sequenced(LOCK).await?;
        let head = match (store::head(&mut tx).await?, &mark) {
            (None, _) => begin(&mut tx, clock, 1).await?,
            (Some(head), None) => head,
            (Some(head), Some(mark)) => {
                let behind = head.stream_id == mark.stream_id && head.last_sequence < mark.sequence;
                if behind || !store::is_known(&mut tx, mark.stream_id).await? {
                    tracing::warn!(stream = %head.stream_id, at = head.last_sequence, known = mark.sequence,
                        "the database was restored from a backup: beginning a new publication stream");
                    reissue(&mut tx, clock, key, &head).await?
                } else {
                    head
                }
            }
        };
        tx.commit().await?;
        Ok(head)
    })
    .await?;
    file.raise(&head)?;
    Ok(head)
}

async fn begin(tx: &mut kit::Tx, clock: &Clock, number: i64) -> Result<Head> {
    let head = Head { stream_id: clock.id(), number, last_sequence: 0, last_hash: Vec::new(), last_published_at: 0 };
    store::begin_stream(tx, &head).await?;
    Ok(head)
}

/// Begins the next stream with everything the old one holds.
async fn reissue(tx: &mut kit::Tx, clock: &Clock, key: &SigningKey, old: &Head) -> Result<Head> {
    let mut head = begin(tx, clock, old.number + 1).await?;
    loop {
        let page = store::page_in(tx, old.stream_id, head.last_sequence, PAGE).await?;
        if page.is_empty() {
            return Ok(head);
        }
        for stored in page {
            let mut publication = Publication::decode(stored.envelope.payload)
                .map_err(|error| Problem::internal(format!("stored publication: {error}")))?;
            publication.reason = match publication.reason.as_str() {
                "" => RESTORED.to_owned(),
                known if known.ends_with(RESTORED) => known.to_owned(),
                reason => format!("{reason}；{RESTORED}"),
            };
            let at = publication.published_at_micros;
            issue(tx, &mut head, key, publication, &stored.subject, at).await?;
        }
    }
}
