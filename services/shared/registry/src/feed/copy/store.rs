//! Copies and positions in the database: SQL and rows, nothing else.

use std::collections::BTreeMap;

use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use prost::Message;
use trust::Scope;
use uuid::Uuid;

use super::{Batch, Freshness, Position, Row};
use crate::codes::Coded;
use crate::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, list};

pub const SELECT_POSITION: &str = "\
SELECT stream_id, sequence, head_sequence, head_at, as_of, last_contact_at, generation, state
FROM feed_position WHERE source = $1 AND feed = $2";

pub const SAVE_POSITION: &str = "\
INSERT INTO feed_position (source, feed, stream_id, sequence, head_sequence, head_at, as_of, last_contact_at,
                           generation, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (source, feed) DO UPDATE SET
    stream_id = excluded.stream_id, sequence = excluded.sequence, head_sequence = excluded.head_sequence,
    head_at = excluded.head_at, as_of = excluded.as_of, last_contact_at = excluded.last_contact_at,
    generation = excluded.generation, state = excluded.state";

/// Everything but one generation.
pub const FORGET_OTHERS: &str = "DELETE FROM feed_copy WHERE source = $1 AND feed = $2 AND generation <> $3";

pub const COUNT: &str = "\
SELECT CAST(COUNT(*) AS BIGINT) FROM feed_copy c
JOIN feed_position p ON p.source = c.source AND p.feed = c.feed AND p.generation = c.generation
WHERE c.source = $1 AND c.feed = $2";

const SELECT_COPY: &str = "\
SELECT c.source, c.feed, c.record_id, c.payload, c.at_micros FROM feed_copy c
JOIN feed_position p ON p.source = c.source AND p.feed = c.feed AND p.generation = c.generation
WHERE c.record_id > $1";

const INTO_COPY: &str = "\
INSERT INTO feed_copy (source, feed, generation, record_id, title, region, payload, sequence, at_micros) VALUES ";
const ON_KNOWN_RECORD: &str = "
ON CONFLICT (source, feed, generation, record_id) DO UPDATE SET
    title = excluded.title, region = excluded.region, payload = excluded.payload, sequence = excluded.sequence,
    at_micros = excluded.at_micros";

/// Which copy: of whom, of what.
pub(crate) type Which = (&'static str, &'static str);

#[derive(sqlx::FromRow)]
struct PositionRow {
    stream_id: String,
    sequence: i64,
    head_sequence: i64,
    head_at: i64,
    as_of: i64,
    last_contact_at: i64,
    generation: i64,
    state: String,
}

impl TryFrom<PositionRow> for Position {
    type Error = Problem;

    fn try_from(row: PositionRow) -> Result<Self> {
        Ok(Position {
            stream_id: row.stream_id,
            sequence: row.sequence,
            head_sequence: row.head_sequence,
            head_at: row.head_at,
            as_of: row.as_of,
            last_contact_at: row.last_contact_at,
            generation: row.generation,
            state: coded(&row.state)?,
        })
    }
}

/// Where a copy stands, to decide upon.
pub(crate) async fn load(tx: &mut Tx, (source, feed): Which) -> Result<Option<Position>> {
    let row: Option<PositionRow> = tx.query(SELECT_POSITION).bind(source).bind(feed).optional().await?;
    row.map(Position::try_from).transpose()
}

/// Where a copy stands, for readers.
pub(crate) async fn position(db: &Db, (source, feed): Which) -> Result<Option<Position>> {
    let row: Option<PositionRow> = db.read(SELECT_POSITION).bind(source).bind(feed).optional().await?;
    row.map(Position::try_from).transpose()
}

pub(crate) async fn save_position(tx: &mut Tx, (source, feed): Which, position: &Position) -> Result<()> {
    tx.query(SAVE_POSITION)
        .bind(source)
        .bind(feed)
        .bind(position.stream_id.clone())
        .bind(position.sequence)
        .bind(position.head_sequence)
        .bind(position.head_at)
        .bind(position.as_of)
        .bind(position.last_contact_at)
        .bind(position.generation)
        .bind(position.state.code())
        .execute()
        .await
        .map(drop)
}

/// Forgets what readers do not see: an old copy, or one that grew and is of no use any more.
pub(crate) async fn forget_others(tx: &mut Tx, (source, feed): Which, position: &Position) -> Result<()> {
    tx.query(FORGET_OTHERS).bind(source).bind(feed).bind(position.generation).execute().await.map(drop)
}

/// Does to the rows what a batch says.
pub(crate) async fn apply(tx: &mut Tx, (source, feed): Which, batch: &Batch<'_>) -> Result<()> {
    let kept: Vec<(Uuid, &Row)> = batch.rows.iter().filter_map(|(id, row)| Some((*id, (*row)?))).collect();
    for chunk in kept.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_COPY}{}{ON_KNOWN_RECORD}", placeholders(chunk.len(), 9));
        let mut query = tx.query(Sql::built(sql));
        for (id, row) in chunk {
            query = query
                .bind(source)
                .bind(feed)
                .bind(batch.generation)
                .bind(*id)
                .bind(row.title.clone())
                .bind(row.region.clone())
                .bind(row.payload.clone())
                .bind(row.sequence)
                .bind(row.at_micros);
        }
        query.execute().await?;
    }
    let gone: Vec<Uuid> = batch.rows.iter().filter(|(_, row)| row.is_none()).map(|(id, _)| *id).collect();
    for chunk in gone.chunks(ROWS_PER_STATEMENT) {
        let records = list(3, chunk.len());
        let sql = format!(
            "DELETE FROM feed_copy WHERE source = $1 AND feed = $2 AND generation = $3 AND record_id IN {records}"
        );
        let query = tx.query(Sql::built(sql)).bind(source).bind(feed).bind(batch.generation);
        chunk.iter().fold(query, |query, id| query.bind(*id)).execute().await?;
    }
    Ok(())
}

/// Records that readers see.
pub(crate) async fn count(db: &Db, (source, feed): Which) -> Result<i64> {
    let (count,): (i64,) = db.read(COUNT).bind(source).bind(feed).one().await?;
    Ok(count)
}

/// What a list of copied records asks for.
#[derive(Debug, Default)]
pub struct Filter {
    /// Of these feeds.
    pub feeds: Vec<&'static str>,
    pub region: Option<Vec<String>>,
    pub title_contains: String,
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

/// A page of copied records within the scope, in the order of registration.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page) -> Result<(Vec<Copied>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.any_of("c.feed", &filter.feeds);
    conditions.within("c.region", scope.prefixes());
    conditions.within("c.region", filter.region.as_deref());
    if !filter.title_contains.is_empty() {
        conditions.contains("c.title", &filter.title_contains);
    }
    let sql = format!("{SELECT_COPY}{} ORDER BY c.record_id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<CopyRow> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.record_id);
    let mut known: BTreeMap<(String, String), Freshness> = BTreeMap::new();
    let mut found = Vec::with_capacity(rows.len());
    for CopyRow { source, feed, record_id: id, payload, at_micros: recorded_at } in rows {
        let which = (source, feed);
        let freshness = match known.get(&which) {
            Some(freshness) => *freshness,
            None => {
                let query = db.read(SELECT_POSITION).bind(which.0.clone()).bind(which.1.clone());
                let row: Option<PositionRow> = query.optional().await?;
                let position = row.map(Position::try_from).transpose()?;
                let freshness = position.as_ref().map(Freshness::of).unwrap_or_default();
                known.insert(which.clone(), freshness);
                freshness
            }
        };
        found.push(Copied { feed: which.1, id, payload, recorded_at, freshness });
    }
    Ok((found, next))
}
