//! SQL and rows of courses. Decides nothing.

use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, list};
use registry::{Author, Coded, history};
use uuid::Uuid;

use super::{Category, Change, Course, Facts, Mode};

/// Courses; conditions follow.
pub const SELECT: &str = "SELECT id, version, region, code, name, category, mode, hours FROM course WHERE 1 = 1";

const INTO: &str = "INSERT INTO course (id, region, code, name, category, mode, hours, version) VALUES ";
const ON_KNOWN: &str = "
ON CONFLICT (id) DO UPDATE SET name = excluded.name, category = excluded.category, mode = excluded.mode,
                               hours = excluded.hours, version = course.version + 1";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    region: String,
    code: String,
    name: String,
    category: String,
    mode: String,
    hours: i64,
}

impl TryFrom<Row> for Course {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let facts = Facts {
            code: row.code,
            name: row.name,
            category: coded(&row.category)?,
            mode: coded(&row.mode)?,
            hours: row.hours,
        };
        Ok(Course { id: row.id, version: row.version, region: row.region, facts })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    /// Regions that the caller may see, by prefix; `None` is everywhere.
    pub seen: Option<Vec<String>>,
    pub region: Option<Vec<String>>,
    pub category: Option<Category>,
    pub mode: Option<Mode>,
    pub name_contains: String,
}

/// One course. COURSE_UNKNOWN.
pub async fn load(tx: &mut Tx, id: Uuid) -> Result<Course> {
    let row: Option<Row> = tx.query(Sql::built(format!("{SELECT} AND id = $1"))).bind(id).optional().await?;
    row.ok_or_else(|| Problem::not_found("COURSE_UNKNOWN", "没有这门课程"))?.try_into()
}

/// A page of courses, in the order in which they were set up.
pub async fn page(db: &Db, filter: Filter, page: Page) -> Result<(Vec<Course>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.within("region", filter.seen.as_deref());
    conditions.within("region", filter.region.as_deref());
    if let Some(category) = filter.category {
        conditions.equal("category", category.code());
    }
    if let Some(mode) = filter.mode {
        conditions.equal("mode", mode.code());
    }
    if !filter.name_contains.is_empty() {
        conditions.contains("name", &filter.name_contains);
    }
    let sql = format!("{SELECT} AND id > $1{} ORDER BY id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Course::try_from).collect::<Result<_>>()?, next))
}

/// Courses with any of the codes, of whatever region.
pub async fn by_code(tx: &mut Tx, codes: &[&str]) -> Result<Vec<Course>> {
    let mut found = Vec::new();
    for chunk in codes.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{SELECT} AND code IN {}", list(0, chunk.len()))));
        let rows: Vec<Row> = chunk.iter().fold(query, |query, code| query.bind((*code).to_owned())).all().await?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}{ON_KNOWN}", placeholders(chunk.len(), 8))));
        for Change { course: Course { id, version, region, facts }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(region.clone())
                .bind(facts.code.clone())
                .bind(facts.name.clone())
                .bind(facts.category.code())
                .bind(facts.mode.code())
                .bind(facts.hours)
                .bind(*version);
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().map(|change| (change.course.id, &change.event)).collect();
    history::append(tx, &events, author).await
}
