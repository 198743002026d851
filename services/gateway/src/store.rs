//! The envelopes the gateway has received, and how far it has followed each stream. SQL and rows, nothing else.

use kit::db::Migrations;
use kit::{Db, Result, Tx};
use prost::Message;
use proto::reporting::Envelope;

/// This crate's tables.
pub fn migrations() -> Migrations {
    Migrations {
        table: "_gateway_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    }
}

/// How far a bureau's stream has been followed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Position {
    pub bureau: String,
    pub stream_id: String,
    pub sequence: i64,
    /// SHA-256 of the payload at `sequence`.
    pub hash: Vec<u8>,
    pub published_at: i64,
    pub last_contact: i64,
    /// Why the stream can no longer be followed; empty while it can.
    pub diverged: String,
}

const POSITION: &str = "SELECT bureau, stream_id, sequence, hash, published_at, last_contact, diverged
     FROM follow_position WHERE bureau = $1";
const SAVE_POSITION: &str = "INSERT INTO follow_position
     (bureau, stream_id, sequence, hash, published_at, last_contact, diverged) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (bureau) DO UPDATE SET stream_id = excluded.stream_id, sequence = excluded.sequence,
     hash = excluded.hash, published_at = excluded.published_at, last_contact = excluded.last_contact,
     diverged = excluded.diverged";
const DELETE_POSITION: &str = "DELETE FROM follow_position WHERE bureau = $1";
const INSERT_ENVELOPE: &str = "INSERT INTO envelope (bureau, stream_id, sequence, received_at, bytes)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (bureau, stream_id, sequence) DO NOTHING";
const REPLAY: &str = "SELECT sequence, bytes FROM envelope WHERE bureau = $1 AND stream_id = $2 AND sequence > $3
     ORDER BY sequence LIMIT 500";
const ENVELOPE: &str = "SELECT sequence, bytes FROM envelope WHERE bureau = $1 AND stream_id = $2 AND sequence = $3";

/// Every SQL text of this crate, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[POSITION, SAVE_POSITION, DELETE_POSITION, INSERT_ENVELOPE, REPLAY, ENVELOPE];

pub async fn position(db: &Db, bureau: &str) -> Result<Option<Position>> {
    db.read(POSITION).bind(bureau.to_owned()).optional().await
}

pub async fn save_position(tx: &mut Tx, position: &Position) -> Result<()> {
    tx.query(SAVE_POSITION)
        .bind(position.bureau.clone())
        .bind(position.stream_id.clone())
        .bind(position.sequence)
        .bind(position.hash.clone())
        .bind(position.published_at)
        .bind(position.last_contact)
        .bind(position.diverged.clone())
        .execute()
        .await
        .map(drop)
}

pub async fn delete_position(tx: &mut Tx, bureau: &str) -> Result<()> {
    tx.query(DELETE_POSITION).bind(bureau.to_owned()).execute().await.map(drop)
}

pub async fn insert_envelope(
    tx: &mut Tx,
    bureau: &str,
    stream_id: &str,
    sequence: i64,
    received_at: i64,
    envelope: &Envelope,
) -> Result<()> {
    tx.query(INSERT_ENVELOPE)
        .bind(bureau.to_owned())
        .bind(stream_id.to_owned())
        .bind(sequence)
        .bind(received_at)
        .bind(envelope.encode_to_vec())
        .execute()
        .await
        .map(drop)
}

/// The next envelopes of a stream after a sequence, at most 500.
pub async fn replay(db: &Db, bureau: &str, stream_id: &str, after: i64) -> Result<Vec<(i64, Envelope)>> {
    let rows: Vec<(i64, Vec<u8>)> =
        db.read(REPLAY).bind(bureau.to_owned()).bind(stream_id.to_owned()).bind(after).all().await?;
    rows.into_iter().map(|(sequence, bytes)| Ok((sequence, decode(&bytes)?))).collect()
}

pub async fn envelope(db: &Db, bureau: &str, stream_id: &str, sequence: i64) -> Result<Option<Envelope>> {
    let row: Option<(i64, Vec<u8>)> =
        db.read(ENVELOPE).bind(bureau.to_owned()).bind(stream_id.to_owned()).bind(sequence).optional().await?;
    row.map(|(_, bytes)| decode(&bytes)).transpose()
}

fn decode(bytes: &[u8]) -> Result<Envelope> {
    Envelope::decode(bytes).map_err(kit::Problem::internal)
}
