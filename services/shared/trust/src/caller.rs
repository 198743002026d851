//! Who is calling, judged: what a method gets to see.

use std::sync::Arc;

use city::bundle::City;
use kit::{Kind, Problem, Result};
use tonic::Status;

use crate::grants::Grant;
use crate::identity::Identity;
use crate::rights::AccessRight;
use crate::roles;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub name: String,
    pub unit: String,
}

impl User {
    /// As histories name a person: 赵某（市民政局）.
    pub fn signed(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{}（{}）", self.name, self.unit) }
    }
}

/// The caller of one request. Only the gate makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub identity: Identity,
    /// None when a bureau calls for itself, and where a method needs nobody and nobody was presented.
    pub user: Option<User>,
    /// Where the person's grants for this method reach; everywhere for a method that asks for no role.
    pub scope: Scope,
    pub(crate) grants: Vec<Grant>,
    pub(crate) right: Option<Arc<AccessRight>>,
    pub(crate) city: Arc<City>,
}

impl Caller {
    /// The caller the gate has put into the request.
    pub fn of<T>(request: &tonic::Request<T>) -> std::result::Result<Caller, Status> {
        let caller = request.extensions().get::<Caller>();
        caller.cloned().ok_or_else(|| Problem::internal("a request passed no gate").into())
    }

    /// The right by which another bureau calls a method that is shared on conditions; None for every other call.
    pub fn right(&self) -> Option<&AccessRight> {
        self.right.as_deref()
    }

    /// The person behind the call.
    pub fn user(&self) -> Result<&User> {
        self.user
            .as_ref()
            .ok_or_else(|| Problem::new(Kind::Unauthenticated, "ASSERTION_MISSING", "缺少用户凭证，请先登录"))
    }

    /// True when one of the person's grants gives this role in this region.
    pub fn holds(&self, role: &str, region: &str) -> bool {
        self.grants.iter().any(|grant| grant.role == role && self.city.regions.is_within(region, &grant.region))
    }

    /// Demands a role in a region: ROLE_MISSING.
    pub fn require(&self, role: &str, region: &str) -> Result<()> {
        if self.holds(role, region) {
            return Ok(());
        }
        Err(Problem::forbidden("ROLE_MISSING", format!("您在地区 {region} 没有“{}”的权限", roles::title(role))))
    }
}

/// The regions a caller may reach. Only this crate can make one, so a query that takes a scope cannot be asked by
/// nobody.
#[derive(Clone, Debug)]
pub struct Scope {
    city: Option<Arc<City>>,
    /// Roots of what may be reached; the whole city when one of them is the city.
    roots: Vec<String>,
    everything: bool,
}

impl Scope {
    pub(crate) fn of_grants(city: Arc<City>, grants: &[Grant]) -> Self {
        let roots: Vec<String> = grants.iter().map(|grant| grant.region.clone()).collect();
        let everything = roots.iter().any(|root| *root == city.code);
        Scope { city: Some(city), roots, everything }
    }

    /// The service's own computing: nightly counts, drafts' pre-fill. Never for a request.
    pub fn of_the_service() -> Scope {
        Scope { city: None, roots: Vec::new(), everything: true }
    }

    pub fn covers(&self, region: &str) -> bool {
        self.everything
            || self.city.as_ref().is_some_and(|city| self.roots.iter().any(|root| city.regions.is_within(region, root)))
    }

    /// Demands that a region lies within: REGION_OUT_OF_SCOPE.
    pub fn check(&self, region: &str) -> Result<()> {
        if self.covers(region) {
            return Ok(());
        }
        Err(Problem::forbidden("REGION_OUT_OF_SCOPE", format!("地区 {region} 不在您的权限范围内")))
    }

    /// Codes by one of which a row's region must begin (codes nest from the county down); None: the whole city.
    pub fn prefixes(&self) -> Option<&[String]> {
        (!self.everything).then_some(self.roots.as_slice())
    }
}
