//! The feed of designations: each with the institution that holds it, for the bureaus that pay by them.

use kit::{Clock, Result, Sql, Tx};
use proto::childcare as wire;
use registry::columns::{ROWS_PER_STATEMENT, list};
use registry::feed::{self, Entry, Feed, Records};
use uuid::Uuid;

/// What others copy of this register.
pub const FEED: Feed = Feed { name: "childcare.designation", records };

/// Designations with their institution as last recorded; conditions follow.
pub const SELECT: &str = "\
SELECT d.id, d.institution_id, i.name, i.region, d.kind, d.level, d.valid_from, d.valid_to, d.revoked_on, d.places,
       d.fee_ceiling_fen, d.document_number
FROM designation d JOIN institution i ON i.id = d.institution_id
WHERE 1 = 1";

/// Tells of one designation, in the transaction that changes it.
pub(super) async fn tell(tx: &mut Tx, id: Uuid, clock: &Clock) -> Result<()> {
    let rows: Vec<Row> = tx.query(Sql::built(format!("{SELECT} AND d.id = $1"))).bind(id).all().await?;
    feed::append(tx, FEED.name, rows.into_iter().map(entry).collect(), clock).await
}

/// Tells of all designations of institutions that changed.
pub(crate) async fn tell_of(tx: &mut Tx, institutions: &[Uuid], clock: &Clock) -> Result<()> {
    for chunk in institutions.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND d.institution_id IN {}", list(0, chunk.len()));
        let query = tx.query(Sql::built(sql));
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        feed::append(tx, FEED.name, rows.into_iter().map(entry).collect(), clock).await?;
    }
    Ok(())
}

fn records(tx: &mut Tx, after: Uuid, limit: i64) -> Records<'_> {
    Box::pin(async move {
        let sql = format!("{SELECT} AND d.id > $1 ORDER BY d.id LIMIT $2");
        let rows: Vec<Row> = tx.query(Sql::built(sql)).bind(after).bind(limit).all().await?;
        Ok(rows.into_iter().map(entry).collect())
    })
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    institution_id: Uuid,
    name: String,
    region: String,
    kind: String,
    level: String,
    valid_from: String,
    valid_to: Option<String>,
    revoked_on: Option<String>,
    places: i64,
    fee_ceiling_fen: i64,
    document_number: String,
}

fn entry(row: Row) -> Entry {
    let record = wire::DesignationSnapshot {
        id: row.id.to_string(),
        institution_id: row.institution_id.to_string(),
        institution_name: row.name,
        region: row.region,
        kind: wire::DesignationKind::from_str_name(&format!("DESIGNATION_KIND_{}", row.kind)).unwrap_or_default()
            as i32,
        level: wire::DesignationLevel::from_str_name(&format!("DESIGNATION_LEVEL_{}", row.level)).unwrap_or_default()
            as i32,
        valid_from: row.valid_from,
        valid_to: row.valid_to.unwrap_or_default(),
        revoked_on: row.revoked_on.unwrap_or_default(),
        places: row.places,
        fee_ceiling_fen: row.fee_ceiling_fen,
        document_number: row.document_number,
    };
    Entry::of(row.id, &record)
}
