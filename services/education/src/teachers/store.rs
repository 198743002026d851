//! SQL and rows of teachers. Decides nothing.

use std::collections::HashMap;

use futures::FutureExt;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, list};
use registry::{Author, Coded, history};
use trust::Scope;
use trust::matching::{Days, Question};
use trust::persons::Holding;
use uuid::Uuid;

use super::correction::follow;
use super::{Change, Facts, Status, Teacher};

/// Where the people of this service are. A teacher who left is kept; the day is not recorded, so none may be erased yet.
pub const HOLDING: Holding = Holding {
    regions: "\
SELECT s.region FROM teacher t JOIN school s ON s.id = t.school_id
WHERE t.person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)",
    live_until: "\
SELECT MAX('9999-12-31') FROM teacher
WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)",
    retention_years: 2,
    follow: |tx, corrected| follow(tx, corrected).boxed(),
    questions: &[Question {
        code: "REGISTERED",
        titles: &["未登记", "在岗", "已离岗"],
        days: Days::Today,
        sql: SELECT_REGISTERED,
    }],
};

/// Every teacher, and whether at work. The register keeps no days: `$1` is today.
/// Counted first and joined then: joining people with people takes the square of their number.
const SELECT_REGISTERED: &str = "\
SELECT p.id, x.level
FROM (
    SELECT COALESCE(q.merged_into, q.id) AS person_id,
           CAST(MIN(CASE WHEN t.status = 'ACTIVE' THEN 1 ELSE 2 END) AS BIGINT) AS level
    FROM teacher t
    JOIN person q ON q.id = t.person_id
    WHERE $1 <> ''
    GROUP BY COALESCE(q.merged_into, q.id)
) x
JOIN person p ON x.person_id = COALESCE(p.merged_into, p.id)";

/// Teachers with their school; conditions follow. The person is whoever the one that was entered turned out to be.
pub const SELECT: &str = "\
SELECT t.id, t.version, t.school_id, t.name, t.title, t.status, COALESCE(p.merged_into, t.person_id) AS person_id,
       s.name AS school_name, s.region
FROM teacher t
JOIN school s ON s.id = t.school_id
LEFT JOIN person p ON p.id = t.person_id
WHERE 1 = 1";

const INTO: &str = "INSERT INTO teacher (id, school_id, name, title, status, person_id, version) VALUES ";
const ON_KNOWN: &str = "
ON CONFLICT (id) DO UPDATE SET title = excluded.title, status = excluded.status, person_id = excluded.person_id,
    version = teacher.version + 1";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    school_id: Uuid,
    name: String,
    title: String,
    status: String,
    person_id: Option<Uuid>,
    school_name: String,
    region: String,
}

/// A teacher with the name and region of the school.
#[derive(Clone, Debug)]
pub struct Placed {
    pub teacher: Teacher,
    pub school_name: String,
    pub region: String,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let facts = Facts { name: row.name, title: row.title, status: coded(&row.status)? };
        let teacher =
            Teacher { id: row.id, version: row.version, school_id: row.school_id, person_id: row.person_id, facts };
        Ok(Placed { teacher, school_name: row.school_name, region: row.region })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub school_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    pub status: Option<Status>,
    pub person_id: Option<Uuid>,
}

/// One teacher. TEACHER_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    let row: Option<Row> = tx.query(Sql::built(format!("{SELECT} AND t.id = $1"))).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("TEACHER_UNKNOWN", "没有这位教师"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of teachers, in the order in which they were entered.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.within("s.region", scope.prefixes());
    conditions.within("s.region", filter.region.as_deref());
    if let Some(school) = filter.school_id {
        conditions.is("t.school_id", school);
    }
    if let Some(status) = filter.status {
        conditions.equal("t.status", status.code());
    }
    if let Some(person) = filter.person_id {
        conditions.person("t.person_id", person);
    }
    let sql = format!("{SELECT} AND t.id > $1{} ORDER BY t.id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// The teachers of the schools, by school and name.
pub async fn of_schools(tx: &mut Tx, schools: &[Uuid]) -> Result<HashMap<(Uuid, String), Teacher>> {
    let mut found = HashMap::new();
    for chunk in schools.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{SELECT} AND t.school_id IN {}", list(0, chunk.len()))));
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        for row in rows {
            let teacher = Placed::try_from(row)?.teacher;
            found.insert((teacher.school_id, teacher.facts.name.clone()), teacher);
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}{ON_KNOWN}", placeholders(chunk.len(), 7))));
        for Change { teacher: Teacher { id, version, school_id, person_id, facts }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(*school_id)
                .bind(facts.name.clone())
                .bind(facts.title.clone())
                .bind(facts.status.code())
                .bind(*person_id)
                .bind(*version);
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().map(|change| (change.teacher.id, &change.event)).collect();
    history::append(tx, &events, author).await
}
