//! Named cuts, reasons of unmet targets, and issued documents. SQL and rows, nothing else.

use kit::{Db, Problem, Result, Tx};
use uuid::Uuid;

use super::NamedCut;
use crate::cut::{Cut, Mode};
use crate::view::CutEntry;

const ALL: &str = "SELECT id, name, period, mode, entries, made_by, made_by_name, made_at FROM named_cut ORDER BY id";
const INSERT: &str = "INSERT INTO named_cut (id, name, period, mode, entries, made_by, made_by_name, made_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const REASONS: &str = "SELECT indicator, reason, by_name, at FROM unmet_reason WHERE cut_id = $1 ORDER BY indicator";
const SAVE_REASON: &str = "INSERT INTO unmet_reason (cut_id, indicator, reason, by_user, by_name, at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (cut_id, indicator) DO UPDATE SET reason = excluded.reason, by_user = excluded.by_user,
     by_name = excluded.by_name, at = excluded.at";
const ISSUED: &str = "SELECT id, title, number, media_type, file_name, sha256, size, issued_by_name, issued_at
     FROM issued_document WHERE cut_id = $1 ORDER BY id";
const BYTES: &str = "SELECT file_name, media_type, bytes FROM issued_document WHERE id = $1";
const ISSUE: &str = "INSERT INTO issued_document
     (id, cut_id, title, number, media_type, file_name, sha256, size, bytes, issued_by, issued_by_name, issued_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Every SQL text of this room.
pub const STATEMENTS: &[&str] = &[ALL, INSERT, REASONS, SAVE_REASON, ISSUED, BYTES, ISSUE];

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    period: String,
    mode: String,
    entries: String,
    made_by: String,
    made_by_name: String,
    made_at: i64,
}

/// Every cut, the oldest first.
pub async fn all(db: &Db) -> Result<Vec<NamedCut>> {
    let rows: Vec<Row> = db.read(ALL).all().await?;
    rows.into_iter().map(named).collect()
}

fn named(row: Row) -> Result<NamedCut> {
    let entries: Vec<CutEntry> = serde_json::from_str(&row.entries).map_err(Problem::internal)?;
    let mode = Mode::of_code(&row.mode).ok_or_else(|| Problem::internal(format!("cut mode {:?}", row.mode)))?;
    let entries = entries.into_iter().map(|entry| (entry.bureau, entry.stream_id, entry.sequence));
    Ok(NamedCut {
        id: row.id,
        name: row.name,
        period: row.period.parse().map_err(Problem::internal)?,
        cut: Cut::new(entries).in_mode(mode),
        made_by: row.made_by,
        made_by_name: row.made_by_name,
        made_at: row.made_at,
    })
}

pub async fn insert(tx: &mut Tx, cut: &NamedCut) -> Result<()> {
    tx.query(INSERT)
        .bind(cut.id)
        .bind(cut.name.clone())
        .bind(cut.period.to_string())
        .bind(cut.cut.mode.code())
        .bind(serde_json::to_string(&cut.cut.entries()).map_err(Problem::internal)?)
        .bind(cut.made_by.clone())
        .bind(cut.made_by_name.clone())
        .bind(cut.made_at)
        .execute()
        .await
        .map(drop)
}

/// Why a target was not met, as somebody stated it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Reason {
    pub indicator: String,
    pub reason: String,
    pub by_name: String,
    pub at: i64,
}

pub async fn reasons(db: &Db, cut: Uuid) -> Result<Vec<Reason>> {
    db.read(REASONS).bind(cut).all().await
}

pub async fn save_reason(tx: &mut Tx, cut: Uuid, user: &str, reason: &Reason) -> Result<()> {
    tx.query(SAVE_REASON)
        .bind(cut)
        .bind(reason.indicator.clone())
        .bind(reason.reason.clone())
        .bind(user.to_owned())
        .bind(reason.by_name.clone())
        .bind(reason.at)
        .execute()
        .await
        .map(drop)
}

/// A document that was issued of a cut, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Issued {
    pub id: Uuid,
    pub title: String,
    /// 发文字号.
    pub number: String,
    pub media_type: String,
    pub file_name: String,
    /// Hex.
    pub sha256: String,
    pub size: i64,
    pub issued_by_name: String,
    pub issued_at: i64,
}

pub async fn issued(db: &Db, cut: Uuid) -> Result<Vec<Issued>> {
    db.read(ISSUED).bind(cut).all().await
}

/// (file name, media type, bytes).
pub async fn bytes(db: &Db, id: Uuid) -> Result<Option<(String, String, Vec<u8>)>> {
    db.read(BYTES).bind(id).optional().await
}

pub async fn issue(tx: &mut Tx, cut: Uuid, user: &str, issued: &Issued, bytes: Vec<u8>) -> Result<()> {
    tx.query(ISSUE)
        .bind(issued.id)
        .bind(cut)
        .bind(issued.title.clone())
        .bind(issued.number.clone())
        .bind(issued.media_type.clone())
        .bind(issued.file_name.clone())
        .bind(issued.sha256.clone())
        .bind(issued.size)
        .bind(bytes)
        .bind(user.to_owned())
        .bind(issued.issued_by_name.clone())
        .bind(issued.issued_at)
        .execute()
        .await
        .map(drop)
}
