//! What is wrong with one row or one form, cell by cell: the same words whether it came by sheet or by hand.

use kit::{Kind, Problem};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Field of the row message; empty when the row as a whole is at fault.
    pub field: &'static str,
    /// Stable reason code.
    pub reason: &'static str,
    /// In Chinese.
    pub message: String,
    /// 冲突: the cells are fine, but the register or the file says otherwise.
    pub conflict: bool,
}

impl Fault {
    /// A cell that is wrong whatever the register holds.
    pub fn cell(field: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Fault { field, reason, message: message.into(), conflict: false }
    }

    /// A row that contradicts the register or its own file.
    pub fn conflict(reason: &'static str, message: impl Into<String>) -> Self {
        Fault { field: "", reason, message: message.into(), conflict: true }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if fault.conflict {
            Problem::new(Kind::State, fault.reason, fault.message)
        } else if fault.field.is_empty() {
            Problem::new(Kind::Invalid, fault.reason, fault.message)
        } else {
            Problem::field(fault.field, fault.reason, fault.message)
        }
    }
}

/// One problem that names every field at fault; its reason is the first fault's.
pub fn problem_of(faults: Vec<Fault>) -> Problem {
    let mut faults = faults.into_iter();
    let Some(first) = faults.next() else { return Problem::internal("a refusal without a fault") };
    faults.fold(first.into(), |problem: Problem, fault| problem.and_field(fault.field, fault.message))
}
