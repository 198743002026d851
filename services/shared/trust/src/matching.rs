//! Matching between bureaus without ids (architecture §6): tokens under the secret of an agreement, answers in levels, limits per
//! day and a record of each batch.
//!
//! | room | what for |
//! |---|---|
//! | [`agreement`] | the file of agreements: who may ask whom what, under which secrets |
//! | [`secret`] | one secret, and the tokens made with it |
//! | [`exchange`] | a new secret, and how it comes to the other side |
//! | [`index`] | tokens of the people held here, by agreement and secret |
//! | `asked` | what a start states, as it goes on record |
//! | `limits`, `seats` | what a day may hold, and how many ask at once |
//! | [`store`] | the record of batches, and levels |
//! | [`service`] | `MatchingService` |
//! | [`ask`] | asking another bureau |

pub mod agreement;
pub mod ask;
mod asked;
pub mod exchange;
pub mod index;
mod limits;
mod seats;
pub mod secret;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use kit::{Problem, Result};

pub use agreement::{Agreement, Agreements};
pub use store::STATEMENTS;

/// Bytes of a token: half a SHA-256, of which no two people have the same.
pub const TOKEN: usize = 16;
/// Tokens of one batch at most.
pub const BATCH: usize = 10_000;

/// One person's token under one agreement.
pub type Token = [u8; TOKEN];

/// Everything that a refusal may say, for those who put it into words.
pub const REASONS: &[&str] = &[
    "AGREEMENTS_UNUSABLE",
    "AGREEMENT_ENDED",
    "AGREEMENT_UNKNOWN",
    "BATCH_OUT_OF_ORDER",
    "DATE_INVALID",
    "DAY_NOT_ANSWERED",
    "MATCH_BUSY",
    "MATCH_CAP_REACHED",
    "MATCH_ENUMERATION",
    "MATCH_KEY_UNKNOWN",
    "MATCH_NOT_STARTED",
    "PURPOSE_NOT_AGREED",
    "QUESTION_NOT_AGREED",
    "TOKENS_INVALID",
];

/// Something a bureau answers about its people.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// As agreements name it, in capitals: REGISTERED.
    pub code: &'static str,
    /// Level → what it means; the first is for people who are not there.
    pub titles: &'static [&'static str],
    pub days: Days,
    /// Rows (id of a person, level 1…), at most one a person, as of day `$1`. People who are not answered are at level 0, and
    /// so is whoever is erased.
    pub sql: &'static str,
}

/// The days of which a question can be answered. No register answers of any day: who asks day by day learns when somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// The register keeps no days.
    Today,
    /// Today, and the ends of months before.
    MonthEnds,
}

impl Days {
    /// DAY_NOT_ANSWERED.
    pub fn check(self, day: Date, today: Date) -> Result<()> {
        if day == today || (self == Days::MonthEnds && day < today && day == day.last_of_month()) {
            return Ok(());
        }
        let days = match self {
            Days::Today => "只能问今天",
            Days::MonthEnds => "只能问今天或已过去的月末",
        };
        Err(Problem::field("start.as_of", "DAY_NOT_ANSWERED", format!("此问题{days}（{today}），收到{day}")))
    }
}
