//! 套表: a region's forms of one period as one package: what it holds, what is outstanding, filing it in one act.
//!
//! Pure rules here; `desk` lists, `filing` hands in and reviews in bulk, `reminder` writes the 催报 text, `store` reads
//! whole packages at once.

pub(crate) mod desk;
pub(crate) mod filing;
pub(crate) mod reminder;
pub(crate) mod store;

use city::form::Form;
use city::period::Period;
use jiff::civil::Date;
use proto::reporting as wire;

use crate::report::{Report, State, act, convert};

/// What a package's line says beside the report itself.
pub(crate) struct Standing {
    pub(crate) due_on: Date,
    pub(crate) today: Date,
    /// 待重汇, see [`is_stale_total`].
    pub(crate) stale_total: bool,
    pub(crate) locked: bool,
}

/// One form of a package, with its report where one was opened.
pub(crate) fn line(form: &Form, period: Period, report: Option<&Report>, standing: &Standing) -> wire::PackageLine {
    let Standing { due_on, today, stale_total, locked } = *standing;
    let blank = wire::PackageLine {
        form: form.code.clone(),
        table_number: form.table_no.clone(),
        title: form.title.clone(),
        period: period.to_string(),
        state: wire::ReportState::NotStarted as i32,
        due_on: due_on.to_string(),
        overdue: today > due_on,
        cells_total: form.elements.len() as u32,
        stale_total,
        locked,
        ..wire::PackageLine::default()
    };
    let Some(report) = report else { return blank };
    let unexplained = |hard| {
        report.findings.iter().filter(|finding| finding.hard == hard && finding.explanation.is_empty()).count() as u32
    };
    let handed_in = !report.standing_signatures().is_empty() && !report.is_exempt();
    wire::PackageLine {
        state: convert::state(report.state) as i32,
        due_on: report.due_on.to_string(),
        overdue: report.is_overdue(today),
        id: report.id.to_string(),
        version: report.version(),
        revision: report.revision,
        cells_filled: report.cells.iter().filter(|cell| cell.is_filled()).count() as u32,
        cells_total: report.cells.len() as u32,
        hard_findings: unexplained(true),
        soft_findings: unexplained(false),
        late: report.late,
        on_behalf: report.on_behalf_reason().is_some(),
        submission: if handed_in { convert::submission(report.submission) as i32 } else { 0 },
        ..blank
    }
}

/// 待重汇: a county's figures changed hands after the city's own report of the same form and period was last written.
/// Computed from the acts, never stored.
pub(crate) fn is_stale_total<'r>(city: &Report, counties: impl IntoIterator<Item = &'r Report>) -> bool {
    if city.state == State::Exempt {
        return false;
    }
    let changes = [act::SUBMIT, act::SEND_BACK, act::RECALL, act::EXEMPT, act::WITHDRAW];
    let written = city.last_written().map_or(0, |last| last.at);
    let mut acts = counties.into_iter().flat_map(|county| &county.acts);
    acts.any(|past| changes.contains(&past.act.as_str()) && past.at > written)
}
