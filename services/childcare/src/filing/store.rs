//! SQL and rows of designations. Decides nothing.

use kit::{Clock, Problem, Result, Tx};
use registry::Coded;
use registry::columns::{coded, date, optional_date, optional_text};
use uuid::Uuid;

use super::{Designation, feed};

pub const SELECT: &str = "\
SELECT id, institution_id, kind, level, valid_from, valid_to, revoked_on, places, fee_ceiling_fen, document_number
FROM designation WHERE id = $1";

pub const SELECT_OF_INSTITUTION: &str = "\
SELECT id, institution_id, kind, level, valid_from, valid_to, revoked_on, places, fee_ceiling_fen, document_number
FROM designation WHERE institution_id = $1 ORDER BY valid_from, id";

pub const INSERT: &str = "\
INSERT INTO designation (id, institution_id, kind, level, valid_from, valid_to, revoked_on, places, fee_ceiling_fen,
                         document_number)
VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, $9)";

pub const REVOKE: &str = "UPDATE designation SET revoked_on = $2 WHERE id = $1";

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    institution_id: Uuid,
    kind: String,
    level: String,
    valid_from: String,
    valid_to: Option<String>,
    revoked_on: Option<String>,
    places: i64,
    fee_ceiling_fen: i64,
    document_number: String,
}

impl TryFrom<Row> for Designation {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Designation {
            id: row.id,
            institution_id: row.institution_id,
            kind: coded(&row.kind)?,
            level: coded(&row.level)?,
            valid_from: date(&row.valid_from)?,
            valid_to: optional_date(row.valid_to.as_deref())?,
            revoked_on: optional_date(row.revoked_on.as_deref())?,
            places: row.places,
            fee_ceiling_fen: row.fee_ceiling_fen,
            document_number: row.document_number,
        })
    }
}

/// One designation, or DESIGNATION_UNKNOWN. The caller loads its institution next, which checks the scope.
pub async fn load(tx: &mut Tx, id: Uuid) -> Result<Designation> {
    let row: Option<Row> = tx.query(SELECT).bind(id).optional().await?;
    row.ok_or_else(|| Problem::not_found("DESIGNATION_UNKNOWN", "没有这个称号"))?.try_into()
}

/// All designations of an institution, also past and revoked ones.
pub async fn of_institution(tx: &mut Tx, institution: Uuid) -> Result<Vec<Designation>> {
    let rows: Vec<Row> = tx.query(SELECT_OF_INSTITUTION).bind(institution).all().await?;
    rows.into_iter().map(Designation::try_from).collect()
}

/// Saves a new designation, and tells of it.
pub async fn insert(tx: &mut Tx, designation: &Designation, clock: &Clock) -> Result<()> {
    tx.query(INSERT)
        .bind(designation.id)
        .bind(designation.institution_id)
        .bind(designation.kind.code())
        .bind(designation.level.code())
        .bind(designation.valid_from.to_string())
        .bind(optional_text(designation.valid_to))
        .bind(designation.places)
        .bind(designation.fee_ceiling_fen)
        .bind(designation.document_number.clone())
        .execute()
        .await?;
    feed::tell(tx, designation.id, clock).await
}

/// Saves the day of a revocation, and tells of it.
pub async fn revoke(tx: &mut Tx, designation: &Designation, clock: &Clock) -> Result<()> {
    tx.query(REVOKE).bind(designation.id).bind(optional_text(designation.revoked_on)).execute().await?;
    feed::tell(tx, designation.id, clock).await
}
