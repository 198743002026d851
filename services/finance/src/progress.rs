//! 项目月度进展 (dictionary §5.5): what is reported of a project each month, and when a report counts. Rules only.
//!
//! One person submits, another confirms, and only a confirmed report counts. Among the confirmed reports of a project
//! the cumulated investment never falls from month to month.

pub mod door;
pub mod service;
pub mod store;

#[cfg(test)]
mod rules_test;

use city::period::Period;
use jiff::civil::Date;
use registry::{Coded, Event, Fault};
use uuid::Uuid;

use crate::money::wan_yuan;
use crate::projects::{Project, Standing};

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Submitted,
    Confirmed,
    SentBack,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Submitted, "SUBMITTED"), (Self::Confirmed, "CONFIRMED"), (Self::SentBack, "SENT_BACK")];
}

impl State {
    fn label(self) -> &'static str {
        match self {
            State::Submitted => "待确认",
            State::Confirmed => "已确认",
            State::SentBack => "已退回",
        }
    }
}

/// 存在问题: the one that weighs most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    None,
    Land,
    Money,
    Procedure,
    Construction,
    Other,
}

impl Coded for Obstacle {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::None, "NONE"),
        (Self::Land, "LAND"),
        (Self::Money, "MONEY"),
        (Self::Procedure, "PROCEDURE"),
        (Self::Construction, "CONSTRUCTION"),
        (Self::Other, "OTHER"),
    ];
}

/// What a report states, every cell checked on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// A month.
    pub period: Period,
    /// 形象进度.
    pub picture: String,
    pub month_fen: i64,
    pub cumulated_fen: i64,
    pub obstacle: Obstacle,
    pub obstacle_text: String,
    pub next_step: String,
    /// 情况说明: why a late project tells nothing, or why more was invested than the total.
    pub explanation: String,
}

/// Who signs: the id by which persons are told apart, and the name people read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub id: String,
    pub name: String,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub id: Uuid,
    pub version: i64,
    pub project_id: Uuid,
    pub statement: Statement,
    pub state: State,
    pub submitted_by: Signer,
    /// Name of who confirmed it; empty until then.
    pub confirmed_by: String,
}

/// What to save: the report and what its history says.
#[derive(Clone, Debug)]
pub struct Change {
    pub report: Report,
    pub event: Event,
}

/// Submits the report of a month, in place of one that is not confirmed. PROJECT_CANCELLED, PROGRESS_CONFIRMED, and
/// those of [`check`].
pub fn submit(
    id: Uuid,
    project: &Project,
    known: &[Report],
    statement: Statement,
    by: Signer,
    today: Date,
) -> Result<Change, Vec<Fault>> {
    let one = |fault: Fault| vec![fault];
    project.check_not_cancelled().map_err(one)?;
    let before = known.iter().find(|report| report.statement.period == statement.period);
    if before.is_some_and(|before| before.state == State::Confirmed) {
        let message = format!("{}的进展已确认；确需更正的，由审核人退回后重新报送", statement.period);
        return Err(one(Fault::conflict("PROGRESS_CONFIRMED", message)));
    }
    let mut faults = check(project, known, &statement);
    let (standing, _) = project.standing(statement.period.last_day().min(today));
    let late = matches!(standing, Standing::NotStartedLate | Standing::NotCompletedLate | Standing::Stopped);
    if late && statement.picture.is_empty() && statement.explanation.is_empty() {
        let message = "项目逾期或停工，未填形象进度的，请填写情况说明";
        faults.push(Fault::cell("explanation", "EXPLANATION_MISSING", message));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let from = before.map_or("", |before| before.state.label());
    let event = Event::step(today, from, State::Submitted.label(), told(&statement));
    let (id, version) = before.map_or((id, 1), |before| (before.id, before.version));
    let report = Report {
        id,
        version,
        project_id: project.id,
        statement,
        state: State::Submitted,
        submitted_by: by,
        confirmed_by: String::new(),
    };
    Ok(Change { report, event })
}

/// Confirms a report beside those confirmed so far. PROGRESS_STATE, SAME_PERSON, and those of [`check`].
pub fn confirm(
    report: &Report,
    project: &Project,
    known: &[Report],
    by: &Signer,
    today: Date,
) -> Result<Change, Vec<Fault>> {
    let refused = match report.state {
        State::Submitted if report.submitted_by.id == by.id => {
            Some(Fault::conflict("SAME_PERSON", "填报和审核不能由同一人办理"))
        }
        State::Submitted => None,
        state => Some(Fault::conflict("PROGRESS_STATE", format!("该月进展{}，不能确认", state.label()))),
    };
    let faults = refused.map_or_else(|| check(project, known, &report.statement), |fault| vec![fault]);
    if !faults.is_empty() {
        return Err(faults);
    }
    let event = Event::step(today, report.state.label(), State::Confirmed.label(), told(&report.statement));
    let report = Report { state: State::Confirmed, confirmed_by: by.name.clone(), ..report.clone() };
    Ok(Change { report, event })
}

/// Sends a report back, also one that was confirmed: it counts no longer. PROGRESS_STATE.
pub fn send_back(report: &Report, reason: &str, today: Date) -> Result<Change, Fault> {
    if report.state == State::SentBack {
        return Err(Fault::conflict("PROGRESS_STATE", "该月进展已退回"));
    }
    let event = Event::step(today, report.state.label(), State::SentBack.label(), reason);
    let report = Report { state: State::SentBack, confirmed_by: String::new(), ..report.clone() };
    Ok(Change { report, event })
}

/// Everything that is wrong with the amounts beside the confirmed reports of other months: MONTH_ABOVE_CUMULATED,
/// PROGRESS_FALLS, MONTH_DIFFERS, EXPLANATION_MISSING.
fn check(project: &Project, known: &[Report], statement: &Statement) -> Vec<Fault> {
    let Statement { period, month_fen, cumulated_fen, .. } = *statement;
    let confirmed = || known.iter().filter(|report| report.state == State::Confirmed).map(|report| &report.statement);
    let earlier = confirmed().filter(|other| other.period < period).max_by_key(|other| other.period);
    let later = confirmed().filter(|other| other.period > period).min_by_key(|other| other.period);
    let mut faults = Vec::new();
    if month_fen > cumulated_fen {
        let message = format!("本月完成投资{}大于累计完成投资{}", wan_yuan(month_fen), wan_yuan(cumulated_fen));
        faults.push(Fault::cell("month_fen", "MONTH_ABOVE_CUMULATED", message));
    }
    let falls = |from: &Statement, to: &Statement| {
        let (before, after) = (wan_yuan(from.cumulated_fen), wan_yuan(to.cumulated_fen));
        let message = format!("累计完成投资不能减少：{}为{before}，{}为{after}", from.period, to.period);
        Fault::cell("cumulated_fen", "PROGRESS_FALLS", message)
    };
    if let Some(later) = later.filter(|later| later.cumulated_fen < cumulated_fen) {
        faults.push(falls(statement, later));
    }
    match earlier {
        Some(earlier) if earlier.cumulated_fen > cumulated_fen => faults.push(falls(earlier, statement)),
        Some(earlier) => {
            let rise = cumulated_fen - earlier.cumulated_fen;
            // Months without a confirmed report may lie between; then the month is only a part of the rise.
            let next = period.month_back(1) == earlier.period;
            if month_fen > rise || (next && month_fen != rise) {
                let (month, rise) = (wan_yuan(month_fen), wan_yuan(rise));
                let message = format!("本月完成投资{month}与累计数自{}以来的增加额{rise}不符", earlier.period);
                faults.push(Fault::cell("month_fen", "MONTH_DIFFERS", message));
            }
        }
        None => {}
    }
    let total = project.facts.total_fen;
    if cumulated_fen > total && statement.explanation.is_empty() {
        let message = format!("累计完成投资{}超过总投资{}，请填写情况说明", wan_yuan(cumulated_fen), wan_yuan(total));
        faults.push(Fault::cell("explanation", "EXPLANATION_MISSING", message));
    }
    faults
}

fn told(statement: &Statement) -> String {
    format!("{}累计完成投资{}", statement.period, wan_yuan(statement.cumulated_fen))
}
