//! SQL and rows of beds. Decides nothing.

use std::collections::HashMap;

use jiff::civil::Date;
use kit::db::{Query, placeholders};
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history};
use trust::Scope;
use uuid::Uuid;

use super::{Bed, BedNature, BedStatus, BedType, Change, Facts, Totals};
use crate::institutions::operation::State;

/// Beds with the facts of $1 and their institution; conditions follow.
pub const SELECT: &str = "\
SELECT b.id, b.version, b.institution_id, b.room_no, b.bed_no, b.bed_code, b.built_on, b.closed_on,
       bf.valid_from, bf.valid_to, bf.type, bf.nature, bf.status, bf.recognised_on,
       i.name AS institution_name, i.region
FROM bed b
JOIN institution i ON i.id = b.institution_id
JOIN bed_facts bf ON bf.bed_id = b.id
                 AND bf.valid_from <= $1 AND (bf.valid_to IS NULL OR bf.valid_to > $1)
WHERE 1 = 1";

/// The institutions that rows of beds may name; conditions follow.
pub const SELECT_HOSTS: &str = "SELECT i.id, i.uscc, i.name, i.region, i.state FROM institution i WHERE 1 = 1";

/// Beds per institution on the day $1; institutions and the grouping follow.
const SELECT_TOTALS: &str = "\
SELECT b.institution_id, CAST(COUNT(*) AS BIGINT) AS built,
       CAST(SUM(CASE WHEN bf.type = 'NURSING' THEN 1 ELSE 0 END) AS BIGINT) AS nursing,
       CAST(SUM(CASE WHEN bf.status = 'MAINTENANCE' THEN 0 ELSE 1 END) AS BIGINT) AS opened
FROM bed b
JOIN bed_facts bf ON bf.bed_id = b.id
                 AND bf.valid_from <= $1 AND (bf.valid_to IS NULL OR bf.valid_to > $1)
WHERE bf.status <> 'CLOSED' AND b.built_on <= $1 AND (b.closed_on IS NULL OR b.closed_on > $1)";

const INTO_BED: &str = "\
INSERT INTO bed (id, institution_id, room_no, bed_no, bed_code, built_on, closed_on, version) VALUES ";
const ON_KNOWN_BED: &str = "
ON CONFLICT (id) DO UPDATE SET
    bed_code = excluded.bed_code, closed_on = excluded.closed_on, version = bed.version + 1";
const INTO_FACTS: &str = "\
INSERT INTO bed_facts (bed_id, valid_from, valid_to, type, nature, status, recognised_on) VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (bed_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, type = excluded.type, nature = excluded.nature, status = excluded.status,
    recognised_on = excluded.recognised_on";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    institution_id: Uuid,
    room_no: String,
    bed_no: String,
    bed_code: Option<String>,
    built_on: String,
    closed_on: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    r#type: String,
    nature: String,
    status: String,
    recognised_on: Option<String>,
    institution_name: String,
    region: String,
}

/// A bed with the name and region of its institution.
#[derive(Clone, Debug)]
pub struct Placed {
    pub bed: Bed,
    pub institution_name: String,
    pub region: String,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let facts = Dated {
            since: date(&row.valid_from)?,
            until: optional_date(row.valid_to.as_deref())?,
            value: Facts {
                kind: coded(&row.r#type)?,
                nature: coded(&row.nature)?,
                status: coded(&row.status)?,
                recognised_on: optional_date(row.recognised_on.as_deref())?,
            },
        };
        let bed = Bed {
            id: row.id,
            version: row.version,
            institution_id: row.institution_id,
            room_no: row.room_no,
            bed_no: row.bed_no,
            code: row.bed_code,
            built_on: date(&row.built_on)?,
            closed_on: optional_date(row.closed_on.as_deref())?,
            facts,
        };
        Ok(Placed { bed, institution_name: row.institution_name, region: row.region })
    }
}

/// An institution as an import of beds sees it.
#[derive(Clone, Debug)]
pub struct Host {
    pub id: Uuid,
    pub uscc: Option<String>,
    pub name: String,
    pub region: String,
    pub state: State,
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub institution_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    pub kind: Option<BedType>,
    pub nature: Option<BedNature>,
    pub status: Option<BedStatus>,
    pub include_closed: bool,
}

/// The bed as last recorded, to decide upon. BED_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    with_facts_of(tx, scope, id, NEWEST.to_owned()).await
}

/// The bed as it is on a day, to show. BED_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, day: Date) -> Result<Placed> {
    with_facts_of(tx, scope, id, day.to_string()).await
}

async fn with_facts_of(tx: &mut Tx, scope: &Scope, id: Uuid, day: String) -> Result<Placed> {
    let sql = Sql::built(format!("{SELECT} AND b.id = $2"));
    let row: Option<Row> = tx.query(sql).bind(day).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("BED_UNKNOWN", "没有这张床位"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of beds as of a day, in the order in which they were entered here.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, day: Date) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(3);
    conditions.within("i.region", scope.prefixes());
    conditions.within("i.region", filter.region.as_deref());
    if let Some(id) = filter.institution_id {
        conditions.is("b.institution_id", id);
    }
    let codes = [
        ("bf.type", filter.kind.map(Coded::code)),
        ("bf.nature", filter.nature.map(Coded::code)),
        ("bf.status", filter.status.map(Coded::code)),
    ];
    for (column, code) in codes {
        if let Some(code) = code {
            conditions.equal(column, code);
        }
    }
    if !filter.include_closed {
        conditions.plain("(b.closed_on IS NULL OR b.closed_on > $1)");
    }
    let sql = format!("{SELECT} AND b.id > $2{} ORDER BY b.id LIMIT $3", conditions.text());
    let query = db.read(Sql::built(sql)).bind(day.to_string()).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// The statement that counts the beds of so many institutions, for [`totals`].
pub fn totals_of(institutions: usize) -> Sql {
    let among = if institutions == 0 { "(NULL)".to_owned() } else { list(1, institutions) };
    Sql::built(format!("{SELECT_TOTALS} AND b.institution_id IN {among} GROUP BY b.institution_id"))
}

/// Beds of institutions on a day; one without beds is not answered.
pub async fn totals(asked: Query<'_>, institutions: &[Uuid], day: Date) -> Result<HashMap<Uuid, Totals>> {
    let asked = institutions.iter().fold(asked.bind(day.to_string()), |asked, id| asked.bind(*id));
    let counted: Vec<(Uuid, i64, i64, i64)> = asked.all().await?;
    Ok(counted.into_iter().map(|(id, built, nursing, open)| (id, Totals { built, nursing, open })).collect())
}

/// Institutions with any of the values in a column.
pub async fn hosts(tx: &mut Tx, column: &'static str, values: &[&str]) -> Result<Vec<Host>> {
    let mut found = Vec::new();
    for chunk in values.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT_HOSTS} AND {column} IN {}", list(0, chunk.len()));
        let query = tx.query(Sql::built(sql));
        let query = chunk.iter().fold(query, |query, value| query.bind((*value).to_owned()));
        let rows: Vec<(Uuid, Option<String>, String, String, String)> = query.all().await?;
        for (id, uscc, name, region, state) in rows {
            found.push(Host { id, uscc, name, region, state: coded(&state)? });
        }
    }
    Ok(found)
}

/// The beds that stand, or stood, at places: institution, room, number; as last recorded.
pub async fn at_places(tx: &mut Tx, places: &[(Uuid, &str, &str)]) -> Result<Vec<Placed>> {
    let mut found = Vec::new();
    for chunk in places.chunks(ROWS_PER_STATEMENT) {
        let sql =
            format!("{SELECT} AND (b.institution_id, b.room_no, b.bed_no) IN (VALUES {})", wanted(1, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned());
        let query = chunk.iter().fold(query, |query, (institution, room, bed)| {
            query.bind(*institution).bind((*room).to_owned()).bind((*bed).to_owned())
        });
        for row in query.all::<Row>().await? {
            found.push(Placed::try_from(row)?);
        }
    }
    Ok(found)
}

/// `($2,$3,$4),($5,$6,$7)`: so many triples of placeholders after the first `bound` ones.
fn wanted(bound: usize, count: usize) -> String {
    let triples: Vec<String> = (0..count).map(|n| list(bound + 3 * n, 3)).collect();
    triples.join(",")
}

/// Beds with any of the codes, as last recorded.
pub async fn by_code(tx: &mut Tx, codes: &[&str]) -> Result<Vec<Placed>> {
    let mut found = Vec::new();
    for chunk in codes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND b.bed_code IN {}", list(1, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned());
        let query = chunk.iter().fold(query, |query, code| query.bind((*code).to_owned()));
        for row in query.all::<Row>().await? {
            found.push(Placed::try_from(row)?);
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_BED}{}{ON_KNOWN_BED}", placeholders(chunk.len(), 8));
        let mut query = tx.query(Sql::built(sql));
        for Change { bed, .. } in chunk {
            query = query
                .bind(bed.id)
                .bind(bed.institution_id)
                .bind(bed.room_no.clone())
                .bind(bed.bed_no.clone())
                .bind(bed.code.clone())
                .bind(bed.built_on.to_string())
                .bind(optional_text(bed.closed_on))
                .bind(bed.version);
        }
        query.execute().await?;
    }
    let facts: Vec<_> = changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.bed.id, row))).collect();
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 7));
        let mut query = tx.query(Sql::built(sql));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.kind.code())
                .bind(value.nature.code())
                .bind(value.status.code())
                .bind(optional_text(value.recognised_on));
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().map(|change| (change.bed.id, &change.event)).collect();
    history::append(tx, &events, author).await
}
