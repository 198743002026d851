//! Reads and checks `task-goals.csv` and `work-types.csv` of a plan's folder; a plan may have neither.

use jiff::civil::Date;
use serde::Deserialize;

use super::read::{Files, csv, split};
use super::{BundleError, City};
use crate::work::{TaskGoals, TaskKind, WorkType, YearlyGoal};

#[derive(Deserialize)]
struct GoalsRow {
    number: u32,
    kind: TaskKind,
    indicators: String,
    start: Date,
    due: Date,
    due_from: String,
    goals: String,
}

#[derive(Deserialize)]
struct TypeRow {
    code: String,
    title: String,
    unit: String,
    tasks: String,
    annex_items: String,
    element: String,
}

pub(super) fn goals(files: Files<'_>, folder: &str) -> Result<Vec<TaskGoals>, BundleError> {
    let file = format!("{folder}/task-goals.csv");
    if files(&file).is_none() {
        return Ok(Vec::new());
    }
    let rows: Vec<GoalsRow> = csv(files, &file)?;
    let read = |row: GoalsRow| {
        let goals = split(&row.goals).iter().map(|text| goal(text)).collect::<Option<_>>();
        Ok(TaskGoals {
            task: row.number,
            kind: row.kind,
            indicators: split(&row.indicators),
            start: row.start,
            due: row.due,
            due_from: row.due_from,
            goals: goals.ok_or_else(|| wrong(&file, row.number, "目标应写作 年度@权重@目标"))?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// `2025@60@…`.
fn goal(text: &str) -> Option<YearlyGoal> {
    let mut parts = text.splitn(3, '@');
    let (year, weight) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(YearlyGoal { year, weight, goal: parts.next()?.to_owned() })
}

pub(super) fn types(files: Files<'_>, folder: &str) -> Result<Vec<WorkType>, BundleError> {
    let file = format!("{folder}/work-types.csv");
    if files(&file).is_none() {
        return Ok(Vec::new());
    }
    let rows: Vec<TypeRow> = csv(files, &file)?;
    let read = |row: TypeRow| {
        let tasks = split(&row.tasks).iter().map(|text| text.parse().ok()).collect::<Option<_>>();
        Ok(WorkType {
            tasks: tasks.ok_or_else(|| wrong(&file, &row.code, "任务应写作序号，以 | 分隔"))?,
            annex_items: split(&row.annex_items),
            code: row.code,
            title: row.title,
            unit: row.unit,
            element: row.element,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Everything that goals and types name exists; weights are whole.
pub(super) fn check(city: &City) -> Result<(), BundleError> {
    let plan = &city.plan;
    let task = |number: u32| plan.tasks.iter().any(|task| task.number == number);
    for goals in &plan.task_goals {
        let wrong = |message: String| wrong("task-goals.csv", goals.task, message);
        if !task(goals.task) {
            return Err(wrong("没有这项任务".to_owned()));
        }
        let known = |code: &&String| plan.indicators.iter().any(|indicator| indicator.code == **code);
        if let Some(code) = goals.indicators.iter().find(|code| !known(code)) {
            return Err(wrong(format!("没有指标“{code}”")));
        }
        if goals.start > goals.due || !goals.goals.is_sorted_by_key(|goal| goal.year) {
            return Err(wrong("起止日期或目标年度未按时间排列".to_owned()));
        }
        if goals.goals.iter().map(|goal| goal.weight).sum::<u32>() != 100 {
            return Err(wrong("各年度目标权重合计应为100".to_owned()));
        }
    }
    for kind in &plan.work_types {
        let wrong = |message: String| wrong("work-types.csv", &kind.code, message);
        if let Some(number) = kind.tasks.iter().find(|number| !task(**number)) {
            return Err(wrong(format!("没有任务{number}")));
        }
        let listed = |text: &&String| plan.lists.iter().any(|item| format!("{}-{}", item.annex, item.number) == **text);
        if let Some(item) = kind.annex_items.iter().find(|item| !listed(item)) {
            return Err(wrong(format!("附件中没有“{item}”")));
        }
    }
    Ok(())
}

fn wrong(file: &str, place: impl std::fmt::Display, message: impl std::fmt::Display) -> BundleError {
    BundleError::new(file, format!(" [{place}]"), message)
}
