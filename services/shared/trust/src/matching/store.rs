//! SQL and rows of the record of batches. Decides nothing.

use std::collections::{HashMap, HashSet};

use kit::{Db, Result, Tx};
use uuid::Uuid;

pub const OF_DAY: &str = "\
SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT) AS tokens,
       CAST(COALESCE(SUM(hits), 0) AS BIGINT) AS hits,
       CAST(COUNT(*) AS BIGINT) AS batches,
       CAST(COALESCE(SUM(CASE WHEN tokens < $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS small
FROM match_batch WHERE agreement = $1 AND at_micros >= $2 AND refused = ''";
pub const RECORD: &str = "\
INSERT INTO match_batch (id, at_micros, agreement, consumer, purpose, question, as_of, tokens, hits, refused)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub const LIST: &str = "\
SELECT id, at_micros, agreement, consumer, purpose, question, as_of, tokens, hits, refused FROM match_batch
WHERE id < $1 AND ($2 = '' OR agreement = $2) AND ($3 = 0 OR refused <> '') ORDER BY id DESC LIMIT $4";

/// Whoever is erased, and whoever was merged into somebody who is. A person who was merged into another goes on as that one.
pub const ERASED: &str = "\
SELECT id FROM person WHERE erased_at IS NOT NULL AND merged_into IS NULL
UNION ALL
SELECT p.id FROM person p JOIN person r ON r.id = p.merged_into WHERE r.erased_at IS NOT NULL";

/// Every SQL text of matching.
pub const STATEMENTS: &[&str] = &[OF_DAY, RECORD, LIST, ERASED];

/// A batch as it is recorded.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Batch {
    pub id: Uuid,
    pub at_micros: i64,
    pub agreement: String,
    pub consumer: String,
    pub purpose: String,
    pub question: String,
    pub as_of: String,
    pub tokens: i64,
    pub hits: i64,
    /// Reason code of a refusal; empty: answered.
    pub refused: String,
}

/// What of an agreement was answered since an instant.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct Used {
    pub tokens: i64,
    pub hits: i64,
    pub batches: i64,
    /// Batches of fewer tokens than were named.
    pub small: i64,
}

pub async fn used(tx: &mut Tx, agreement: &str, since: i64, small: i64) -> Result<Used> {
    tx.query(OF_DAY).bind(agreement.to_owned()).bind(since).bind(small).one().await
}

pub async fn record(tx: &mut Tx, batch: &Batch) -> Result<()> {
    tx.query(RECORD)
        .bind(batch.id)
        .bind(batch.at_micros)
        .bind(batch.agreement.clone())
        .bind(batch.consumer.clone())
        .bind(batch.purpose.clone())
        .bind(batch.question.clone())
        .bind(batch.as_of.clone())
        .bind(batch.tokens)
        .bind(batch.hits)
        .bind(batch.refused.clone())
        .execute()
        .await
        .map(drop)
}

/// Batches before `before`, newest first.
pub async fn list(db: &Db, before: Uuid, agreement: &str, refused: bool, limit: i64) -> Result<Vec<Batch>> {
    let query = db.read(LIST).bind(before).bind(agreement.to_owned()).bind(i64::from(refused));
    query.bind(limit).all().await
}

/// Levels of people as of a day, whatever the question; nobody who is erased is among them.
pub async fn levels(db: &Db, sql: &'static str, as_of: &str) -> Result<HashMap<Uuid, u8>> {
    let rows: Vec<(Uuid, i64)> = db.read(sql).bind(as_of.to_owned()).all().await?;
    let mut levels: HashMap<Uuid, u8> =
        rows.into_iter().filter_map(|(id, level)| Some((id, u8::try_from(level).ok()?))).collect();
    for person in erased(db).await? {
        levels.remove(&person);
    }
    Ok(levels)
}

/// Nobody is answered about who is erased.
pub async fn erased(db: &Db) -> Result<HashSet<Uuid>> {
    let rows: Vec<(Uuid,)> = db.read(ERASED).all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
