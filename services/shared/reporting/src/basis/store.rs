//! Changes of basis in the database: SQL and rows, nothing else.

use jiff::civil::Date;
use kit::{Db, Result, Sql, Tx, db::placeholders};
use sqlx::FromRow;
use trust::Scope;

use crate::report::Basis;
use crate::report::store::known;

const ALL: &str = "SELECT element, region, number, basis, effective_period, starts_on, reason, document_number, \
     explanation, user_id, user_name, at FROM basis_change WHERE ($1 = '' OR element = $1) \
     ORDER BY element, region, number DESC";
const PUBLISHED_SINCE: &str = "SELECT DISTINCT region, period FROM report \
     WHERE form = $1 AND period >= $2 AND state = 'PUBLISHED' ORDER BY region, period";

/// All constants of this file, for the test that prepares them.
pub(crate) const STATEMENTS: &[&str] = &[ALL, PUBLISHED_SINCE];

/// From a day on, another value counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) element: String,
    pub(crate) region: String,
    /// From 1 on, per element and region.
    pub(crate) number: i64,
    pub(crate) basis: Basis,
    pub(crate) effective_period: String,
    /// First day of that period.
    pub(crate) starts_on: Date,
    pub(crate) reason: String,
    pub(crate) document_number: String,
    pub(crate) explanation: String,
    pub(crate) user: String,
    pub(crate) user_name: String,
    /// Microseconds since the epoch.
    pub(crate) at: i64,
}

#[derive(FromRow)]
struct Row {
    element: String,
    region: String,
    number: i64,
    basis: String,
    effective_period: String,
    starts_on: String,
    reason: String,
    document_number: String,
    explanation: String,
    user_id: String,
    user_name: String,
    at: i64,
}

/// The changes of the regions in scope, newest first for each element and region; an empty element asks for all.
pub(crate) async fn changes(db: &Db, scope: &Scope, element: &str) -> Result<Vec<Change>> {
    seen(db.read(ALL).bind(element.to_owned()).all().await?, scope)
}

/// The same inside the transaction that appends to them.
pub(crate) async fn changes_in(tx: &mut Tx, scope: &Scope) -> Result<Vec<Change>> {
    seen(tx.query(ALL).bind(String::new()).all().await?, scope)
}

/// (region, period) of what is published of a form from a period of its cadence on.
pub(crate) async fn published_since(tx: &mut Tx, form: &str, period: &str) -> Result<Vec<(String, String)>> {
    tx.query(PUBLISHED_SINCE).bind(form.to_owned()).bind(period.to_owned()).all().await
}

/// Appends changes, at least one.
pub(crate) async fn append(tx: &mut Tx, scope: &Scope, changes: &[Change]) -> Result<()> {
    let mut insert = tx.query(Sql::built(format!(
        "INSERT INTO basis_change (element, region, number, basis, effective_period, starts_on, reason, \
         document_number, explanation, user_id, user_name, at) VALUES {}",
        placeholders(changes.len(), 12)
    )));
    for change in changes {
        scope.check(&change.region)?;
        insert = insert
            .bind(change.element.clone())
            .bind(change.region.clone())
            .bind(change.number)
            .bind(change.basis.code().to_owned())
            .bind(change.effective_period.clone())
            .bind(change.starts_on.to_string())
            .bind(change.reason.clone())
            .bind(change.document_number.clone())
            .bind(change.explanation.clone())
            .bind(change.user.clone())
            .bind(change.user_name.clone())
            .bind(change.at);
    }
    insert.execute().await?;
    Ok(())
}

fn seen(rows: Vec<Row>, scope: &Scope) -> Result<Vec<Change>> {
    rows.into_iter().filter(|row| scope.covers(&row.region)).map(change).collect()
}

fn change(row: Row) -> Result<Change> {
    Ok(Change {
        basis: known(Basis::of_code(&row.basis), &row.basis)?,
        starts_on: known(row.starts_on.parse().ok(), &row.starts_on)?,
        element: row.element,
        region: row.region,
        number: row.number,
        effective_period: row.effective_period,
        reason: row.reason,
        document_number: row.document_number,
        explanation: row.explanation,
        user: row.user_id,
        user_name: row.user_name,
        at: row.at,
    })
}
