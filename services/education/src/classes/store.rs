//! SQL and rows of classes. Decides nothing.

use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, list};
use registry::{Author, Coded, history};
use trust::Scope;
use uuid::Uuid;

use super::{Change, Class, Facts, Identity, State, Term};

/// Classes with their school and course; conditions follow.
pub const SELECT: &str = "\
SELECT c.id, c.version, c.school_id, c.course_id, c.term, c.name, c.capacity, c.enrolled, c.teacher_name, c.schedule,
       c.state, s.name AS school_name, s.region, k.code AS course_code, k.name AS course_name
FROM class c
JOIN school s ON s.id = c.school_id
JOIN course k ON k.id = c.course_id
WHERE 1 = 1";

const INTO: &str = "\
INSERT INTO class (id, school_id, course_id, term, name, capacity, enrolled, teacher_name, schedule, state, version)
VALUES ";
const ON_KNOWN: &str = "
ON CONFLICT (id) DO UPDATE SET capacity = excluded.capacity, enrolled = excluded.enrolled,
                               teacher_name = excluded.teacher_name, schedule = excluded.schedule,
                               state = excluded.state, version = class.version + 1";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    school_id: Uuid,
    course_id: Uuid,
    term: String,
    name: String,
    capacity: i64,
    enrolled: i64,
    teacher_name: String,
    schedule: String,
    state: String,
    school_name: String,
    region: String,
    course_code: String,
    course_name: String,
}

/// A class with the names of its school and course.
#[derive(Clone, Debug)]
pub struct Placed {
    pub class: Class,
    pub school_name: String,
    pub region: String,
    pub course_code: String,
    pub course_name: String,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let term = Term::read(&row.term).map_err(|_| Problem::internal(format!("term column {:?}", row.term)))?;
        let facts = Facts {
            capacity: row.capacity,
            enrolled: row.enrolled,
            teacher_name: row.teacher_name,
            schedule: row.schedule,
            state: coded::<State>(&row.state)?,
        };
        let identity = Identity { course_id: row.course_id, term, name: row.name };
        let class = Class { id: row.id, version: row.version, school_id: row.school_id, identity, facts };
        let (school_name, region) = (row.school_name, row.region);
        Ok(Placed { class, school_name, region, course_code: row.course_code, course_name: row.course_name })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub school_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    /// Empty for every term.
    pub term: String,
    pub state: Option<State>,
}

/// One class. CLASS_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    let row: Option<Row> = tx.query(Sql::built(format!("{SELECT} AND c.id = $1"))).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("CLASS_UNKNOWN", "没有这个教学班"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of classes, in the order in which they were set up.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.within("s.region", scope.prefixes());
    conditions.within("s.region", filter.region.as_deref());
    if let Some(school) = filter.school_id {
        conditions.is("c.school_id", school);
    }
    if !filter.term.is_empty() {
        conditions.equal("c.term", &filter.term);
    }
    if let Some(state) = filter.state {
        conditions.equal("c.state", state.code());
    }
    let sql = format!("{SELECT} AND c.id > $1{} ORDER BY c.id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// The classes of the schools in the terms.
pub async fn of_schools(tx: &mut Tx, schools: &[Uuid], terms: &[&str]) -> Result<Vec<Class>> {
    let mut found = Vec::new();
    for ids in schools.chunks(ROWS_PER_STATEMENT) {
        for terms in terms.chunks(ROWS_PER_STATEMENT) {
            let (of, taught) = (list(0, ids.len()), list(ids.len(), terms.len()));
            let sql = format!("{SELECT} AND c.school_id IN {of} AND c.term IN {taught}");
            let query = ids.iter().fold(tx.query(Sql::built(sql)), |query, id| query.bind(*id));
            let query = terms.iter().fold(query, |query, term| query.bind((*term).to_owned()));
            for row in query.all::<Row>().await? {
                found.push(Placed::try_from(row)?.class);
            }
        }
    }
    Ok(found)
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}{ON_KNOWN}", placeholders(chunk.len(), 11))));
        for Change { class: Class { id, version, school_id, identity, facts }, .. } in chunk {
            query = query
                .bind(*id)
                .bind(*school_id)
                .bind(identity.course_id)
                .bind(identity.term.code().to_owned())
                .bind(identity.name.clone())
                .bind(facts.capacity)
                .bind(facts.enrolled)
                .bind(facts.teacher_name.clone())
                .bind(facts.schedule.clone())
                .bind(facts.state.code())
                .bind(*version);
        }
        query.execute().await?;
    }
    let events: Vec<_> = changes.iter().map(|change| (change.class.id, &change.event)).collect();
    history::append(tx, &events, author).await
}
