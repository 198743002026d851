//! The lamp of a task: computed from deadline, goals and reports, never stored (dictionary §7.2).
//!
//! | lamp | when |
//! |---|---|
//! | 蓝 | closed |
//! | 红 | overdue, or further below 序时应达 than yellow allows |
//! | 黄 | below 序时应达 by what the plan's lamp data allow, or due within [`NEAR_DAYS`] days below [`NEAR_PERCENT`]% |
//! | 灰 | the report that is due is missing |
//! | 绿 | else |
//!
//! A task shows the worst of its units: 红, 黄, 灰, 绿 in this order.

use city::period::Period;
use city::plan::LampRules;
use jiff::civil::Date;
use registry::{Coded, Fault};

use super::{State, Task};

/// A deadline is near from so many days before it (dictionary §7.2).
pub const NEAR_DAYS: i32 = 30;
/// Below so many per cent a near deadline is yellow (dictionary §7.2).
pub const NEAR_PERCENT: i64 = 80;
/// A month's report is due on this day of the next month (convention, as the monthly forms).
pub const REPORT_DAY: i8 = 5;

/// Colour of a task; from better to worse, so that the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lamp {
    Blue,
    Green,
    Grey,
    Yellow,
    Red,
}

impl Coded for Lamp {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Green, "GREEN"),
        (Self::Yellow, "YELLOW"),
        (Self::Red, "RED"),
        (Self::Blue, "BLUE"),
        (Self::Grey, "GREY"),
    ];
}

impl Lamp {
    pub fn label(self) -> &'static str {
        match self {
            Lamp::Blue => "蓝灯",
            Lamp::Green => "绿灯",
            Lamp::Grey => "灰灯",
            Lamp::Yellow => "黄灯",
            Lamp::Red => "红灯",
        }
    }

    /// A report that shows this lamp must say what is wrong and what follows (check V23).
    pub fn needs_explanation(self) -> bool {
        matches!(self, Lamp::Yellow | Lamp::Red)
    }
}

/// The last report of a unit, as far as a lamp looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latest {
    pub month: Period,
    pub percent: Option<i64>,
}

/// The month of which a report should be here today; none before the task's first month is over.
pub fn month_due(task: &Task, today: Date) -> Option<Period> {
    let this = Period::Month(today.year(), today.month());
    let month = this.month_back(if today.day() > REPORT_DAY { 1 } else { 2 });
    (month.last_day() >= task.start).then_some(month)
}

/// True when the unit's report that is due today is missing.
pub fn is_missing(task: &Task, latest: Option<Latest>, today: Date) -> bool {
    let awaited = !matches!(task.state, State::Done | State::Suspended | State::Cancelled);
    awaited && month_due(task, today).is_some_and(|due| latest.is_none_or(|latest| latest.month < due))
}

/// The lamp of one unit's part; none while the task is out of work by approval.
pub fn of_unit(task: &Task, latest: Option<Latest>, rules: LampRules, today: Date) -> Option<Lamp> {
    match task.state {
        State::Done => return Some(Lamp::Blue),
        State::Suspended | State::Cancelled => return None,
        _ if task.is_overdue(today) => return Some(Lamp::Red),
        _ => {}
    }
    if is_missing(task, latest, today) {
        return Some(Lamp::Grey);
    }
    let percent = latest.and_then(|latest| latest.percent);
    let near = task.state != State::LongTerm && (task.due - today).get_days() <= NEAR_DAYS;
    let waits = task.state == State::DonePendingCheck;
    Some(match percent {
        None if near && !waits => Lamp::Yellow,
        None => Lamp::Green,
        Some(percent) => {
            let expected = task.expected_percent(today);
            let slightly = percent * 100 >= expected * rules.yellow_percent_of_expected
                || expected - percent <= rules.yellow_points;
            if percent < expected && !slightly {
                Lamp::Red
            } else if percent < expected || (near && percent < NEAR_PERCENT) {
                Lamp::Yellow
            } else {
                Lamp::Green
            }
        }
    })
}

/// The task's lamp: what the coordination office fixed, else the worst of its units. Green fixed by hand does not hold
/// beyond the deadline.
pub fn of_task(task: &Task, units: &[Option<Latest>], rules: LampRules, today: Date) -> Option<Lamp> {
    let lamps = units.iter().map(|latest| of_unit(task, *latest, rules, today));
    let computed = lamps.max().flatten();
    match (&task.lamp_override, computed) {
        (Some((Lamp::Green, _)), _) if task.is_overdue(today) => computed,
        (Some((fixed, _)), Some(Lamp::Green | Lamp::Yellow | Lamp::Red | Lamp::Grey)) => Some(*fixed),
        _ => computed,
    }
}

/// Fixes the lamp by hand, or ends that. LAMP_OVERDUE, LAMP_BLUE.
pub fn fix(task: &mut Task, lamp: Option<Lamp>, reason: &str, today: Date) -> Result<(), Fault> {
    match lamp {
        Some(Lamp::Green) if task.is_overdue(today) => {
            Err(Fault::cell("lamp", "LAMP_OVERDUE", format!("任务已于{}逾期，不能定为绿灯", task.due)))
        }
        Some(Lamp::Blue) => Err(Fault::cell("lamp", "LAMP_BLUE", "蓝灯只由核验销号产生，不能人工定")),
        lamp => {
            task.lamp_override = lamp.map(|lamp| (lamp, reason.to_owned()));
            Ok(())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use city::work::TaskKind;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::Goal;
    use super::*;

    pub(crate) fn task(state: State) -> Task {
        let goal = |year, weight| Goal { year, weight, goal: "目标".into() };
        Task {
            id: Uuid::nil(),
            version: 1,
            number: 5,
            region: "530400".into(),
            kind: TaskKind::Quant,
            start: "2023-01-08".parse().unwrap(),
            due: "2025-12-31".parse().unwrap(),
            due_from: "方案期末".into(),
            state,
            leader: String::new(),
            measures: String::new(),
            lamp_override: None,
            applied: None,
            closed_on: None,
            goals: vec![goal(2023, 40), goal(2025, 60)],
        }
    }

    const RULES: LampRules = LampRules { yellow_percent_of_expected: 90, yellow_points: 2 };

    fn lamp(month: &str, percent: Option<i64>, today: &str) -> Option<Lamp> {
        let latest = Latest { month: month.parse().unwrap(), percent };
        of_unit(&task(State::InProgress), Some(latest), RULES, today.parse().unwrap())
    }

    #[test]
    fn a_lamp_follows_deadline_goals_and_reports() {
        assert_eq!(lamp("2024-12", Some(71), "2025-01-06"), Some(Lamp::Green));
        assert_eq!(lamp("2024-12", Some(65), "2025-01-06"), Some(Lamp::Yellow));
        assert_eq!(lamp("2024-12", Some(60), "2025-01-06"), Some(Lamp::Red));
        assert_eq!(lamp("2024-11", Some(100), "2025-01-05"), Some(Lamp::Green), "December is due on the 5th");
        assert_eq!(lamp("2024-11", Some(100), "2025-01-06"), Some(Lamp::Grey));
        assert_eq!(lamp("2025-11", None, "2025-12-05"), Some(Lamp::Yellow), "near, and no share told");
        assert_eq!(lamp("2025-12", Some(100), "2026-01-01"), Some(Lamp::Red));
        let today = "2025-01-06".parse().unwrap();
        assert_eq!(of_unit(&task(State::Done), None, RULES, today), Some(Lamp::Blue));
        assert_eq!(of_unit(&task(State::Suspended), None, RULES, today), None);
        let reported = Some(Latest { month: "2024-12".parse().unwrap(), percent: Some(100) });
        assert_eq!(of_task(&task(State::InProgress), &[reported, None], RULES, today), Some(Lamp::Grey));
    }

    #[test]
    fn green_by_hand_ends_with_the_deadline() {
        let mut task = task(State::InProgress);
        let day = |text: &str| text.parse::<Date>().unwrap();
        fix(&mut task, Some(Lamp::Green), "已协调", day("2025-12-31")).unwrap();
        assert_eq!(of_task(&task, &[None], RULES, day("2025-12-31")), Some(Lamp::Green));
        assert_eq!(of_task(&task, &[None], RULES, day("2026-01-01")), Some(Lamp::Red));
        assert_eq!(fix(&mut task, Some(Lamp::Green), "", day("2026-01-01")).unwrap_err().reason, "LAMP_OVERDUE");
        assert_eq!(fix(&mut task, Some(Lamp::Blue), "", day("2025-01-01")).unwrap_err().reason, "LAMP_BLUE");
    }

    proptest! {
        #[test]
        fn never_green_while_overdue(
            late in 1i64..900, state in 0usize..7, percent in prop::option::of(0i64..=100), fixed: bool, applied_late: bool,
            units in 1usize..5,
        ) {
            let (state, _) = State::CODES[state];
            let mut task = task(state);
            let today = task.due + jiff::Span::new().days(late);
            if state == State::DonePendingCheck {
                task.applied = Some(("u".into(), if applied_late { today } else { task.due }));
            }
            if fixed {
                task.lamp_override = Some((Lamp::Green, "理由".into()));
            }
            let month = Period::Month(today.year(), today.month());
            let reports = vec![Some(Latest { month, percent }); units];
            let lamp = of_task(&task, &reports, RULES, today);
            prop_assert!(!task.is_overdue(today) || lamp == Some(Lamp::Red));
            prop_assert_eq!(lamp == Some(Lamp::Blue), state == State::Done);
            let unfinished = matches!(state, State::NotStarted | State::InProgress);
            prop_assert!(!unfinished || task.is_overdue(today));
        }
    }
}
