//! The person behind a call, as far as the desk needs to know them.
//!
//! In service this is always trust's [`Caller`], which only the gate can make. The desk asks for no more than this, so
//! that its own tests can put plain people in front of it.

use kit::Result;
use trust::{Caller, Scope, User};

pub(crate) trait Person: Sync {
    /// ASSERTION_MISSING when a bureau calls for itself.
    fn user(&self) -> Result<&User>;
    /// Where the person's grants for this method reach.
    fn scope(&self) -> &Scope;
    /// True when a grant gives this role in this region.
    fn holds(&self, role: &str, region: &str) -> bool;
    /// ROLE_MISSING.
    fn require(&self, role: &str, region: &str) -> Result<()>;
}

impl Person for Caller {
    fn user(&self) -> Result<&User> {
        Caller::user(self)
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn holds(&self, role: &str, region: &str) -> bool {
        Caller::holds(self, role, region)
    }

    fn require(&self, role: &str, region: &str) -> Result<()> {
        Caller::require(self, role, region)
    }
}
