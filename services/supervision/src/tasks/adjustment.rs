//! 调整: another deadline or goal, 暂缓, 恢复, 取消: proposed with a reason, and nothing changes before another person
//! of the coordination office approves (dictionary §7.2). Rules only.

use jiff::civil::Date;
use registry::{Coded, Fault};
use uuid::Uuid;

use super::{Act, State, Task, next};

/// What is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Due(Date),
    Goal { year: i16, goal: String },
    Suspend,
    Resume,
    Cancel,
}

impl What {
    /// Code in the contract and in the database.
    pub fn code(&self) -> &'static str {
        match self {
            What::Due(_) => "DUE",
            What::Goal { .. } => "GOAL",
            What::Suspend => "SUSPEND",
            What::Resume => "RESUME",
            What::Cancel => "CANCEL",
        }
    }

    /// From its code and what was stated with it. KIND_MISSING, FIELD_MISSING.
    pub fn read(code: &str, due: Option<Date>, year: i16, goal: &str) -> Result<What, Fault> {
        match code {
            "DUE" => due.map(What::Due).ok_or_else(|| Fault::cell("due", "FIELD_MISSING", "请填写新时限")),
            "GOAL" if goal.is_empty() => Err(Fault::cell("goal", "FIELD_MISSING", "请填写新目标")),
            "GOAL" => Ok(What::Goal { year, goal: goal.to_owned() }),
            "SUSPEND" => Ok(What::Suspend),
            "RESUME" => Ok(What::Resume),
            "CANCEL" => Ok(What::Cancel),
            _ => Err(Fault::cell("kind", "KIND_MISSING", "请选择调整事项")),
        }
    }

    fn act(&self) -> Option<Act> {
        match self {
            What::Due(_) | What::Goal { .. } => None,
            What::Suspend => Some(Act::Suspend),
            What::Resume => Some(Act::Resume),
            What::Cancel => Some(Act::Cancel),
        }
    }

    /// As history tells it, with what stood before.
    pub fn told(&self, task: &Task) -> String {
        match self {
            What::Due(due) => format!("完成时限由{}调整为{due}", task.due),
            What::Goal { year, goal } => {
                let before = task.goals.iter().find(|one| one.year == *year).map_or("", |one| one.goal.as_str());
                format!("{year}年目标由“{before}”调整为“{goal}”")
            }
            What::Suspend => "暂缓".to_owned(),
            What::Resume => "恢复推进".to_owned(),
            What::Cancel => "取消".to_owned(),
        }
    }

    /// Makes the change. TASK_STATE, YEAR_WITHOUT_GOAL, DATES_REVERSED.
    pub fn apply(&self, task: &mut Task) -> Result<(), Fault> {
        if matches!(task.state, State::Done | State::Cancelled) {
            return Err(Fault::conflict("TASK_STATE", format!("任务状态为“{}”，不能调整", task.state.label())));
        }
        if let Some(act) = self.act() {
            task.state = next(task.state, act, task.kind)?;
        }
        match self {
            What::Due(due) if *due <= task.start => {
                return Err(Fault::cell("due", "DATES_REVERSED", format!("新时限不晚于起始日期{}", task.start)));
            }
            What::Due(due) => {
                task.due = *due;
                "经批准调整".clone_into(&mut task.due_from);
            }
            What::Goal { year, goal } => {
                let known = task.goals.iter_mut().find(|one| one.year == *year);
                let known = known
                    .ok_or_else(|| Fault::cell("year", "YEAR_WITHOUT_GOAL", format!("此项任务{year}年没有年度目标")))?;
                goal.clone_into(&mut known.goal);
            }
            What::Suspend | What::Resume | What::Cancel => {}
        }
        Ok(())
    }
}

/// How a proposal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pending,
    Approved,
    Refused,
}

impl Coded for Verdict {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Pending, "PENDING"), (Self::Approved, "APPROVED"), (Self::Refused, "REFUSED")];
}

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    pub id: Uuid,
    pub what: What,
    pub verdict: Verdict,
    pub reason: String,
    pub document_number: String,
    /// User id, never shown.
    pub proposer: String,
    pub proposed_by: String,
    pub decided_by: String,
}

impl Adjustment {
    /// Decides it. SAME_PERSON.
    pub fn decide(&mut self, approved: bool, user: &str, by: &str) -> Result<(), Fault> {
        if self.proposer == user {
            return Err(Fault::conflict("SAME_PERSON", "提请人不能批准自己提请的调整"));
        }
        self.verdict = if approved { Verdict::Approved } else { Verdict::Refused };
        by.clone_into(&mut self.decided_by);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::lamp::tests::task;
    use super::*;

    #[test]
    fn a_change_says_what_stood_before_and_fits_the_task() {
        let mut one = task(State::InProgress);
        let due = What::read("DUE", Some("2026-06-30".parse().unwrap()), 0, "").unwrap();
        assert_eq!(due.told(&one), "完成时限由2025-12-31调整为2026-06-30");
        due.apply(&mut one).unwrap();
        assert_eq!(one.due.to_string(), "2026-06-30");
        let goal = |year| What::read("GOAL", None, year, "新目标").unwrap();
        assert_eq!(goal(2024).apply(&mut one).unwrap_err().reason, "YEAR_WITHOUT_GOAL");
        goal(2025).apply(&mut one).unwrap();
        assert_eq!(one.goals[1].goal, "新目标");
        What::Suspend.apply(&mut one).unwrap();
        assert_eq!(one.state, State::Suspended);
        assert_eq!(What::Suspend.apply(&mut one).unwrap_err().reason, "TASK_STATE");
        What::Resume.apply(&mut one).unwrap();
        What::Cancel.apply(&mut one).unwrap();
        assert_eq!(due.apply(&mut one).unwrap_err().reason, "TASK_STATE");
        assert_eq!(What::read("DUE", None, 0, "").unwrap_err().reason, "FIELD_MISSING");
    }
}
