//! Correction tickets (数据校核): whoever uses this service's data says what looks wrong in it, and its owner answers.
//! [`state`] says who may do what when, [`subject`] what a ticket may be about.

pub(crate) mod service;
mod state;
mod store;
mod subject;

#[cfg(test)]
mod tests;

use kit::{Problem, Result};

pub use store::STATEMENTS;

/// Longer texts are documents, not tickets.
const LONGEST: usize = 2_000;

/// A text that somebody wrote, trimmed: TEXT_TOO_LONG, PERSONAL_DATA_IN_TEXT. The refusal does not repeat it.
fn harmless<'t>(field: &str, text: &'t str) -> Result<&'t str> {
    let text = text.trim();
    if text.chars().count() > LONGEST {
        return Err(Problem::field(field, "TEXT_TOO_LONG", format!("不能超过{LONGEST}字")));
    }
    match contract::personal::carried(text) {
        Some(carried) => {
            let message = format!("内容中含有{}，请删去，用记录标识指明", carried.title());
            Err(Problem::field(field, "PERSONAL_DATA_IN_TEXT", message))
        }
        None => Ok(text),
    }
}
