//! Texts that people write: reasons, doubts, answers. None may carry the number of a person.

use kit::{Problem, Result};

/// Longer texts are documents.
const LONGEST: usize = 2_000;

/// A text, trimmed: TEXT_TOO_LONG, PERSONAL_DATA_IN_TEXT. The refusal does not repeat it.
pub fn harmless<'t>(field: &str, text: &'t str) -> Result<&'t str> {
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

/// The same where something must be said: FIELD_MISSING.
pub fn stated<'t>(field: &str, text: &'t str, missing: &str) -> Result<&'t str> {
    match harmless(field, text)? {
        "" => Err(Problem::field(field, "FIELD_MISSING", missing)),
        text => Ok(text),
    }
}
