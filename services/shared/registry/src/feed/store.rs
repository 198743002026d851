//! Feeds and their events in the database: SQL and rows, nothing else.

use std::collections::BTreeMap;

use kit::db::placeholders;
use kit::{Clock, Db, Problem, Result, Sql, Tx};
use sqlx::FromRow;
use uuid::Uuid;

use super::Entry;
use crate::columns::ROWS_PER_STATEMENT;

/// Where a feed stands, and the batch of the number $2.
pub const HEAD: &str = "\
SELECT stream_id, last_sequence,
       (SELECT id FROM feed_batch WHERE feed = $1 AND last_sequence >= $2 ORDER BY last_sequence LIMIT 1) AS batch
FROM feed WHERE name = $1";

/// Gives away $3 numbers, and begins the feed when there is none.
pub const NUMBER: &str = "\
INSERT INTO feed (name, stream_id, last_sequence, version, filled_after, filled)
VALUES ($1, $2, $3, 0, $4, FALSE)
ON CONFLICT (name) DO UPDATE SET last_sequence = feed.last_sequence + excluded.last_sequence
RETURNING last_sequence";

pub const INSERT_BATCH: &str = "INSERT INTO feed_batch (feed, last_sequence, id) VALUES ($1, $2, $3)";

pub const FORGET_BATCHES: &str = "DELETE FROM feed_batch WHERE feed = $1 AND last_sequence <= $2";

pub const SELECT_FILLED: &str = "SELECT version, filled_after, filled FROM feed WHERE name = $1";

pub const SAVE_FILLED: &str = "UPDATE feed SET version = $2, filled_after = $3, filled = $4 WHERE name = $1";

/// One statement, one snapshot: where it ends before its limit, the feed ended, and its last event is the newest.
pub const SELECT_PAGE: &str = "\
SELECT sequence, batch, record_id, removed, payload, at_micros FROM feed_event
WHERE feed = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";

const INTO_EVENT: &str =
    "INSERT INTO feed_event (feed, sequence, batch, record_id, removed, payload, at_micros) VALUES ";
const ON_KNOWN_RECORD: &str = "
ON CONFLICT (feed, record_id) DO UPDATE SET
    sequence = excluded.sequence, batch = excluded.batch, removed = excluded.removed, payload = excluded.payload,
    at_micros = excluded.at_micros";

/// Numbers whose batch is remembered. A follower that stands further behind begins again: it has as much to read either
/// way.
const REMEMBERED: i64 = 1_000_000;

/// Where a feed stands.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Head {
    pub(crate) stream_id: Uuid,
    pub(crate) last_sequence: i64,
    /// Of the number that was asked about; none when the feed has not come that far.
    pub(crate) batch: Option<Uuid>,
}

/// One event as it is stored.
#[derive(Debug, FromRow)]
pub(crate) struct Stored {
    pub(crate) sequence: i64,
    pub(crate) batch: Uuid,
    pub(crate) record_id: Uuid,
    pub(crate) removed: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) at_micros: i64,
}

/// Which version of the records the feed tells, up to which record, and whether of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) version: i64,
    pub(crate) after: Uuid,
    pub(crate) wholly: bool,
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
    let last = number(tx, feed, count, clock).await?;
    let (batch, at) = (clock.id(), clock.micros());
    tx.query(INSERT_BATCH).bind(feed).bind(last).bind(batch).execute().await?;
    tx.query(FORGET_BATCHES).bind(feed).bind(last - REMEMBERED).execute().await?;
    let mut sequence = last - count;
    for chunk in places.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_EVENT}{}{ON_KNOWN_RECORD}", placeholders(chunk.len(), 7));
        let mut query = tx.query(Sql::built(sql));
        for place in chunk {
            let Entry { id, payload } = &entries[*place];
            sequence += 1;
            query = query
                .bind(feed)
                .bind(sequence)
                .bind(batch)
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
    let query = tx.query(NUMBER).bind(feed).bind(clock.id()).bind(count).bind(Uuid::nil());
    query.one::<(i64,)>().await.map(|(last,)| last)
}

/// Where the feed stands, and what proves a position at `sequence`.
pub(crate) async fn head(db: &Db, feed: &'static str, sequence: i64) -> Result<Head> {
    let head = db.read(HEAD).bind(feed).bind(sequence).optional().await?;
    head.ok_or_else(|| Problem::internal(format!("no feed {feed}")))
}

pub(crate) async fn filled(tx: &mut Tx, feed: &'static str) -> Result<Filled> {
    let (version, after, wholly) = tx.query(SELECT_FILLED).bind(feed).one().await?;
    Ok(Filled { version, after, wholly })
}

pub(crate) async fn save_filled(tx: &mut Tx, feed: &'static str, filled: Filled) -> Result<()> {
    let Filled { version, after, wholly } = filled;
    tx.query(SAVE_FILLED).bind(feed).bind(version).bind(after).bind(wholly).execute().await.map(drop)
}

/// Events after a position in order, at most `limit`; the feed's end where there are fewer.
pub(crate) async fn page(db: &Db, feed: &'static str, after: i64, limit: i64) -> Result<Vec<Stored>> {
    db.read(SELECT_PAGE).bind(feed).bind(after).bind(limit).all().await
}
