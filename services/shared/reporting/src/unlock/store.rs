//! Unlocks in the database: SQL and rows, nothing else.

use jiff::civil::Date;
use kit::{Db, Problem, Result, Tx};
use sqlx::FromRow;
use trust::Scope;
use uuid::Uuid;

use super::{Signature, State, Unlock};
use crate::report::draft::Place;
use crate::report::store::known;

const LOAD: &str = "SELECT id, form, region, period, state, reason, requested_by, requested_by_name, requested_at, \
     decided_by, decided_by_name, decided_at, decision_reason, until_on FROM period_unlock WHERE id = $1";
const PAGE: &str = "SELECT id, form, region, period, state, reason, requested_by, requested_by_name, requested_at, \
     decided_by, decided_by_name, decided_at, decision_reason, until_on FROM period_unlock \
     WHERE id < $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR form = $3) AND ($4 = '' OR period = $4) \
     ORDER BY id DESC LIMIT $5";
const OPEN: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM period_unlock \
     WHERE form = $1 AND period = $2 AND region = $3 AND state = 'GRANTED' AND until_on >= $4";
const WAITING: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM period_unlock \
     WHERE form = $1 AND period = $2 AND region = $3 AND state = 'REQUESTED'";
const OPEN_ON: &str = "SELECT form, region, period FROM period_unlock WHERE state = 'GRANTED' AND until_on >= $1";
const INSERT: &str = "INSERT INTO period_unlock (id, form, region, period, state, reason, requested_by, \
     requested_by_name, requested_at, decided_by, decided_by_name, decided_at, decision_reason, until_on) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', 0, '', '')";
const DECIDE: &str = "UPDATE period_unlock SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5, \
     decision_reason = $6, until_on = $7 WHERE id = $1 AND state = 'REQUESTED'";

/// All constants of this file, for the test that prepares them.
pub(crate) const STATEMENTS: &[&str] = &[LOAD, PAGE, OPEN, WAITING, OPEN_ON, INSERT, DECIDE];

#[derive(FromRow)]
struct Row {
    id: Uuid,
    form: String,
    region: String,
    period: String,
    state: String,
    reason: String,
    requested_by: String,
    requested_by_name: String,
    requested_at: i64,
    decided_by: String,
    decided_by_name: String,
    decided_at: i64,
    decision_reason: String,
    until_on: String,
}

/// The unlock with this id: UNLOCK_UNKNOWN, REGION_OUT_OF_SCOPE.
pub(crate) async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Unlock> {
    let row: Option<Row> = tx.query(LOAD).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("UNLOCK_UNKNOWN", "没有这份解锁申请"))?;
    scope.check(&row.region)?;
    unlock(row)
}

/// Newest first, from before `before` on, `limit` at most; empty filters and a state of None ask for all.
pub(crate) async fn page(
    db: &Db,
    before: Uuid,
    state: Option<State>,
    form: &str,
    period: &str,
    limit: i64,
) -> Result<Vec<Unlock>> {
    let state = state.map_or("", State::code).to_owned();
    let query = db.read(PAGE).bind(before).bind(state).bind(form.to_owned()).bind(period.to_owned());
    let rows: Vec<Row> = query.bind(limit).all().await?;
    rows.into_iter().map(unlock).collect()
}

/// True when an unlock holds today.
pub(crate) async fn is_open(tx: &mut Tx, place: Place<'_>, today: Date) -> Result<bool> {
    let query = tx.query(OPEN).bind(place.form.code.clone()).bind(place.period.to_string());
    let (count,): (i64,) = query.bind(place.region.to_owned()).bind(today.to_string()).one().await?;
    Ok(count > 0)
}

/// The (form, region, period) of every unlock that holds today.
pub(crate) async fn open_on(db: &Db, today: Date) -> Result<Vec<(String, String, String)>> {
    db.read(OPEN_ON).bind(today.to_string()).all().await
}

/// True when a request waits for its decision.
pub(crate) async fn is_waiting(tx: &mut Tx, place: Place<'_>) -> Result<bool> {
    let query = tx.query(WAITING).bind(place.form.code.clone()).bind(place.period.to_string());
    let (count,): (i64,) = query.bind(place.region.to_owned()).one().await?;
    Ok(count > 0)
}

pub(crate) async fn insert(tx: &mut Tx, scope: &Scope, unlock: &Unlock) -> Result<()> {
    scope.check(&unlock.region)?;
    tx.query(INSERT)
        .bind(unlock.id)
        .bind(unlock.form.clone())
        .bind(unlock.region.clone())
        .bind(unlock.period.clone())
        .bind(unlock.state.code().to_owned())
        .bind(unlock.requested.reason.clone())
        .bind(unlock.requested.user.clone())
        .bind(unlock.requested.user_name.clone())
        .bind(unlock.requested.at)
        .execute()
        .await?;
    Ok(())
}

/// Stores the decision on a request that waited until now.
pub(crate) async fn decide(tx: &mut Tx, scope: &Scope, unlock: &Unlock) -> Result<()> {
    scope.check(&unlock.region)?;
    tx.query(DECIDE)
        .bind(unlock.id)
        .bind(unlock.state.code().to_owned())
        .bind(unlock.decided.user.clone())
        .bind(unlock.decided.user_name.clone())
        .bind(unlock.decided.at)
        .bind(unlock.decided.reason.clone())
        .bind(unlock.until_on.map(|day| day.to_string()).unwrap_or_default())
        .execute()
        .await?;
    Ok(())
}

fn unlock(row: Row) -> Result<Unlock> {
    Ok(Unlock {
        id: row.id,
        form: row.form,
        region: row.region,
        period: row.period,
        state: known(State::of_code(&row.state), &row.state)?,
        requested: Signature {
            user: row.requested_by,
            user_name: row.requested_by_name,
            at: row.requested_at,
            reason: row.reason,
        },
        decided: Signature {
            user: row.decided_by,
            user_name: row.decided_by_name,
            at: row.decided_at,
            reason: row.decision_reason,
        },
        until_on: match row.until_on.as_str() {
            "" => None,
            day => Some(known(day.parse().ok(), day)?),
        },
    })
}
