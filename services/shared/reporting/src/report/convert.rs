//! Reports at the door: domain → contract, and what requests say → domain.

use std::collections::BTreeMap;

use city::bundle::City;
use city::form::{ChainStep, Form};
use jiff::civil::Date;
use kit::{Problem, Result};
use proto::reporting as wire;
use uuid::Uuid;

use super::acts::Entry;
use super::{Act, Basis, Cell, Finding, Report, State, Submission};

pub(crate) fn state(state: State) -> wire::ReportState {
    match state {
        State::Draft => wire::ReportState::Draft,
        State::Submitted => wire::ReportState::Submitted,
        State::Reviewed => wire::ReportState::Reviewed,
        State::Published => wire::ReportState::Published,
        State::SentBack => wire::ReportState::SentBack,
        State::Recalled => wire::ReportState::Recalled,
        State::Exempt => wire::ReportState::Exempt,
    }
}

pub(crate) fn submission(kind: Submission) -> wire::SubmissionKind {
    match kind {
        Submission::Filled => wire::SubmissionKind::Filled,
        Submission::Zero => wire::SubmissionKind::Zero,
        Submission::NoChange => wire::SubmissionKind::NoChange,
    }
}

/// Unspecified counts as filled.
pub(crate) fn submission_of(kind: wire::SubmissionKind) -> Submission {
    match kind {
        wire::SubmissionKind::Unspecified | wire::SubmissionKind::Filled => Submission::Filled,
        wire::SubmissionKind::Zero => Submission::Zero,
        wire::SubmissionKind::NoChange => Submission::NoChange,
    }
}

pub(crate) fn basis(basis: Basis) -> wire::Basis {
    match basis {
        Basis::Reported => wire::Basis::Reported,
        Basis::Both => wire::Basis::Both,
        Basis::Register => wire::Basis::Register,
    }
}

pub(crate) fn act(act: &Act) -> wire::Act {
    wire::Act {
        act: act.act.clone(),
        user: act.user.clone(),
        user_name: act.user_name.clone(),
        role: act.role.clone(),
        at_micros: act.at,
        reason: act.reason.clone(),
    }
}

fn cell(cell: &Cell, around: &Around) -> wire::Cell {
    wire::Cell {
        element: cell.element.clone(),
        value: cell.value(),
        computed: cell.computed,
        reported: cell.reported,
        basis: basis(cell.basis) as i32,
        note: cell.note.clone(),
        fault: cell.fault.clone(),
        not_applicable: cell.not_applicable,
        previous: around.previous.get(&cell.element).copied(),
        last_year: around.last_year.get(&cell.element).copied(),
    }
}

fn finding(finding: &Finding) -> wire::Finding {
    wire::Finding {
        check: finding.check.clone(),
        hard: finding.hard,
        message: finding.message.clone(),
        elements: finding.elements.clone(),
        explanation: finding.explanation.clone(),
    }
}

/// What a reader wants to see beside a report.
#[derive(Default)]
pub(crate) struct Around {
    /// Element → what was published for the period before.
    pub(crate) previous: BTreeMap<String, i64>,
    /// Element → what was published for the same period last year.
    pub(crate) last_year: BTreeMap<String, i64>,
    /// Last day before the period is locked for the form.
    pub(crate) locks_on: Option<Date>,
    /// Opening and handing in need an unlock now.
    pub(crate) locked: bool,
}

/// The whole report as it stands; lateness is judged against `today`.
pub(crate) fn report(report: &Report, around: &Around, today: Date) -> wire::Report {
    wire::Report {
        id: report.id.to_string(),
        form: report.form.clone(),
        region: report.region.clone(),
        period: report.period.clone(),
        revision: report.revision,
        state: state(report.state) as i32,
        submission: if report.standing_signatures().is_empty() || report.is_exempt() {
            wire::SubmissionKind::Unspecified as i32
        } else {
            submission(report.submission) as i32
        },
        cells: report.cells.iter().map(|one| cell(one, around)).collect(),
        findings: report.findings.iter().map(finding).collect(),
        acts: report.acts.iter().map(act).collect(),
        version: report.version(),
        due_on: report.due_on.to_string(),
        overdue: report.is_overdue(today),
        revision_reason: report.revision_reason.clone(),
        late: report.late,
        on_behalf_reason: report.on_behalf_reason().unwrap_or_default().to_owned(),
        locks_on: around.locks_on.map(|day| day.to_string()).unwrap_or_default(),
        locked: around.locked,
    }
}

/// A report id: REPORT_UNKNOWN when it is no id at all.
pub(crate) fn id(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Problem::field(field, "REPORT_ID_INVALID", "报表编号写法不对"))
}

/// A date as YYYY-MM-DD.
pub(crate) fn date(field: &str, text: &str) -> Result<Date> {
    text.parse().map_err(|_| Problem::field(field, "DATE_INVALID", "日期请写作 2025-11-05"))
}

pub(crate) fn entry(cell: wire::CellEntry) -> Entry {
    let wire::CellEntry { element, value, note, not_applicable } = cell;
    Entry { element, value, note, not_applicable }
}

/// A report's line in a list.
pub(crate) fn summary(report: &Report, version: u64, today: Date) -> wire::ReportSummary {
    wire::ReportSummary {
        id: report.id.to_string(),
        form: report.form.clone(),
        region: report.region.clone(),
        period: report.period.clone(),
        revision: report.revision,
        state: state(report.state) as i32,
        due_on: report.due_on.to_string(),
        overdue: report.is_overdue(today),
        version,
        late: report.late,
    }
}

/// The line of a region that has opened nothing: late when it is late, and never a zero.
pub(crate) fn not_started(form: &str, region: &str, period: &str, due_on: Date, today: Date) -> wire::ReportSummary {
    wire::ReportSummary {
        form: form.to_owned(),
        region: region.to_owned(),
        period: period.to_owned(),
        state: wire::ReportState::NotStarted as i32,
        due_on: due_on.to_string(),
        overdue: today > due_on,
        ..wire::ReportSummary::default()
    }
}

/// A form with its elements, checks and sign chain, as people see it.
pub(crate) fn form(form: &Form, city: &City) -> wire::Form {
    let element = |code: &String| {
        let known = city.element(code)?;
        Some(wire::Element {
            code: code.clone(),
            name: known.name.clone(),
            unit: known.unit.clone(),
            computed: known.computed,
            definition: known.definition.clone(),
        })
    };
    let step = |step: &ChainStep| wire::ChainStep {
        step: step.step.clone(),
        title: step.title.clone(),
        role: step.role.clone(),
    };
    let change = form.change_over_percent.map(|percent| format!("V11 与上期相比变动超过 {percent}% 须说明"));
    wire::Form {
        code: form.code.clone(),
        table_number: form.table_no.clone(),
        title: form.title.clone(),
        organisation: form.organisation.clone(),
        cadence: form.cadence.code().to_owned(),
        elements: form.elements.iter().filter_map(element).collect(),
        chain: form.chain.iter().map(step).collect(),
        checks: form.checks.iter().map(|check| format!("{} {}", check.id, check.title)).chain(change).collect(),
    }
}
