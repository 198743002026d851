//! How a refused act reads: the problems of a report, and the texts that people have to give.

use kit::{Problem, Result};

use super::Finding;

/// Characters of a note, a reason or an explanation at most.
const TEXT_MOST: usize = 500;

/// A finding that keeps a report from being submitted.
pub(crate) fn unmet(finding: &Finding, reason: &'static str) -> Problem {
    let advice = if finding.hard { "" } else { "，请说明原因（不少于 10 个字）" };
    let message = format!("{} {}{advice}", finding.check, finding.message);
    let mut problem = Problem::state(reason, &message);
    problem = problem.and_field(&finding.check, &message);
    for element in &finding.elements {
        problem = problem.and_field(element, &message);
    }
    problem
}

pub(crate) fn note_needed(element: &str) -> Problem {
    Problem::field(element, "NOTE_NEEDED", "填报数与台账数不一致，请在备注中说明")
}

pub(crate) fn same_person() -> Problem {
    Problem::forbidden("SAME_PERSON", "相邻两个环节不能由同一人办理")
}

/// The first problem, with the fields of all: a person sees everything that is wrong at once.
pub(crate) fn all_of(problems: impl IntoIterator<Item = Problem>) -> Result<()> {
    let mut problems = problems.into_iter();
    let Some(mut first) = problems.next() else { return Ok(()) };
    first.fields.extend(problems.flat_map(|problem| problem.fields));
    Err(first)
}

/// A reason that has to be given: REASON_NEEDED, TEXT_TOO_LONG.
pub(crate) fn stated(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::field(field, "REASON_NEEDED", "请写明原因"));
    }
    within(field, text)?;
    Ok(text.to_owned())
}

pub(crate) fn within(field: &str, text: &str) -> Result<()> {
    if text.chars().count() > TEXT_MOST {
        return Err(Problem::field(field, "TEXT_TOO_LONG", format!("文字不能超过 {TEXT_MOST} 个字")));
    }
    Ok(())
}
