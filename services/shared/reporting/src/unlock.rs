//! 补报 and unlocking: a locked period is opened again for one form and region, when somebody else agrees.
//!
//! Pure: the request and its decision. `desk` is what callers do with it, `store` its table.

pub(crate) mod desk;
pub(crate) mod store;

use jiff::civil::Date;
use kit::{Problem, Result};
use uuid::Uuid;

use crate::report::Signer;
use crate::report::refusal::{same_person, stated};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Requested,
    Granted,
    Refused,
}

impl State {
    const ALL: [(State, &'static str); 3] =
        [(State::Requested, "REQUESTED"), (State::Granted, "GRANTED"), (State::Refused, "REFUSED")];

    /// How the database spells it.
    pub(crate) fn code(self) -> &'static str {
        State::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, code)| code)
    }

    pub(crate) fn of_code(code: &str) -> Option<State> {
        State::ALL.iter().find(|(_, known)| *known == code).map(|(state, _)| *state)
    }
}

/// Who signed, when, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) user: String,
    pub(crate) user_name: String,
    /// Microseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) reason: String,
}

impl Signature {
    fn of(signer: Signer<'_>, reason: String) -> Signature {
        Signature { user: signer.user.to_owned(), user_name: signer.name.to_owned(), at: signer.at, reason }
    }
}

/// A request to open a locked period, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unlock {
    pub(crate) id: Uuid,
    pub(crate) form: String,
    pub(crate) region: String,
    pub(crate) period: String,
    pub(crate) state: State,
    pub(crate) requested: Signature,
    /// Empty until decided.
    pub(crate) decided: Signature,
    /// Last day on which a report may be opened and handed in; only when granted.
    pub(crate) until_on: Option<Date>,
}

impl Unlock {
    /// REASON_NEEDED, TEXT_TOO_LONG.
    pub(crate) fn request(
        id: Uuid,
        form: &str,
        region: &str,
        period: &str,
        reason: &str,
        signer: Signer<'_>,
    ) -> Result<Unlock> {
        Ok(Unlock {
            id,
            form: form.to_owned(),
            region: region.to_owned(),
            period: period.to_owned(),
            state: State::Requested,
            requested: Signature::of(signer, stated("reason", reason)?),
            decided: Signature::default(),
            until_on: None,
        })
    }

    /// Grants until a day, or refuses (`until_on` None): ALREADY_DECIDED, SAME_PERSON, REASON_NEEDED, UNTIL_PAST.
    pub(crate) fn decide(
        &mut self,
        until_on: Option<Date>,
        reason: &str,
        today: Date,
        signer: Signer<'_>,
    ) -> Result<()> {
        if self.state != State::Requested {
            return Err(Problem::state("ALREADY_DECIDED", "该解锁申请已经办理"));
        }
        if self.requested.user == signer.user {
            return Err(same_person());
        }
        let reason = stated("reason", reason)?;
        if until_on.is_some_and(|until| until < today) {
            return Err(Problem::field("until_on", "UNTIL_PAST", "解锁截止日期不能早于今天"));
        }
        self.state = if until_on.is_some() { State::Granted } else { State::Refused };
        self.decided = Signature::of(signer, reason);
        self.until_on = until_on;
        Ok(())
    }
}
