//! 套表: a region's forms of one period, of all bureaus, as one package.

use askama::Template;
use kit::{Problem, Result};

use crate::console::Frame;
use crate::console::page::{Choice, Page};
use crate::console::words::period_title;

/// One form of the package.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub bureau: String,
    pub bureau_title: String,
    pub form: String,
    pub table_number: String,
    pub title: String,
    /// The form's own period: a quarter's form is due with the quarter's last month.
    pub period: String,
    /// The report; empty where none was opened.
    pub id: String,
    pub version: u64,
    /// State in words, and how loud: ok, now, ask, red, grey.
    pub state: (&'static str, &'static str),
    pub due_on: String,
    pub filled: u32,
    pub cells: u32,
    pub hard: u32,
    pub unexplained: u32,
    /// In the hands of whoever fills it.
    pub open: bool,
    /// A total that was made before a part of it changed.
    pub to_recount: bool,
}

impl Line {
    /// What is still owed.
    pub fn owed(&self) -> String {
        let mut owed = Vec::new();
        if self.cells > self.filled {
            owed.push(format!("{} 格未填", self.cells - self.filled));
        }
        if self.hard > 0 {
            owed.push(format!("{} 处必须改正", self.hard));
        }
        if self.unexplained > 0 {
            owed.push(format!("{} 处须说明", self.unexplained));
        }
        if self.to_recount {
            owed.push("待重汇".to_owned());
        }
        if owed.is_empty() && self.open && !self.id.is_empty() {
            return "已备齐".to_owned();
        }
        owed.join("，")
    }

    /// The form's own period where it is not the package's month.
    pub fn own_period(&self) -> String {
        period_title(&self.period)
    }
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Package {
    pub region: String,
    pub region_name: String,
    pub period: String,
    /// Where the person may fill, code and name.
    pub regions: Vec<(String, String)>,
    pub lines: Vec<Line>,
    /// Bureaus that did not answer.
    pub down: Vec<String>,
    /// What each form said to an act on the whole package.
    pub outcomes: Vec<(String, Option<String>)>,
    pub done: String,
    pub may_fill: bool,
}

/// The page.
pub fn page(frame: &Frame, package: &Package) -> Result<String> {
    let ready = |line: &&Line| matches!(line.state.1, "ok") || (!line.open && !line.id.is_empty());
    let total = package.lines.len();
    let handed_in = package.lines.iter().filter(ready).count();
    let fix: u32 = package.lines.iter().map(|line| line.hard).sum();
    let missing = package.lines.iter().filter(|line| line.id.is_empty()).count();
    let mut hit = Vec::new();
    if fix > 0 {
        hit.push(format!("{fix}\u{a0}处必须改正"));
    }
    if missing > 0 {
        hit.push(format!("{missing}\u{a0}张未填"));
    }
    PackagePage {
        page: Page::bare(Some(frame)),
        it: package,
        verdict: match total {
            0 => format!("{}{}没有要报的表", package.region_name, period_title(&package.period)),
            _ => {
                format!(
                    "{}{}套表：{total}\u{a0}张表已报 {handed_in}\u{a0}张",
                    package.region_name,
                    period_title(&package.period)
                )
            }
        },
        hit: hit.join("，"),
        regions: choices(&package.regions, &package.region),
        periods: choices(&frame.period_options, &package.period),
        openable: package.may_fill && package.lines.iter().any(|line| line.open && line.id.is_empty()),
        sendable: package.may_fill
            && package.lines.iter().any(|line| line.open && !line.id.is_empty() && line.owed() == "已备齐"),
        any_open: package.may_fill && package.lines.iter().any(|line| line.open),
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "package.html")]
struct PackagePage<'a> {
    page: Page,
    it: &'a Package,
    verdict: String,
    hit: String,
    regions: Vec<Choice>,
    periods: Vec<Choice>,
    openable: bool,
    sendable: bool,
    any_open: bool,
}

pub(super) fn choices(options: &[(String, String)], present: &str) -> Vec<Choice> {
    let chosen = options.iter().map(|(value, title)| Choice {
        value: value.clone(),
        title: title.clone(),
        chosen: value == present,
    });
    chosen.collect()
}
