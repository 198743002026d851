//! Copies and positions in the database: SQL and rows, nothing else.

use std::collections::BTreeMap;

use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use prost::Message;
use proto::contract::CopyFreshness;
use trust::Scope;
use uuid::Uuid;

use super::{Batch, Freshness, Position, Row, Source};
use crate::bureau::Bureau;
use crate::codes::Coded;
use crate::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, list};

pub const SELECT_POSITION: &str = "\
SELECT source, feed, stream_id, sequence, batch, moves, head_sequence, as_of, last_contact_at, generation, state, trouble
FROM feed_position WHERE source = $1 AND feed = $2";

/// Of all copies: a handful.
pub const SELECT_POSITIONS: &str = "\
SELECT source, feed, stream_id, sequence, batch, moves, head_sequence, as_of, last_contact_at, generation, state, trouble
FROM feed_position";

pub const SAVE_POSITION: &str = "\
INSERT INTO feed_position (source, feed, stream_id, sequence, batch, moves, head_sequence, as_of, last_contact_at,
                           generation, state, trouble)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (source, feed) DO UPDATE SET
    stream_id = excluded.stream_id, sequence = excluded.sequence, batch = excluded.batch, moves = excluded.moves,
    head_sequence = excluded.head_sequence, as_of = excluded.as_of, last_contact_at = excluded.last_contact_at,
    generation = excluded.generation, state = excluded.state, trouble = excluded.trouble";

/// Everything but one generation.
pub const FORGET_OTHERS: &str = "DELETE FROM feed_copy WHERE source = $1 AND feed = $2 AND generation <> $3";

/// Each record once: by the stretch that holds from ever.
pub const COUNT: &str = "\
SELECT CAST(COUNT(*) AS BIGINT) FROM feed_copy c
JOIN feed_position p ON p.source = c.source AND p.feed = c.feed AND p.generation = c.generation
WHERE c.source = $1 AND c.feed = $2 AND c.since = ''";

/// Copied records after $1 as they are on the day $2, at most $3; conditions follow.
const SELECT_COPY: &str = "\
SELECT c.source, c.feed, c.record_id, c.payload, c.at_micros FROM feed_copy c
JOIN feed_position p ON p.source = c.source AND p.feed = c.feed AND p.generation = c.generation
WHERE c.record_id > $1 AND c.since <= $2 AND (c.until = '' OR c.until > $2)";

const INTO_COPY: &str = "\
INSERT INTO feed_copy (source, feed, generation, record_id, since, until, title, region, class, payload, at_micros)
VALUES ";

/// Which copy: of whom, of what.
pub(crate) type Which = (&'static str, &'static str);

#[derive(sqlx::FromRow)]
struct PositionRow {
    source: String,
    feed: String,
    stream_id: String,
    sequence: i64,
    batch: Uuid,
    moves: i64,
    head_sequence: i64,
    as_of: i64,
    last_contact_at: i64,
    generation: i64,
    state: String,
    trouble: String,
}

impl TryFrom<PositionRow> for Position {
    type Error = Problem;

    fn try_from(row: PositionRow) -> Result<Self> {
        Ok(Position {
            stream_id: row.stream_id,
            sequence: row.sequence,
            batch: row.batch,
            moves: row.moves,
            head_sequence: row.head_sequence,
            as_of: row.as_of,
            last_contact_at: row.last_contact_at,
            generation: row.generation,
            state: coded(&row.state)?,
            trouble: row.trouble,
        })
    }
}

/// Where a copy stands, to decide upon.
pub(crate) async fn load(tx: &mut Tx, (source, feed): Which) -> Result<Position> {
    let row: Option<PositionRow> = tx.query(SELECT_POSITION).bind(source).bind(feed).optional().await?;
    row.map_or_else(|| Ok(Position::new()), Position::try_from)
}

/// Where the copies stand, for readers: source and feed → position.
pub(crate) async fn positions(db: &Db) -> Result<BTreeMap<(String, String), Position>> {
    let rows: Vec<PositionRow> = db.read(SELECT_POSITIONS).all().await?;
    rows.into_iter().map(|row| Ok(((row.source.clone(), row.feed.clone()), row.try_into()?))).collect()
}

pub(crate) async fn save_position(tx: &mut Tx, (source, feed): Which, position: &Position) -> Result<()> {
    tx.query(SAVE_POSITION)
        .bind(source)
        .bind(feed)
        .bind(position.stream_id.clone())
        .bind(position.sequence)
        .bind(position.batch)
        .bind(position.moves)
        .bind(position.head_sequence)
        .bind(position.as_of)
        .bind(position.last_contact_at)
        .bind(position.generation)
        .bind(position.state.code())
        .bind(position.trouble.clone())
        .execute()
        .await
        .map(drop)
}

/// Forgets what readers do not see: an old copy, or one that grew and is of no use any more.
pub(crate) async fn forget_others(tx: &mut Tx, (source, feed): Which, position: &Position) -> Result<()> {
    tx.query(FORGET_OTHERS).bind(source).bind(feed).bind(position.generation).execute().await.map(drop)
}

/// Does to the rows what a batch says: what was known of its records goes, what is told now comes.
pub(crate) async fn apply(tx: &mut Tx, (source, feed): Which, batch: &Batch<'_>) -> Result<()> {
    let told: Vec<Uuid> = batch.rows.keys().copied().collect();
    for chunk in told.chunks(ROWS_PER_STATEMENT) {
        let records = list(3, chunk.len());
        let sql = format!(
            "DELETE FROM feed_copy WHERE source = $1 AND feed = $2 AND generation = $3 AND record_id IN {records}"
        );
        let query = tx.query(Sql::built(sql)).bind(source).bind(feed).bind(batch.generation);
        chunk.iter().fold(query, |query, id| query.bind(*id)).execute().await?;
    }
    let kept: Vec<(Uuid, &Row)> = batch.rows.iter().flat_map(|(id, rows)| rows.iter().map(|row| (*id, row))).collect();
    for chunk in kept.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO_COPY}{}", placeholders(chunk.len(), 11))));
        for (id, row) in chunk {
            query = query
                .bind(source)
                .bind(feed)
                .bind(batch.generation)
                .bind(*id)
                .bind(row.since.clone())
                .bind(row.until.clone())
                .bind(row.title.clone())
                .bind(row.region.clone())
                .bind(row.class.clone())
                .bind(row.payload.clone())
                .bind(row.at_micros);
        }
        query.execute().await?;
    }
    Ok(())
}

/// Records that readers see.
pub(crate) async fn count(db: &Db, (source, feed): (&str, &str)) -> Result<i64> {
    let query = db.read(COUNT).bind(source.to_owned()).bind(feed.to_owned());
    let (count,): (i64,) = query.one().await?;
    Ok(count)
}

/// What a list of copied records asks for.
#[derive(Debug, Default)]
pub struct Filter {
    /// Of these copies.
    pub sources: Vec<Source>,
    /// Of this class only; empty: of every.
    pub class: &'static str,
    pub region: Option<Vec<String>>,
    pub title_contains: String,
}

/// A page of copied records.
#[derive(Debug)]
pub struct Found {
    pub records: Vec<Copied>,
    pub next_cursor: String,
    /// How fresh each copy is that was searched, also one that has no record here.
    pub sources: Vec<CopyFreshness>,
}

/// A copied record.
#[derive(Clone, Debug)]
pub struct Copied {
    pub feed: String,
    pub id: Uuid,
    payload: Vec<u8>,
    /// When its bureau recorded it last.
    pub recorded_at: i64,
    pub freshness: Freshness,
}

impl Copied {
    /// The record, by the message of its feed.
    pub fn record<R: Message + Default>(&self) -> Result<R> {
        R::decode(self.payload.as_slice()).map_err(Problem::internal)
    }
}

#[derive(sqlx::FromRow)]
struct CopyRow {
    source: String,
    feed: String,
    record_id: Uuid,
    payload: Vec<u8>,
    at_micros: i64,
}

/// A page of copied records within the scope as they are today, in the order of registration.
pub async fn page(bureau: &Bureau, scope: &Scope, filter: Filter, page: Page) -> Result<Found> {
    let Bureau { db, clock, .. } = bureau;
    // Before the rows: they may be fresher than is said, never less fresh.
    let positions = positions(db).await?;
    let freshness = |source: &str, feed: &str| {
        positions.get(&(source.to_owned(), feed.to_owned())).map(Freshness::of).unwrap_or_default()
    };
    let mut conditions = Conditions::after(3);
    conditions.any_of("c.feed", &filter.sources.iter().map(|source| source.feed).collect::<Vec<_>>());
    if !filter.class.is_empty() {
        conditions.equal("c.class", filter.class);
    }
    conditions.within("c.region", scope.prefixes());
    conditions.within("c.region", filter.region.as_deref());
    if !filter.title_contains.is_empty() {
        conditions.contains("c.title", &filter.title_contains);
    }
    let sql = format!("{SELECT_COPY}{} ORDER BY c.record_id LIMIT $3", conditions.text());
    let today = clock.today().to_string();
    let query = db.read(Sql::built(sql)).bind(page.after).bind(today).bind(page.size as i64 + 1);
    let mut rows: Vec<CopyRow> = conditions.bind_to(query).all().await?;
    let next_cursor = page.cut(&mut rows, |row| row.record_id);
    let records = rows.into_iter().map(|row| Copied {
        freshness: freshness(&row.source, &row.feed),
        feed: row.feed,
        id: row.record_id,
        payload: row.payload,
        recorded_at: row.at_micros,
    });
    let now = clock.micros();
    let sources = filter.sources.iter().map(|one| freshness(one.bureau, one.feed).message(one.bureau, now));
    Ok(Found { records: records.collect(), next_cursor, sources: sources.collect() })
}
