//! A report (报表): one form, one region, one period, one revision. Types; the rules are in `acts` and `value`.
//!
//! Pure: no SQL, no proto, no clock. Each act that changes a report appends one [`Act`], so the version *is* the
//! number of acts.

pub(crate) mod acts;
pub(crate) mod convert;
pub(crate) mod desk;
pub(crate) mod draft;
pub(crate) mod refusal;
pub(crate) mod service;
pub(crate) mod store;
pub(crate) mod value;

#[cfg(test)]
mod acts_test;

use jiff::civil::Date;
use kit::{Kind, Problem, Result};
use uuid::Uuid;

/// Where a report stands (dictionary §6.2). 未填报 and 逾期 are computed, not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Submitted,
    Reviewed,
    Published,
    SentBack,
    Recalled,
    Exempt,
}

impl State {
    const ALL: [(State, &'static str, &'static str); 7] = [
        (State::Draft, "DRAFT", "填报中"),
        (State::Submitted, "SUBMITTED", "已提交"),
        (State::Reviewed, "REVIEWED", "已审核"),
        (State::Published, "PUBLISHED", "已核定"),
        (State::SentBack, "SENT_BACK", "退回"),
        (State::Recalled, "RECALLED", "撤回"),
        (State::Exempt, "EXEMPT", "免报"),
    ];

    /// How the database spells it.
    pub(crate) fn code(self) -> &'static str {
        State::ALL.iter().find(|(state, ..)| *state == self).map_or("", |(_, code, _)| code)
    }

    /// How people read it.
    pub(crate) fn label(self) -> &'static str {
        State::ALL.iter().find(|(state, ..)| *state == self).map_or("", |(.., label)| label)
    }

    pub(crate) fn of_code(code: &str) -> Option<State> {
        State::ALL.iter().find(|(_, known, _)| *known == code).map(|(state, ..)| *state)
    }

    /// In the reporter's hands: cells may be written, and lateness counts.
    pub(crate) fn is_editable(self) -> bool {
        matches!(self, State::Draft | State::SentBack | State::Recalled)
    }
}

/// What a submission says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Submission {
    Filled,
    /// 零报告: nothing happened. Every typed cell is 0.
    Zero,
    /// 本期无变化: every typed cell is as published for the period before.
    NoChange,
}

impl Submission {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Submission::Filled => "FILLED",
            Submission::Zero => "ZERO",
            Submission::NoChange => "NO_CHANGE",
        }
    }

    pub(crate) fn of_code(code: &str) -> Option<Submission> {
        [Submission::Filled, Submission::Zero, Submission::NoChange].into_iter().find(|kind| kind.code() == code)
    }
}

/// Which value of a cell counts (practice §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// 上报: the typed value, whatever the register says. All that no register computes is of this basis.
    Reported,
    /// 双轨: the typed value where one was typed, with a note; else the register's.
    Both,
    /// 台账: the register's value; nothing can be typed.
    Register,
}

impl Basis {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Basis::Reported => "REPORTED",
            Basis::Both => "BOTH",
            Basis::Register => "REGISTER",
        }
    }

    pub(crate) fn of_code(code: &str) -> Option<Basis> {
        [Basis::Reported, Basis::Both, Basis::Register].into_iter().find(|basis| basis.code() == code)
    }
}

/// One element of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) element: String,
    /// What the register gave when it was last asked; `None` where no register computes it.
    pub(crate) computed: Option<i64>,
    pub(crate) reported: Option<i64>,
    pub(crate) basis: Basis,
    pub(crate) note: String,
    /// What is wrong with the cell, while sent back.
    pub(crate) fault: String,
    /// 不适用: the element does not exist for this region. Not a zero.
    pub(crate) not_applicable: bool,
}

impl Cell {
    pub(crate) fn new(element: &str, basis: Basis, computed: Option<i64>) -> Self {
        Cell {
            element: element.to_owned(),
            computed,
            reported: None,
            basis,
            note: String::new(),
            fault: String::new(),
            not_applicable: false,
        }
    }

    /// The value that counts, by the cell's basis; `None`: not filled, or not applicable.
    pub(crate) fn value(&self) -> Option<i64> {
        if self.not_applicable {
            return None;
        }
        match self.basis {
            Basis::Reported => self.reported,
            Basis::Both => self.reported.or(self.computed),
            Basis::Register => self.computed,
        }
    }

    pub(crate) fn is_filled(&self) -> bool {
        self.not_applicable || self.value().is_some()
    }

    /// True when what counts departs from the register under 双轨, so that a note has to say why.
    pub(crate) fn needs_note(&self) -> bool {
        let departs = match (self.computed, self.reported) {
            (Some(computed), _) if self.not_applicable => computed != 0,
            (Some(computed), Some(reported)) => computed != reported,
            _ => false,
        };
        self.basis == Basis::Both && departs && self.note.trim().is_empty()
    }
}

/// A check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: String,
    /// Hard findings block; soft ones need an explanation.
    pub(crate) hard: bool,
    pub(crate) message: String,
    pub(crate) elements: Vec<String>,
    pub(crate) explanation: String,
}

/// One step in the report's life; never changed, never removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    /// One of the constants in [`act`].
    pub(crate) act: String,
    pub(crate) user: String,
    pub(crate) user_name: String,
    pub(crate) role: String,
    /// Microseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) reason: String,
}

/// The names of acts, as the contract and the database spell them.
pub(crate) mod act {
    pub(crate) const OPEN: &str = "open";
    /// 代填: somebody of the bureau takes the report in hand, with a reason.
    pub(crate) const ON_BEHALF: &str = "on_behalf";
    pub(crate) const SAVE: &str = "save";
    pub(crate) const SUBMIT: &str = "submit";
    pub(crate) const REVIEW: &str = "review";
    pub(crate) const SEND_BACK: &str = "send_back";
    pub(crate) const RECALL: &str = "recall";
    pub(crate) const EXEMPT: &str = "exempt";
    pub(crate) const PUBLISH: &str = "publish";
    pub(crate) const WITHDRAW: &str = "withdraw";
}

/// Who acts, in which role, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) user: &'a str,
    pub(crate) name: &'a str,
    pub(crate) role: &'a str,
    pub(crate) at: i64,
}

/// One form, one region, one period, one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) id: Uuid,
    pub(crate) form: String,
    pub(crate) region: String,
    pub(crate) period: String,
    /// 1, then 2 for the first correction.
    pub(crate) revision: u32,
    pub(crate) state: State,
    pub(crate) submission: Submission,
    pub(crate) cells: Vec<Cell>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) acts: Vec<Act>,
    pub(crate) due_on: Date,
    pub(crate) revision_reason: String,
    /// The register's change counter when the computed values were taken.
    pub(crate) register_counter: Option<i64>,
    /// 补报: handed in after the period was locked, by an unlock.
    pub(crate) late: bool,
}

impl Report {
    /// Increases by one with every act.
    pub(crate) fn version(&self) -> u64 {
        self.acts.len() as u64
    }

    /// Not handed in by its due date. A correction has no due date of its own until it is sent back.
    pub(crate) fn is_overdue(&self, today: Date) -> bool {
        self.is_outstanding() && today > self.due_on
    }

    /// True when the bureau excused the region from this report, published or not.
    pub(crate) fn is_exempt(&self) -> bool {
        self.acts.iter().any(|past| past.act == act::EXEMPT)
    }

    /// True when what was published has been withdrawn.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.acts.iter().any(|past| past.act == act::WITHDRAW)
    }

    /// True while nobody has handed it in. A correction in the making is none: what it corrects stands.
    pub(crate) fn is_outstanding(&self) -> bool {
        self.state.is_editable() && (self.revision == 1 || self.state == State::SentBack)
    }

    /// Why this person fills the report in for its region (代填); None for everybody who does not.
    pub(crate) fn taken_over_by(&self, user: &str) -> Option<&str> {
        let taken = self.acts.iter().rev().find(|past| past.act == act::ON_BEHALF && past.user == user);
        taken.map(|past| past.reason.as_str())
    }

    /// Why somebody else filled in what stands in the cells (代填); None when the region did itself.
    pub(crate) fn on_behalf_reason(&self) -> Option<&str> {
        self.taken_over_by(&self.last_written()?.user)
    }

    /// The last act by which the cells came to be what they are.
    pub(crate) fn last_written(&self) -> Option<&Act> {
        let writes = [act::OPEN, act::ON_BEHALF, act::SAVE, act::SUBMIT];
        self.acts.iter().rev().find(|past| writes.contains(&past.act.as_str()))
    }

    /// The signature that the next step must not repeat: the last one of the chain, unless it was recalled.
    pub(crate) fn last_signature(&self) -> Option<&Act> {
        let steps = [act::SUBMIT, act::REVIEW, act::RECALL, act::SEND_BACK, act::EXEMPT, act::PUBLISH];
        self.acts
            .iter()
            .rev()
            .find(|past| steps.contains(&past.act.as_str()))
            .filter(|last| last.act != act::RECALL && last.act != act::SEND_BACK)
    }

    /// The submission and the reviews that stand for the figures as they are now.
    pub(crate) fn standing_signatures(&self) -> &[Act] {
        let from = self.acts.iter().rposition(|past| past.act == act::SUBMIT || past.act == act::EXEMPT);
        from.map_or(&[], |from| &self.acts[from..])
    }

    /// How many review steps of the chain are signed since the last submission.
    pub(crate) fn reviews_signed(&self) -> usize {
        self.standing_signatures().iter().filter(|past| past.act == act::REVIEW).count()
    }

    /// Refuses a change made on an older version: VERSION_STALE.
    pub(crate) fn check_version(&self, seen: u64) -> Result<()> {
        if seen == self.version() {
            return Ok(());
        }
        Err(Problem::new(Kind::Stale, "VERSION_STALE", "报表已被他人改动，请刷新后再操作")
            .and_field("version", format!("当前版本为 {}", self.version())))
    }
}
