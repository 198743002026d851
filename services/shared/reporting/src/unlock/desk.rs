//! What callers do with locked periods: ask, see, decide.

use jiff::civil::Date;
use kit::{Kind, Problem, Result, retry};
use proto::reporting as wire;
use uuid::Uuid;

use super::{State, Unlock, store};
use crate::forms::approver_role;
use crate::person::Person;
use crate::report::draft::Place;
use crate::{Desk, cursor_invalid};

/// What a list of unlocks is asked for; empty filters ask for all.
pub(crate) struct Listing {
    pub(crate) state: Option<State>,
    pub(crate) form: String,
    pub(crate) period: String,
    pub(crate) size: usize,
    /// Id of the last unlock of the page before.
    pub(crate) cursor: String,
}

impl Desk {
    /// 申请解锁, by whoever would fill the report in: PERIOD_NOT_LOCKED, UNLOCK_WAITING.
    pub(crate) async fn request_unlock(
        &self,
        caller: &dyn Person,
        form: &str,
        region: &str,
        period: &str,
        reason: &str,
    ) -> Result<Unlock> {
        let form = self.form(form)?;
        let period = self.period_begun(form, period)?;
        self.check_region(form, region)?;
        let filler = self.filler(caller, form, region)?;
        let place = Place { form, region, period };
        let today = self.clock.today();
        if form.locks_on(period).is_none_or(|day| today <= day) {
            return Err(Problem::state("PERIOD_NOT_LOCKED", format!("报告期 {period} 尚未锁定，可以直接填报")));
        }
        retry(|| async {
            let mut tx = self.db.begin().await?;
            if store::is_waiting(&mut tx, place).await? {
                let message = "同一报表、地区和报告期的解锁申请正在等待办理";
                return Err(Problem::new(Kind::Exists, "UNLOCK_WAITING", message));
            }
            if store::is_open(&mut tx, place, today).await? {
                return Err(Problem::state("PERIOD_NOT_LOCKED", format!("报告期 {period} 已经解锁，可以直接填报")));
            }
            let signer = self.signer(caller, filler.role)?;
            let period = period.to_string();
            let unlock = Unlock::request(self.clock.id(), &form.code, region, &period, reason, signer)?;
            store::insert(&mut tx, caller.scope(), &unlock).await?;
            tx.commit().await?;
            Ok(unlock)
        })
        .await
    }

    /// A page of the unlocks of the regions that the caller may see, newest first, and the next cursor.
    pub(crate) async fn list_unlocks(&self, caller: &dyn Person, listing: &Listing) -> Result<(Vec<Unlock>, String)> {
        let before = match listing.cursor.as_str() {
            "" => Uuid::max(),
            cursor => cursor.parse().map_err(|_| cursor_invalid())?,
        };
        // One more than asked for tells whether there is a next page.
        let limit = listing.size as i64 + 1;
        let mut page = store::page(&self.db, before, listing.state, &listing.form, &listing.period, limit).await?;
        let more = page.len() > listing.size;
        page.truncate(listing.size);
        let next = page.last().filter(|_| more).map(|last| last.id.to_string()).unwrap_or_default();
        page.retain(|unlock| caller.scope().covers(&unlock.region));
        Ok((page, next))
    }

    /// Grants until a day, or refuses, in the name of the bureau: ROLE_MISSING and what [`Unlock::decide`] refuses.
    pub(crate) async fn decide_unlock(
        &self,
        caller: &dyn Person,
        id: Uuid,
        until_on: Option<Date>,
        reason: &str,
    ) -> Result<Unlock> {
        retry(|| async {
            let mut tx = self.db.begin().await?;
            let mut unlock = store::load(&mut tx, caller.scope(), id).await?;
            let role = approver_role(self.form(&unlock.form)?);
            caller.require(role, self.city_region())?;
            unlock.decide(until_on, reason, self.clock.today(), self.signer(caller, role)?)?;
            store::decide(&mut tx, caller.scope(), &unlock).await?;
            tx.commit().await?;
            Ok(unlock)
        })
        .await
    }
}

/// An unlock as the contract has it.
pub(crate) fn convert(unlock: &Unlock) -> wire::Unlock {
    let state = match unlock.state {
        State::Requested => wire::UnlockState::Requested,
        State::Granted => wire::UnlockState::Granted,
        State::Refused => wire::UnlockState::Refused,
    };
    wire::Unlock {
        id: unlock.id.to_string(),
        form: unlock.form.clone(),
        region: unlock.region.clone(),
        period: unlock.period.clone(),
        state: state as i32,
        reason: unlock.requested.reason.clone(),
        requested_by: unlock.requested.user.clone(),
        requested_by_name: unlock.requested.user_name.clone(),
        requested_at_micros: unlock.requested.at,
        decided_by: unlock.decided.user.clone(),
        decided_by_name: unlock.decided.user_name.clone(),
        decided_at_micros: unlock.decided.at,
        decision_reason: unlock.decided.reason.clone(),
        until_on: unlock.until_on.map(|day| day.to_string()).unwrap_or_default(),
    }
}

/// Unspecified asks for all.
pub(crate) fn state_of(state: wire::UnlockState) -> Option<State> {
    match state {
        wire::UnlockState::Unspecified => None,
        wire::UnlockState::Requested => Some(State::Requested),
        wire::UnlockState::Granted => Some(State::Granted),
        wire::UnlockState::Refused => Some(State::Refused),
    }
}
