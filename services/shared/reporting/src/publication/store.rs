//! Streams and envelopes in the database: SQL and rows, nothing else.
//!
//! Publications are what every follower may read, so these queries take no scope; the methods that reach them do.

use kit::{Db, Problem, Result, Tx};
use prost::Message;
use proto::reporting::Envelope;
use sqlx::FromRow;
use uuid::Uuid;

const HEAD: &str = "SELECT stream_id, number, last_sequence, last_hash, last_published_at FROM publication_sequence \
     ORDER BY number DESC LIMIT 1";
const IS_KNOWN: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM publication_sequence WHERE stream_id = $1";
const BEGIN_STREAM: &str = "INSERT INTO publication_sequence \
     (stream_id, number, last_sequence, last_hash, last_published_at) VALUES ($1, $2, $3, $4, $5)";
const ADVANCE: &str = "UPDATE publication_sequence SET last_sequence = $2, last_hash = $3, last_published_at = $4 \
     WHERE stream_id = $1";
const APPEND: &str = "INSERT INTO publication (stream_id, sequence, form, period, subject, envelope, payload_hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const PAGE: &str = "SELECT sequence, form, period, subject, envelope FROM publication \
     WHERE stream_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
const FILTERED_PAGE: &str = "SELECT sequence, form, period, subject, envelope FROM publication \
     WHERE stream_id = $1 AND sequence > $2 AND ($4 = '' OR form = $4) AND ($5 = '' OR period = $5) \
     ORDER BY sequence LIMIT $3";
const HASH_AT: &str = "SELECT payload_hash FROM publication WHERE stream_id = $1 AND sequence = $2";
const ENVELOPE_AT: &str = "SELECT envelope FROM publication WHERE stream_id = $1 AND sequence = $2";
const LAST_OF_SUBJECT: &str = "SELECT envelope FROM publication WHERE stream_id = $1 AND subject = $2 \
     ORDER BY sequence DESC LIMIT 1";
const ANSWERED: &str = "SELECT fingerprint, sequence FROM publication_request WHERE idempotency_key = $1";
const REMEMBER: &str = "INSERT INTO publication_request (idempotency_key, fingerprint, sequence) VALUES ($1, $2, $3)";

/// All constants of this file, for the test that prepares them.
pub(crate) const STATEMENTS: &[&str] = &[
    HEAD,
    IS_KNOWN,
    BEGIN_STREAM,
    ADVANCE,
    APPEND,
    PAGE,
    FILTERED_PAGE,
    HASH_AT,
    ENVELOPE_AT,
    LAST_OF_SUBJECT,
    ANSWERED,
    REMEMBER,
];

/// Where the current stream stands.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Head {
    pub(crate) stream_id: Uuid,
    /// 1 for the bureau's first stream, then one more for each restored backup.
    pub(crate) number: i64,
    pub(crate) last_sequence: i64,
    /// SHA-256 of the last payload; empty before the first.
    pub(crate) last_hash: Vec<u8>,
    pub(crate) last_published_at: i64,
}

/// One stored envelope.
#[derive(FromRow)]
struct Row {
    sequence: i64,
    form: String,
    period: String,
    subject: String,
    envelope: Vec<u8>,
}

/// An envelope with its place and what it is found by.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) sequence: i64,
    pub(crate) form: String,
    pub(crate) period: String,
    pub(crate) subject: String,
    pub(crate) envelope: Envelope,
}

/// The current stream, inside the transaction that publishes.
pub(crate) async fn head(tx: &mut Tx) -> Result<Option<Head>> {
    tx.query(HEAD).optional().await
}

/// The current stream, for readers.
pub(crate) async fn current(db: &Db) -> Result<Head> {
    db.read(HEAD).optional().await?.ok_or_else(|| Problem::internal("no publication stream"))
}

/// True when this database has had the stream at any time.
pub(crate) async fn is_known(tx: &mut Tx, stream_id: Uuid) -> Result<bool> {
    let (count,): (i64,) = tx.query(IS_KNOWN).bind(stream_id).one().await?;
    Ok(count > 0)
}

pub(crate) async fn begin_stream(tx: &mut Tx, head: &Head) -> Result<()> {
    tx.query(BEGIN_STREAM)
        .bind(head.stream_id)
        .bind(head.number)
        .bind(head.last_sequence)
        .bind(head.last_hash.clone())
        .bind(head.last_published_at)
        .execute()
        .await?;
    Ok(())
}

/// Appends an envelope and moves the stream's head to it.
pub(crate) async fn append(tx: &mut Tx, head: &Head, stored: &Stored) -> Result<()> {
    tx.query(APPEND)
        .bind(head.stream_id)
        .bind(stored.sequence)
        .bind(stored.form.clone())
        .bind(stored.period.clone())
        .bind(stored.subject.clone())
        .bind(stored.envelope.encode_to_vec())
        .bind(head.last_hash.clone())
        .execute()
        .await?;
    tx.query(ADVANCE)
        .bind(head.stream_id)
        .bind(head.last_sequence)
        .bind(head.last_hash.clone())
        .bind(head.last_published_at)
        .execute()
        .await?;
    Ok(())
}

/// Envelopes after a position, in order, at most `limit`; inside a transaction.
pub(crate) async fn page_in(tx: &mut Tx, stream_id: Uuid, after: i64, limit: i64) -> Result<Vec<Stored>> {
    let rows: Vec<Row> = tx.query(PAGE).bind(stream_id).bind(after).bind(limit).all().await?;
    rows.into_iter().map(stored).collect()
}

/// Envelopes after a position, in order, at most `limit`.
pub(crate) async fn page(db: &Db, stream_id: Uuid, after: i64, limit: i64) -> Result<Vec<Stored>> {
    let rows: Vec<Row> = db.read(PAGE).bind(stream_id).bind(after).bind(limit).all().await?;
    rows.into_iter().map(stored).collect()
}

/// The same of one form or period, where these are not empty.
pub(crate) async fn filtered_page(
    db: &Db,
    stream_id: Uuid,
    after: i64,
    limit: i64,
    form: &str,
    period: &str,
) -> Result<Vec<Stored>> {
    let query = db.read(FILTERED_PAGE).bind(stream_id).bind(after).bind(limit);
    let rows: Vec<Row> = query.bind(form.to_owned()).bind(period.to_owned()).all().await?;
    rows.into_iter().map(stored).collect()
}

/// SHA-256 of the payload at a position, if the stream has come that far.
pub(crate) async fn hash_at(db: &Db, stream_id: Uuid, sequence: i64) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = db.read(HASH_AT).bind(stream_id).bind(sequence).optional().await?;
    Ok(row.map(|(hash,)| hash))
}

/// The last envelope about a subject in the stream.
pub(crate) async fn last_of(tx: &mut Tx, stream_id: Uuid, subject: &str) -> Result<Option<Envelope>> {
    let row: Option<(Vec<u8>,)> = tx.query(LAST_OF_SUBJECT).bind(stream_id).bind(subject.to_owned()).optional().await?;
    row.map(|(bytes,)| decode(&bytes)).transpose()
}

/// The answer that was given to a call with this key: IDEMPOTENCY_KEY_REUSED when that was another call.
pub(crate) async fn answered(tx: &mut Tx, head: &Head, key: &str, fingerprint: &[u8]) -> Result<Option<Envelope>> {
    let row: Option<(Vec<u8>, i64)> = tx.query(ANSWERED).bind(key.to_owned()).optional().await?;
    let Some((known, sequence)) = row else { return Ok(None) };
    if known != fingerprint {
        let message = "同一个幂等键已用于另一次操作";
        return Err(Problem::field("idempotency_key", "IDEMPOTENCY_KEY_REUSED", message));
    }
    let row: Option<(Vec<u8>,)> = tx.query(ENVELOPE_AT).bind(head.stream_id).bind(sequence).optional().await?;
    row.map(|(bytes,)| decode(&bytes)).transpose()
}

pub(crate) async fn remember(tx: &mut Tx, key: &str, fingerprint: &[u8], sequence: i64) -> Result<()> {
    tx.query(REMEMBER).bind(key.to_owned()).bind(fingerprint.to_vec()).bind(sequence).execute().await?;
    Ok(())
}

fn stored(row: Row) -> Result<Stored> {
    let Row { sequence, form, period, subject, envelope } = row;
    Ok(Stored { sequence, form, period, subject, envelope: decode(&envelope)? })
}

fn decode(bytes: &[u8]) -> Result<Envelope> {
    Envelope::decode(bytes).map_err(|error| Problem::internal(format!("stored envelope: {error}")))
}
