//! SQL and rows of the import ledger. Decides nothing.

use kit::db::placeholders;
use kit::{Problem, Result, Sql, Tx};
use uuid::Uuid;

use super::{Counts, Import, Mode, Terms};
use crate::codes::Coded;
use crate::columns::{ROWS_PER_STATEMENT, coded, date};

pub const SELECT: &str = "\
SELECT register, mode, region, effective_on, complete, file_digest, last_batch, added, changed, unchanged, disappeared,
       conflicting, rejected, state
FROM import WHERE id = $1";

pub const INSERT: &str = "\
INSERT INTO import (id, register, mode, region, effective_on, complete, file_name, file_digest, total_rows, started_by,
                    started_at, last_batch, added, changed, unchanged, disappeared, conflicting, rejected, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0, 0, 0, 0, 'OPEN')";

pub const SELECT_BATCH: &str = "SELECT acknowledgement FROM import_batch WHERE import_id = $1 AND number = $2";

pub const INSERT_BATCH: &str = "INSERT INTO import_batch (import_id, number, acknowledgement) VALUES ($1, $2, $3)";

pub const UPDATE_TOTALS: &str = "\
UPDATE import SET last_batch = $2, added = $3, changed = $4, unchanged = $5, disappeared = $6, conflicting = $7,
                  rejected = $8
WHERE id = $1";

pub const SELECT_FINISH: &str = "SELECT finish FROM import WHERE id = $1 AND finish IS NOT NULL";

pub const FINISH: &str = "UPDATE import SET state = 'FINISHED', finish = $2 WHERE id = $1";

pub const FORGET_KEYS: &str = "DELETE FROM import_key WHERE import_id = $1";

const INTO_KEY: &str = "INSERT INTO import_key (import_id, key, record_id) VALUES ";

#[derive(sqlx::FromRow)]
struct Row {
    register: String,
    mode: String,
    region: String,
    effective_on: String,
    complete: bool,
    file_digest: String,
    last_batch: i64,
    added: i64,
    changed: i64,
    unchanged: i64,
    disappeared: i64,
    conflicting: i64,
    rejected: i64,
    state: String,
}

/// The import, if it was started. `register` is the one asked for; an import of another register counts as changed
/// terms.
pub async fn load(tx: &mut Tx, id: Uuid, register: &'static str) -> Result<Option<Import>> {
    let Some(row) = tx.query(SELECT).bind(id).optional::<Row>().await? else { return Ok(None) };
    let terms = Terms {
        id,
        register: if row.register == register { register } else { "" },
        mode: coded::<Mode>(&row.mode)?,
        region: row.region,
        effective_on: date(&row.effective_on)?,
        complete: row.complete,
        file_digest: row.file_digest,
    };
    let counts = Counts {
        added: row.added,
        changed: row.changed,
        unchanged: row.unchanged,
        disappeared: row.disappeared,
        conflicting: row.conflicting,
        rejected: row.rejected,
    };
    Ok(Some(Import { terms, last_batch: row.last_batch, counts, finished: row.state == "FINISHED" }))
}

/// What is told of a file besides its terms.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub total_rows: i64,
    pub started_by: String,
    pub started_at: i64,
}

pub async fn start(tx: &mut Tx, terms: &Terms, file: &File) -> Result<()> {
    tx.query(INSERT)
        .bind(terms.id)
        .bind(terms.register)
        .bind(terms.mode.code())
        .bind(terms.region.clone())
        .bind(terms.effective_on.to_string())
        .bind(terms.complete)
        .bind(file.name.clone())
        .bind(terms.file_digest.clone())
        .bind(file.total_rows)
        .bind(file.started_by.clone())
        .bind(file.started_at)
        .execute()
        .await
        .map(drop)
}

/// The encoded acknowledgement of a durable batch.
pub async fn acknowledgement(tx: &mut Tx, id: Uuid, batch: i64) -> Result<Vec<u8>> {
    let found: Option<(Vec<u8>,)> = tx.query(SELECT_BATCH).bind(id).bind(batch).optional().await?;
    found.map(|(bytes,)| bytes).ok_or_else(|| Problem::state("BATCH_OUT_OF_ORDER", "批次号从1开始"))
}

/// Makes a batch durable, with what is answered for it.
pub async fn save_batch(tx: &mut Tx, import: &Import, acknowledgement: Vec<u8>) -> Result<()> {
    tx.query(INSERT_BATCH).bind(import.terms.id).bind(import.last_batch).bind(acknowledgement).execute().await?;
    save_totals(tx, import).await
}

/// Saves how far the import is.
pub async fn save_totals(tx: &mut Tx, import: &Import) -> Result<()> {
    tx.query(UPDATE_TOTALS)
        .bind(import.terms.id)
        .bind(import.last_batch)
        .bind(import.counts.added)
        .bind(import.counts.changed)
        .bind(import.counts.unchanged)
        .bind(import.counts.disappeared)
        .bind(import.counts.conflicting)
        .bind(import.counts.rejected)
        .execute()
        .await
        .map(drop)
}

/// The encoded answer to the finish, if it was given.
pub async fn finish_given(tx: &mut Tx, id: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(tx.query(SELECT_FINISH).bind(id).optional::<(Vec<u8>,)>().await?.map(|(bytes,)| bytes))
}

/// Ends the import; its keys have served.
pub async fn finish(tx: &mut Tx, id: Uuid, acknowledgement: Vec<u8>) -> Result<()> {
    tx.query(FINISH).bind(id).bind(acknowledgement).execute().await?;
    tx.query(FORGET_KEYS).bind(id).execute().await.map(drop)
}

/// Those of the keys that earlier batches named.
///
/// A sub-select per key is one look into the index, whatever PostgreSQL's planner believes of a table that grows while it is
/// read. Without statistics it compares a list of keys with every row of the import: a batch would cost as much as all batches
/// before it.
pub async fn named_before(tx: &mut Tx, id: Uuid, keys: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for chunk in keys.chunks(ROWS_PER_STATEMENT) {
        let (wanted, of) = (placeholders(chunk.len(), 1), chunk.len() + 1);
        let sql = format!(
            "WITH wanted (key) AS (VALUES {wanted})
             SELECT (SELECT k.key FROM import_key k WHERE k.import_id = ${of} AND k.key = wanted.key) FROM wanted"
        );
        let query = chunk.iter().fold(tx.query(Sql::built(sql)), |query, key| query.bind(key.clone()));
        let rows: Vec<(Option<String>,)> = query.bind(id).all().await?;
        found.extend(rows.into_iter().filter_map(|(key,)| key));
    }
    Ok(found)
}

/// Remembers what a batch named.
pub async fn name(tx: &mut Tx, id: Uuid, keys: &[(String, Option<Uuid>)]) -> Result<()> {
    for chunk in keys.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{INTO_KEY}{}", placeholders(chunk.len(), 3))));
        let query = chunk.iter().fold(query, |query, (key, record)| query.bind(id).bind(key.clone()).bind(*record));
        query.execute().await?;
    }
    Ok(())
}
