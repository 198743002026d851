//! Who acts, as the registers of this service see a caller.

use kit::Result;
use registry::{Author, Bureau};
use trust::{Caller, Scope};

use crate::tasks::unit_of;

/// The coordination office's role.
const TASKFORCE: &str = "TASKFORCE_ADMIN";

/// A person, where they may act, and the organisation that their unit means.
#[derive(Clone, Debug)]
pub struct Actor {
    /// User id.
    pub user: String,
    pub author: Author,
    pub scope: Scope,
    /// Organisation code; none where the unit is not of the plan's list, a village or an institution.
    pub unit: Option<String>,
    /// Holds the coordination office's role for the whole city.
    pub is_taskforce: bool,
}

impl Actor {
    /// The person behind a call. ASSERTION_MISSING.
    pub fn of(bureau: &Bureau, caller: &Caller) -> Result<Actor> {
        let user = caller.user()?;
        Ok(Actor {
            user: user.id.clone(),
            author: bureau.author(caller)?,
            scope: caller.scope.clone(),
            unit: unit_of(&bureau.city, &user.unit).ok(),
            is_taskforce: caller.holds(TASKFORCE, bureau.city_code()),
        })
    }
}
