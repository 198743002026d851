//! The grants of one service: role × region per person. The service that owns the data decides, whoever vouched for
//! the person; nobody gives anything to themselves, and nobody gives what reaches further than their own office.

pub(crate) mod service;
mod store;

use kit::{Kind, Problem, Result};

use crate::caller::Caller;
use crate::roles::{self, Level};

pub use store::{STATEMENTS, migrate, of_user, seed};

/// What a person may do here.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Grant {
    pub role: String,
    pub region: String,
}

/// A role in a region for one person: what is to be given or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub user: String,
    pub role: String,
    pub region: String,
}

impl Wanted {
    /// What is asked for must exist, lie within the administrator's regions, not be for the own account, and not be a
    /// city's role in a county administrator's hand: FIELD_MISSING, ROLE_UNKNOWN, REGION_OUT_OF_SCOPE,
    /// GRANT_TO_SELF, ROLE_ABOVE_OWN.
    pub fn check(&self, caller: &Caller) -> Result<()> {
        if self.user.trim().is_empty() {
            return Err(Problem::field("user", "FIELD_MISSING", "请填写账号"));
        }
        let Some(role) = roles::role(&self.role) else {
            return Err(Problem::field("role", "ROLE_UNKNOWN", format!("没有角色“{}”", self.role)));
        };
        if caller.city.regions.get(&self.region).is_none() {
            return Err(Problem::field("region", "REGION_UNKNOWN", format!("没有代码为“{}”的地区", self.region)));
        }
        caller.scope.check(&self.region)?;
        if caller.user()?.id == self.user {
            return Err(Problem::forbidden("GRANT_TO_SELF", "不能给自己授予或收回权限，请由另一位管理员办理"));
        }
        if role.level == Level::City && !caller.holds("SYS_ADMIN", &self.region) {
            let message = format!("“{}”须由系统管理员授予或收回", role.title);
            return Err(Problem::new(Kind::Forbidden, "ROLE_ABOVE_OWN", message));
        }
        Ok(())
    }
}
