//! SQL and rows of work entries and their types. Decides nothing.

use city::work::WorkType;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, date, list};
use registry::{Author, Coded, Event, Place, history};
use trust::Scope;
use uuid::Uuid;

use super::{Entry, Facts, State};

/// Entries; conditions follow.
pub const SELECT: &str = "\
SELECT e.id, e.type, e.title, e.unit, e.region, e.county, e.quantity, e.dated_on, e.document_number, e.task_number,
       e.state, e.author_id, e.written_by, e.version
FROM work_entry e WHERE 1 = 1";
pub const FORGET_TYPE_TASKS: &str = "DELETE FROM work_type_task";
pub const FORGET_ELEMENTS: &str = "UPDATE work_type SET element = ''";
const INTO: &str = "\
INSERT INTO work_entry (id, type, title, unit, region, county, quantity, dated_on, document_number, task_number, state,
                        author_id, written_by, version)
VALUES ";
const ON_KNOWN: &str = "
ON CONFLICT (id) DO UPDATE SET
    type = excluded.type, title = excluded.title, unit = excluded.unit, region = excluded.region,
    county = excluded.county, quantity = excluded.quantity, dated_on = excluded.dated_on,
    document_number = excluded.document_number, task_number = excluded.task_number, state = excluded.state,
    author_id = excluded.author_id, written_by = excluded.written_by, version = work_entry.version + 1";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    r#type: String,
    title: String,
    unit: String,
    region: String,
    county: String,
    quantity: i64,
    dated_on: String,
    document_number: String,
    task_number: i64,
    state: String,
    author_id: String,
    written_by: String,
    version: i64,
}

impl TryFrom<Row> for Entry {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Entry {
            id: row.id,
            version: row.version,
            facts: Facts {
                work_type: row.r#type,
                title: row.title,
                unit: row.unit,
                place: Place { region: row.region, county: row.county },
                quantity: row.quantity,
                dated_on: date(&row.dated_on)?,
                document_number: row.document_number,
                task_number: u32::try_from(row.task_number).map_err(Problem::internal)?,
            },
            state: coded(&row.state)?,
            author_id: row.author_id,
            written_by: row.written_by,
        })
    }
}

/// The types of work as the plan in force has them. Those that the plan no longer has keep their entries and prove
/// nothing.
pub async fn replace_types(tx: &mut Tx, types: &[WorkType], city: &str) -> Result<()> {
    tx.query(FORGET_TYPE_TASKS).execute().await?;
    tx.query(FORGET_ELEMENTS).execute().await?;
    if types.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO work_type (code, element, plan_region) VALUES {} \
         ON CONFLICT (code) DO UPDATE SET element = excluded.element, plan_region = excluded.plan_region",
        placeholders(types.len(), 3)
    );
    let query = types.iter().fold(tx.query(Sql::built(sql)), |query, one| {
        query.bind(one.code.clone()).bind(one.element.clone()).bind(city.to_owned())
    });
    query.execute().await?;
    let proofs: Vec<(&str, u32)> =
        types.iter().flat_map(|one| one.tasks.iter().map(|task| (one.code.as_str(), *task))).collect();
    if proofs.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO work_type_task (type, number) VALUES {}", placeholders(proofs.len(), 2));
    let query = proofs
        .iter()
        .fold(tx.query(Sql::built(sql)), |query, (code, task)| query.bind((*code).to_owned()).bind(i64::from(*task)));
    query.execute().await.map(drop)
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub region: Option<Vec<String>>,
    pub work_type: String,
    pub unit: String,
    pub state: Option<State>,
    /// 0: all.
    pub task_number: u32,
    pub title_contains: String,
}

/// One entry. WORK_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Entry> {
    let row: Option<Row> = tx.query(Sql::built(format!("{SELECT} AND e.id = $1"))).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("WORK_UNKNOWN", "没有这项工作"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// The entry that states the same work, if there is one: its type, unit, region, day and name are its identity.
pub async fn same(tx: &mut Tx, facts: &Facts) -> Result<Option<Entry>> {
    Ok(named(tx, &[facts.title.as_str()]).await?.into_iter().find(|entry| is_same(&entry.facts, facts)))
}

/// True when two statements are about one piece of work.
pub fn is_same(a: &Facts, b: &Facts) -> bool {
    (&a.work_type, &a.unit, &a.place.region, a.dated_on, &a.title)
        == (&b.work_type, &b.unit, &b.place.region, b.dated_on, &b.title)
}

/// Entries that bear one of the names.
pub async fn named(tx: &mut Tx, titles: &[&str]) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for chunk in titles.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND e.title IN {}", list(0, chunk.len()));
        let query = chunk.iter().fold(tx.query(Sql::built(sql)), |query, title| query.bind((*title).to_owned()));
        for row in query.all::<Row>().await? {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Conditions for entries that prove a task.
fn prove(conditions: &mut Conditions, task_number: u32) {
    // A number, never a text from outside.
    conditions.plain(&format!(
        "(e.task_number = {task_number} OR (e.task_number = 0 AND EXISTS \
         (SELECT 1 FROM work_type_task t WHERE t.type = e.type AND t.number = {task_number})))"
    ));
}

/// A page of entries, in the order in which they were registered.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page) -> Result<(Vec<Entry>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.within("e.region", scope.prefixes());
    conditions.within("e.region", filter.region.as_deref());
    for (column, value) in [("e.type", &filter.work_type), ("e.unit", &filter.unit)] {
        if !value.is_empty() {
            conditions.equal(column, value);
        }
    }
    if let Some(state) = filter.state {
        conditions.equal("e.state", state.code());
    }
    if filter.task_number != 0 {
        prove(&mut conditions, filter.task_number);
    }
    if !filter.title_contains.is_empty() {
        conditions.contains("e.title", &filter.title_contains);
    }
    let sql = format!("{SELECT} AND e.id > $1{} ORDER BY e.id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Entry::try_from).collect::<Result<_>>()?, next))
}

/// Every accepted entry that proves a task, oldest first.
pub async fn accepted_of_task(tx: &mut Tx, task_number: u32) -> Result<Vec<Entry>> {
    let mut conditions = Conditions::after(0);
    conditions.equal("e.state", State::Accepted.code());
    prove(&mut conditions, task_number);
    let sql = format!("{SELECT}{} ORDER BY e.id", conditions.text());
    let rows: Vec<Row> = conditions.bind_to(tx.query(Sql::built(sql))).all().await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// Saves entries with what happened to them, in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[(Entry, Event)], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO}{}{ON_KNOWN}", placeholders(chunk.len(), 14));
        let mut query = tx.query(Sql::built(sql));
        for (Entry { id, version, facts, state, author_id, written_by }, _) in chunk {
            query = query
                .bind(*id)
                .bind(facts.work_type.clone())
                .bind(facts.title.clone())
                .bind(facts.unit.clone())
                .bind(facts.place.region.clone())
                .bind(facts.place.county.clone())
                .bind(facts.quantity)
                .bind(facts.dated_on.to_string())
                .bind(facts.document_number.clone())
                .bind(i64::from(facts.task_number))
                .bind(state.code())
                .bind(author_id.clone())
                .bind(written_by.clone())
                .bind(*version);
        }
        query.execute().await?;
    }
    let events: Vec<(Uuid, &Event)> = changes.iter().map(|(entry, event)| (entry.id, event)).collect();
    history::append(tx, &events, author).await
}
