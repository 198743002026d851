//! What a consumer states when it begins, as it goes on record: what is not well formed stays out, whatever it carries.

use jiff::civil::Date;
use kit::{Clock, Problem, Result};
use proto::trust as wire;

use super::Agreement;
use super::store::Batch;
use crate::caller::Caller;

/// Letters of a name that is not known here.
const NAME: usize = 40;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    pub(super) consumer: String,
    /// What its access right is for; none where it needs none.
    pub(super) purpose: Option<String>,
}

impl Asker {
    pub(super) fn of(caller: &Caller) -> Asker {
        let purpose = caller.right().map(|right| right.purpose.clone());
        Asker { consumer: caller.identity.rule_name().to_owned(), purpose }
    }

    /// PURPOSE_NOT_AGREED: the right is for something else than the agreement.
    pub(super) fn check(&self, agreement: &Agreement) -> Result<()> {
        match &self.purpose {
            Some(purpose) if *purpose != agreement.purpose => {
                let message = format!("比对协议“{}”的用途与共享授权的用途不同", agreement.id);
                Err(Problem::forbidden("PURPOSE_NOT_AGREED", message))
            }
            _ => Ok(()),
        }
    }
}

/// What is asked, as the record of batches keeps it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) agreement: String,
    /// True where the agreement is one of this consumer's.
    pub(super) known: bool,
    pub(super) consumer: String,
    purpose: String,
    question: String,
    pub(super) as_of: String,
}

impl Asked {
    pub(super) fn nothing(asker: &Asker) -> Asked {
        Asked { consumer: asker.consumer.clone(), ..Asked::default() }
    }

    pub(super) fn stated(asker: &Asker, start: &wire::MatchStart) -> Asked {
        Asked {
            agreement: name(&start.agreement),
            question: name(&start.question),
            as_of: day(&start.as_of).map(|day| day.to_string()).unwrap_or_default(),
            ..Asked::nothing(asker)
        }
    }

    /// The agreement was found to be this consumer's.
    pub(super) fn by(&mut self, agreement: &Agreement) {
        self.known = true;
        self.agreement.clone_from(&agreement.id);
        self.purpose.clone_from(&agreement.purpose);
    }

    pub(super) fn batch(&self, clock: &Clock, (tokens, hits): (i64, i64), refused: &str) -> Batch {
        Batch {
            id: clock.id(),
            at_micros: clock.micros(),
            agreement: self.agreement.clone(),
            consumer: self.consumer.clone(),
            purpose: self.purpose.clone(),
            question: self.question.clone(),
            as_of: self.as_of.clone(),
            tokens,
            hits,
            refused: refused.to_owned(),
        }
    }
}

/// The one form in which a day is written: texts are compared. DATE_INVALID.
pub(super) fn day(text: &str) -> Result<Date> {
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.ok_or_else(|| Problem::field("start.as_of", "DATE_INVALID", "日期应写作2025-11-05的形式"))
}

/// What of a text looks like a name: no digits, which might be somebody's.
fn name(text: &str) -> String {
    text.chars().take(NAME).take_while(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stated_carries_nothing_onto_the_record() {
        let start = |question: &str, as_of: &str| wire::MatchStart {
            agreement: "one-530402195001010018".into(),
            question: question.into(),
            as_of: as_of.into(),
            ..wire::MatchStart::default()
        };
        let record = |question: &str, as_of: &str| {
            let asked = Asked::stated(&Asker::default(), &start(question, as_of));
            (asked.agreement, asked.question, asked.as_of)
        };
        let said = ("one-".to_owned(), "REGISTERED".to_owned(), "2026-10-31".to_owned());
        assert_eq!(record("REGISTERED", "2026-10-31"), said);
        assert_eq!(record("REGISTERED 530402195001010018", "530402195001010018").1, "REGISTERED");
        for wrong in ["20261031", "2026-10-31T00:00:00", "2026-W44-6", " 2026-10-31", "李虚", ""] {
            assert_eq!(day(wrong).unwrap_err().reason, "DATE_INVALID", "{wrong}");
            assert_eq!(record("x", wrong).2, "", "{wrong}");
        }
        assert_eq!(record(&"李虚".repeat(9), "2026-10-31").1, "");
        assert_eq!(record(&"A".repeat(99), "2026-10-31").1.len(), NAME);
    }
}
