//! The plan's own lists as printed: 任务 and 项目; and 数据状态. What is printed is shown as printed, with a mark where
//! it is odd; how far things have come is the ledgers' to say.

use askama::Template;
use kit::{Problem, Result};

use super::Frame;
use super::page::{BureauRow, Page, bureau_rows};
use super::words::{grouped, instant};
use crate::view::{BureauList, ProjectList, ProjectView, TaskList, TaskView};

/// 数据状态: how fresh every bureau's figures are.
pub fn status(frame: &Frame, bureaus: &BureauList) -> Result<String> {
    let rows = bureau_rows(bureaus);
    let live = rows.iter().filter(|row| row.class == "live").count();
    StatusPage {
        page: Page::bare(Some(frame)),
        verdict: if live == rows.len() {
            format!("{live}\u{a0}个部门的数据都在实时跟随")
        } else {
            format!("{}\u{a0}个部门中 {live}\u{a0}个实时跟随", rows.len())
        },
        hit: rows.iter().filter(|row| row.class != "live").map(|row| row.title.clone()).collect::<Vec<_>>().join("、"),
        at: instant(&bureaus.as_of),
        rows,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    page: Page,
    verdict: String,
    /// Who is not followed live.
    hit: String,
    at: String,
    rows: Vec<BureauRow>,
}

/// 任务, as printed; `ledger`: where the person reads how far they are, empty for others; `packs`: whether 迎检资料包
/// are offered.
pub fn tasks(frame: &Frame, list: &TaskList, ledger: &str, packs: bool) -> Result<String> {
    let groups = list.tasks.chunk_by(|one, next| one.group == next.group);
    TasksPage {
        page: Page::bare(Some(frame)),
        count: list.tasks.len(),
        groups: groups.map(|tasks| (format!("{}. {}", tasks[0].group, tasks[0].group_name), tasks.to_vec())).collect(),
        ledger,
        packs,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct TasksPage<'a> {
    page: Page,
    count: usize,
    groups: Vec<(String, Vec<TaskView>)>,
    ledger: &'a str,
    /// 迎检资料包 can be had.
    packs: bool,
}

/// 项目, as printed; `category` and `place` narrow the list.
pub fn projects(frame: &Frame, list: &ProjectList, category: &str, place: &str, ledger: &str) -> Result<String> {
    let mut categories: Vec<&str> = Vec::new();
    let mut places: Vec<&str> = Vec::new();
    for project in &list.projects {
        if !categories.contains(&project.category.as_str()) {
            categories.push(&project.category);
        }
        if !places.contains(&project.location.as_str()) {
            places.push(&project.location);
        }
    }
    let shown: Vec<&ProjectView> = list
        .projects
        .iter()
        .filter(|project| category.is_empty() || project.category == category)
        .filter(|project| place.is_empty() || project.location == place)
        .collect();
    let sum = |amount: fn(&ProjectView) -> i64| {
        grouped(&shown.iter().map(|project| amount(project)).sum::<i64>().to_string())
    };
    ProjectsPage {
        page: Page::bare(Some(frame)),
        total: sum(|project| project.total_wan_yuan),
        applied: sum(|project| project.central_applied_wan_yuan),
        flagged: shown.iter().filter(|project| !project.flags.is_empty()).count(),
        categories,
        places,
        category,
        place,
        ledger,
        rows: shown.into_iter().map(ProjectRow::of).collect(),
    }
    .render()
    .map_err(Problem::internal)
}

struct ProjectRow<'a> {
    it: &'a ProjectView,
    total: String,
    applied: String,
}

impl<'a> ProjectRow<'a> {
    fn of(it: &'a ProjectView) -> Self {
        let total = grouped(&it.total_wan_yuan.to_string());
        ProjectRow { it, total, applied: grouped(&it.central_applied_wan_yuan.to_string()) }
    }
}

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage<'a> {
    page: Page,
    rows: Vec<ProjectRow<'a>>,
    total: String,
    applied: String,
    flagged: usize,
    categories: Vec<&'a str>,
    places: Vec<&'a str>,
    category: &'a str,
    place: &'a str,
    ledger: &'a str,
}
