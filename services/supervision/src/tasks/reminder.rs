//! 督办 of a task that lags: 催办, 提醒函, 督办函, 约谈, 通报, one step harder at a time (dictionary §7.2, practice §9).
//! Rules only.

pub mod store;

use jiff::civil::Date;
use registry::{Coded, Fault};
use uuid::Uuid;

use super::lamp::Lamp;
use super::{State, Task};

/// Days that a unit may be given to answer.
const LONGEST: i64 = 90;

/// How hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Urge,
    Letter,
    Supervision,
    Talk,
    Circular,
}

impl Coded for Step {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Urge, "URGE"),
        (Self::Letter, "LETTER"),
        (Self::Supervision, "SUPERVISION"),
        (Self::Talk, "TALK"),
        (Self::Circular, "CIRCULAR"),
    ];
}

impl Step {
    pub fn label(self) -> &'static str {
        match self {
            Step::Urge => "催办",
            Step::Letter => "提醒函",
            Step::Supervision => "督办函",
            Step::Talk => "约谈",
            Step::Circular => "通报",
        }
    }

    fn is_document(self) -> bool {
        matches!(self, Step::Letter | Step::Supervision | Step::Circular)
    }

    fn after(last: Option<Step>) -> Step {
        match last {
            None => Step::Urge,
            Some(Step::Urge) => Step::Letter,
            Some(Step::Letter) => Step::Supervision,
            Some(Step::Supervision) => Step::Talk,
            Some(Step::Talk | Step::Circular) => Step::Circular,
        }
    }
}

/// One that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    pub id: Uuid,
    pub step: Step,
    pub issued_on: Date,
    /// Microseconds: what a unit files later answers it.
    pub issued_at: i64,
    pub document_number: String,
    pub text: String,
    pub answer_by: Date,
    pub issued_by: String,
}

/// May it be issued today? `issued`: those before it, oldest first. TASK_STATE, TASK_ON_TIME, DATE_PAST,
/// DATE_TOO_FAR, DOCUMENT_NUMBER_MISSING, REMINDER_SKIPS_STEP, REMINDER_OPEN.
pub fn check(task: &Task, lamp: Option<Lamp>, issued: &[Reminder], wanted: &Reminder) -> Result<(), Fault> {
    if matches!(task.state, State::Done | State::Suspended | State::Cancelled) {
        return Err(Fault::conflict("TASK_STATE", format!("任务状态为“{}”，不再督办", task.state.label())));
    }
    if !matches!(lamp, Some(Lamp::Yellow | Lamp::Red | Lamp::Grey)) {
        return Err(Fault::conflict("TASK_ON_TIME", "任务没有滞后，也没有漏报，不需要督办"));
    }
    if wanted.answer_by <= wanted.issued_on {
        return Err(Fault::cell("answer_by", "DATE_PAST", "回复期限须在今天以后"));
    }
    if wanted.answer_by > wanted.issued_on.saturating_add(jiff::Span::new().days(LONGEST)) {
        return Err(Fault::cell("answer_by", "DATE_TOO_FAR", format!("回复期限不超过{LONGEST}天")));
    }
    if wanted.step.is_document() && wanted.document_number.is_empty() {
        let message = format!("{}须有文号", wanted.step.label());
        return Err(Fault::cell("document_number", "DOCUMENT_NUMBER_MISSING", message));
    }
    let last = issued.last();
    let next = Step::after(last.map(|last| last.step));
    if wanted.step > next {
        let message = format!("督办逐级加重，现在应为{}", next.label());
        return Err(Fault::cell("step", "REMINDER_SKIPS_STEP", message));
    }
    if let Some(last) = last.filter(|last| last.answer_by >= wanted.issued_on) {
        let message = format!("{}发出的{}回复期限为{}，期满后再发", last.issued_on, last.step.label(), last.answer_by);
        return Err(Fault::conflict("REMINDER_OPEN", message));
    }
    Ok(())
}

/// What the ledger says of a task that is reminded of.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub name: &'a str,
    /// Responsible units, and those of them whose report that is due is missing; empty: none.
    pub units: &'a str,
    pub silent: &'a str,
    pub percent: Option<i64>,
    /// The last month reported; empty: nothing yet.
    pub reported: &'a str,
    pub expected: i64,
}

/// What is written where the office writes nothing itself.
pub fn drafted(standing: &Standing<'_>, task: &Task, answer_by: Date) -> String {
    let Standing { name, units, silent, percent, reported, expected } = standing;
    let mut progress = match (percent, reported.is_empty()) {
        (Some(percent), _) => format!("进度{percent}%"),
        (None, true) => "尚未报送进展".to_owned(),
        (None, false) => format!("已报至{reported}，未报进度百分比"),
    };
    if !silent.is_empty() {
        progress.push_str(&format!("（{silent}本月进展未报）"));
    }
    format!(
        "{units}：{name}完成时限为{}，{progress}，序时应达{expected}%。请查明原因，明确措施和完成时间，于{answer_by}前书面回复。",
        task.due
    )
}

#[cfg(test)]
mod tests {
    use super::super::lamp::tests::task;
    use super::*;

    fn reminder(step: Step, issued_on: &str, answer_by: &str) -> Reminder {
        Reminder {
            id: Uuid::nil(),
            step,
            issued_on: issued_on.parse().unwrap(),
            issued_at: 0,
            document_number: "玉养托办〔2026〕3号".into(),
            text: String::new(),
            answer_by: answer_by.parse().unwrap(),
            issued_by: String::new(),
        }
    }

    #[test]
    fn reminders_grow_harder_one_step_at_a_time_and_leave_time_to_answer() {
        let late = task(State::InProgress);
        let reason = |lamp, issued: &[Reminder], wanted: &Reminder| {
            check(&late, lamp, issued, wanted).map_err(|fault| fault.reason)
        };
        let red = Some(Lamp::Red);
        let urge = reminder(Step::Urge, "2026-02-01", "2026-02-10");
        assert_eq!(reason(red, &[], &urge), Ok(()));
        assert_eq!(reason(Some(Lamp::Green), &[], &urge), Err("TASK_ON_TIME"));
        let letter = reminder(Step::Letter, "2026-02-05", "2026-03-01");
        assert_eq!(reason(red, &[], &letter), Err("REMINDER_SKIPS_STEP"));
        assert_eq!(reason(red, std::slice::from_ref(&urge), &letter), Err("REMINDER_OPEN"));
        let letter = reminder(Step::Letter, "2026-02-11", "2026-03-01");
        assert_eq!(reason(red, std::slice::from_ref(&urge), &letter), Ok(()));
        let bare = Reminder { document_number: String::new(), ..letter.clone() };
        assert_eq!(reason(red, std::slice::from_ref(&urge), &bare), Err("DOCUMENT_NUMBER_MISSING"));
        let softer = reminder(Step::Urge, "2026-03-02", "2026-03-09");
        assert_eq!(reason(red, &[urge, letter], &softer), Ok(()), "a softer step is always open");
        let past = reminder(Step::Urge, "2026-03-02", "2026-03-02");
        assert_eq!(reason(red, &[], &past), Err("DATE_PAST"));
        let far = reminder(Step::Urge, "2026-03-02", "2062-03-02");
        assert_eq!(reason(red, &[], &far), Err("DATE_TOO_FAR"));
        let done = check(&task(State::Done), red, &[], &softer).unwrap_err();
        assert_eq!(done.reason, "TASK_STATE");
    }
}
