//! How soon bureaus answer each other.

use serde::Deserialize;

/// Working days for each answer, counted by the city's calendar. A city that sets none has the usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerWithin {
    /// 形式检查 after an application for an access right.
    pub check: u32,
    /// 审核 after the check.
    pub review: u32,
    /// 授权 after the review.
    pub grant: u32,
    /// The answer to a correction ticket.
    pub correction: u32,
}

impl Default for AnswerWithin {
    fn default() -> Self {
        AnswerWithin { check: 3, review: 10, grant: 5, correction: 10 }
    }
}
