//! Monthly progress: what a unit files about its own part, and what the first-listed unit sums up. Rules only.

use city::period::Period;
use jiff::civil::Date;
use kit::{Problem, Result};
use registry::Fault;

use super::lamp::Lamp;
use super::{Task, short_text};

/// One unit's report of one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Organisation code.
    pub unit: String,
    pub month: Period,
    /// Of the unit's part in the whole task.
    pub percent: Option<i64>,
    pub progress: String,
    pub problem: String,
    pub next_step: String,
    pub filed_by: String,
    pub filed_at: i64,
    /// Why the coordination office filed for the unit; empty when the unit did.
    pub on_behalf_reason: String,
}

/// The first-listed unit's summary of one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub month: Period,
    pub percent: Option<i64>,
    pub summary: String,
    pub filed_by: String,
    pub filed_at: i64,
}

/// For which unit a person files: for their own when it is one of the task's; the coordination office for any of them
/// with a reason. TASK_NOT_YOURS, UNIT_NOT_OF_TASK, ON_BEHALF_REASON_MISSING.
pub fn filing_unit(
    units: &[String],
    own: Option<&str>,
    asked: Option<&str>,
    is_taskforce: bool,
    reason: &str,
) -> Result<String> {
    match (own, asked) {
        (Some(own), None) | (Some(own), Some(_)) if asked.is_none_or(|asked| asked == own) && named(units, own) => {
            Ok(own.to_owned())
        }
        (_, Some(asked)) if is_taskforce => {
            if !named(units, asked) {
                return Err(Problem::field("unit", "UNIT_NOT_OF_TASK", "该单位不是此项任务的责任单位"));
            }
            if reason.is_empty() {
                return Err(Problem::field("on_behalf_reason", "ON_BEHALF_REASON_MISSING", "代填须写明事由"));
            }
            Ok(asked.to_owned())
        }
        (_, None) if is_taskforce => Err(Problem::field("unit", "UNIT_MISSING", "请选择代填的单位")),
        _ => Err(not_yours()),
    }
}

/// Demands that the person's unit is the first-listed one: TASK_NOT_YOURS.
pub fn first_unit(units: &[String], own: Option<&str>) -> Result<()> {
    match units.first() {
        Some(first) if own == Some(first.as_str()) => Ok(()),
        _ => Err(Problem::forbidden("TASK_NOT_YOURS", "此事项由任务的首列单位办理，您所在单位不是首列单位")),
    }
}

/// The refusal of work on another unit's task.
pub fn not_yours() -> Problem {
    Problem::forbidden("TASK_NOT_YOURS", "此项任务的责任单位不含您所在单位，不能办理")
}

fn named(units: &[String], unit: &str) -> bool {
    units.iter().any(|one| one == unit)
}

/// A month of the task that has begun. MONTH_INVALID, MONTH_IN_FUTURE, MONTH_BEFORE_START.
pub fn month(task: &Task, text: &str, today: Date) -> Result<Period, Fault> {
    let Ok(month @ Period::Month(..)) = text.trim().parse::<Period>() else {
        return Err(Fault::cell("month", "MONTH_INVALID", "月份应写作2025-10的形式"));
    };
    if month.first_day() > today {
        return Err(Fault::cell("month", "MONTH_IN_FUTURE", format!("{month}尚未开始")));
    }
    if month.last_day() < task.start {
        return Err(Fault::cell("month", "MONTH_BEFORE_START", format!("任务自{}起", task.start)));
    }
    Ok(month)
}

/// 0 to 100, or PERCENT_OUT_OF_RANGE.
pub fn percent(percent: Option<i64>) -> Result<Option<i64>, Fault> {
    match percent {
        Some(value) if !(0..=100).contains(&value) => {
            Err(Fault::cell("percent", "PERCENT_OUT_OF_RANGE", "完成进度应为0至100的整数"))
        }
        percent => Ok(percent),
    }
}

/// The three texts, trimmed: 进展 is required, none is longer than 300 characters.
pub fn texts(progress: &str, problem: &str, next_step: &str) -> Result<[String; 3], Vec<Fault>> {
    let mut cells = registry::Cells::default();
    cells.required("progress", "进展", progress);
    let read = [("progress", "进展", progress), ("problem", "问题", problem), ("next_step", "下步", next_step)]
        .map(|(field, title, text)| cells.take(short_text(field, title, text)).unwrap_or_default());
    if cells.faults.is_empty() { Ok(read) } else { Err(cells.faults) }
}

/// Check V23: under a yellow or red lamp 问题 and 下步 are told. PROBLEM_MISSING, NEXT_STEP_MISSING.
pub fn check_explained(lamp: Option<Lamp>, problem: &str, next_step: &str) -> Result<(), Vec<Fault>> {
    let Some(lamp) = lamp.filter(|lamp| lamp.needs_explanation()) else { return Ok(()) };
    let missing = |field, reason, title: &str| {
        Fault::cell(field, reason, format!("按所填进度此项为{}，请填写{title}", lamp.label()))
    };
    let mut faults = Vec::new();
    if problem.is_empty() {
        faults.push(missing("problem", "PROBLEM_MISSING", "问题"));
    }
    if next_step.is_empty() {
        faults.push(missing("next_step", "NEXT_STEP_MISSING", "下步"));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(own: Option<&str>, asked: Option<&str>, taskforce: bool, reason: &str) -> Result<String, &'static str> {
        let units = ["WJW".to_owned(), "JTJ".to_owned()];
        filing_unit(&units, own, asked, taskforce, reason).map_err(|problem| problem.reason)
    }

    #[test]
    fn a_unit_files_for_itself_and_the_taskforce_for_a_unit_with_a_reason() {
        assert_eq!(unit(Some("JTJ"), None, false, ""), Ok("JTJ".into()));
        assert_eq!(unit(Some("JTJ"), Some("JTJ"), false, ""), Ok("JTJ".into()));
        assert_eq!(unit(Some("JTJ"), Some("WJW"), false, "忙"), Err("TASK_NOT_YOURS"));
        assert_eq!(unit(Some("MZJ"), None, false, ""), Err("TASK_NOT_YOURS"));
        assert_eq!(unit(None, Some("WJW"), false, "忙"), Err("TASK_NOT_YOURS"));
        assert_eq!(unit(Some("ZB"), Some("WJW"), true, ""), Err("ON_BEHALF_REASON_MISSING"));
        assert_eq!(unit(Some("ZB"), Some("WJW"), true, "电话报送"), Ok("WJW".into()));
        assert_eq!(unit(Some("ZB"), Some("MZJ"), true, "电话报送"), Err("UNIT_NOT_OF_TASK"));
        assert_eq!(unit(Some("ZB"), None, true, "电话报送"), Err("UNIT_MISSING"));
    }

    #[test]
    fn texts_are_short_and_a_bad_lamp_is_explained() {
        let long = "字".repeat(301);
        let faults = texts(&long, "", "").unwrap_err();
        assert_eq!((faults[0].field, faults[0].reason), ("progress", "TEXT_TOO_LONG"));
        assert!(texts(&"字".repeat(300), "", "").is_ok());
        assert_eq!(texts(" ", "", "").unwrap_err()[0].reason, "FIELD_MISSING");
        let reasons = |lamp| check_explained(lamp, "", "").unwrap_err().iter().map(|f| f.reason).collect::<Vec<_>>();
        assert_eq!(reasons(Some(Lamp::Red)), ["PROBLEM_MISSING", "NEXT_STEP_MISSING"]);
        assert!(
            check_explained(Some(Lamp::Green), "", "").is_ok()
                && check_explained(Some(Lamp::Yellow), "缺", "补").is_ok()
        );
        assert_eq!(percent(Some(101)).unwrap_err().reason, "PERCENT_OUT_OF_RANGE");
    }
}
