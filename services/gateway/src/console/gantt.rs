//! 项目进度图: each project of the plan on a line of years, planned beside what the ledger says was built. Whoever may not
//! read the ledger sees the plan's years alone.

use askama::Template;
use contract::columns::label_of;
use jiff::civil::{Date, date};
use kit::{Problem, Result};
use proto::finance::{Project, ProjectStanding};

use super::Frame;
use super::page::Page;
use super::words::amount;
use crate::view::{ProjectList, ProjectView};

/// Width of the drawing in its own units.
const WIDTH: i64 = 720;

/// What the drawing is made of.
#[derive(Clone, Copy, Debug)]
pub struct Gantt<'a> {
    pub plan: &'a ProjectList,
    /// Of the ledger, as far as the person may read it; None where it is not to be read.
    pub ledger: Option<&'a [Project]>,
    /// Why it is not to be read: 登录, or what the bureau said.
    pub without: &'a str,
    pub category: &'a str,
    pub place: &'a str,
    /// Only what is late.
    pub late: bool,
    pub today: Date,
}

/// The drawing as a page.
pub fn gantt(frame: &Frame, it: &Gantt<'_>) -> Result<String> {
    let mut places: Vec<&str> = Vec::new();
    for project in &it.plan.projects {
        if !places.contains(&project.location.as_str()) {
            places.push(&project.location);
        }
    }
    let ledger = it.ledger.unwrap_or_default();
    let scale = Scale::over(it.plan, ledger, it.today);
    let rows = it.plan.projects.iter().filter(|project| {
        (it.category.is_empty() || project.category == it.category)
            && (it.place.is_empty() || project.location == it.place)
    });
    let rows = rows.map(|project| {
        let known = ledger.iter().find(|one| one.number == i64::from(project.number));
        Row::of(project, known, &scale, it.today)
    });
    let rows: Vec<Row> = rows.filter(|row| !it.late || row.is_late).collect();
    GanttPage {
        page: Page::bare(Some(frame)),
        late_count: rows.iter().filter(|row| row.is_late).count(),
        built: rows.iter().filter(|row| row.is_built).count(),
        known: rows.iter().filter(|row| !row.href.is_empty()).count(),
        has_ledger: it.ledger.is_some(),
        without: it.without,
        rows,
        places,
        category: it.category,
        place: it.place,
        late: it.late,
        today_x: scale.x(it.today),
        today: it.today.to_string(),
        years: scale.years(),
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "gantt.html")]
struct GanttPage<'a> {
    page: Page,
    rows: Vec<Row>,
    late_count: usize,
    built: usize,
    /// Rows of which the person may see the ledger.
    known: usize,
    has_ledger: bool,
    without: &'a str,
    places: Vec<&'a str>,
    category: &'a str,
    place: &'a str,
    late: bool,
    today: String,
    today_x: i64,
    /// Each with the place of its first day and of its label.
    years: Vec<(i16, i64, i64)>,
}

/// From a day to a place in the drawing.
struct Scale {
    first: i16,
    last: i16,
}

impl Scale {
    fn over(plan: &ProjectList, ledger: &[Project], today: Date) -> Self {
        let first = plan.projects.iter().map(|one| year(one.start_year)).min().unwrap_or(today.year());
        let last = plan.projects.iter().map(|one| year(one.end_year)).max().unwrap_or(today.year());
        let ends = ledger.iter().map(|one| completion(one).year());
        let begins = ledger.iter().map(|one| i16::try_from(one.start_year).unwrap_or(first));
        Scale {
            first: begins.chain([today.year()]).fold(first, i16::min),
            last: ends.chain([today.year()]).fold(last, i16::max),
        }
    }

    fn x(&self, day: Date) -> i64 {
        let (begin, end) = (date(self.first, 1, 1), date(self.last, 12, 31));
        let days = |to: Date| i64::from(begin.until(to).map_or(0, |span| span.get_days()));
        (days(day) * WIDTH / days(end).max(1)).clamp(0, WIDTH)
    }

    fn years(&self) -> Vec<(i16, i64, i64)> {
        let middle = |year| self.x(date(year, 7, 1));
        (self.first..=self.last).map(|year| (year, self.x(date(year, 1, 1)), middle(year))).collect()
    }
}

/// When a project is to be completed: its date, else the end of its year.
fn completion(project: &Project) -> Date {
    let end = date(i16::try_from(project.end_year).unwrap_or(2000), 12, 31);
    project.planned_complete_on.parse().unwrap_or(end)
}

/// A year of the plan as the calendar counts.
fn year(of: u32) -> i16 {
    i16::try_from(of).unwrap_or(2000)
}

struct Row {
    number: u32,
    name: String,
    location: String,
    /// Address of the ledger's record; empty where it is not to be read.
    href: String,
    stage: String,
    standing: String,
    is_late: bool,
    is_built: bool,
    /// Place and length of what was planned, of the part of the investment that is done, and of what is past its date.
    planned: (i64, i64),
    done: i64,
    late: Option<(i64, i64)>,
    /// Whole hundredths of the investment.
    invested: Option<i64>,
    total: String,
    label: String,
}

impl Row {
    fn of(project: &ProjectView, known: Option<&Project>, scale: &Scale, today: Date) -> Self {
        let begin = known.and_then(|one| i16::try_from(one.start_year).ok()).unwrap_or(year(project.start_year));
        let end = known.map_or_else(|| date(year(project.end_year), 12, 31), completion);
        let (from, to) = (scale.x(date(begin, 1, 1)), scale.x(end));
        let standing = known.map_or(ProjectStanding::Unspecified, Project::standing);
        let is_late = matches!(
            standing,
            ProjectStanding::NotStartedLate | ProjectStanding::NotCompletedLate | ProjectStanding::Stopped
        );
        // Nothing confirmed yet is not nothing built.
        let reported = known.filter(|one| !one.progress_period.is_empty() && one.total_fen > 0);
        let invested = reported.map(|one| one.invested_fen * 100 / one.total_fen);
        let word = |name: &str, value: i32| label_of(&format!("ylyx.finance.v1.{name}"), value).unwrap_or_default();
        let (stage, standing) = known.map_or_else(Default::default, |one| {
            (word("ProjectStage", one.stage), word("ProjectStanding", one.standing))
        });
        // A start that is overdue counts from the end of its year, a completion from its date.
        let due = match known.map(Project::standing) {
            Some(ProjectStanding::NotStartedLate) => scale.x(date(begin, 12, 31)),
            _ => to,
        };
        let now = scale.x(today);
        let share = invested.map_or_else(String::new, |share| format!("完成投资 {share}%，"));
        let progress = if known.is_some() { format!("，{stage}，{share}{standing}") } else { String::new() };
        Row {
            number: project.number,
            name: project.name.clone(),
            location: project.location.clone(),
            href: known.map_or_else(String::new, |one| format!("/registers/finance.project/{}", one.id)),
            is_built: known.is_some_and(|one| one.stage >= proto::finance::ProjectStage::Completed as i32),
            is_late,
            planned: (from, (to - from).max(2)),
            done: invested.map_or(0, |share| (to - from).max(2) * share.clamp(0, 100) / 100),
            late: (is_late && now > due).then_some((due, now - due)),
            invested,
            total: amount(&(project.total_wan_yuan * 1_000_000).to_string(), "分").0,
            label: format!("计划 {begin} 年至 {end}{progress}"),
            stage,
            standing,
        }
    }
}
