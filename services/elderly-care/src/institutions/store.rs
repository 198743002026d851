//! SQL and rows of institutions. Decides nothing.

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history};
use trust::Scope;
use uuid::Uuid;

use super::grade::Rating;
use super::operation::{Filed, Operation, State};
use super::{Change, Facts, Institution, Ownership, feed};

/// Institutions with the facts that began by $1 and were not over by $2; conditions follow.
pub const SELECT: &str = "\
SELECT i.id, i.version, i.uscc, i.state, i.state_since, i.opened_on, i.filing_number, i.filed_on, i.grade, i.graded_on,
       i.grade_until, f.valid_from, f.valid_to, f.name, f.ownership, f.legal_type, f.profit_nature, f.region, f.county,
       f.address, f.established_on, f.medical_mode, f.regional_centre, f.disabled_care, f.smart_pilot,
       f.building_area_cm2, f.beds_approved, f.parent_org_uscc, f.reason_no_uscc, f.source_id
FROM institution i
JOIN institution_facts f ON f.institution_id = i.id
                        AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $2)
WHERE 1 = 1";

pub const SELECT_IDS_AFTER: &str = "SELECT id FROM institution WHERE id > $1 ORDER BY id LIMIT $2";

/// More usable beds on the day $1 than approved.
const OVER_APPROVED: &str = "\
(f.beds_approved > 0 AND f.beds_approved < (
    SELECT COUNT(*) FROM bed b
    JOIN bed_facts bf ON bf.bed_id = b.id AND bf.valid_from <= $1 AND (bf.valid_to IS NULL OR bf.valid_to > $1)
    WHERE b.institution_id = i.id AND bf.status <> 'CLOSED'
      AND b.built_on <= $1 AND (b.closed_on IS NULL OR b.closed_on > $1)))";

const INTO_INSTITUTION: &str = "\
INSERT INTO institution (id, uscc, name, region, county, state, state_since, opened_on, filing_number, filed_on, grade,
                         graded_on, grade_until, version)
VALUES ";
const ON_KNOWN_INSTITUTION: &str = "
ON CONFLICT (id) DO UPDATE SET
    uscc = excluded.uscc, name = excluded.name, region = excluded.region, county = excluded.county,
    state = excluded.state, state_since = excluded.state_since, opened_on = excluded.opened_on,
    filing_number = excluded.filing_number, filed_on = excluded.filed_on, grade = excluded.grade,
    graded_on = excluded.graded_on, grade_until = excluded.grade_until, version = institution.version + 1";

const INTO_FACTS: &str = "\
INSERT INTO institution_facts (institution_id, valid_from, valid_to, name, ownership, legal_type, profit_nature, region,
                               county, address, established_on, medical_mode, regional_centre, disabled_care,
                               smart_pilot, building_area_cm2, beds_approved, parent_org_uscc, reason_no_uscc,
                               source_id)
VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (institution_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, name = excluded.name, ownership = excluded.ownership,
    legal_type = excluded.legal_type, profit_nature = excluded.profit_nature, region = excluded.region,
    county = excluded.county, address = excluded.address, established_on = excluded.established_on,
    medical_mode = excluded.medical_mode, regional_centre = excluded.regional_centre,
    disabled_care = excluded.disabled_care, smart_pilot = excluded.smart_pilot,
    building_area_cm2 = excluded.building_area_cm2, beds_approved = excluded.beds_approved,
    parent_org_uscc = excluded.parent_org_uscc, reason_no_uscc = excluded.reason_no_uscc,
    source_id = excluded.source_id";

const INTO_STATE: &str = "INSERT INTO institution_state (institution_id, valid_from, valid_to, state) VALUES ";
const ON_KNOWN_STATE: &str = "
ON CONFLICT (institution_id, valid_from) DO UPDATE SET valid_to = excluded.valid_to, state = excluded.state";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    uscc: Option<String>,
    state: String,
    state_since: String,
    opened_on: Option<String>,
    filing_number: Option<String>,
    filed_on: Option<String>,
    grade: Option<String>,
    graded_on: Option<String>,
    grade_until: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    name: String,
    ownership: String,
    legal_type: String,
    profit_nature: String,
    region: String,
    county: String,
    address: String,
    established_on: Option<String>,
    medical_mode: String,
    regional_centre: bool,
    disabled_care: bool,
    smart_pilot: bool,
    building_area_cm2: i64,
    beds_approved: i64,
    parent_org_uscc: String,
    reason_no_uscc: String,
    source_id: String,
}

impl TryFrom<Row> for Institution {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let filed = match (row.filing_number, optional_date(row.filed_on.as_deref())?) {
            (Some(number), Some(on)) => Some(Filed { number, on }),
            _ => None,
        };
        let rating = match (row.grade, row.graded_on, row.grade_until) {
            (Some(grade), Some(from), Some(until)) => {
                Some(Rating { grade: coded(&grade)?, from: date(&from)?, until: date(&until)? })
            }
            _ => None,
        };
        Ok(Institution {
            id: row.id,
            version: row.version,
            uscc: row.uscc,
            facts: Dated {
                since: date(&row.valid_from)?,
                until: optional_date(row.valid_to.as_deref())?,
                value: Facts {
                    name: row.name,
                    ownership: coded(&row.ownership)?,
                    legal_type: coded(&row.legal_type)?,
                    profit_nature: coded(&row.profit_nature)?,
                    region: row.region,
                    county: row.county,
                    address: row.address,
                    established_on: optional_date(row.established_on.as_deref())?,
                    medical_mode: coded(&row.medical_mode)?,
                    is_regional_centre: row.regional_centre,
                    is_county_disabled_care: row.disabled_care,
                    smart_pilot: row.smart_pilot,
                    building_area_cm2: row.building_area_cm2,
                    beds_approved: row.beds_approved,
                    parent_org_uscc: row.parent_org_uscc,
                    reason_no_uscc: row.reason_no_uscc,
                    source_id: row.source_id,
                },
            },
            operation: Operation {
                state: coded(&row.state)?,
                since: date(&row.state_since)?,
                opened_on: optional_date(row.opened_on.as_deref())?,
                filed,
            },
            rating,
        })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub region: Option<Vec<String>>,
    pub ownership: Option<Ownership>,
    pub state: Option<State>,
    pub over_approved: Option<bool>,
    pub name_contains: String,
}

/// The institution as last recorded, to decide upon. INSTITUTION_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Institution> {
    with_facts_of(tx, scope, id, NEWEST.to_owned()).await
}

/// The institution as it is on a day, to show. INSTITUTION_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, day: Date) -> Result<Institution> {
    with_facts_of(tx, scope, id, day.to_string()).await
}

async fn with_facts_of(tx: &mut Tx, scope: &Scope, id: Uuid, day: String) -> Result<Institution> {
    let sql = Sql::built(format!("{SELECT} AND i.id = $3"));
    let row: Option<Row> = tx.query(sql).bind(day.clone()).bind(day).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("INSTITUTION_UNKNOWN", "没有这家养老机构"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of institutions as of a day, in the order of registration.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, day: Date) -> Result<(Vec<Institution>, String)> {
    let mut conditions = Conditions::after(4);
    conditions.within("f.region", scope.prefixes());
    conditions.within("f.region", filter.region.as_deref());
    if let Some(ownership) = filter.ownership {
        conditions.equal("f.ownership", ownership.code());
    }
    if let Some(state) = filter.state {
        conditions.equal("i.state", state.code());
    }
    match filter.over_approved {
        Some(true) => conditions.plain(OVER_APPROVED),
        Some(false) => conditions.plain(&format!("NOT {OVER_APPROVED}")),
        None => {}
    }
    if !filter.name_contains.is_empty() {
        conditions.contains("f.name", &filter.name_contains);
    }
    let sql = format!("{SELECT} AND i.id > $3{} ORDER BY i.id LIMIT $4", conditions.text());
    let (day, most) = (day.to_string(), page.size as i64 + 1);
    let query = db.read(Sql::built(sql)).bind(day.clone()).bind(day).bind(page.after).bind(most);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Institution::try_from).collect::<Result<_>>()?, next))
}

/// Institutions with any of the credit codes, as last recorded.
pub async fn by_uscc(tx: &mut Tx, usccs: &[&str]) -> Result<Vec<Institution>> {
    by_list(tx, "i.uscc", usccs).await
}

/// Institutions with any of the names, as last recorded.
pub async fn by_name(tx: &mut Tx, names: &[&str]) -> Result<Vec<Institution>> {
    by_list(tx, "i.name", names).await
}

async fn by_list(tx: &mut Tx, column: &str, values: &[&str]) -> Result<Vec<Institution>> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    let mut found = Vec::new();
    for chunk in values.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND {column} IN {}", list(2, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned()).bind(NEWEST.to_owned());
        let query = chunk.iter().fold(query, |query, value| query.bind((*value).to_owned()));
        for row in query.all::<Row>().await? {
            found.push(Institution::try_from(row)?);
        }
    }
    Ok(found)
}

/// These institutions, once for each stretch of facts from today on, in order.
pub async fn from_today(tx: &mut Tx, ids: &[Uuid], today: Date) -> Result<Vec<Institution>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND i.id IN {} ORDER BY i.id, f.valid_from", list(2, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned()).bind(today.to_string());
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        found.extend(rows.into_iter().map(Institution::try_from).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Ids after another, in order.
pub async fn ids_after(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<Uuid>> {
    let ids: Vec<(Uuid,)> = tx.query(SELECT_IDS_AFTER).bind(after).bind(limit).all().await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// Saves changes in many-row statements, and tells of them.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_INSTITUTION}{}{ON_KNOWN_INSTITUTION}", placeholders(chunk.len(), 14));
        let mut query = tx.query(Sql::built(sql));
        for Change { institution: Institution { id, version, uscc, facts, operation, rating }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(uscc.clone())
                .bind(facts.value.name.clone())
                .bind(facts.value.region.clone())
                .bind(facts.value.county.clone())
                .bind(operation.state.code())
                .bind(operation.since.to_string())
                .bind(optional_text(operation.opened_on))
                .bind(operation.filed.as_ref().map(|filed| filed.number.clone()))
                .bind(operation.filed.as_ref().map(|filed| filed.on.to_string()))
                .bind(rating.map(|rating| rating.grade.code()))
                .bind(rating.map(|rating| rating.from.to_string()))
                .bind(rating.map(|rating| rating.until.to_string()))
                .bind(*version);
        }
        query.execute().await?;
    }
    let facts: Vec<_> = changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.institution.id, row))).collect();
    save_facts(tx, &facts).await?;
    let states: Vec<_> = changes.iter().flat_map(|c| c.states.iter().map(|row| (c.institution.id, row))).collect();
    for chunk in states.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_STATE}{}{ON_KNOWN_STATE}", placeholders(chunk.len(), 4));
        let mut query = tx.query(Sql::built(sql));
        for (id, row) in chunk {
            query = query.bind(*id).bind(row.since.to_string()).bind(optional_text(row.until)).bind(row.value.code());
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().flat_map(|c| c.events.iter().map(|event| (c.institution.id, event))).collect();
    history::append(tx, &events, author).await?;
    feed::tell(tx, changes, &author.clock).await
}

async fn save_facts(tx: &mut Tx, facts: &[(Uuid, &Dated<Facts>)]) -> Result<()> {
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 20));
        let mut query = tx.query(Sql::built(sql));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.name.clone())
                .bind(value.ownership.code())
                .bind(value.legal_type.code())
                .bind(value.profit_nature.code())
                .bind(value.region.clone())
                .bind(value.county.clone())
                .bind(value.address.clone())
                .bind(optional_text(value.established_on))
                .bind(value.medical_mode.code())
                .bind(value.is_regional_centre)
                .bind(value.is_county_disabled_care)
                .bind(value.smart_pilot)
                .bind(value.building_area_cm2)
                .bind(value.beds_approved)
                .bind(value.parent_org_uscc.clone())
                .bind(value.reason_no_uscc.clone())
                .bind(value.source_id.clone());
        }
        query.execute().await?;
    }
    Ok(())
}
