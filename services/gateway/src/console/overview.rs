//! 总览.

use askama::Template;
use city::tile::Tile;

use super::Frame;
use super::bullet::Tenths;
use super::card::{Further, Group, further, groups};
use super::counties::Counties;
use super::page::{BureauRow, Page, bureau_rows};
use super::verdict::{self, Lead, Sentence};
use super::words::{grouped, period_title};
use crate::counties::CountyTable;
use crate::view::{BureauList, IndicatorList, ProjectList, ProjectView, TaskList};

/// What the counties' section is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    pub table: &'a CountyTable,
    pub tiles: &'a [Tile],
    /// The indicator to map; empty: one that is known.
    pub chosen: &'a str,
    /// The instant that was asked for, as written.
    pub as_of: &'a str,
    /// Named cuts of the period, the newest first.
    pub cuts: &'a [CutLink],
}

/// A cut with a name that the page may be shown at.
#[derive(Clone, Debug)]
pub struct CutLink {
    /// As `as_of` has it; empty: now.
    pub address: String,
    pub title: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Overview {
    page: Page,
    eyebrow: String,
    verdict: Sentence,
    leads: Vec<Lead>,
    core_count: usize,
    groups: Vec<Group>,
    /// On the whole city's page only.
    counties: Option<Counties>,
    county_count: usize,
    period: String,
    /// The instant that was asked for, as written; empty: now.
    as_of_asked: String,
    /// Named cuts of the period that the page may be shown at instead.
    cuts: Vec<CutLink>,
    further_count: usize,
    further: Vec<Further>,
    task_count: usize,
    tasks: Vec<TaskGroup>,
    money: Money,
    bureaus: Vec<BureauRow>,
    bureaus_at: String,
}

/// Tasks of one group: how many and which numbers.
struct TaskGroup {
    title: String,
    numbers: String,
    count: usize,
}

/// 附件3 as printed, 万元.
struct Money {
    count: usize,
    total: String,
    applied: String,
    /// The share of the total that was applied for, as a bar's length.
    applied_share: Tenths,
    categories: Vec<MoneyRow>,
    flagged: usize,
}

struct MoneyRow {
    category: String,
    count: usize,
    total: String,
    applied: String,
}

impl Overview {
    pub(super) fn new(
        frame: &Frame,
        list: &IndicatorList,
        bureaus: &BureauList,
        tasks: &TaskList,
        projects: &ProjectList,
        map: Option<Map<'_>>,
    ) -> Self {
        let core_count = list.indicators.iter().filter(|indicator| indicator.core).count();
        let place = (list.region.as_str(), list.region_name.as_str());
        Overview {
            page: Page::at(frame, "/".to_owned(), place, &list.period, &list.as_of)
                .with_region_edition(&list.region_edition),
            eyebrow: format!("{} · {} · 调度结论", list.region_name, period_title(&list.period)),
            verdict: verdict::of_list(list),
            leads: verdict::leads(list),
            core_count,
            groups: groups(list, bureaus),
            county_count: map.map_or(0, |map| map.table.rows.len().saturating_sub(1)),
            period: list.period.clone(),
            as_of_asked: map.map_or_else(String::new, |map| map.as_of.to_owned()),
            cuts: map.map_or_else(Vec::new, |map| map.cuts.to_vec()),
            counties: map.map(|map| Counties::new(map.table, map.tiles, map.chosen)),
            further_count: list.indicators.len() - core_count,
            further: further(list),
            task_count: tasks.tasks.len(),
            tasks: task_groups(tasks),
            money: money(projects),
            bureaus: bureau_rows(bureaus),
            bureaus_at: super::words::instant(&bureaus.as_of),
        }
    }
}

fn task_groups(list: &TaskList) -> Vec<TaskGroup> {
    list.tasks
        .chunk_by(|one, next| one.group == next.group)
        .map(|tasks| {
            let (first, last) = (tasks[0].number, tasks[tasks.len() - 1].number);
            TaskGroup {
                title: format!("{}. {}", tasks[0].group, tasks[0].group_name),
                numbers: if first == last { first.to_string() } else { format!("{first}–{last}") },
                count: tasks.len(),
            }
        })
        .collect()
}

fn money(list: &ProjectList) -> Money {
    let mut names: Vec<&str> = Vec::new();
    for project in &list.projects {
        if !names.contains(&project.category.as_str()) {
            names.push(&project.category);
        }
    }
    let row = |category: &&str| {
        let of: Vec<&ProjectView> = list.projects.iter().filter(|project| project.category == *category).collect();
        let sum = |amount: fn(&ProjectView) -> i64| {
            grouped(&of.iter().map(|project| amount(project)).sum::<i64>().to_string())
        };
        MoneyRow {
            category: (*category).to_owned(),
            count: of.len(),
            total: sum(|project| project.total_wan_yuan),
            applied: sum(|project| project.central_applied_wan_yuan),
        }
    };
    let share = i128::from(list.central_applied_wan_yuan) * 1000 / i128::from(list.total_wan_yuan.max(1));
    Money {
        count: list.projects.len(),
        total: grouped(&list.total_wan_yuan.to_string()),
        applied: grouped(&list.central_applied_wan_yuan.to_string()),
        applied_share: Tenths(share.clamp(0, 1000) as i64),
        categories: names.iter().map(row).collect(),
        flagged: list.projects.iter().filter(|project| !project.flags.is_empty()).count(),
    }
}
