//! Issued public data: the files to the byte, and what readers of them know. SQL and rows, nothing else.

use city::suppression::series::Addition;
use kit::{Db, Problem, Result, Tx};
use uuid::Uuid;

use super::Name;

/// Whoever issues holds this on PostgreSQL.
pub(super) const LOCK: &str = "LOCK TABLE public_data IN EXCLUSIVE MODE";

const ADDITIONS: &str = "SELECT addition FROM public_data ORDER BY number";
const COUNT: &str = "SELECT COUNT(*) FROM public_data";
const ISSUED: &str = "SELECT issued_by_name, issued_at FROM public_data WHERE cut_id = $1";
const CSV: &str = "SELECT csv FROM public_data WHERE cut_id = $1";
const JSON: &str = "SELECT json FROM public_data WHERE cut_id = $1";
const INSERT: &str = "INSERT INTO public_data
     (cut_id, number, csv, json, addition, issued_by, issued_by_name, issued_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Every SQL text of this room.
pub const STATEMENTS: &[&str] = &[ADDITIONS, COUNT, ISSUED, CSV, JSON, INSERT];

/// Who issued the public data of a cut, and when (microseconds).
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Issued {
    pub issued_by_name: String,
    pub issued_at: i64,
}

/// The public data of a cut on their way out.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// 1, 2, … in the order of issuing.
    pub(super) number: i64,
    pub(super) csv: Vec<u8>,
    pub(super) json: Vec<u8>,
    pub(super) addition: Addition<Name>,
}

/// What every issued table added, in the order of issuing.
pub(super) async fn additions(db: &Db) -> Result<Vec<Addition<Name>>> {
    let rows: Vec<(String,)> = db.read(ADDITIONS).all().await?;
    rows.into_iter().map(|(addition,)| serde_json::from_str(&addition).map_err(Problem::internal)).collect()
}

pub(super) async fn count(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.query(COUNT).one().await?;
    Ok(count)
}

pub async fn issued(db: &Db, cut: Uuid) -> Result<Option<Issued>> {
    db.read(ISSUED).bind(cut).optional().await
}

pub async fn csv(db: &Db, cut: Uuid) -> Result<Option<Vec<u8>>> {
    bytes(db, CSV, cut).await
}

pub async fn json(db: &Db, cut: Uuid) -> Result<Option<Vec<u8>>> {
    bytes(db, JSON, cut).await
}

async fn bytes(db: &Db, statement: &'static str, cut: Uuid) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = db.read(statement).bind(cut).optional().await?;
    Ok(row.map(|(bytes,)| bytes))
}

pub(super) async fn insert(tx: &mut Tx, cut: Uuid, files: &Files, user: &str, issued: &Issued) -> Result<()> {
    tx.query(INSERT)
        .bind(cut)
        .bind(files.number)
        .bind(files.csv.clone())
        .bind(files.json.clone())
        .bind(serde_json::to_string(&files.addition).map_err(Problem::internal)?)
        .bind(user.to_owned())
        .bind(issued.issued_by_name.clone())
        .bind(issued.issued_at)
        .execute()
        .await
        .map(drop)
}
