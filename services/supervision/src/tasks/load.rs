//! Brings the plan's tasks and types of work into the database at start. What is there already stays as people left it.

use city::bundle::City;
use city::period::Period;
use city::work::{TaskGoals, TaskKind, YearlyGoal};
use jiff::civil::Date;
use kit::{Result, retry};
use registry::{Bureau, changes};

use super::{Goal, State, Task, store};
use crate::work;

/// Loads the plan; a second time changes nothing.
pub async fn plan(bureau: &Bureau) -> Result<()> {
    let city = &bureau.city;
    retry(|| async {
        let mut tx = bureau.db.begin().await?;
        let known = store::all(&mut tx).await?;
        let new = city.plan.tasks.iter().filter(|task| known.iter().all(|known| known.number != task.number));
        let new: Vec<Task> = new.map(|task| fresh(bureau, &goals(city, task.number))).collect();
        store::insert(&mut tx, &new).await?;
        work::store::replace_types(&mut tx, &city.plan.work_types, &city.code).await?;
        if !new.is_empty() {
            changes::bump(&mut tx).await?;
        }
        tx.commit().await
    })
    .await
}

/// What the plan's folder says of a task's goals; for a plan that says nothing, its text by the end of its period.
fn goals(city: &City, number: u32) -> TaskGoals {
    let plan = &city.plan;
    if let Some(stated) = plan.task_goals.iter().find(|goals| goals.task == number) {
        return stated.clone();
    }
    let day = |text: &str| text.parse::<Date>().ok();
    let period: Option<Period> = plan.period.parse().ok();
    let start = day(&plan.issued_on).or(period.map(Period::first_day)).unwrap_or_default();
    let due = period.map_or(start, Period::last_day);
    let goal = plan.tasks.iter().find(|task| task.number == number).map(|task| task.content.clone());
    let goal = YearlyGoal { year: due.year(), goal: goal.unwrap_or_default(), weight: 100 };
    let due_from = "方案期末".to_owned();
    TaskGoals {
        task: number,
        kind: TaskKind::Milestone,
        indicators: Vec::new(),
        start,
        due,
        due_from,
        goals: vec![goal],
    }
}

fn fresh(bureau: &Bureau, goals: &TaskGoals) -> Task {
    let goal = |goal: &YearlyGoal| Goal { year: goal.year, goal: goal.goal.clone(), weight: goal.weight.into() };
    Task {
        id: bureau.clock.id(),
        version: 1,
        number: goals.task,
        region: bureau.city.code.clone(),
        kind: goals.kind,
        start: goals.start,
        due: goals.due,
        due_from: goals.due_from.clone(),
        state: State::NotStarted,
        leader: String::new(),
        measures: String::new(),
        lamp_override: None,
        applied: None,
        closed_on: None,
        goals: goals.goals.iter().map(goal).collect(),
    }
}
