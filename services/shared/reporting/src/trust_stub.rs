//! TEMPORARY stand-in until trust exists.
#![allow(dead_code, unreachable_pub, missing_docs)]
use kit::{Problem, Result};
pub struct User {
    pub id: String,
    pub name: String,
    pub unit: String,
}
#[derive(Clone)]
pub struct Scope(Option<Vec<String>>);
impl Scope {
    pub fn covers(&self, region: &str) -> bool {
        self.0.as_ref().is_none_or(|all| all.iter().any(|one| region.starts_with(one.as_str())))
    }
    pub fn check(&self, region: &str) -> Result<()> {
        if self.covers(region) { Ok(()) } else { Err(Problem::forbidden("REGION_OUT_OF_SCOPE", "x")) }
    }
}
pub struct Caller {
    pub user: Option<User>,
    pub scope: Scope,
    grants: Vec<(String, String)>,
}
impl Caller {
    pub fn of<T>(_: &tonic::Request<T>) -> std::result::Result<Caller, tonic::Status> {
        Err(tonic::Status::internal(""))
    }
    pub fn user(&self) -> Result<&User> {
        self.user.as_ref().ok_or_else(|| Problem::internal(""))
    }
    pub fn require(&self, role: &str, region: &str) -> Result<()> {
        if self.grants.iter().any(|(r, g)| r == role && (g == "530400" || region.starts_with(g.as_str()))) {
            Ok(())
        } else {
            Err(Problem::forbidden("ROLE_MISSING", "x"))
        }
    }
    pub fn for_tests(user: &str, grants: &[(&str, &str)]) -> Caller {
        let all = grants.iter().any(|(_, g)| *g == "530400");
        Caller {
            user: Some(User { id: user.into(), name: user.into(), unit: "".into() }),
            scope: Scope((!all).then(|| grants.iter().map(|(_, g)| g.to_string()).collect())),
            grants: grants.iter().map(|(r, g)| (r.to_string(), g.to_string())).collect(),
        }
    }
}
pub struct SigningKey;
impl SigningKey {
    pub fn load_or_create(_: &std::path::Path) -> Result<SigningKey> {
        Ok(SigningKey)
    }
    pub fn sign(&self, t: &str, payload: Vec<u8>) -> proto::reporting::Envelope {
        proto::reporting::Envelope { payload_type: t.into(), payload: payload.into(), signatures: vec![] }
    }
}
impl Caller {
    pub fn holds(&self, role: &str, region: &str) -> bool {
        self.require(role, region).is_ok()
    }
}
