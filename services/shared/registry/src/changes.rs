//! What every change of a register shares: the change counter, which stands still while nothing changes, and
//! idempotency keys, so that a mutation asked for twice is done once and answered alike.

use kit::{Db, Kind, Problem, Result, Tx};
use prost::Message;

pub const BUMP: &str = "UPDATE change_counter SET value = value + 1 WHERE id = 1";
pub const SELECT_COUNTER: &str = "SELECT value FROM change_counter WHERE id = 1";
pub const SELECT_ANSWER: &str = "SELECT request, response FROM idempotency WHERE method = $1 AND key = $2";
pub const INSERT_ANSWER: &str = "INSERT INTO idempotency (method, key, request, response) VALUES ($1, $2, $3, $4)";

/// Counts a change; called in every transaction that changes a register.
pub async fn bump(tx: &mut Tx) -> Result<()> {
    tx.query(BUMP).execute().await.map(drop)
}

/// The counter as it stands.
pub async fn counter(db: &Db) -> Result<i64> {
    let (value,): (i64,) = db.read(SELECT_COUNTER).one().await?;
    Ok(value)
}

/// The answer given to the same request before; `None` when it is new or carries no key. Another request under a key
/// that was used is refused (IDEMPOTENCY_KEY_REUSED).
pub async fn answered<A: Message + Default>(
    tx: &mut Tx,
    method: &'static str,
    key: &str,
    request: &impl Message,
) -> Result<Option<A>> {
    answered_one_of(tx, method, key, std::slice::from_ref(request)).await
}

/// The same for a request that may have been remembered in any of these forms.
pub async fn answered_one_of<A: Message + Default>(
    tx: &mut Tx,
    method: &'static str,
    key: &str,
    forms: &[impl Message],
) -> Result<Option<A>> {
    if key.is_empty() {
        return Ok(None);
    }
    let found: Option<(Vec<u8>, Vec<u8>)> =
        tx.query(SELECT_ANSWER).bind(method).bind(key.to_owned()).optional().await?;
    match found {
        None => Ok(None),
        Some((before, _)) if forms.iter().all(|request| before != request.encode_to_vec()) => {
            Err(Problem::field("idempotency_key", "IDEMPOTENCY_KEY_REUSED", "该幂等键已用于另一个请求"))
        }
        Some((_, response)) => A::decode(response.as_slice()).map(Some).map_err(Problem::internal),
    }
}

/// Remembers the answer under the key, if there is one.
pub async fn remember(
    tx: &mut Tx,
    method: &'static str,
    key: &str,
    request: &impl Message,
    answer: &impl Message,
) -> Result<()> {
    if key.is_empty() {
        return Ok(());
    }
    tx.query(INSERT_ANSWER)
        .bind(method)
        .bind(key.to_owned())
        .bind(request.encode_to_vec())
        .bind(answer.encode_to_vec())
        .execute()
        .await
        .map(drop)
}

/// Refuses a change of something that changed meanwhile: VERSION_STALE.
pub fn check_version(ours: i64, theirs: u64) -> Result<()> {
    if u64::try_from(ours) != Ok(theirs) {
        return Err(Problem::new(Kind::Stale, "VERSION_STALE", "该记录已被他人修改，请刷新后重试"));
    }
    Ok(())
}
