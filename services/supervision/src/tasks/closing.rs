//! 销号: applied for with evidence by the first-listed unit, checked by someone else of the coordination office (check
//! V24). Rules only.

use jiff::civil::Date;
use registry::Fault;

use super::{Act, State, Task, next};

/// 申请销号. EVIDENCE_MISSING, TASK_STATE.
pub fn apply(task: &mut Task, evidence: usize, user: &str, today: Date) -> Result<(), Fault> {
    let state = next(task.state, Act::Apply, task.kind)?;
    if evidence == 0 {
        return Err(Fault::conflict("EVIDENCE_MISSING", "申请销号前请先上传至少一件佐证"));
    }
    task.applied = Some((user.to_owned(), today));
    task.state = state;
    Ok(())
}

/// 核验销号 or 驳回, never by the person who applied. SAME_PERSON, TASK_STATE.
pub fn decide(task: &mut Task, confirmed: bool, user: &str, today: Date) -> Result<(), Fault> {
    let state = next(task.state, if confirmed { Act::Confirm } else { Act::Reject }, task.kind)?;
    if task.applied.as_ref().is_some_and(|(by, _)| by == user) {
        return Err(Fault::conflict("SAME_PERSON", "申请人不能核验自己的申请"));
    }
    task.state = state;
    if state == State::Done {
        task.closed_on = Some(today);
    } else {
        task.applied = None;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::lamp::tests::task;
    use super::*;

    #[test]
    fn a_task_is_closed_with_evidence_and_by_another_person() {
        let today = "2025-11-05".parse().unwrap();
        let mut one = task(State::InProgress);
        assert_eq!(apply(&mut one, 0, "u1", today).unwrap_err().reason, "EVIDENCE_MISSING");
        assert_eq!(decide(&mut one, true, "u2", today).unwrap_err().reason, "TASK_STATE");
        apply(&mut one, 1, "u1", today).unwrap();
        assert_eq!(decide(&mut one, true, "u1", today).unwrap_err().reason, "SAME_PERSON");
        decide(&mut one, false, "u2", today).unwrap();
        assert_eq!((one.state, one.applied.clone(), one.closed_on), (State::InProgress, None, None));
        apply(&mut one, 1, "u1", today).unwrap();
        decide(&mut one, true, "u2", today).unwrap();
        assert_eq!((one.state, one.closed_on), (State::Done, Some(today)));
        assert_eq!(apply(&mut one, 1, "u1", today).unwrap_err().reason, "TASK_STATE");
    }
}
