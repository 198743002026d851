//! Feeds and their events in the database: SQL and rows, nothing else.

use std::collections::BTreeMap;

use kit::db::placeholders;
use kit::{Clock, Db, Problem, Result, Sql, Tx};
use sqlx::FromRow;
use uuid::Uuid;

use super::Entry;
use crate::columns::ROWS_PER_STATEMENT;

pub const HEAD: &str = "SELECT stream_id, last_sequence, started_at FROM feed WHERE name = $1";

/// Gives away $3 numbers, and begins the feed when there is none.
pub const NUMBER: &str = "\
INSERT INTO feed (name, stream_id, last_sequence, started_at, filled_after, filled)
VALUES ($1, $2, $3, $4, $5, FALSE)
ON CONFLICT (name) DO UPDATE SET last_sequence = feed.last_sequence + excluded.last_sequence
RETURNING last_sequence";

pub const BEGIN_STREAM: &str = "UPDATE feed SET stream_id = $2, started_at = $3 WHERE name = $1";

pub const SELECT_FILLED: &str = "SELECT filled_after, filled FROM feed WHERE name = $1";

pub const SAVE_FILLED: &str = "UPDATE feed SET filled_after = $2, filled = $3 WHERE name = $1";

pub const SELECT_PAGE: &str = "\
SELECT sequence, record_id, removed, payload, at_micros FROM feed_event
WHERE feed = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4";

const INTO_EVENT: &str = "INSERT INTO feed_event (feed, sequence, record_id, removed, payload, at_micros) VALUES ";
const ON_KNOWN_RECORD: &str = "
ON CONFLICT (feed, record_id) DO UPDATE SET
    sequence = excluded.sequence, removed = excluded.removed, payload = excluded.payload,
    at_micros = excluded.at_micros";

/// Where a feed stands.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Head {
    pub(crate) stream_id: Uuid,
    pub(crate) last_sequence: i64,
    pub(crate) started_at: i64,
}

/// One event as it is stored.
#[derive(Debug, FromRow)]
pub(crate) struct Stored {
    pub(crate) sequence: i64,
    pub(crate) record_id: Uuid,
    pub(crate) removed: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) at_micros: i64,
}

/// Appends what changed, inside the transaction that changes the register. A record's event before is gone; of one that
/// is named twice the last counts.
pub async fn append(tx: &mut Tx, feed: &'static str, entries: Vec<Entry>, clock: &Clock) -> Result<()> {
    let last: BTreeMap<Uuid, usize> = entries.iter().enumerate().map(|(place, entry)| (entry.id, place)).collect();
    let mut places: Vec<usize> = last.into_values().collect();
    places.sort_unstable();
    if places.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(places.len()).map_err(Problem::internal)?;
    let mut sequence = number(tx, feed, count, clock).await? - count;
    let at = clock.micros();
    for chunk in places.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_EVENT}{}{ON_KNOWN_RECORD}", placeholders(chunk.len(), 6));
        let mut query = tx.query(Sql::built(sql));
        for place in chunk {
            let Entry { id, payload } = &entries[*place];
            sequence += 1;
            query = query
                .bind(feed)
                .bind(sequence)
                .bind(*id)
                .bind(payload.is_none())
                .bind(payload.clone().unwrap_or_default())
                .bind(at);
        }
        query.execute().await?;
    }
    Ok(())
}

/// Takes numbers, none for 0, and returns the last.
pub(crate) async fn number(tx: &mut Tx, feed: &'static str, count: i64, clock: &Clock) -> Result<i64> {
    let query = tx.query(NUMBER).bind(feed).bind(clock.id()).bind(count).bind(clock.micros()).bind(Uuid::nil());
    query.one::<(i64,)>().await.map(|(last,)| last)
}

pub(crate) async fn head_in(tx: &mut Tx, feed: &'static str) -> Result<Head> {
    tx.query(HEAD).bind(feed).optional().await?.ok_or_else(|| unknown(feed))
}

pub(crate) async fn head(db: &Db, feed: &'static str) -> Result<Head> {
    db.read(HEAD).bind(feed).optional().await?.ok_or_else(|| unknown(feed))
}

fn unknown(feed: &str) -> Problem {
    Problem::internal(format!("no feed {feed}"))
}

pub(crate) async fn begin_stream(tx: &mut Tx, feed: &'static str, head: &Head) -> Result<()> {
    tx.query(BEGIN_STREAM).bind(feed).bind(head.stream_id).bind(head.started_at).execute().await.map(drop)
}

/// Up to which record the feed is filled, and whether wholly.
pub(crate) async fn filled(tx: &mut Tx, feed: &'static str) -> Result<(Uuid, bool)> {
    tx.query(SELECT_FILLED).bind(feed).one().await
}

pub(crate) async fn save_filled(tx: &mut Tx, feed: &'static str, after: Uuid, wholly: bool) -> Result<()> {
    tx.query(SAVE_FILLED).bind(feed).bind(after).bind(wholly).execute().await.map(drop)
}

/// Events after a position and up to another, in order, at most `limit`.
pub(crate) async fn page(db: &Db, feed: &'static str, after: i64, upto: i64, limit: i64) -> Result<Vec<Stored>> {
    db.read(SELECT_PAGE).bind(feed).bind(after).bind(upto).bind(limit).all().await
}
