//! The feed of designations: each with the institution that holds it, as it is and as it is recorded ahead, for the bureaus
//! that pay by them.

use jiff::civil::Date;
use kit::{Clock, Result, Sql, Tx};
use proto::childcare as wire;
use registry::columns::{ROWS_PER_STATEMENT, list};
use registry::feed::{self, Entry, Feed, Records};
use uuid::Uuid;

use super::door::designation_message;
use super::{Designation, store};

/// What others copy of this register.
pub const FEED: Feed = Feed { name: "childcare.designation", version: 1, records };

/// Designations with each stretch of their institution's facts that is not over by $1; conditions follow.
pub const SELECT: &str = "\
SELECT d.id, d.institution_id, d.kind, d.level, d.valid_from, d.valid_to, d.revoked_on, d.places, d.fee_ceiling_fen,
       d.document_number, f.name, f.region, f.valid_from AS facts_since
FROM designation d
JOIN institution_facts f ON f.institution_id = d.institution_id AND (f.valid_to IS NULL OR f.valid_to > $1)
WHERE 1 = 1";

const IN_ORDER: &str = "ORDER BY d.id, f.valid_from";

/// Tells of one designation, in the transaction that changes it.
pub(super) async fn tell(tx: &mut Tx, id: Uuid, clock: &Clock) -> Result<()> {
    let query = tx.query(Sql::built(format!("{SELECT} AND d.id = $2 {IN_ORDER}")));
    let rows: Vec<Row> = query.bind(clock.today().to_string()).bind(id).all().await?;
    feed::append(tx, FEED.name, entries(rows)?, clock).await
}

/// Tells of all designations of institutions that changed.
pub(crate) async fn tell_of(tx: &mut Tx, institutions: &[Uuid], clock: &Clock) -> Result<()> {
    for chunk in institutions.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND d.institution_id IN {} {IN_ORDER}", list(1, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(clock.today().to_string());
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        feed::append(tx, FEED.name, entries(rows)?, clock).await?;
    }
    Ok(())
}

fn records(tx: &mut Tx, after: Uuid, today: Date, limit: i64) -> Records<'_> {
    Box::pin(async move {
        let some = "d.id IN (SELECT id FROM designation WHERE id > $2 ORDER BY id LIMIT $3)";
        let query = tx.query(Sql::built(format!("{SELECT} AND {some} {IN_ORDER}")));
        entries(query.bind(today.to_string()).bind(after).bind(limit).all().await?)
    })
}

/// A designation over one stretch of its institution's facts.
#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    designation: store::Row,
    name: String,
    region: String,
    facts_since: String,
}

fn entries(rows: Vec<Row>) -> Result<Vec<Entry>> {
    let stretches = rows.into_iter().map(|row| {
        let designation = Designation::try_from(row.designation)?;
        let (id, told) = (designation.id, designation_message(designation));
        let snapshot = wire::DesignationSnapshot {
            id: told.id,
            institution_id: told.institution_id,
            institution_name: row.name,
            region: row.region,
            kind: told.kind,
            level: told.level,
            valid_from: told.valid_from,
            valid_to: told.valid_to,
            revoked_on: told.revoked_on,
            places: told.places,
            fee_ceiling_fen: told.fee_ceiling_fen,
            document_number: told.document_number,
            facts_since: row.facts_since,
            later: Vec::new(),
        };
        Ok((id, snapshot))
    });
    Ok(Entry::of_stretches::<wire::DesignationEvent>(stretches.collect::<Result<Vec<_>>>()?))
}
