//! 任务台账: the states of a task and who may move it (dictionary §7.2). Rules only.
//!
//! ```text
//! NOT_STARTED ─accept or first report▶ IN_PROGRESS (LONG_TERM for 长期坚持) ─apply▶ DONE_PENDING_CHECK ─confirm▶ DONE
//!                                            ▲──────────────reject────────────────────┘
//! approved adjustment: ─suspend▶ SUSPENDED ─resume▶ back;  ─cancel▶ CANCELLED
//! ```

pub mod adjustment;
pub mod closing;
pub mod door;
pub mod lamp;
pub mod load;
pub mod progress;
pub mod reminder;
pub mod service;
pub mod store;
mod view;

#[cfg(test)]
mod acts_test;

use city::bundle::City;
use city::work::TaskKind;
use jiff::civil::Date;
use kit::{Problem, Result};
use registry::{Coded, Fault};
use uuid::Uuid;

use lamp::Lamp;

/// Characters that a free text of a report may have (dictionary §7.2).
pub const LONGEST_TEXT: usize = 300;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    NotStarted,
    InProgress,
    DonePendingCheck,
    Done,
    LongTerm,
    Suspended,
    Cancelled,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::NotStarted, "NOT_STARTED"),
        (Self::InProgress, "IN_PROGRESS"),
        (Self::DonePendingCheck, "DONE_PENDING_CHECK"),
        (Self::Done, "DONE"),
        (Self::LongTerm, "LONG_TERM"),
        (Self::Suspended, "SUSPENDED"),
        (Self::Cancelled, "CANCELLED"),
    ];
}

impl State {
    /// As people read it in the history.
    pub fn label(self) -> &'static str {
        match self {
            State::NotStarted => "未启动",
            State::InProgress => "推进中",
            State::DonePendingCheck => "申请销号",
            State::Done => "已完成（已销号）",
            State::LongTerm => "长期推进",
            State::Suspended => "暂缓",
            State::Cancelled => "取消",
        }
    }

    /// The state in which a task of the kind is worked on.
    pub fn under_way(kind: TaskKind) -> State {
        if kind == TaskKind::LongTerm { State::LongTerm } else { State::InProgress }
    }
}

/// What moves a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Accept,
    Report,
    Apply,
    Confirm,
    Reject,
    Suspend,
    Resume,
    Cancel,
}

impl Act {
    fn label(self) -> &'static str {
        match self {
            Act::Accept => "签收",
            Act::Report => "填报",
            Act::Apply => "申请销号",
            Act::Confirm => "核验销号",
            Act::Reject => "驳回销号",
            Act::Suspend => "暂缓",
            Act::Resume => "恢复推进",
            Act::Cancel => "取消",
        }
    }
}

/// The state after an act; TASK_STATE where the state does not allow it.
pub fn next(state: State, act: Act, kind: TaskKind) -> Result<State, Fault> {
    let under_way = State::under_way(kind);
    Ok(match (state, act) {
        (State::NotStarted, Act::Accept | Act::Report) => under_way,
        (State::InProgress | State::LongTerm | State::DonePendingCheck, Act::Report) => state,
        (State::InProgress | State::LongTerm, Act::Apply) => State::DonePendingCheck,
        (State::DonePendingCheck, Act::Confirm) => State::Done,
        (State::DonePendingCheck, Act::Reject) => under_way,
        (State::NotStarted | State::InProgress | State::LongTerm, Act::Suspend) => State::Suspended,
        (State::Suspended, Act::Resume) => under_way,
        (State::NotStarted | State::InProgress | State::LongTerm | State::Suspended, Act::Cancel) => State::Cancelled,
        _ => {
            let message = format!("任务状态为“{}”，不能{}", state.label(), act.label());
            return Err(Fault::conflict("TASK_STATE", message));
        }
    })
}

/// A goal of one year, as it stands after adjustments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    pub year: i16,
    pub goal: String,
    /// Per cent of the whole; a task's weights add up to 100.
    pub weight: i64,
}

/// What changes about a task; its number, text and units stay in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: Uuid,
    pub version: i64,
    /// Number in annex 2.
    pub number: u32,
    /// The city's own code: whose plan it is.
    pub region: String,
    pub kind: TaskKind,
    pub start: Date,
    pub due: Date,
    pub due_from: String,
    pub state: State,
    pub leader: String,
    pub measures: String,
    /// 人工定灯 and its reason.
    pub lamp_override: Option<(Lamp, String)>,
    /// User id of who applied for closure, and when.
    pub applied: Option<(String, Date)>,
    pub closed_on: Option<Date>,
    /// In the order of years.
    pub goals: Vec<Goal>,
}

impl Task {
    /// Past its deadline and neither closed nor out of work by approval. One that applied in time waits for the
    /// coordination office and is not late.
    pub fn is_overdue(&self, today: Date) -> bool {
        let late = |day: Date| day > self.due;
        match self.state {
            State::NotStarted | State::InProgress => late(today),
            State::DonePendingCheck => late(self.applied.as_ref().map_or(today, |(_, on)| *on)),
            // A long-term task goes on after its date; its lamp follows its goals.
            State::LongTerm | State::Done | State::Suspended | State::Cancelled => false,
        }
    }

    /// 序时应达, whole per cent: the share of a goal grows evenly up to the end of its
    /// year, that of the last goal up to the deadline.
    pub fn expected_percent(&self, today: Date) -> i64 {
        let (mut from, mut done) = (self.start, 0);
        for (at, goal) in self.goals.iter().enumerate() {
            let is_last = at + 1 == self.goals.len();
            let to = if is_last { self.due } else { jiff::civil::date(goal.year, 12, 31).min(self.due) };
            if today >= to {
                done += goal.weight;
                from = from.max(to);
                continue;
            }
            let days = |a: Date, b: Date| i64::from((b - a).get_days()).max(0);
            let whole = days(from, to);
            return if whole == 0 { done } else { done + goal.weight * days(from, today).min(whole) / whole };
        }
        done.min(100)
    }
}

/// Responsible units of a task, codes in the plan's order.
pub fn units(city: &City, number: u32) -> &[String] {
    city.plan.tasks.iter().find(|task| task.number == number).map_or(&[], |task| task.organisations.as_slice())
}

/// The organisation that a person's unit means: its code, or a name it has or had. UNIT_UNKNOWN.
pub fn unit_of(city: &City, unit: &str) -> Result<String> {
    let unit = unit.trim();
    city.organisation_called(unit)
        .map(|organisation| organisation.code.clone())
        .ok_or_else(|| Problem::field("unit", "UNIT_UNKNOWN", format!("单位名录中没有“{unit}”")))
}

/// A unit's name in the plan; its code where the list lacks it.
pub fn unit_name(city: &City, code: &str) -> String {
    city.organisation(code).map_or_else(|| code.to_owned(), |unit| unit.name_in_plan.clone())
}

/// A text of at most [`LONGEST_TEXT`] characters, trimmed, or TEXT_TOO_LONG.
pub fn short_text(field: &'static str, title: &str, text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let length = text.chars().count();
    if length > LONGEST_TEXT {
        let message = format!("{title}不超过{LONGEST_TEXT}字，现有{length}字");
        return Err(Fault::cell(field, "TEXT_TOO_LONG", message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_expected_share_follows_the_goals_from_year_end_to_year_end() {
        let task = lamp::tests::task(State::InProgress);
        let expected = |day: &str| task.expected_percent(day.parse().unwrap());
        assert_eq!(expected("2022-12-31"), 0);
        assert_eq!(expected("2023-12-31"), 40);
        assert_eq!(expected("2024-12-31"), 70, "half of two years is half of the second goal");
        assert_eq!(expected("2025-12-31"), 100);
        assert_eq!(expected("2027-01-01"), 100);
        let later = Task { due: "2026-12-31".parse().unwrap(), ..task };
        assert_eq!(
            later.expected_percent("2025-12-31".parse().unwrap()),
            80,
            "a later deadline stretches the last goal"
        );
    }

    #[test]
    fn a_unit_is_known_by_code_and_by_every_name() {
        let city = City::embedded();
        for unit in ["RMYH", "人民银行玉溪市中心支行", "中国人民银行玉溪市分行"] {
            assert_eq!(unit_of(&city, unit).unwrap(), "RMYH");
        }
        assert_eq!(unit_of(&city, "").unwrap_err().reason, "UNIT_UNKNOWN");
        assert_eq!(units(&city, 3), ["WJW", "JTJ", "FGW"]);
    }

    proptest! {
        #[test]
        fn nothing_is_done_but_by_confirmation_and_nothing_leaves_the_end(acts in prop::collection::vec(0usize..8, 0..30), long: bool) {
            let all = [Act::Accept, Act::Report, Act::Apply, Act::Confirm, Act::Reject, Act::Suspend, Act::Resume, Act::Cancel];
            let kind = if long { TaskKind::LongTerm } else { TaskKind::Quant };
            let mut state = State::NotStarted;
            for act in acts.into_iter().map(|n| all[n]) {
                let Ok(after) = next(state, act, kind) else { continue };
                prop_assert!(!matches!(state, State::Done | State::Cancelled));
                prop_assert_eq!(after == State::Done, act == Act::Confirm && state == State::DonePendingCheck);
                state = after;
            }
        }
    }
}
