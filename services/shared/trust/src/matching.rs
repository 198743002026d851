//! Matching between bureaus without ids (architecture §6): tokens under the secret of an agreement, answers in levels, a cap per
//! day and a record of each batch.
//!
//! | room | what for |
//! |---|---|
//! | [`agreement`] | the file of agreements: who may ask whom what, under which secrets |
//! | [`index`] | tokens of the people held here, by agreement |
//! | [`store`] | the record of batches |
//! | [`service`] | `MatchingService`, and the caps |
//! | [`ask`] | asking another bureau |

pub mod agreement;
pub mod ask;
pub mod index;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, Agreements};
pub use store::STATEMENTS;

/// Bytes of a token: half a SHA-256, of which no two people have the same.
pub const TOKEN: usize = 16;

/// One person's token under one agreement.
pub type Token = [u8; TOKEN];

/// Something a bureau answers about its people.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// As agreements name it, REGISTERED.
    pub code: &'static str,
    /// Level → what it means; the first is for people who are not there.
    pub titles: &'static [&'static str],
    /// Rows (id of a person, level 1…), at most one a person, as of day `$1`. People who are not answered are at level 0.
    pub sql: &'static str,
}
