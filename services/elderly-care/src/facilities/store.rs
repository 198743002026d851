//! SQL and rows of facilities. Decides nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history};
use trust::Scope;
use uuid::Uuid;

use super::{Change, Facility, Facts, Kind, State};

/// Facilities with the facts of $1; conditions follow.
pub const SELECT: &str = "\
SELECT a.id, a.version, f.valid_from, f.valid_to, f.name, f.type, f.region, f.county, f.operator_org, f.operator_type,
       f.services, f.has_day_care, f.day_beds, f.full_beds, f.area_cm2, f.state, f.opened_on, f.service_area
FROM facility a
JOIN facility_facts f ON f.facility_id = a.id AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
WHERE 1 = 1";

const INTO_FACILITY: &str = "INSERT INTO facility (id, name, region, county, version) VALUES ";
const ON_KNOWN_FACILITY: &str = "
ON CONFLICT (id) DO UPDATE SET name = excluded.name, region = excluded.region, county = excluded.county,
                               version = facility.version + 1";
const INTO_FACTS: &str = "\
INSERT INTO facility_facts (facility_id, valid_from, valid_to, name, type, region, county, operator_org, operator_type,
                            services, has_day_care, day_beds, full_beds, area_cm2, state, opened_on, service_area)
VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (facility_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, name = excluded.name, type = excluded.type, region = excluded.region,
    county = excluded.county, operator_org = excluded.operator_org, operator_type = excluded.operator_type,
    services = excluded.services, has_day_care = excluded.has_day_care, day_beds = excluded.day_beds,
    full_beds = excluded.full_beds, area_cm2 = excluded.area_cm2, state = excluded.state,
    opened_on = excluded.opened_on, service_area = excluded.service_area";
const INTO_VILLAGES: &str = "INSERT INTO facility_village (facility_id, valid_from, village) VALUES ";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    valid_from: String,
    valid_to: Option<String>,
    name: String,
    r#type: String,
    region: String,
    county: String,
    operator_org: String,
    operator_type: String,
    services: String,
    has_day_care: bool,
    day_beds: i64,
    full_beds: i64,
    area_cm2: i64,
    state: String,
    opened_on: Option<String>,
    service_area: String,
}

/// The words of a column with commas between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|word| !word.is_empty())
}

fn joined<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.collect::<Vec<_>>().join(",")
}

impl TryFrom<Row> for Facility {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let value = Facts {
            name: row.name,
            kind: coded(&row.r#type)?,
            region: row.region,
            county: row.county,
            operator_org: row.operator_org,
            operator: coded(&row.operator_type)?,
            offers: words(&row.services).map(coded).collect::<Result<BTreeSet<_>>>()?,
            has_day_care: row.has_day_care,
            day_beds: row.day_beds,
            full_beds: row.full_beds,
            area_cm2: row.area_cm2,
            state: coded(&row.state)?,
            opened_on: optional_date(row.opened_on.as_deref())?,
            service_area: words(&row.service_area).map(str::to_owned).collect(),
        };
        let facts = Dated { since: date(&row.valid_from)?, until: optional_date(row.valid_to.as_deref())?, value };
        Ok(Facility { id: row.id, version: row.version, facts })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub region: Option<Vec<String>>,
    pub kind: Option<Kind>,
    pub state: Option<State>,
    pub has_day_care: Option<bool>,
    pub name_contains: String,
}

/// The facility as last recorded, to decide upon. FACILITY_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Facility> {
    of_day(tx, scope, id, NEWEST.to_owned()).await
}

/// The facility as it is on a day, to show. FACILITY_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, day: Date) -> Result<Facility> {
    of_day(tx, scope, id, day.to_string()).await
}

async fn of_day(tx: &mut Tx, scope: &Scope, id: Uuid, day: String) -> Result<Facility> {
    let query = tx.query(Sql::built(format!("{SELECT} AND a.id = $2"))).bind(day).bind(id);
    let row: Option<Row> = query.optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("FACILITY_UNKNOWN", "没有这处设施"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of facilities as of a day, in the order of registration.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, day: Date) -> Result<(Vec<Facility>, String)> {
    let mut conditions = Conditions::after(3);
    conditions.within("f.region", scope.prefixes());
    conditions.within("f.region", filter.region.as_deref());
    if let Some(kind) = filter.kind {
        conditions.equal("f.type", kind.code());
    }
    if let Some(state) = filter.state {
        conditions.equal("f.state", state.code());
    }
    match filter.has_day_care {
        Some(true) => conditions.plain("f.has_day_care"),
        Some(false) => conditions.plain("NOT f.has_day_care"),
        None => {}
    }
    if !filter.name_contains.is_empty() {
        conditions.contains("f.name", &filter.name_contains);
    }
    let sql = format!("{SELECT} AND a.id > $2{} ORDER BY a.id LIMIT $3", conditions.text());
    let query = db.read(Sql::built(sql)).bind(day.to_string()).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Facility::try_from).collect::<Result<_>>()?, next))
}

/// Facilities with any of the names, as last recorded.
pub async fn by_name(tx: &mut Tx, names: &[&str]) -> Result<Vec<Facility>> {
    let mut found = Vec::new();
    for chunk in names.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{SELECT} AND a.name IN {}", list(1, chunk.len()))));
        let query = chunk.iter().fold(query.bind(NEWEST.to_owned()), |query, name| query.bind((*name).to_owned()));
        for row in query.all::<Row>().await? {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let mut query =
            tx.query(Sql::built(format!("{INTO_FACILITY}{}{ON_KNOWN_FACILITY}", placeholders(chunk.len(), 5))));
        for Change { facility: Facility { id, version, facts }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(facts.value.name.clone())
                .bind(facts.value.region.clone())
                .bind(facts.value.county.clone())
                .bind(*version);
        }
        query.execute().await?;
    }
    let facts: Vec<(Uuid, &Dated<Facts>)> =
        changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.facility.id, row))).collect();
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 17))));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.name.clone())
                .bind(value.kind.code())
                .bind(value.region.clone())
                .bind(value.county.clone())
                .bind(value.operator_org.clone())
                .bind(value.operator.code())
                .bind(joined(value.offers.iter().map(|offer| offer.code())))
                .bind(value.has_day_care)
                .bind(value.day_beds)
                .bind(value.full_beds)
                .bind(value.area_cm2)
                .bind(value.state.code())
                .bind(optional_text(value.opened_on))
                .bind(joined(value.service_area.iter().map(String::as_str)));
        }
        query.execute().await?;
    }
    save_villages(tx, &facts).await?;
    let events: Vec<_> = changes.iter().map(|change| (change.facility.id, &change.event)).collect();
    history::append(tx, &events, author).await
}

/// The service areas as rows. Only a stretch that is replaced on the day it began has rows already; a stretch that
/// merely ended keeps its own.
async fn save_villages(tx: &mut Tx, facts: &[(Uuid, &Dated<Facts>)]) -> Result<()> {
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let stretches: Vec<String> = (0..chunk.len()).map(|n| list(2 * n, 2)).collect();
        let sql =
            format!("DELETE FROM facility_village WHERE (facility_id, valid_from) IN (VALUES {})", stretches.join(","));
        let query = chunk
            .iter()
            .fold(tx.query(Sql::built(sql)), |query, (id, facts)| query.bind(*id).bind(facts.since.to_string()));
        query.execute().await?;
    }
    let villages: Vec<(Uuid, Date, &String)> = facts
        .iter()
        .flat_map(|(id, facts)| facts.value.service_area.iter().map(|village| (*id, facts.since, village)))
        .collect();
    for chunk in villages.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO_VILLAGES}{}", placeholders(chunk.len(), 3))));
        for (id, since, village) in chunk {
            query = query.bind(*id).bind(since.to_string()).bind((*village).clone());
        }
        query.execute().await?;
    }
    Ok(())
}
