//! A task as people see it today: what is stored, joined with the plan's text, the newest reports and the lamp.

use std::collections::HashMap;

use city::period::Period;
use city::plan::LampRules;
use jiff::civil::Date;
use kit::{Problem, Result};
use registry::Bureau;
use uuid::Uuid;

use super::lamp::{self, Lamp, Latest};
use super::{Task, store, units};
use crate::evidence;

/// The newest reports, summaries and files of all tasks: four statements, whatever is asked of them.
#[derive(Debug, Default)]
pub struct Newest {
    reports: HashMap<(Uuid, String), Latest>,
    summaries: HashMap<Uuid, Latest>,
    evidence: HashMap<Uuid, i64>,
}

impl Newest {
    pub async fn load(bureau: &Bureau) -> Result<Newest> {
        let mut newest = Newest::default();
        for (task, unit, month, percent) in store::latest(&bureau.db).await? {
            newest.reports.insert((task, unit), read(&month, percent)?);
        }
        for (task, month, percent) in store::latest_summaries(&bureau.db).await? {
            newest.summaries.insert(task, read(&month, percent)?);
        }
        newest.evidence = evidence::store::counts(&bureau.db).await?.into_iter().collect();
        Ok(newest)
    }
}

fn read(month: &str, percent: Option<i64>) -> Result<Latest> {
    Ok(Latest { month: month.parse().map_err(Problem::internal)?, percent })
}

/// A task of today.
#[derive(Debug)]
pub struct View {
    pub task: Task,
    pub lamp: Option<Lamp>,
    pub overdue: bool,
    pub expected_percent: i64,
    /// As summarised; before that the lowest that a unit filed.
    pub percent: Option<i64>,
    pub reported_month: Option<Period>,
    /// Codes of units of which the report that is due is missing.
    pub missing_units: Vec<String>,
    pub evidence_count: u32,
}

/// Joins a task with what was filed last.
pub fn of(bureau: &Bureau, task: Task, newest: &Newest, today: Date) -> View {
    let rules: LampRules = bureau.city.plan.lamp;
    let units = units(&bureau.city, task.number);
    let reports: Vec<Option<Latest>> =
        units.iter().map(|unit| newest.reports.get(&(task.id, unit.clone())).copied()).collect();
    let missing = units.iter().zip(&reports).filter(|(_, latest)| lamp::is_missing(&task, **latest, today));
    let summary = newest.summaries.get(&task.id);
    let lowest = reports.iter().flatten().filter_map(|latest| latest.percent).min();
    let months = reports.iter().flatten().chain(summary).map(|latest| latest.month);
    View {
        lamp: lamp::of_task(&task, &reports, rules, today),
        overdue: task.is_overdue(today),
        expected_percent: task.expected_percent(today),
        percent: summary.and_then(|summary| summary.percent).or(lowest),
        reported_month: months.max_by_key(|month| month.last_day()),
        missing_units: missing.map(|(unit, _)| unit.clone()).collect(),
        evidence_count: newest.evidence.get(&task.id).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX)),
        task,
    }
}
