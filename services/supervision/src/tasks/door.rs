//! Tasks at the door: what is stored and computed, as the contract's messages.

use city::bundle::City;
use proto::supervision as wire;
use registry::Coded;

use super::adjustment::{Adjustment, What};
use super::progress::{Report, Summary};
use super::reminder::Reminder;
use super::store::KindColumn;
use super::view::View;
use super::{Goal, units};

/// The message of a task; its text and units are the plan's.
pub fn message(city: &City, view: View) -> wire::LedgerTask {
    let View { task, lamp, overdue, expected_percent, percent, reported_month, missing_units, evidence_count } = view;
    let printed = city.plan.tasks.iter().find(|printed| printed.number == task.number);
    let units = units(city, task.number).to_vec();
    let goals = city.plan.task_goals.iter().find(|goals| goals.task == task.number);
    wire::LedgerTask {
        id: task.id.to_string(),
        version: u64::try_from(task.version).unwrap_or_default(),
        name: format!("任务{}", task.number),
        number: task.number,
        group: printed.map(|printed| printed.group).unwrap_or_default(),
        group_name: printed.map(|printed| printed.group_name.clone()).unwrap_or_default(),
        content: printed.map(|printed| printed.content.clone()).unwrap_or_default(),
        first_unit: units.first().cloned().unwrap_or_default(),
        units,
        kind: enumerated(KindColumn(task.kind).code(), "TASK_KIND_", wire::TaskKind::from_str_name) as i32,
        indicators: goals.map(|goals| goals.indicators.clone()).unwrap_or_default(),
        start: task.start.to_string(),
        due: task.due.to_string(),
        due_from: task.due_from,
        state: enumerated(task.state.code(), "TASK_STATE_", wire::TaskState::from_str_name) as i32,
        lamp: lamp.map_or(wire::Lamp::Unspecified, |lamp| enumerated(lamp.code(), "LAMP_", wire::Lamp::from_str_name))
            as i32,
        lamp_reason: task.lamp_override.map(|(_, reason)| reason).unwrap_or_default(),
        overdue,
        percent,
        expected_percent,
        reported_month: reported_month.map(|month| month.to_string()).unwrap_or_default(),
        missing_units,
        leader: task.leader,
        measures: task.measures,
        closed_on: task.closed_on.map(|on| on.to_string()).unwrap_or_default(),
        evidence_count,
    }
}

/// A value of the contract's enum by its code here.
fn enumerated<E: Default>(code: &str, prefix: &str, named: impl Fn(&str) -> Option<E>) -> E {
    named(&format!("{prefix}{code}")).unwrap_or_default()
}

pub fn goal(goal: Goal) -> wire::YearlyGoal {
    wire::YearlyGoal {
        year: u32::try_from(goal.year).unwrap_or_default(),
        goal: goal.goal,
        weight: u32::try_from(goal.weight).unwrap_or_default(),
    }
}

pub fn report(report: Report) -> wire::UnitProgress {
    wire::UnitProgress {
        unit: report.unit,
        month: report.month.to_string(),
        percent: report.percent,
        progress: report.progress,
        problem: report.problem,
        next_step: report.next_step,
        filed_by: report.filed_by,
        filed_at_micros: report.filed_at,
        on_behalf_reason: report.on_behalf_reason,
    }
}

pub fn summary(summary: Summary) -> wire::TaskSummary {
    wire::TaskSummary {
        month: summary.month.to_string(),
        percent: summary.percent,
        summary: summary.summary,
        filed_by: summary.filed_by,
        filed_at_micros: summary.filed_at,
    }
}

/// `answered`: the last instant at which a responsible unit filed.
pub fn reminder(reminder: Reminder, answered: Option<i64>) -> wire::Reminder {
    wire::Reminder {
        step: enumerated(reminder.step.code(), "REMINDER_STEP_", wire::ReminderStep::from_str_name) as i32,
        issued_on: reminder.issued_on.to_string(),
        document_number: reminder.document_number,
        text: reminder.text,
        answer_by: reminder.answer_by.to_string(),
        answered: answered.is_some_and(|at| at > reminder.issued_at),
        issued_by: reminder.issued_by,
    }
}

pub fn adjustment(adjustment: Adjustment) -> wire::Adjustment {
    let kind = adjustment.what.code();
    let (due, year, goal) = match adjustment.what {
        What::Due(due) => (due.to_string(), 0, String::new()),
        What::Goal { year, goal } => (String::new(), u32::try_from(year).unwrap_or_default(), goal),
        What::Suspend | What::Resume | What::Cancel => Default::default(),
    };
    wire::Adjustment {
        kind: enumerated(kind, "ADJUSTMENT_KIND_", wire::AdjustmentKind::from_str_name) as i32,
        state: enumerated(adjustment.verdict.code(), "ADJUSTMENT_STATE_", wire::AdjustmentState::from_str_name) as i32,
        due,
        year,
        goal,
        reason: adjustment.reason,
        document_number: adjustment.document_number,
        proposed_by: adjustment.proposed_by,
        decided_by: adjustment.decided_by,
    }
}
