//! Sessions. SQL and rows, nothing else. What the cookie holds is never stored, only its hash.

use kit::{Db, Result, Tx};

const FIND: &str = "SELECT s.account, s.created_at, s.seen_at, a.name, a.unit, a.region, a.must_change
     FROM session s JOIN account a ON a.id = s.account WHERE s.hash = $1 AND NOT a.disabled";
const INSERT: &str = "INSERT INTO session (hash, account, created_at, seen_at) VALUES ($1, $2, $3, $4)";
const SEEN: &str = "UPDATE session SET seen_at = $2 WHERE hash = $1";
const END: &str = "DELETE FROM session WHERE hash = $1";
const END_ALL: &str = "DELETE FROM session WHERE account = $1";
const END_OLD: &str = "DELETE FROM session WHERE seen_at < $1 OR created_at < $2";

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[FIND, INSERT, SEEN, END, END_ALL, END_OLD];

/// A session with the person it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    pub account: String,
    pub created_at: i64,
    pub seen_at: i64,
    pub name: String,
    pub unit: String,
    pub region: String,
    pub must_change: bool,
}

pub async fn find(db: &Db, hash: Vec<u8>) -> Result<Option<Row>> {
    db.read(FIND).bind(hash).optional().await
}

pub async fn insert(tx: &mut Tx, hash: Vec<u8>, account: &str, now: i64) -> Result<()> {
    tx.query(INSERT).bind(hash).bind(account.to_owned()).bind(now).bind(now).execute().await.map(drop)
}

pub async fn seen(tx: &mut Tx, hash: Vec<u8>, now: i64) -> Result<()> {
    tx.query(SEEN).bind(hash).bind(now).execute().await.map(drop)
}

pub async fn end(tx: &mut Tx, hash: Vec<u8>) -> Result<()> {
    tx.query(END).bind(hash).execute().await.map(drop)
}

pub async fn end_all(tx: &mut Tx, account: &str) -> Result<()> {
    tx.query(END_ALL).bind(account.to_owned()).execute().await.map(drop)
}

/// Ends those last seen before `seen` or begun before `created`, both in microseconds.
pub async fn end_old(tx: &mut Tx, seen: i64, created: i64) -> Result<()> {
    tx.query(END_OLD).bind(seen).bind(created).execute().await.map(drop)
}
