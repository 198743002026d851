//! SQL and rows of fund entries. Entries are only ever added. Decides nothing.

use std::collections::HashMap;

use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::Coded;
use registry::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, date, list};
use trust::Scope;
use uuid::Uuid;

use super::{Entry, Source, Step};

/// Entries with the name and region of their project, and how much of each was taken back; conditions follow.
pub const SELECT: &str = "\
SELECT e.id, e.project_id, e.source, e.step, e.amount_fen, e.entry_on, e.document_number, e.note, e.recorded_by,
       e.reverses_id, p.name AS project_name, p.region,
       (SELECT CAST(COALESCE(-SUM(r.amount_fen), 0) AS BIGINT) FROM fund_entry r WHERE r.reverses_id = e.id) AS reversed
FROM fund_entry e
JOIN project p ON p.id = e.project_id
WHERE 1 = 1";

const INTO: &str = "\
INSERT INTO fund_entry (id, project_id, source, step, amount_fen, entry_on, document_number, note, recorded_by,
                        reverses_id)
VALUES ";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    project_id: Uuid,
    source: String,
    step: String,
    amount_fen: i64,
    entry_on: String,
    document_number: String,
    note: String,
    recorded_by: String,
    reverses_id: Option<Uuid>,
    project_name: String,
    region: String,
    reversed: i64,
}

/// An entry with its project's name and region.
#[derive(Clone, Debug)]
pub struct Placed {
    pub entry: Entry,
    pub project_name: String,
    pub region: String,
    pub reversed_fen: i64,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let entry = Entry {
            id: row.id,
            project_id: row.project_id,
            source: coded(&row.source)?,
            step: coded(&row.step)?,
            amount_fen: row.amount_fen,
            on: date(&row.entry_on)?,
            document_number: row.document_number,
            note: row.note,
            recorded_by: row.recorded_by,
            reverses: row.reverses_id,
        };
        Ok(Placed { entry, project_name: row.project_name, region: row.region, reversed_fen: row.reversed })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub project_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    pub source: Option<Source>,
    pub step: Option<Step>,
}

/// One entry. ENTRY_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    let row: Option<Row> = tx.query(Sql::built(format!("{SELECT} AND e.id = $1"))).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("ENTRY_UNKNOWN", "没有这笔资金记录"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// A page of entries in the order in which they were recorded.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.within("p.region", scope.prefixes());
    conditions.within("p.region", filter.region.as_deref());
    if let Some(id) = filter.project_id {
        conditions.is("e.project_id", id);
    }
    if let Some(source) = filter.source {
        conditions.equal("e.source", source.code());
    }
    if let Some(step) = filter.step {
        conditions.equal("e.step", step.code());
    }
    let sql = format!("{SELECT} AND e.id > $1{} ORDER BY e.id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// Every entry of the projects, by project, in the order of their days.
pub async fn of_projects(tx: &mut Tx, projects: &[Uuid]) -> Result<HashMap<Uuid, Vec<Placed>>> {
    let mut found: HashMap<Uuid, Vec<Placed>> = HashMap::new();
    for chunk in projects.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{SELECT} AND e.project_id IN {} ORDER BY e.entry_on, e.id", list(0, chunk.len()));
        let query = tx.query(Sql::built(sql));
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        for row in rows {
            found.entry(row.project_id).or_default().push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Adds entries in many-row statements.
pub async fn append(tx: &mut Tx, entries: &[Entry]) -> Result<()> {
    for chunk in entries.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}", placeholders(chunk.len(), 10))));
        for entry in chunk {
            query = query
                .bind(entry.id)
                .bind(entry.project_id)
                .bind(entry.source.code())
                .bind(entry.step.code())
                .bind(entry.amount_fen)
                .bind(entry.on.to_string())
                .bind(entry.document_number.clone())
                .bind(entry.note.clone())
                .bind(entry.recorded_by.clone())
                .bind(entry.reverses);
        }
        query.execute().await?;
    }
    Ok(())
}
