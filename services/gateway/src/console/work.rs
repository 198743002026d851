//! Pages of the daily work: 我的工作, 套表, one report, 审核核定, 未报清单. Pure like all pages: what they show is what
//! they are given; what a person may do on them the bureau has said, and judges again when it is done.

pub mod basis;
pub mod filling;
pub mod outstanding;
pub mod package;
pub mod review;
pub mod unlocks;
pub mod worklist;

mod cells;

pub use cells::{as_units, shown};

/// A moment as people read it: `2026-11-05 09:30`.
pub(crate) fn instant(micros: i64) -> String {
    kit::clock::local(micros).strftime("%Y-%m-%d %H:%M").to_string()
}

/// How a report stands, in a word and a tone: ok, now, ask, red, grey.
pub(crate) fn state(state: proto::reporting::ReportState, overdue: bool) -> (&'static str, &'static str) {
    use proto::reporting::ReportState::*;
    match (state, overdue) {
        (NotStarted | Unspecified, true) => ("逾期未报", "red"),
        (NotStarted | Unspecified, false) => ("未填报", "grey"),
        (Draft, true) => ("逾期，填报中", "red"),
        (Draft, false) => ("填报中", "now"),
        (SentBack, _) => ("退回待改", "ask"),
        (Recalled, _) => ("已撤回", "ask"),
        (Submitted, _) => ("待审核", "now"),
        (Reviewed, _) => ("待核定", "now"),
        (Published, _) => ("已核定", "ok"),
        (Exempt, _) => ("免报", "ok"),
    }
}
