//! The plan as printed.

use serde::{Deserialize, Serialize};

use crate::indicator::Indicator;
use crate::work::{TaskGoals, WorkType};

/// The whole plan: published as one document, so its JSON must be the same every time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub id: String,
    pub title: String,
    pub document_no: String,
    pub issuer: String,
    pub issued_on: String,
    pub period: String,
    pub source_note: String,
    pub lamp: LampRules,
    pub indicators: Vec<Indicator>,
    pub tasks: Vec<Task>,
    pub projects: Vec<Project>,
    pub lists: Vec<AnnexItem>,
    /// Goals and deadlines of the tasks; empty where the city has written none.
    #[serde(default)]
    pub task_goals: Vec<TaskGoals>,
    /// Types of work that the work register takes.
    #[serde(default)]
    pub work_types: Vec<WorkType>,
}

/// When a lamp is yellow (dictionary §4.1; convention, so data).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LampRules {
    /// At least this per cent of what is expected.
    pub yellow_percent_of_expected: i64,
    /// Or, for percentages, at most so many 百分点 below.
    pub yellow_points: i64,
}

/// One of the 42 tasks of annex 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub number: u32,
    pub code: String,
    pub group: u32,
    pub group_name: String,
    pub content: String,
    /// Codes in the plan's order.
    pub organisations: Vec<String>,
}

/// One of the 50 projects of annex 3; amounts in 万元 as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub number: u32,
    pub category: String,
    pub name: String,
    pub project_type: String,
    pub start_year: u32,
    pub end_year: u32,
    pub location: String,
    pub content: String,
    pub total_wan_yuan: i64,
    pub central_applied_wan_yuan: i64,
    pub responsible: String,
    /// Where the printed figures are odd.
    pub flags: Vec<String>,
}

/// One item of annexes 4 to 9.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnexItem {
    pub annex: u32,
    pub annex_title: String,
    pub number: u32,
    pub title: String,
    pub content: String,
    /// Unit names as printed.
    pub responsible: Vec<String>,
}

impl Plan {
    pub fn total_wan_yuan(&self) -> i64 {
        self.projects.iter().map(|project| project.total_wan_yuan).sum()
    }

    pub fn central_applied_wan_yuan(&self) -> i64 {
        self.projects.iter().map(|project| project.central_applied_wan_yuan).sum()
    }
}
