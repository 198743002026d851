//! What the coordination office steers by beside the printed plan: the yearly goals and deadline of each task, and the
//! types of work that prove it (practice §5). Data of the plan's folder, and optional there.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How a task is measured (dictionary §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskKind {
    /// 量化.
    Quant,
    /// 节点.
    Milestone,
    /// 长期坚持.
    LongTerm,
    /// 鼓励、探索.
    Encourage,
}

/// Goals and deadline of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskGoals {
    /// Number of the task in annex 2.
    pub task: u32,
    pub kind: TaskKind,
    /// Codes of related indicators (dictionary §7.3).
    pub indicators: Vec<String>,
    pub start: Date,
    pub due: Date,
    /// Where the deadline comes from: 方案原文, or 方案期末 where the plan states none.
    pub due_from: String,
    /// In the order of years; weights add up to 100.
    pub goals: Vec<YearlyGoal>,
}

/// What is to be reached by the end of a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearlyGoal {
    pub year: i16,
    pub goal: String,
    /// Per cent of the whole task that is done when the goal is reached.
    pub weight: u32,
}

/// A type of work that the work register holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkType {
    pub code: String,
    pub title: String,
    /// Unit of the quantity: 次, 件, 家.
    pub unit: String,
    /// Numbers of the tasks that it proves; none where the plan has no task for it.
    pub tasks: Vec<u32>,
    /// Items of the annexes, `6-2`: annex and number.
    pub annex_items: Vec<String>,
    /// Data element that accepted entries add to; empty for most.
    pub element: String,
}
