//! Accounts: who may sign in. Here are the rules, which know no database and no clock; `password` hashes, `store`
//! keeps, `desk` does.
//!
//! An account says who somebody is. What the person may do is kept by every bureau for itself (`crate::bureaus`).

pub mod desk;
pub mod password;
pub mod seed;
pub mod store;

use std::path::PathBuf;

use city::bundle::City;
use kit::{Kind, Problem, Result};
use serde::Deserialize;

use crate::bureaus::Grants;

pub use desk::Accounts;

/// Configuration of accounts and sessions; every key has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// TOML file `id = "password"`: people of the users file who are in it get an account at start, if they have none.
    pub initial_passwords: Option<PathBuf>,
    /// For a demonstration on one machine: a password that somebody else set need not be changed, only says so.
    pub initial_passwords_stay: bool,
    /// Wrong passwords in a row before the account is locked.
    pub failures: i64,
    pub locked_minutes: i64,
    /// A session ends after so long without a request,
    pub idle_minutes: i64,
    /// and after so long in any case.
    pub longest_hours: i64,
    /// The cookie travels over HTTPS only. False only where the console is opened over plain HTTP.
    pub secure_cookie: bool,
}

impl Default for AccountSettings {
    fn default() -> Self {
        AccountSettings {
            initial_passwords: None,
            initial_passwords_stay: false,
            failures: 5,
            locked_minutes: 15,
            idle_minutes: 30,
            longest_hours: 8,
            secure_cookie: true,
        }
    }
}

pub(crate) const MINUTE: i64 = 60 * 1_000_000;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    pub id: String,
    pub name: String,
    /// The unit as people write it: 红塔区, 市财政局.
    pub unit: String,
    /// The region of the unit.
    pub region: String,
    /// argon2id, PHC string.
    pub password: String,
    /// The password was set by somebody else.
    pub must_change: bool,
    /// Wrong passwords in a row.
    pub failed: i64,
    /// Microseconds; 0: not locked.
    pub locked_until: i64,
    pub disabled: bool,
    /// Account; empty: the set-up.
    pub created_by: String,
    pub created_at: i64,
    pub version: i64,
}

/// What came of an attempt to sign in; only the log learns which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Right,
    Wrong,
    /// Wrong, and once too often.
    WrongAndLocked,
    /// Locked or disabled: the password does not matter.
    Barred,
}

impl Account {
    pub fn locked(&self, now: i64) -> bool {
        self.locked_until > now
    }

    /// Takes note of an attempt.
    pub fn attempt(&mut self, right: bool, now: i64, settings: &AccountSettings) -> Attempt {
        if self.disabled || self.locked(now) {
            return Attempt::Barred;
        }
        self.locked_until = 0;
        if right {
            self.failed = 0;
            return Attempt::Right;
        }
        self.failed += 1;
        if self.failed < settings.failures {
            return Attempt::Wrong;
        }
        self.failed = 0;
        self.locked_until = now + settings.locked_minutes * MINUTE;
        Attempt::WrongAndLocked
    }
}

/// Where an administrator administers: regions and everything below them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach(Vec<String>);

impl Reach {
    /// SYS_ADMIN at the gateway reaches the city, COUNTY_ADMIN the county; nobody else reaches anything (ROLE_MISSING).
    pub fn of(grants: &Grants, city: &City) -> Result<Self> {
        let mut regions = Vec::new();
        for held in grants.held.iter().filter(|held| held.bureau == "gateway") {
            match held.role.as_str() {
                "SYS_ADMIN" => return Ok(Reach(vec![city.code.clone()])),
                "COUNTY_ADMIN" => regions.push(held.region.clone()),
                _ => {}
            }
        }
        if regions.is_empty() {
            return Err(Problem::forbidden("ROLE_MISSING", "账号由系统管理员和县级管理员管理，您没有这项权限"));
        }
        Ok(Reach(regions))
    }

    /// The roots; the city's code alone when everything is reached.
    pub fn regions(&self) -> &[String] {
        &self.0
    }

    pub fn covers(&self, city: &City, region: &str) -> bool {
        self.0.iter().any(|root| city.regions.is_within(region, root))
    }

    /// Whoever resets a password can become the person. So nobody administers an account that may do something outside
    /// their own reach: ACCOUNT_ABOVE_OWN; GRANTS_UNKNOWN while a bureau does not say.
    pub fn check_grants(&self, city: &City, grants: &Grants) -> Result<()> {
        if self.0.contains(&city.code) {
            return Ok(());
        }
        if grants.held.iter().any(|held| !self.covers(city, &held.region)) {
            return Err(Problem::forbidden("ACCOUNT_ABOVE_OWN", "该账号有本县以外的权限，请系统管理员办理"));
        }
        if !grants.unknown.is_empty() {
            let message = format!("{} 暂时联系不上，不能确认该账号的权限，请稍后再办", grants.unknown.join("、"));
            return Err(Problem::new(Kind::Unavailable, "GRANTS_UNKNOWN", message));
        }
        Ok(())
    }
}

/// A new account as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NewAccount {
    pub id: String,
    pub name: String,
    pub unit: String,
    pub region: String,
}

impl NewAccount {
    /// Everything that is wrong, each at its field.
    pub fn check(mut self, reach: &Reach, city: &City) -> Result<Self> {
        for text in [&mut self.id, &mut self.name, &mut self.unit, &mut self.region] {
            *text = text.trim().to_owned();
        }
        let mut problem = Problem::new(Kind::Invalid, "ACCOUNT_INVALID", "请改正标出的各项");
        let id_is_plain = self.id.starts_with(|first: char| first.is_ascii_lowercase())
            && self.id.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || "-_.".contains(one));
        // `/accounts/new` is a page.
        if !id_is_plain || !(3..=40).contains(&self.id.len()) || self.id == "new" {
            problem = problem.and_field("id", "账号须为 3 至 40 个小写字母、数字或 - _ .，以字母开头");
        }
        for (field, text, title, longest) in [("name", &self.name, "姓名", 40), ("unit", &self.unit, "单位", 60)] {
            if text.is_empty() {
                problem = problem.and_field(field, format!("请填写{title}"));
            } else if text.chars().count() > longest || text.chars().any(char::is_control) {
                problem = problem.and_field(field, format!("{title}不超过 {longest} 字，不含换行"));
            }
        }
        if city.regions.get(&self.region).is_none() {
            problem = problem.and_field("region", "请选择地区");
        } else if !reach.covers(city, &self.region) {
            problem = problem.and_field("region", "该地区不在您的管理范围内");
        }
        if problem.fields.is_empty() { Ok(self) } else { Err(problem) }
    }
}

#[cfg(test)]
mod tests;
