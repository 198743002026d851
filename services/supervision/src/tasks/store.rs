//! SQL and rows of tasks, their goals, reports, summaries and adjustments. Decides nothing.

use std::collections::HashMap;

use city::work::TaskKind;
use kit::db::placeholders;
use kit::{Db, Problem, Result, Sql, Tx};
use registry::Coded;
use registry::columns::{coded, date, optional_date, optional_text};
use uuid::Uuid;

use super::adjustment::{Adjustment, What};
use super::progress::{Report, Summary};
use super::{Goal, Task};

const COLUMNS: &str = "id, number, region, kind, start_on, due_on, due_from, state, leader, measures, lamp_override, \
                       lamp_reason, applied_by, applied_on, closed_on, version";
pub const SELECT: &str = "\
SELECT id, number, region, kind, start_on, due_on, due_from, state, leader, measures, lamp_override, lamp_reason,
       applied_by, applied_on, closed_on, version
FROM ledger_task ORDER BY number";
pub const SELECT_ONE: &str = "\
SELECT id, number, region, kind, start_on, due_on, due_from, state, leader, measures, lamp_override, lamp_reason,
       applied_by, applied_on, closed_on, version
FROM ledger_task WHERE id = $1";
pub const SELECT_GOALS: &str = "SELECT task_id, year, goal, weight FROM task_goal ORDER BY task_id, year";
pub const SELECT_GOALS_OF: &str = "SELECT task_id, year, goal, weight FROM task_goal WHERE task_id = $1 ORDER BY year";
pub const UPDATE: &str = "\
UPDATE ledger_task SET due_on = $2, due_from = $3, state = $4, leader = $5, measures = $6, lamp_override = $7,
       lamp_reason = $8, applied_by = $9, applied_on = $10, closed_on = $11, version = version + 1
WHERE id = $1";
pub const UPDATE_GOAL: &str = "UPDATE task_goal SET goal = $3 WHERE task_id = $1 AND year = $2";
pub const SELECT_REPORTS: &str = "\
SELECT unit, month, percent, progress, problem, next_step, filed_by, filed_at, on_behalf_reason
FROM task_progress WHERE task_id = $1 ORDER BY month DESC, unit";
/// The newest report of every unit.
pub const SELECT_LATEST: &str = "\
SELECT p.task_id, p.unit, p.month, p.percent FROM task_progress p
WHERE p.month = (SELECT MAX(o.month) FROM task_progress o WHERE o.task_id = p.task_id AND o.unit = p.unit)";
pub const SAVE_REPORT: &str = "\
INSERT INTO task_progress (task_id, unit, month, percent, progress, problem, next_step, filed_by, filed_at,
                           on_behalf_reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (task_id, unit, month) DO UPDATE SET
    percent = excluded.percent, progress = excluded.progress, problem = excluded.problem,
    next_step = excluded.next_step, filed_by = excluded.filed_by, filed_at = excluded.filed_at,
    on_behalf_reason = excluded.on_behalf_reason";
pub const SELECT_SUMMARIES: &str = "\
SELECT month, percent, summary, filed_by, filed_at FROM task_summary WHERE task_id = $1 ORDER BY month DESC";
/// The newest summary of every task.
pub const SELECT_LATEST_SUMMARIES: &str = "\
SELECT s.task_id, s.month, s.percent FROM task_summary s
WHERE s.month = (SELECT MAX(o.month) FROM task_summary o WHERE o.task_id = s.task_id)";
pub const SAVE_SUMMARY: &str = "\
INSERT INTO task_summary (task_id, month, percent, summary, filed_by, filed_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (task_id, month) DO UPDATE SET
    percent = excluded.percent, summary = excluded.summary, filed_by = excluded.filed_by, filed_at = excluded.filed_at";
pub const SELECT_ADJUSTMENTS: &str = "\
SELECT id, kind, due_on, year, goal, verdict, reason, document_number, proposer, proposed_by, decided_by
FROM task_adjustment WHERE task_id = $1 ORDER BY id";
pub const INSERT_ADJUSTMENT: &str = "\
INSERT INTO task_adjustment (id, task_id, kind, due_on, year, goal, verdict, reason, document_number, proposer,
                             proposed_by, decided_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
pub const DECIDE_ADJUSTMENT: &str = "UPDATE task_adjustment SET verdict = $2, decided_by = $3 WHERE id = $1";

impl Coded for KindColumn {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self(TaskKind::Quant), "QUANT"),
        (Self(TaskKind::Milestone), "MILESTONE"),
        (Self(TaskKind::LongTerm), "LONG_TERM"),
        (Self(TaskKind::Encourage), "ENCOURAGE"),
    ];
}

/// How a task's kind stands in the database and, after its prefix, in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindColumn(pub TaskKind);

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    number: i64,
    region: String,
    kind: String,
    start_on: String,
    due_on: String,
    due_from: String,
    state: String,
    leader: String,
    measures: String,
    lamp_override: Option<String>,
    lamp_reason: String,
    applied_by: Option<String>,
    applied_on: Option<String>,
    closed_on: Option<String>,
    version: i64,
}

type GoalRow = (Uuid, i64, String, i64);

fn goal((_, year, goal, weight): GoalRow) -> Result<Goal> {
    Ok(Goal { year: i16::try_from(year).map_err(Problem::internal)?, goal, weight })
}

fn task(row: Row, goals: Vec<Goal>) -> Result<Task> {
    let lamp_override = match row.lamp_override {
        Some(code) => Some((coded(&code)?, row.lamp_reason)),
        None => None,
    };
    Ok(Task {
        id: row.id,
        version: row.version,
        number: u32::try_from(row.number).map_err(Problem::internal)?,
        region: row.region,
        kind: coded::<KindColumn>(&row.kind)?.0,
        start: date(&row.start_on)?,
        due: date(&row.due_on)?,
        due_from: row.due_from,
        state: coded(&row.state)?,
        leader: row.leader,
        measures: row.measures,
        lamp_override,
        applied: row.applied_by.zip(optional_date(row.applied_on.as_deref())?),
        closed_on: optional_date(row.closed_on.as_deref())?,
        goals,
    })
}

/// All tasks with their goals, in the plan's order.
pub async fn all(tx: &mut Tx) -> Result<Vec<Task>> {
    let rows: Vec<Row> = tx.query(SELECT).all().await?;
    let mut goals: HashMap<Uuid, Vec<Goal>> = HashMap::new();
    for row in tx.query(SELECT_GOALS).all::<GoalRow>().await? {
        goals.entry(row.0).or_default().push(goal(row)?);
    }
    rows.into_iter()
        .map(|row| {
            let goals = goals.remove(&row.id).unwrap_or_default();
            task(row, goals)
        })
        .collect()
}

/// One task, or TASK_UNKNOWN.
pub async fn load(tx: &mut Tx, id: Uuid) -> Result<Task> {
    let row: Option<Row> = tx.query(SELECT_ONE).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("TASK_UNKNOWN", "没有这项任务"))?;
    let goals = tx.query(SELECT_GOALS_OF).bind(id).all::<GoalRow>().await?;
    task(row, goals.into_iter().map(goal).collect::<Result<_>>()?)
}

/// New tasks with their goals.
pub async fn insert(tx: &mut Tx, tasks: &[Task]) -> Result<()> {
    if tasks.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO ledger_task ({COLUMNS}) VALUES {}", placeholders(tasks.len(), 16));
    let mut query = tx.query(Sql::built(sql));
    for task in tasks {
        query = query
            .bind(task.id)
            .bind(i64::from(task.number))
            .bind(task.region.clone())
            .bind(KindColumn(task.kind).code())
            .bind(task.start.to_string())
            .bind(task.due.to_string())
            .bind(task.due_from.clone())
            .bind(task.state.code())
            .bind(task.leader.clone())
            .bind(task.measures.clone())
            .bind(None::<String>)
            .bind(String::new())
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(task.version);
    }
    query.execute().await?;
    let goals: Vec<(Uuid, &Goal)> =
        tasks.iter().flat_map(|task| task.goals.iter().map(|goal| (task.id, goal))).collect();
    if goals.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO task_goal (task_id, year, goal, weight) VALUES {}", placeholders(goals.len(), 4));
    let mut query = tx.query(Sql::built(sql));
    for (id, goal) in goals {
        query = query.bind(id).bind(i64::from(goal.year)).bind(goal.goal.clone()).bind(goal.weight);
    }
    query.execute().await.map(drop)
}

/// Saves what changed; the next version.
pub async fn save(tx: &mut Tx, task: &Task) -> Result<()> {
    let (lamp, lamp_reason) = match &task.lamp_override {
        Some((lamp, reason)) => (Some(lamp.code().to_owned()), reason.clone()),
        None => (None, String::new()),
    };
    let (applied_by, applied_on) = task.applied.clone().unzip();
    tx.query(UPDATE)
        .bind(task.id)
        .bind(task.due.to_string())
        .bind(task.due_from.clone())
        .bind(task.state.code())
        .bind(task.leader.clone())
        .bind(task.measures.clone())
        .bind(lamp)
        .bind(lamp_reason)
        .bind(applied_by)
        .bind(optional_text(applied_on))
        .bind(optional_text(task.closed_on))
        .execute()
        .await
        .map(drop)
}

pub async fn save_goal(tx: &mut Tx, task: Uuid, year: i16, goal: &str) -> Result<()> {
    tx.query(UPDATE_GOAL).bind(task).bind(i64::from(year)).bind(goal.to_owned()).execute().await.map(drop)
}

#[derive(sqlx::FromRow)]
struct ReportRow {
    unit: String,
    month: String,
    percent: Option<i64>,
    progress: String,
    problem: String,
    next_step: String,
    filed_by: String,
    filed_at: i64,
    on_behalf_reason: String,
}

/// Every report of a task, newest first.
pub async fn reports(tx: &mut Tx, task: Uuid) -> Result<Vec<Report>> {
    let rows: Vec<ReportRow> = tx.query(SELECT_REPORTS).bind(task).all().await?;
    let report = |row: ReportRow| {
        Ok(Report {
            unit: row.unit,
            month: row.month.parse().map_err(Problem::internal)?,
            percent: row.percent,
            progress: row.progress,
            problem: row.problem,
            next_step: row.next_step,
            filed_by: row.filed_by,
            filed_at: row.filed_at,
            on_behalf_reason: row.on_behalf_reason,
        })
    };
    rows.into_iter().map(report).collect()
}

pub async fn save_report(tx: &mut Tx, task: Uuid, report: &Report) -> Result<()> {
    tx.query(SAVE_REPORT)
        .bind(task)
        .bind(report.unit.clone())
        .bind(report.month.to_string())
        .bind(report.percent)
        .bind(report.progress.clone())
        .bind(report.problem.clone())
        .bind(report.next_step.clone())
        .bind(report.filed_by.clone())
        .bind(report.filed_at)
        .bind(report.on_behalf_reason.clone())
        .execute()
        .await
        .map(drop)
}

/// The newest report of every unit of every task: task, unit, month, percent.
pub async fn latest(db: &Db) -> Result<Vec<(Uuid, String, String, Option<i64>)>> {
    db.read(SELECT_LATEST).all().await
}

/// The newest summary of every task: task, month, percent.
pub async fn latest_summaries(db: &Db) -> Result<Vec<(Uuid, String, Option<i64>)>> {
    db.read(SELECT_LATEST_SUMMARIES).all().await
}

/// Every summary of a task, newest first.
pub async fn summaries(tx: &mut Tx, task: Uuid) -> Result<Vec<Summary>> {
    let rows: Vec<(String, Option<i64>, String, String, i64)> = tx.query(SELECT_SUMMARIES).bind(task).all().await?;
    let summary = |(month, percent, summary, filed_by, filed_at): (String, _, _, _, _)| {
        Ok(Summary { month: month.parse().map_err(Problem::internal)?, percent, summary, filed_by, filed_at })
    };
    rows.into_iter().map(summary).collect()
}

pub async fn save_summary(tx: &mut Tx, task: Uuid, summary: &Summary) -> Result<()> {
    tx.query(SAVE_SUMMARY)
        .bind(task)
        .bind(summary.month.to_string())
        .bind(summary.percent)
        .bind(summary.summary.clone())
        .bind(summary.filed_by.clone())
        .bind(summary.filed_at)
        .execute()
        .await
        .map(drop)
}

#[derive(sqlx::FromRow)]
struct AdjustmentRow {
    id: Uuid,
    kind: String,
    due_on: Option<String>,
    year: i64,
    goal: String,
    verdict: String,
    reason: String,
    document_number: String,
    proposer: String,
    proposed_by: String,
    decided_by: String,
}

/// Every adjustment of a task, oldest first.
pub async fn adjustments(tx: &mut Tx, task: Uuid) -> Result<Vec<Adjustment>> {
    let rows: Vec<AdjustmentRow> = tx.query(SELECT_ADJUSTMENTS).bind(task).all().await?;
    let adjustment = |row: AdjustmentRow| {
        let year = i16::try_from(row.year).map_err(Problem::internal)?;
        Ok(Adjustment {
            id: row.id,
            what: What::read(&row.kind, optional_date(row.due_on.as_deref())?, year, &row.goal)?,
            verdict: coded(&row.verdict)?,
            reason: row.reason,
            document_number: row.document_number,
            proposer: row.proposer,
            proposed_by: row.proposed_by,
            decided_by: row.decided_by,
        })
    };
    rows.into_iter().map(adjustment).collect()
}

pub async fn insert_adjustment(tx: &mut Tx, task: Uuid, adjustment: &Adjustment) -> Result<()> {
    let (due, year, goal) = match &adjustment.what {
        What::Due(due) => (Some(*due), 0, String::new()),
        What::Goal { year, goal } => (None, *year, goal.clone()),
        What::Suspend | What::Resume | What::Cancel => (None, 0, String::new()),
    };
    tx.query(INSERT_ADJUSTMENT)
        .bind(adjustment.id)
        .bind(task)
        .bind(adjustment.what.code())
        .bind(optional_text(due))
        .bind(i64::from(year))
        .bind(goal)
        .bind(adjustment.verdict.code())
        .bind(adjustment.reason.clone())
        .bind(adjustment.document_number.clone())
        .bind(adjustment.proposer.clone())
        .bind(adjustment.proposed_by.clone())
        .bind(adjustment.decided_by.clone())
        .execute()
        .await
        .map(drop)
}

pub async fn decide_adjustment(tx: &mut Tx, adjustment: &Adjustment) -> Result<()> {
    tx.query(DECIDE_ADJUSTMENT)
        .bind(adjustment.id)
        .bind(adjustment.verdict.code())
        .bind(adjustment.decided_by.clone())
        .execute()
        .await
        .map(drop)
}
