//! SQL and rows of the record of batches. Decides nothing.

use std::collections::HashMap;

use kit::{Db, Result, Tx};
use uuid::Uuid;

pub const OF_DAY: &str = "\
SELECT CAST(COALESCE(SUM(CASE WHEN refused = '' THEN tokens ELSE 0 END), 0) AS BIGINT),
       CAST(COALESCE(SUM(CASE WHEN refused = '' AND tokens < $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM match_batch WHERE agreement = $1 AND at_micros >= $2";
pub const RECORD: &str = "\
INSERT INTO match_batch (id, at_micros, agreement, consumer, purpose, question, as_of, tokens, hits, refused)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub const LIST: &str = "\
SELECT id, at_micros, agreement, consumer, purpose, question, as_of, tokens, hits, refused FROM match_batch
WHERE id < $1 AND ($2 = '' OR agreement = $2) AND ($3 = 0 OR refused <> '') ORDER BY id DESC LIMIT $4";

/// Every SQL text of matching.
pub const STATEMENTS: &[&str] = &[OF_DAY, RECORD, LIST];

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

/// Tokens answered since an instant, and answered batches of fewer than `small`.
pub async fn of_day(tx: &mut Tx, agreement: &str, since: i64, small: i64) -> Result<(i64, i64)> {
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

/// Levels of people as of a day.
pub async fn levels(db: &Db, sql: &'static str, as_of: &str) -> Result<HashMap<Uuid, u8>> {
    let rows: Vec<(Uuid, i64)> = db.read(sql).bind(as_of.to_owned()).all().await?;
    Ok(rows.into_iter().filter_map(|(id, level)| Some((id, u8::try_from(level).ok()?))).collect())
}
