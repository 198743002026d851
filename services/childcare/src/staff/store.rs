//! SQL and rows of posts. Decides nothing.

use std::collections::HashMap;

use futures::FutureExt;
use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{
    Conditions, NEWEST, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text,
};
use registry::{Author, Coded, Dated, history, people};
use trust::Scope;
use trust::matching::{Days, Question};
use trust::persons::{Corrected, Holding};
use uuid::Uuid;

use super::{Certificate, Change, Facts, Role, Staff};

/// Where the people of this service are.
pub const HOLDING: Holding = Holding {
    regions: "\
SELECT f.region FROM staff s JOIN institution_facts f ON f.institution_id = s.institution_id AND f.valid_to IS NULL
WHERE s.person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)",
    live_until: "\
SELECT MAX(COALESCE(left_on, '9999-12-31')) FROM staff
WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)",
    retention_years: 2,
    follow: |tx, corrected| follow(tx, corrected).boxed(),
    questions: &[Question {
        code: "REGISTERED",
        titles: &["未登记", "在岗", "已离岗"],
        days: Days::MonthEnds,
        sql: SELECT_REGISTERED,
    }],
};

pub const SELECT_OF_PERSON: &str = "\
SELECT id FROM staff WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1) ORDER BY id";

/// Everybody who was ever registered, and whether a post was held on `$1`. Counted first and joined then: joining people
/// with people takes the square of their number.
const SELECT_REGISTERED: &str = "\
SELECT p.id, x.level
FROM (
    SELECT COALESCE(q.merged_into, q.id) AS person_id,
           CAST(MIN(CASE WHEN s.hired_on <= $1 AND (s.left_on IS NULL OR s.left_on > $1) THEN 1 ELSE 2 END) AS BIGINT)
               AS level
    FROM staff s
    JOIN person q ON q.id = s.person_id
    GROUP BY COALESCE(q.merged_into, q.id)
) x
JOIN person p ON x.person_id = COALESCE(p.merged_into, p.id)";

/// Posts with what holds of them on `$1`, and their institution as it is on that day; conditions follow. A post is held by the
/// person that the one it was entered for turned out to be.
pub const SELECT: &str = "\
SELECT s.id, s.version, s.institution_id, s.person_id AS entered_for, COALESCE(q.merged_into, s.person_id) AS person_id,
       s.hired_on, s.left_on,
       sf.valid_from, sf.valid_to, sf.role, sf.on_floor, sf.certificate, sf.certificate_number, sf.certificate_until,
       sf.health_checked_on, sf.clean_record_on, f.name AS institution_name, f.region
FROM staff s
JOIN staff_facts sf ON sf.staff_id = s.id AND sf.valid_from = (
    SELECT MAX(x.valid_from) FROM staff_facts x
    WHERE x.staff_id = s.id AND (x.valid_from <= $1 OR x.valid_from = s.hired_on))
JOIN institution_facts f ON f.institution_id = s.institution_id AND f.valid_to IS NULL
LEFT JOIN person q ON q.id = s.person_id
WHERE 1 = 1";

const INTO_STAFF: &str = "INSERT INTO staff (id, institution_id, person_id, hired_on, left_on, version) VALUES ";
const ON_KNOWN_STAFF: &str = "
ON CONFLICT (id) DO UPDATE SET left_on = excluded.left_on, version = staff.version + 1";
const INTO_FACTS: &str = "\
INSERT INTO staff_facts (staff_id, valid_from, valid_to, role, on_floor, certificate, certificate_number,
                         certificate_until, health_checked_on, clean_record_on)
VALUES ";
const ON_KNOWN_FACTS: &str = "
ON CONFLICT (staff_id, valid_from) DO UPDATE SET
    valid_to = excluded.valid_to, role = excluded.role, on_floor = excluded.on_floor,
    certificate = excluded.certificate, certificate_number = excluded.certificate_number,
    certificate_until = excluded.certificate_until, health_checked_on = excluded.health_checked_on,
    clean_record_on = excluded.clean_record_on";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    institution_id: Uuid,
    entered_for: Uuid,
    person_id: Uuid,
    hired_on: String,
    left_on: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    role: String,
    on_floor: bool,
    certificate: String,
    certificate_number: String,
    certificate_until: Option<String>,
    health_checked_on: Option<String>,
    clean_record_on: Option<String>,
    institution_name: String,
    region: String,
}

/// A post with the name and region of its institution.
#[derive(Clone, Debug)]
pub struct Placed {
    pub staff: Staff,
    pub institution_name: String,
    pub region: String,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let value = Facts {
            role: coded(&row.role)?,
            on_floor: row.on_floor,
            certificate: coded(&row.certificate)?,
            certificate_number: row.certificate_number,
            certificate_until: optional_date(row.certificate_until.as_deref())?,
            health_checked_on: optional_date(row.health_checked_on.as_deref())?,
            clean_record_on: optional_date(row.clean_record_on.as_deref())?,
        };
        let facts = Dated { since: date(&row.valid_from)?, until: optional_date(row.valid_to.as_deref())?, value };
        let staff = Staff {
            id: row.id,
            version: row.version,
            institution_id: row.institution_id,
            entered_for: row.entered_for,
            person_id: row.person_id,
            hired_on: date(&row.hired_on)?,
            left_on: optional_date(row.left_on.as_deref())?,
            facts,
        };
        Ok(Placed { staff, institution_name: row.institution_name, region: row.region })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub institution_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    pub role: Option<Role>,
    pub certificate: Option<Certificate>,
    pub person_id: Option<Uuid>,
    pub include_left: bool,
}

/// The post as last recorded, to decide upon. STAFF_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    with_facts_of(tx, scope, id, NEWEST.to_owned()).await
}

/// The post as it is today, to show. STAFF_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn show(tx: &mut Tx, scope: &Scope, id: Uuid, today: Date) -> Result<Placed> {
    with_facts_of(tx, scope, id, today.to_string()).await
}

async fn with_facts_of(tx: &mut Tx, scope: &Scope, id: Uuid, day: String) -> Result<Placed> {
    let row: Option<Row> =
        tx.query(Sql::built(format!("{SELECT} AND s.id = $2"))).bind(day).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("STAFF_UNKNOWN", "没有这位从业人员"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of posts as of today, in the order in which they were entered here.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, today: Date) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(3);
    conditions.within("f.region", scope.prefixes());
    conditions.within("f.region", filter.region.as_deref());
    if let Some(institution) = filter.institution_id {
        conditions.is("s.institution_id", institution);
    }
    if let Some(person) = filter.person_id {
        conditions.person("s.person_id", person);
    }
    if let Some(role) = filter.role {
        conditions.equal("sf.role", role.code());
    }
    if let Some(certificate) = filter.certificate {
        conditions.equal("sf.certificate", certificate.code());
    }
    if !filter.include_left {
        conditions.plain("(s.left_on IS NULL OR s.left_on > $1)");
    }
    let sql = format!("{SELECT} AND s.id > $2{} ORDER BY s.id LIMIT $3", conditions.text());
    let query = db.read(Sql::built(sql)).bind(today.to_string()).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// All posts of the institutions, as last recorded, by institution.
pub async fn of_institutions(tx: &mut Tx, institutions: &[Uuid]) -> Result<HashMap<Uuid, Vec<Staff>>> {
    let mut found: HashMap<Uuid, Vec<Staff>> = HashMap::new();
    for chunk in institutions.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND s.institution_id IN {}", list(1, chunk.len()));
        let query = tx.query(Sql::built(sql)).bind(NEWEST.to_owned());
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        for row in rows {
            let staff = Placed::try_from(row)?.staff;
            found.entry(staff.institution_id).or_default().push(staff);
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_STAFF}{}{ON_KNOWN_STAFF}", placeholders(chunk.len(), 6));
        let mut query = tx.query(Sql::built(sql));
        for Change { staff, .. } in chunk {
            query = query
                .bind(staff.id)
                .bind(staff.institution_id)
                .bind(staff.entered_for)
                .bind(staff.hired_on.to_string())
                .bind(optional_text(staff.left_on))
                .bind(staff.version);
        }
        query.execute().await?;
    }
    let facts: Vec<_> = changes.iter().flat_map(|c| c.facts.iter().map(|row| (c.staff.id, row))).collect();
    for chunk in facts.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_FACTS}{}{ON_KNOWN_FACTS}", placeholders(chunk.len(), 10));
        let mut query = tx.query(Sql::built(sql));
        for (id, Dated { since, until, value }) in chunk {
            query = query
                .bind(*id)
                .bind(since.to_string())
                .bind(optional_text(*until))
                .bind(value.role.code())
                .bind(value.on_floor)
                .bind(value.certificate.code())
                .bind(value.certificate_number.clone())
                .bind(optional_text(value.certificate_until))
                .bind(optional_text(value.health_checked_on))
                .bind(optional_text(value.clean_record_on));
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().map(|change| (change.staff.id, &change.event)).collect();
    history::append(tx, &events, author).await
}

/// A line in the history of each of the person's posts: names are kept with the person alone.
async fn follow(tx: &mut Tx, it: Corrected<'_>) -> Result<u64> {
    if !it.fields.is_empty() {
        let posts: Vec<(Uuid,)> = tx.query(SELECT_OF_PERSON).bind(it.person).all().await?;
        let posts: Vec<Uuid> = posts.into_iter().map(|(id,)| id).collect();
        people::note_correction(tx, &posts, &it.fields.join("、"), &it).await?;
    }
    Ok(0)
}
