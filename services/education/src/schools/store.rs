//! SQL and rows of schools. Decides nothing.

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history};
use trust::Scope;
use uuid::Uuid;

use super::demonstration::{Demonstration, Level};
use super::{Change, Checklist, Facts, School, State, Tier};

/// Schools with the facts of $1 and the designation of $2; conditions follow.
pub const SELECT: &str = "\
SELECT s.id, s.version, f.valid_from, f.valid_to, f.name, f.tier, f.region, f.county, f.host_org, f.host_kind,
       f.address, f.area_cm2, f.opened_on, f.state, f.has_sign, f.has_place, f.has_teacher, f.has_course, f.activities,
       (SELECT CAST(MIN(CASE d.level WHEN 'NATIONAL' THEN 1 WHEN 'PROVINCE' THEN 2 ELSE 3 END) AS BIGINT)
        FROM demonstration d
        WHERE d.school_id = s.id AND d.valid_from <= $2 AND (d.valid_to IS NULL OR d.valid_to >= $2)
          AND (d.revoked_on IS NULL OR d.revoked_on > $2)) AS demonstration
FROM school s
JOIN school_facts f ON f.school_id = s.id AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
WHERE 1 = 1";

pub const SELECT_DEMONSTRATIONS: &str = "\
SELECT id, school_id, level, valid_from, valid_to, revoked_on, document_number
FROM demonstration WHERE school_id = $1 ORDER BY valid_from, id";

pub const INSERT_DEMONSTRATION: &str = "\
INSERT INTO demonstration (id, school_id, level, valid_from, valid_to, revoked_on, document_number)
VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub const REVOKE_DEMONSTRATION: &str = "UPDATE demonstration SET revoked_on = $2 WHERE id = $1";

pub const TOUCH: &str = "UPDATE school SET version = version + 1 WHERE id = $1";

const INTO_SCHOOL: &str = "INSERT INTO school (id, name, tier, region, county, version) VALUES ";
const ON_KNOWN_SCHOOL: &str = "
ON CONFLICT (id) DO UPDATE SET name = excluded.name, tier = excluded.tier, region = excluded.region,
                               county = excluded.county, version = school.version + 1";
const INTO_FACTS: &str = "\
INSERT INTO school_facts (school_id, valid_from, valid_to, name, tier, region, county, host_org, host_kind, address,
                          area_cm2, opened_on, state, has_sign, has_place, has_teacher, has_course, activities,
                          established)
VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (school_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, name = excluded.name, tier = excluded.tier, region = excluded.region,
    county = excluded.county, host_org = excluded.host_org, host_kind = excluded.host_kind,
    address = excluded.address, area_cm2 = excluded.area_cm2, opened_on = excluded.opened_on, state = excluded.state,
    has_sign = excluded.has_sign, has_place = excluded.has_place, has_teacher = excluded.has_teacher,
    has_course = excluded.has_course, activities = excluded.activities, established = excluded.established";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    valid_from: String,
    valid_to: Option<String>,
    name: String,
    tier: String,
    region: String,
    county: String,
    host_org: String,
    host_kind: String,
    address: String,
    area_cm2: i64,
    opened_on: String,
    state: String,
    has_sign: bool,
    has_place: bool,
    has_teacher: bool,
    has_course: bool,
    activities: i64,
    /// 1 national, 2 province, 3 city: the highest that is valid.
    demonstration: Option<i64>,
}

/// A school with the designation that is valid on the day it is shown for.
#[derive(Clone, Debug)]
pub struct Shown {
    pub school: School,
    pub demonstration: Option<Level>,
}

impl TryFrom<Row> for Shown {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let value = Facts {
            name: row.name,
            tier: coded(&row.tier)?,
            region: row.region,
            county: row.county,
            host_org: row.host_org,
            host_kind: coded(&row.host_kind)?,
            address: row.address,
            area_cm2: row.area_cm2,
            opened_on: date(&row.opened_on)?,
            state: coded(&row.state)?,
            checklist: Checklist {
                sign: row.has_sign,
                place: row.has_place,
                teacher: row.has_teacher,
                course: row.has_course,
                activities: row.activities,
            },
        };
        let facts = Dated { since: date(&row.valid_from)?, until: optional_date(row.valid_to.as_deref())?, value };
        let demonstration = row.demonstration.map(|rank| match rank {
            1 => Level::National,
            2 => Level::Province,
            _ => Level::City,
        });
        Ok(Shown { school: School { id: row.id, version: row.version, facts }, demonstration })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub region: Option<Vec<String>>,
    pub tier: Option<Tier>,
    pub state: Option<State>,
    pub name_contains: String,
}

/// The school as last recorded, to decide upon. SCHOOL_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid, today: Date) -> Result<School> {
    Ok(of_day(tx, scope, id, NEWEST.to_owned(), today).await?.school)
}

/// The school as it is today, to show; one that opens later as it will open. SCHOOL_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, today: Date) -> Result<Shown> {
    of_day(tx, scope, id, today.to_string(), today).await
}

async fn of_day(tx: &mut Tx, scope: &Scope, id: Uuid, day: String, today: Date) -> Result<Shown> {
    let query = tx.query(Sql::built(format!("{SELECT} AND s.id = $3"))).bind(day).bind(today.to_string()).bind(id);
    let row: Option<Row> = query.optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("SCHOOL_UNKNOWN", "没有这所老年学校"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of schools as of today, in the order of registration.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, today: Date) -> Result<(Vec<Shown>, String)> {
    let mut conditions = Conditions::after(4);
    conditions.within("f.region", scope.prefixes());
    conditions.within("f.region", filter.region.as_deref());
    if let Some(tier) = filter.tier {
        conditions.equal("f.tier", tier.code());
    }
    if let Some(state) = filter.state {
        conditions.equal("f.state", state.code());
    }
    if !filter.name_contains.is_empty() {
        conditions.contains("f.name", &filter.name_contains);
    }
    let sql = format!("{SELECT} AND s.id > $3{} ORDER BY s.id LIMIT $4", conditions.text());
    let query = db.read(Sql::built(sql)).bind(today.to_string()).bind(today.to_string()).bind(page.after);
    let mut rows: Vec<Row> = conditions.bind_to(query.bind(page.size as i64 + 1)).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Shown::try_from).collect::<Result<_>>()?, next))
}

/// Schools with any of the names, as last recorded.
pub async fn by_name(tx: &mut Tx, names: &[&str]) -> Result<Vec<School>> {
    let mut found = Vec::new();
    for chunk in names.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND s.name IN {}", list(2, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned()).bind(NEWEST.to_owned());
        let query = chunk.iter().fold(query, |query, name| query.bind((*name).to_owned()));
        for row in query.all::<Row>().await? {
            found.push(Shown::try_from(row)?.school);
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_SCHOOL}{}{ON_KNOWN_SCHOOL}", placeholders(chunk.len(), 6));
        let mut query = tx.query(Sql::built(sql));
        for Change { school: School { id, version, facts }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(facts.value.name.clone())
                .bind(facts.value.tier.code())
                .bind(facts.value.region.clone())
                .bind(facts.value.county.clone())
                .bind(*version);
        }
        query.execute().await?;
    }
    let facts: Vec<_> = changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.school.id, row))).collect();
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 19));
        let mut query = tx.query(Sql::built(sql));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.name.clone())
                .bind(value.tier.code())
                .bind(value.region.clone())
                .bind(value.county.clone())
                .bind(value.host_org.clone())
                .bind(value.host_kind.code())
                .bind(value.address.clone())
                .bind(value.area_cm2)
                .bind(value.opened_on.to_string())
                .bind(value.state.code())
                .bind(value.checklist.sign)
                .bind(value.checklist.place)
                .bind(value.checklist.teacher)
                .bind(value.checklist.course)
                .bind(value.checklist.activities)
                .bind(value.established());
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().flat_map(|c| c.events.iter().map(|event| (c.school.id, event))).collect();
    history::append(tx, &events, author).await
}

#[derive(sqlx::FromRow)]
struct DemonstrationRow {
    id: Uuid,
    school_id: Uuid,
    level: String,
    valid_from: String,
    valid_to: Option<String>,
    revoked_on: Option<String>,
    document_number: String,
}

/// Designations of a school, oldest first.
pub async fn demonstrations(tx: &mut Tx, school: Uuid) -> Result<Vec<Demonstration>> {
    let rows: Vec<DemonstrationRow> = tx.query(SELECT_DEMONSTRATIONS).bind(school).all().await?;
    let read = rows.into_iter().map(|row| {
        Ok(Demonstration {
            id: row.id,
            school_id: row.school_id,
            level: coded(&row.level)?,
            valid_from: date(&row.valid_from)?,
            valid_to: optional_date(row.valid_to.as_deref())?,
            revoked_on: optional_date(row.revoked_on.as_deref())?,
            document_number: row.document_number,
        })
    });
    read.collect()
}

/// Adds a designation; the school counts as changed.
pub async fn grant(tx: &mut Tx, one: &Demonstration) -> Result<()> {
    tx.query(INSERT_DEMONSTRATION)
        .bind(one.id)
        .bind(one.school_id)
        .bind(one.level.code())
        .bind(one.valid_from.to_string())
        .bind(optional_text(one.valid_to))
        .bind(optional_text(one.revoked_on))
        .bind(one.document_number.clone())
        .execute()
        .await?;
    tx.query(TOUCH).bind(one.school_id).execute().await.map(drop)
}

/// Records a revocation; the school counts as changed.
pub async fn revoke(tx: &mut Tx, one: &Demonstration) -> Result<()> {
    tx.query(REVOKE_DEMONSTRATION).bind(one.id).bind(optional_text(one.revoked_on)).execute().await?;
    tx.query(TOUCH).bind(one.school_id).execute().await.map(drop)
}
