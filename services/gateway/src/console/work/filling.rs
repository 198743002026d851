//! One report as its form: 主栏 × 宾栏, what the register computed beside what is reported, what is wrong under its row.

use std::collections::BTreeMap;

use askama::Template;
use kit::{Problem, Result};
use proto::reporting::{Basis, Cell, Element, Finding, Form, Report, ReportState, SubmissionKind};

use super::cells::{difference, percent, read, shown};
use super::instant;
use crate::console::Frame;
use crate::console::page::Page;
use crate::console::words::period_title;

/// What was typed and did not come through, by field name as posted (`v:element`, `n:element`, `x:check`, …).
pub type Typed = BTreeMap<String, String>;

/// What the person may try here; the bureau decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    pub fill: bool,
    pub recall: bool,
    pub review: bool,
    pub approve: bool,
}

/// Everything a report's page is made of.
#[derive(Clone, Debug)]
pub struct Filling<'a> {
    pub bureau: &'a str,
    pub bureau_title: &'a str,
    pub region_name: &'a str,
    pub form: &'a Form,
    /// Name of the unit that sets the form.
    pub organisation: &'a str,
    pub report: &'a Report,
    pub may: May,
    /// What was typed, where an act was refused.
    pub typed: &'a Typed,
    /// Why an act was refused.
    pub problem: Option<&'a Problem>,
    /// What has just been done.
    pub done: &'a str,
}

/// The page.
pub fn page(frame: &Frame, filling: &Filling<'_>) -> Result<String> {
    FillingPage::new(frame, filling).render().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "filling.html")]
struct FillingPage<'a> {
    page: Page,
    it: &'a Filling<'a>,
    action: String,
    package: String,
    verdict: String,
    hit: String,
    state: (&'static str, &'static str),
    period: String,
    steps: Vec<Step>,
    rows: Vec<Row>,
    /// Findings that name no cell of the form.
    loose: Vec<Note>,
    sent_back: Option<SentBack>,
    acts: Vec<ActLine>,
    signers: Vec<(&'static str, String)>,
    stale: bool,
    kind: &'static str,
    editable: bool,
}

struct Step {
    title: String,
    note: String,
    class: &'static str,
}

/// One element.
struct Row {
    element: String,
    number: String,
    name: String,
    unit: &'static str,
    own_unit: String,
    definition: String,
    computed: String,
    /// Text of the input.
    value: String,
    readonly: bool,
    not_applicable: bool,
    difference: String,
    previous: String,
    change: String,
    percent: String,
    last_year: String,
    yearly: String,
    basis: &'static str,
    note: String,
    /// A note is asked for: the reported value departs from the register.
    note_asked: bool,
    faults: Vec<Note>,
    invalid: &'static str,
    /// What stands in the report now, where somebody else changed it meanwhile.
    other: String,
}

/// What is wrong with a row.
struct Note {
    check: String,
    hard: bool,
    text: String,
    explanation: String,
}

struct SentBack {
    by: String,
    at: String,
    due_on: String,
    lines: Vec<(String, String)>,
}

struct ActLine {
    at: String,
    who: String,
    what: &'static str,
    reason: String,
}

impl<'a> FillingPage<'a> {
    fn new(frame: &Frame, it: &'a Filling<'a>) -> Self {
        let report = it.report;
        let editable =
            matches!(report.state(), ReportState::Draft | ReportState::SentBack | ReportState::Recalled) && it.may.fill;
        let stale = it.problem.is_some_and(|problem| problem.reason == "VERSION_STALE");
        let rows: Vec<Row> =
            it.form.elements.iter().enumerate().map(|(n, element)| row(it, n, element, editable, stale)).collect();
        let on_form = |finding: &&Finding| {
            finding.elements.iter().any(|code| it.form.elements.iter().any(|element| element.code == *code))
        };
        let loose = report.findings.iter().filter(|finding| !on_form(finding)).map(|finding| note(it, finding));
        let hard = report.findings.iter().filter(|finding| finding.hard).count();
        let unexplained = report.findings.iter().filter(|finding| !finding.hard && finding.explanation.is_empty());
        let empty = report.cells.iter().filter(|cell| cell.value.is_none() && !cell.not_applicable).count();
        let (verdict, hit) = verdict(report, hard, unexplained.count(), empty);
        let region = &report.region;
        FillingPage {
            action: format!("/filling/{}/{}", it.bureau, report.id),
            package: format!("/filling?region={region}&period={}", report.period),
            verdict,
            hit,
            state: super::state(report.state(), report.overdue),
            period: period_title(&report.period),
            steps: steps(it.form, report),
            loose: loose.collect(),
            sent_back: sent_back(it),
            acts: report.acts.iter().rev().map(act).collect(),
            signers: signers(report),
            kind: match report.submission() {
                SubmissionKind::Zero => "零报告",
                SubmissionKind::NoChange => "本期无变化",
                _ => "",
            },
            rows,
            stale,
            editable,
            page: Page::bare(Some(frame)),
            it,
        }
    }
}

fn row(it: &Filling<'_>, number: usize, element: &Element, editable: bool, stale: bool) -> Row {
    let blank = Cell::default();
    let cell = it.report.cells.iter().find(|cell| cell.element == element.code).unwrap_or(&blank);
    let unit = element.unit.as_str();
    let typed = it.typed.get(&format!("v:{}", element.code));
    let recorded = cell.reported.or(if cell.basis() == Basis::Both { cell.computed } else { None }).or(cell.value);
    let recorded = recorded.map(|value| shown(value, unit)).unwrap_or_default();
    let value = typed.cloned().unwrap_or_else(|| recorded.clone());
    let findings: Vec<Note> = it
        .report
        .findings
        .iter()
        .filter(|finding| finding.elements.first().is_some_and(|first| *first == element.code))
        .map(|finding| note(it, finding))
        .collect();
    // A finding stands under its row, with a text box where it wants an explanation; it need not be said twice.
    let refusal = it.problem.filter(|problem| problem.reason != "EXPLANATION_NEEDED");
    let said = refusal
        .and_then(|problem| problem.fields.iter().find(|(field, _)| *field == element.code))
        .filter(|(_, message)| !findings.iter().any(|finding| message.ends_with(&finding.text)));
    let mut faults: Vec<Note> = said
        .map(|(_, message)| Note {
            check: "未采用".to_owned(),
            hard: true,
            text: message.clone(),
            explanation: String::new(),
        })
        .into_iter()
        .collect();
    if !cell.fault.is_empty() {
        let text = cell.fault.clone();
        faults.push(Note { check: "退回".to_owned(), hard: true, text, explanation: String::new() });
    }
    faults.extend(findings);
    let invalid = match &faults[..] {
        [] => "",
        all if all.iter().any(|fault| fault.hard) => "bad",
        _ => "ask",
    };
    let departs = cell.basis() == Basis::Both && cell.computed.is_some() && cell.computed != cell.value;
    Row {
        number: format!("{:02}", number + 1),
        name: element.name.clone(),
        unit: if unit == "分" { "万元" } else { "" },
        own_unit: element.unit.clone(),
        definition: element.definition.clone(),
        computed: read(cell.computed, unit),
        readonly: !editable || cell.basis() == Basis::Register,
        not_applicable: cell.not_applicable,
        difference: difference(cell.value, cell.computed, unit),
        previous: read(cell.previous, unit),
        change: difference(cell.value, cell.previous, unit),
        percent: percent(cell.value, cell.previous),
        last_year: read(cell.last_year, unit),
        yearly: percent(cell.value, cell.last_year),
        basis: match cell.basis() {
            Basis::Register => "台账",
            Basis::Both => "双轨",
            _ => "上报",
        },
        note: it.typed.get(&format!("n:{}", element.code)).cloned().unwrap_or_else(|| cell.note.clone()),
        note_asked: departs,
        other: if stale && value != recorded { recorded } else { String::new() },
        element: element.code.clone(),
        value,
        faults,
        invalid,
    }
}

fn note(it: &Filling<'_>, finding: &Finding) -> Note {
    let typed = it.typed.get(&format!("x:{}", finding.check)).cloned();
    Note {
        check: finding.check.clone(),
        hard: finding.hard,
        text: finding.message.clone(),
        explanation: typed.unwrap_or_else(|| finding.explanation.clone()),
    }
}

/// The sentence that says how things are, and its loud end.
fn verdict(report: &Report, hard: usize, unexplained: usize, empty: usize) -> (String, String) {
    let open = matches!(report.state(), ReportState::Draft | ReportState::SentBack | ReportState::Recalled);
    let (word, _) = super::state(report.state(), report.overdue);
    if !open {
        return (word.to_owned(), String::new());
    }
    let mut owed = Vec::new();
    if empty > 0 {
        owed.push(format!("{empty}\u{a0}格未填"));
    }
    if hard > 0 {
        owed.push(format!("{hard}\u{a0}处必须改正"));
    }
    if unexplained > 0 {
        owed.push(format!("{unexplained}\u{a0}处须说明"));
    }
    match owed.is_empty() {
        true => (format!("{word}，已备齐，可以送审"), String::new()),
        false => (format!("{word}，"), owed.join("，")),
    }
}

/// Where the report stands on its sign chain.
fn steps(form: &Form, report: &Report) -> Vec<Step> {
    let reviewed = report.acts.iter().rev().take_while(|act| act.act != "submit").filter(|act| act.act == "review");
    let passed = match report.state() {
        ReportState::Submitted => 1,
        ReportState::Reviewed => 1 + reviewed.count(),
        ReportState::Published | ReportState::Exempt => form.chain.len(),
        _ => 0,
    };
    let signed = |step: &str| {
        let act = match step {
            "fill" => "submit",
            "approve" => "publish",
            other => other,
        };
        report.acts.iter().rev().find(|past| past.act == act).map(|past| past.user_name.clone())
    };
    let chain = form.chain.iter().enumerate();
    chain
        .map(|(at, step)| Step {
            title: step.title.clone(),
            note: if at < passed { signed(&step.step).unwrap_or_default() } else { String::new() },
            class: match at {
                at if at < passed => "past",
                at if at == passed => "now",
                _ => "",
            },
        })
        .collect()
}

fn sent_back(it: &Filling<'_>) -> Option<SentBack> {
    if it.report.state() != ReportState::SentBack {
        return None;
    }
    let last = it.report.acts.iter().rev().find(|act| act.act == "send_back")?;
    let named = |cell: &Cell| it.form.elements.iter().find(|element| element.code == cell.element);
    let lines = it.report.cells.iter().filter(|cell| !cell.fault.is_empty());
    Some(SentBack {
        by: last.user_name.clone(),
        at: instant(last.at_micros),
        due_on: it.report.due_on.clone(),
        lines: lines
            .map(|cell| (named(cell).map_or_else(String::new, |element| element.name.clone()), cell.fault.clone()))
            .collect(),
    })
}

fn act(act: &proto::reporting::Act) -> ActLine {
    ActLine {
        at: instant(act.at_micros),
        who: act.user_name.clone(),
        what: match act.act.as_str() {
            "open" => "开表",
            "save" => "保存",
            "submit" => "送审",
            "review" => "审核通过",
            "send_back" => "退回",
            "recall" => "撤回",
            "exempt" => "免报",
            "publish" => "核定",
            "withdraw" => "撤销发布",
            _ => "办理",
        },
        reason: act.reason.clone(),
    }
}

fn signers(report: &Report) -> Vec<(&'static str, String)> {
    let last = |what: &str| report.acts.iter().rev().find(|act| act.act == what);
    let name = |what: &str| last(what).map_or_else(|| "—".to_owned(), |act| act.user_name.clone());
    let sent = last("submit").map_or_else(|| "—".to_owned(), |act| instant(act.at_micros));
    vec![("填表人", name("submit")), ("审核人", name("review")), ("负责人", name("publish")), ("报出日期", sent)]
}
