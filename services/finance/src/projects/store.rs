//! SQL and rows of projects. Decides nothing.

use std::collections::HashMap;

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{Conditions, Page, ROWS_PER_STATEMENT, coded, date, list, optional_date, optional_text};
use registry::{Author, Coded, history};
use trust::Scope;
use uuid::Uuid;

use super::stages::{Reached, Stage, Stages};
use super::{Category, Change, Facts, Printed, Project, Standing};

/// Projects with what has come of them; conditions follow.
pub const SELECT: &str = "\
SELECT p.id, p.version, p.plan_id, p.number, p.printed_flags, p.code, p.name, p.category, p.project_type, p.region,
       p.county, p.location, p.content, p.start_year, p.end_year, p.planned_complete_on, p.total_fen,
       p.central_planned_fen, p.responsible, p.beds, p.nursing_beds, p.places, p.area_cm2, p.land, p.course,
       p.course_since, p.adjusted,
       (SELECT CAST(COALESCE(SUM(e.amount_fen), 0) AS BIGINT) FROM fund_entry e
        WHERE e.project_id = p.id AND e.source = 'CENTRAL_BUDGET_INVEST' AND e.step = 'APPLIED') AS central_applied,
       (SELECT CAST(COALESCE(SUM(e.amount_fen), 0) AS BIGINT) FROM fund_entry e
        WHERE e.project_id = p.id AND e.source = 'CENTRAL_BUDGET_INVEST' AND e.step = 'RELEASED') AS central_released,
       (SELECT CAST(COALESCE(SUM(e.amount_fen), 0) AS BIGINT) FROM fund_entry e
        WHERE e.project_id = p.id AND e.source = 'CENTRAL_BUDGET_INVEST' AND e.step = 'RECEIVED') AS central_received,
       (SELECT CAST(COALESCE(SUM(e.amount_fen), 0) AS BIGINT) FROM fund_entry e
        WHERE e.project_id = p.id AND e.source = 'CENTRAL_BUDGET_INVEST' AND e.step = 'PAID') AS central_paid,
       g.period AS progress_period, g.picture AS progress_text, g.cumulated_fen AS invested
FROM project p
LEFT JOIN progress g ON g.project_id = p.id AND g.state = 'CONFIRMED'
                    AND g.period_end = (SELECT MAX(h.period_end) FROM progress h
                                        WHERE h.project_id = p.id AND h.state = 'CONFIRMED')
WHERE 1 = 1";

pub const SELECT_NUMBERS: &str = "SELECT number FROM project WHERE plan_id = $1 AND number IS NOT NULL";
pub const DELETE_STAGE: &str = "DELETE FROM project_stage WHERE project_id = $1 AND stage = $2";

const SELECT_STAGES: &str = "\
SELECT project_id, stage, reached_on, document_number FROM project_stage WHERE project_id IN ";

const INTO_PROJECT: &str = "\
INSERT INTO project (id, plan_id, number, printed_flags, code, name, category, project_type, region, county, location,
                     content, start_year, end_year, start_due, complete_due, planned_complete_on, total_fen,
                     central_planned_fen, responsible, beds, nursing_beds, places, area_cm2, land, stage, course,
                     course_since, adjusted, version)
VALUES ";
const ON_KNOWN_PROJECT: &str = "
ON CONFLICT (id) DO UPDATE SET
    code = excluded.code, name = excluded.name, category = excluded.category, project_type = excluded.project_type,
    region = excluded.region, location = excluded.location, content = excluded.content,
    start_year = excluded.start_year, end_year = excluded.end_year, start_due = excluded.start_due,
    complete_due = excluded.complete_due, planned_complete_on = excluded.planned_complete_on,
    total_fen = excluded.total_fen, central_planned_fen = excluded.central_planned_fen,
    responsible = excluded.responsible, beds = excluded.beds, nursing_beds = excluded.nursing_beds,
    places = excluded.places, area_cm2 = excluded.area_cm2, land = excluded.land, stage = excluded.stage,
    course = excluded.course, course_since = excluded.course_since, adjusted = excluded.adjusted,
    version = project.version + 1";

const INTO_STAGE: &str = "INSERT INTO project_stage (project_id, stage, reached_on, document_number) VALUES ";
const ON_KNOWN_STAGE: &str = "
ON CONFLICT (project_id, stage) DO UPDATE SET
    reached_on = excluded.reached_on, document_number = excluded.document_number";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    plan_id: String,
    number: Option<i64>,
    printed_flags: String,
    code: Option<String>,
    name: String,
    category: String,
    project_type: String,
    region: String,
    county: String,
    location: String,
    content: String,
    start_year: i64,
    end_year: i64,
    planned_complete_on: Option<String>,
    total_fen: i64,
    central_planned_fen: i64,
    responsible: String,
    beds: i64,
    nursing_beds: i64,
    places: i64,
    area_cm2: i64,
    land: String,
    course: String,
    course_since: String,
    adjusted: bool,
    central_applied: i64,
    central_released: i64,
    central_received: i64,
    central_paid: i64,
    progress_period: Option<String>,
    progress_text: Option<String>,
    invested: Option<i64>,
}

/// A project with what has come of it: 中央预算内投资 by step, and the latest confirmed report.
#[derive(Clone, Debug)]
pub struct Viewed {
    pub project: Project,
    pub central_applied_fen: i64,
    pub central_released_fen: i64,
    pub central_received_fen: i64,
    pub central_paid_fen: i64,
    pub progress_period: String,
    pub progress_text: String,
    pub invested_fen: i64,
}

fn year(value: i64) -> Result<i16> {
    i16::try_from(value).map_err(|_| Problem::internal(format!("year column {value}")))
}

fn viewed(row: Row, reached: Vec<Reached>) -> Result<Viewed> {
    let stages = Stages::of(reached).ok_or_else(|| Problem::internal(format!("project {} has no stage", row.id)))?;
    let printed = row.number.map(|number| Printed { plan_id: row.plan_id, number, flags: row.printed_flags });
    Ok(Viewed {
        project: Project {
            id: row.id,
            version: row.version,
            printed,
            code: row.code,
            facts: Facts {
                name: row.name,
                category: coded(&row.category)?,
                project_type: row.project_type,
                region: row.region,
                county: row.county,
                location: row.location,
                content: row.content,
                start_year: year(row.start_year)?,
                end_year: year(row.end_year)?,
                planned_complete_on: optional_date(row.planned_complete_on.as_deref())?,
                total_fen: row.total_fen,
                central_planned_fen: row.central_planned_fen,
                responsible: row.responsible,
                beds: row.beds,
                nursing_beds: row.nursing_beds,
                places: row.places,
                area_cm2: row.area_cm2,
                land: row.land,
            },
            stages,
            course: coded(&row.course)?,
            course_since: date(&row.course_since)?,
            adjusted: row.adjusted,
        },
        central_applied_fen: row.central_applied,
        central_released_fen: row.central_released,
        central_received_fen: row.central_received,
        central_paid_fen: row.central_paid,
        progress_period: row.progress_period.unwrap_or_default(),
        progress_text: row.progress_text.unwrap_or_default(),
        invested_fen: row.invested.unwrap_or_default(),
    })
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub region: Option<Vec<String>>,
    pub category: Option<Category>,
    pub stage: Option<Stage>,
    pub standing: Option<Standing>,
    pub name_contains: String,
}

/// One project. PROJECT_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Viewed> {
    let found = by_ids(tx, &[id]).await?.into_iter().next();
    let viewed = found.ok_or_else(|| Problem::not_found("PROJECT_UNKNOWN", "没有这个项目"))?;
    scope.check(&viewed.project.facts.region)?;
    Ok(viewed)
}

/// [`Standing`] in SQL, `$3` being the day; a test holds it against the rule.
fn standing_condition(standing: Standing) -> &'static str {
    match standing {
        Standing::Cancelled => "p.course = 'CANCELLED' AND $3 = $3",
        Standing::Stopped => "p.course = 'STOPPED' AND $3 = $3",
        Standing::NotStartedLate => {
            "p.course = 'RUNNING' AND p.stage IN ('RESERVE', 'APPLIED', 'APPROVED', 'PLAN_RELEASED') AND p.start_due < $3"
        }
        Standing::NotCompletedLate => {
            "p.course = 'RUNNING' AND p.stage IN ('STARTED', 'BUILDING') AND p.complete_due < $3"
        }
        Standing::OnTime => {
            "p.course = 'RUNNING' \
             AND NOT (p.stage IN ('RESERVE', 'APPLIED', 'APPROVED', 'PLAN_RELEASED') AND p.start_due < $3) \
             AND NOT (p.stage IN ('STARTED', 'BUILDING') AND p.complete_due < $3)"
        }
    }
}

/// A page of projects as of today, in the order of the plan and then of registration.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page, today: Date) -> Result<(Vec<Viewed>, String)> {
    let mut conditions = Conditions::after(if filter.standing.is_some() { 3 } else { 2 });
    conditions.within("p.region", scope.prefixes());
    conditions.within("p.region", filter.region.as_deref());
    if let Some(category) = filter.category {
        conditions.equal("p.category", category.code());
    }
    if let Some(stage) = filter.stage {
        conditions.equal("p.stage", stage.code());
    }
    if let Some(standing) = filter.standing {
        conditions.plain(standing_condition(standing));
    }
    if !filter.name_contains.is_empty() {
        conditions.contains("p.name", &filter.name_contains);
    }
    let sql = format!("{SELECT} AND p.id > $1{} ORDER BY p.id LIMIT $2", conditions.text());
    let mut query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    if filter.standing.is_some() {
        query = query.bind(today.to_string());
    }
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    if rows.is_empty() {
        return Ok((Vec::new(), next));
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let query = db.read(Sql::built(format!("{SELECT_STAGES}{}", list(0, ids.len()))));
    let stages = ids.iter().fold(query, |query, id| query.bind(*id)).all().await?;
    Ok((with_stages(rows, stages)?, next))
}

type StageRow = (Uuid, String, String, String);

fn with_stages(rows: Vec<Row>, stages: Vec<StageRow>) -> Result<Vec<Viewed>> {
    let mut reached: HashMap<Uuid, Vec<Reached>> = HashMap::new();
    for (id, stage, on, document_number) in stages {
        let stage = Reached { stage: coded(&stage)?, on: date(&on)?, document_number };
        reached.entry(id).or_default().push(stage);
    }
    let complete = |row: Row| {
        let stages = reached.remove(&row.id).unwrap_or_default();
        viewed(row, stages)
    };
    rows.into_iter().map(complete).collect()
}

async fn complete(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Viewed>> {
    let mut stages: Vec<StageRow> = Vec::new();
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{SELECT_STAGES}{}", list(0, chunk.len()))));
        stages.extend(chunk.iter().fold(query, |query, row| query.bind(row.id)).all::<StageRow>().await?);
    }
    with_stages(rows, stages)
}

/// The projects with any of the ids.
pub async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Viewed>> {
    let mut rows: Vec<Row> = Vec::new();
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{SELECT} AND p.id IN {}", list(0, chunk.len()))));
        rows.extend(chunk.iter().fold(query, |query, id| query.bind(*id)).all::<Row>().await?);
    }
    complete(tx, rows).await
}

/// The projects with any of the names.
pub async fn by_name(tx: &mut Tx, names: &[&str]) -> Result<Vec<Viewed>> {
    by_text(tx, "p.name", names).await
}

/// The projects with any of the codes.
pub async fn by_code(tx: &mut Tx, codes: &[&str]) -> Result<Vec<Viewed>> {
    by_text(tx, "p.code", codes).await
}

async fn by_text(tx: &mut Tx, column: &str, values: &[&str]) -> Result<Vec<Viewed>> {
    let mut rows: Vec<Row> = Vec::new();
    for chunk in values.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{SELECT} AND {column} IN {}", list(0, chunk.len()))));
        rows.extend(chunk.iter().fold(query, |query, value| query.bind((*value).to_owned())).all::<Row>().await?);
    }
    complete(tx, rows).await
}

/// The numbers of a plan that are registered already.
pub async fn numbers(tx: &mut Tx, plan_id: &str) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx.query(SELECT_NUMBERS).bind(plan_id.to_owned()).all().await?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
}

/// Saves changes in many-row statements.
pub async fn save(tx: &mut Tx, changes: &[Change], author: &Author) -> Result<()> {
    for chunk in changes.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_PROJECT}{}{ON_KNOWN_PROJECT}", placeholders(chunk.len(), 30));
        let mut query = tx.query(Sql::built(sql));
        for Change { project, .. } in chunk {
            let facts = &project.facts;
            let printed = project.printed.as_ref();
            query = query
                .bind(project.id)
                .bind(printed.map(|printed| printed.plan_id.clone()).unwrap_or_default())
                .bind(printed.map(|printed| printed.number))
                .bind(printed.map(|printed| printed.flags.clone()).unwrap_or_default())
                .bind(project.code.clone())
                .bind(facts.name.clone())
                .bind(facts.category.code())
                .bind(facts.project_type.clone())
                .bind(facts.region.clone())
                .bind(facts.county.clone())
                .bind(facts.location.clone())
                .bind(facts.content.clone())
                .bind(i64::from(facts.start_year))
                .bind(i64::from(facts.end_year))
                .bind(facts.start_due().to_string())
                .bind(facts.complete_due().to_string())
                .bind(optional_text(facts.planned_complete_on))
                .bind(facts.total_fen)
                .bind(facts.central_planned_fen)
                .bind(facts.responsible.clone())
                .bind(facts.beds)
                .bind(facts.nursing_beds)
                .bind(facts.places)
                .bind(facts.area_cm2)
                .bind(facts.land.clone())
                .bind(project.stages.newest().stage.code())
                .bind(project.course.code())
                .bind(project.course_since.to_string())
                .bind(project.adjusted)
                .bind(project.version);
        }
        query.execute().await?;
    }
    let stages: Vec<_> = changes
        .iter()
        .flat_map(|change| change.project.stages.all().iter().map(|reached| (change.project.id, reached)))
        .collect();
    for chunk in stages.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_STAGE}{}{ON_KNOWN_STAGE}", placeholders(chunk.len(), 4));
        let mut query = tx.query(Sql::built(sql));
        for (id, Reached { stage, on, document_number }) in chunk {
            query = query.bind(*id).bind(stage.code()).bind(on.to_string()).bind(document_number.clone());
        }
        query.execute().await?;
    }
    for change in changes {
        if let Some(stage) = change.withdrawn {
            tx.query(DELETE_STAGE).bind(change.project.id).bind(stage.code()).execute().await?;
        }
    }
    let events: Vec<_> = changes.iter().flat_map(|c| c.events.iter().map(|event| (c.project.id, event))).collect();
    history::append(tx, &events, author).await
}
