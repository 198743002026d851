//! SQL and rows of monthly reports. Decides nothing.

use kit::{Db, Problem, Result, Sql, Tx};
use registry::columns::{Conditions, Page, coded};
use registry::{Author, Coded, history};
use trust::Scope;
use uuid::Uuid;

use super::{Change, Obstacle, Report, Signer, State, Statement};

/// Reports with the name and region of their project; conditions follow.
pub const SELECT: &str = "\
SELECT g.id, g.version, g.project_id, g.period, g.state, g.picture, g.month_fen, g.cumulated_fen, g.obstacle,
       g.obstacle_text, g.next_step, g.explanation, g.submitter, g.submitted_by, g.confirmed_by,
       p.name AS project_name, p.region
FROM progress g
JOIN project p ON p.id = g.project_id
WHERE 1 = 1";

pub const SAVE: &str = "\
INSERT INTO progress (id, project_id, period, period_end, state, picture, month_fen, cumulated_fen, obstacle,
                      obstacle_text, next_step, explanation, submitter, submitted_by, confirmed_by, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, picture = excluded.picture, month_fen = excluded.month_fen,
    cumulated_fen = excluded.cumulated_fen, obstacle = excluded.obstacle, obstacle_text = excluded.obstacle_text,
    next_step = excluded.next_step, explanation = excluded.explanation, submitter = excluded.submitter,
    submitted_by = excluded.submitted_by, confirmed_by = excluded.confirmed_by, version = progress.version + 1";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    project_id: Uuid,
    period: String,
    state: String,
    picture: String,
    month_fen: i64,
    cumulated_fen: i64,
    obstacle: String,
    obstacle_text: String,
    next_step: String,
    explanation: String,
    submitter: String,
    submitted_by: String,
    confirmed_by: String,
    project_name: String,
    region: String,
}

/// A report with its project's name and region.
#[derive(Clone, Debug)]
pub struct Placed {
    pub report: Report,
    pub project_name: String,
    pub region: String,
}

impl TryFrom<Row> for Placed {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        let statement = Statement {
            period: row.period.parse().map_err(Problem::internal)?,
            picture: row.picture,
            month_fen: row.month_fen,
            cumulated_fen: row.cumulated_fen,
            obstacle: coded(&row.obstacle)?,
            obstacle_text: row.obstacle_text,
            next_step: row.next_step,
            explanation: row.explanation,
        };
        let report = Report {
            id: row.id,
            version: row.version,
            project_id: row.project_id,
            statement,
            state: coded(&row.state)?,
            submitted_by: Signer { id: row.submitter, name: row.submitted_by },
            confirmed_by: row.confirmed_by,
        };
        Ok(Placed { report, project_name: row.project_name, region: row.region })
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct Filter {
    pub project_id: Option<Uuid>,
    pub region: Option<Vec<String>>,
    pub period: String,
    pub state: Option<State>,
    pub obstacle: Option<Obstacle>,
}

/// One report. PROGRESS_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn load(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Placed> {
    let row: Option<Row> = tx.query(Sql::built(format!("{SELECT} AND g.id = $1"))).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("PROGRESS_UNKNOWN", "没有这份月度进展"))?;
    scope.check(&row.region)?;
    row.try_into()
}

/// Every report of a project, oldest month first.
pub async fn of_project(tx: &mut Tx, project: Uuid) -> Result<Vec<Placed>> {
    let sql = format!("{SELECT} AND g.project_id = $1 ORDER BY g.period_end");
    let rows: Vec<Row> = tx.query(Sql::built(sql)).bind(project).all().await?;
    rows.into_iter().map(Placed::try_from).collect()
}

/// A page of reports in the order in which they were first submitted.
pub async fn page(db: &Db, scope: &Scope, filter: Filter, page: Page) -> Result<(Vec<Placed>, String)> {
    let mut conditions = Conditions::after(2);
    conditions.within("p.region", scope.prefixes());
    conditions.within("p.region", filter.region.as_deref());
    if let Some(id) = filter.project_id {
        conditions.is("g.project_id", id);
    }
    if !filter.period.is_empty() {
        conditions.equal("g.period", &filter.period);
    }
    if let Some(state) = filter.state {
        conditions.equal("g.state", state.code());
    }
    if let Some(obstacle) = filter.obstacle {
        conditions.equal("g.obstacle", obstacle.code());
    }
    let sql = format!("{SELECT} AND g.id > $1{} ORDER BY g.id LIMIT $2", conditions.text());
    let query = db.read(Sql::built(sql)).bind(page.after).bind(page.size as i64 + 1);
    let mut rows: Vec<Row> = conditions.bind_to(query).all().await?;
    let next = page.cut(&mut rows, |row| row.id);
    Ok((rows.into_iter().map(Placed::try_from).collect::<Result<_>>()?, next))
}

/// Saves a report and appends to its history.
pub async fn save(tx: &mut Tx, change: &Change, author: &Author) -> Result<()> {
    let Report { id, version, project_id, statement, state, submitted_by, confirmed_by } = &change.report;
    tx.query(SAVE)
        .bind(*id)
        .bind(*project_id)
        .bind(statement.period.to_string())
        .bind(statement.period.last_day().to_string())
        .bind(state.code())
        .bind(statement.picture.clone())
        .bind(statement.month_fen)
        .bind(statement.cumulated_fen)
        .bind(statement.obstacle.code())
        .bind(statement.obstacle_text.clone())
        .bind(statement.next_step.clone())
        .bind(statement.explanation.clone())
        .bind(submitted_by.id.clone())
        .bind(submitted_by.name.clone())
        .bind(confirmed_by.clone())
        .bind(*version)
        .execute()
        .await?;
    history::append(tx, &[(*id, &change.event)], author).await
}
