//! 数据定版: the list of cuts, one cut with what can be made of it, two cuts beside each other, and 终期评估.

use askama::Template;
use kit::{Problem, Result};

use super::Frame;
use super::page::{Choice, Page};
use super::words::{Lamp, figure_in, grouped, instant, period_title, with_unit};
use crate::cut::Mode;
use crate::cuts::NamedCut;
use crate::cuts::compare::Comparison;
use crate::cuts::store::Issued;
use crate::final_evaluation::Ended;
use crate::public_data;
use crate::view::{IndicatorList, IndicatorView};

/// A cut as a line.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub name: String,
    pub period: String,
    pub mode: &'static str,
    pub by: String,
    pub at: String,
}

impl Line {
    pub fn of(cut: &NamedCut) -> Self {
        Line {
            id: cut.id.to_string(),
            name: cut.name.clone(),
            period: period_title(&cut.period.to_string()),
            mode: cut.cut.mode.label(),
            by: cut.made_by_name.clone(),
            at: instant(&kit::clock::rfc3339(cut.made_at)),
        }
    }
}

/// The list, and what was typed into the form of a new one.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    pub lines: Vec<Line>,
    /// Where the next page is; empty on the last.
    pub older: String,
    pub may_make: bool,
    pub refused: Option<Problem>,
    pub name: String,
    pub period: String,
    pub mode: String,
}

pub fn list(frame: &Frame, it: &Cuts) -> Result<String> {
    let periods = frame.period_options.iter().map(|(value, title)| Choice {
        value: value.clone(),
        title: title.clone(),
        chosen: *value == it.period,
    });
    let modes = Mode::ALL.into_iter().map(|mode| Choice {
        value: mode.code().to_owned(),
        title: mode.label().to_owned(),
        chosen: mode.code() == it.mode,
    });
    ListPage { page: Page::bare(Some(frame)), it, periods: periods.collect(), modes: modes.collect() }
        .render()
        .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "cuts.html")]
struct ListPage<'a> {
    page: Page,
    it: &'a Cuts,
    periods: Vec<Choice>,
    modes: Vec<Choice>,
}

/// One cut.
#[derive(Clone, Debug)]
pub struct Detail<'d> {
    pub line: Line,
    pub footnote: &'static str,
    pub list: &'d IndicatorList,
    /// Other cuts to compare with.
    pub others: Vec<Line>,
    pub issued: Vec<IssuedLine>,
    /// 公开数据, once it is issued.
    pub public: Option<PublicLine>,
    pub may_issue: bool,
    pub refused: Option<Problem>,
    pub typed: crate::bulletin::Narrative,
    pub done: String,
}

/// An issued document as a line.
#[derive(Clone, Debug)]
pub struct IssuedLine {
    pub id: String,
    pub file_name: String,
    pub number: String,
    pub by: String,
    pub at: String,
    pub digest: String,
    pub kilobytes: i64,
}

impl IssuedLine {
    pub fn of(issued: &Issued) -> Self {
        IssuedLine {
            id: issued.id.to_string(),
            file_name: issued.file_name.clone(),
            number: issued.number.clone(),
            by: issued.issued_by_name.clone(),
            at: instant(&kit::clock::rfc3339(issued.issued_at)),
            digest: issued.sha256.chars().take(16).collect(),
            kilobytes: (issued.size + 1023) / 1024,
        }
    }
}

/// Who issued the public data, and when.
#[derive(Clone, Debug)]
pub struct PublicLine {
    pub by: String,
    pub at: String,
}

impl PublicLine {
    pub fn of(issued: &public_data::store::Issued) -> Self {
        PublicLine { by: issued.issued_by_name.clone(), at: instant(&kit::clock::rfc3339(issued.issued_at)) }
    }
}

/// A core indicator at the cut.
struct Row {
    name: String,
    binding: bool,
    lamp: Lamp,
    value: String,
    target: String,
    gap: String,
    owner: String,
    status: String,
    completeness: String,
}

fn row(view: &IndicatorView) -> Row {
    let missing = &view.completeness.missing_regions;
    let whole = format!("{}/{}", view.completeness.present, view.completeness.expected);
    Row {
        name: view.name.clone(),
        binding: view.obligation == "约束性",
        lamp: Lamp::of(&view.lamp, &view.status),
        value: figure_in(view.value.as_deref(), &view.unit),
        target: figure_in(view.targets.last().map(|target| target.value.as_str()), &view.unit),
        gap: match view.gap.as_deref() {
            None => "—".to_owned(),
            Some("0") => "已达".to_owned(),
            Some(gap) => format!("{} {}", grouped(gap), view.gap_unit),
        },
        owner: view.responsible.first().cloned().unwrap_or_default(),
        status: if view.value.is_some() { view.status.clone() } else { "不可计算".to_owned() },
        completeness: if missing.is_empty() { whole } else { format!("{whole}，缺{}", missing.join("、")) },
    }
}

pub fn detail(frame: &Frame, it: &Detail<'_>) -> Result<String> {
    let rows: Vec<Row> = it.list.indicators.iter().filter(|view| view.core).map(row).collect();
    let known = rows.iter().filter(|row| row.value != "—").count();
    DetailPage {
        page: Page::bare(Some(frame)),
        verdict: format!("{}：{}\u{a0}项主要指标 {known}\u{a0}项有数", it.line.name, rows.len()),
        bureaus: it
            .list
            .cut
            .iter()
            .map(|entry| (contract::bureau::title(&entry.bureau).to_owned(), entry.sequence))
            .collect(),
        it,
        rows,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "cut.html")]
struct DetailPage<'a> {
    page: Page,
    verdict: String,
    it: &'a Detail<'a>,
    rows: Vec<Row>,
    bureaus: Vec<(String, u64)>,
}

/// Two cuts beside each other.
#[derive(Clone, Debug)]
pub struct Compared<'c> {
    pub before: String,
    pub after: String,
    pub id: String,
    pub with: String,
    pub comparison: &'c Comparison,
    /// 主要指标 alone.
    pub core_only: bool,
    pub city_only: bool,
}

pub fn comparison(frame: &Frame, it: &Compared<'_>) -> Result<String> {
    let shown: Vec<&crate::cuts::compare::Change> = it
        .comparison
        .changes
        .iter()
        .filter(|change| (change.core || !it.core_only) && (change.region_name == "全市" || !it.city_only))
        .collect();
    ComparePage { page: Page::bare(Some(frame)), period: period_title(&it.comparison.period), it, shown }
        .render()
        .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "cut_compare.html")]
struct ComparePage<'a> {
    page: Page,
    period: String,
    it: &'a Compared<'a>,
    shown: Vec<&'a crate::cuts::compare::Change>,
}

/// 终期评估.
#[derive(Clone, Debug)]
pub struct Evaluated<'e> {
    pub line: Line,
    pub ended: &'e [Ended],
    pub may_explain: bool,
    pub refused: Option<Problem>,
    /// The indicator whose reason was refused, and what was typed.
    pub typed: (String, String),
    pub done: bool,
}

pub fn evaluation(frame: &Frame, it: &Evaluated<'_>) -> Result<String> {
    let count = |met: Option<bool>| it.ended.iter().filter(|one| one.core && one.met == met).count();
    let core = it.ended.iter().filter(|one| one.core).count();
    let unexplained = it.ended.iter().filter(|one| one.core && one.met == Some(false) && one.reason.is_empty()).count();
    EvaluationPage {
        page: Page::bare(Some(frame)),
        verdict: format!(
            "{core}\u{a0}项主要指标达标 {}\u{a0}项、未达标 {}\u{a0}项、不可计算 {}\u{a0}项",
            count(Some(true)),
            count(Some(false)),
            count(None)
        ),
        hit: if unexplained == 0 {
            String::new()
        } else {
            format!("{unexplained}\u{a0}项未达标的还没有写明原因")
        },
        groups: vec![
            ("主要指标", it.ended.iter().filter(|one| one.core).collect()),
            ("其他目标", it.ended.iter().filter(|one| !one.core).collect()),
        ],
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "evaluation.html")]
struct EvaluationPage<'a> {
    page: Page,
    verdict: String,
    hit: String,
    groups: Vec<(&'static str, Vec<&'a Ended>)>,
    it: &'a Evaluated<'a>,
}

impl EvaluationPage<'_> {
    /// A figure as it is printed: money in 万元.
    fn figure(&self, value: &Option<String>, unit: &str) -> String {
        figure_in(value.as_deref(), unit)
    }

    fn target(&self, one: &Ended) -> String {
        figure_in(Some(&one.target), &one.unit)
    }

    /// What is missing, with its unit.
    fn gap(&self, gap: &str, unit: &str) -> String {
        with_unit(gap, unit)
    }
}
