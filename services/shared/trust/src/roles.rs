//! The roles that access rules name (dictionary §6.2), what people call them, and who may give them.

/// How far a role reaches at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Given within a county, also by the county's administrator.
    County,
    /// Given by the system's administrator alone.
    City,
}

/// One role.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    pub code: &'static str,
    /// What people call it.
    pub title: &'static str,
    pub level: Level,
}

/// Every role of the suite.
pub const ROLES: [Role; 9] = [
    Role { code: "COUNTY_REPORTER", title: "县级填报", level: Level::County },
    Role { code: "COUNTY_REVIEWER", title: "县级审核", level: Level::County },
    Role { code: "COUNTY_ADMIN", title: "县级管理", level: Level::City },
    Role { code: "CITY_BUREAU_REPORTER", title: "市级填报", level: Level::City },
    Role { code: "CITY_BUREAU_APPROVER", title: "市级核定", level: Level::City },
    Role { code: "TASKFORCE_ADMIN", title: "专班管理", level: Level::City },
    Role { code: "LEADER_VIEWER", title: "领导查看", level: Level::City },
    Role { code: "AUDITOR", title: "审计", level: Level::City },
    Role { code: "SYS_ADMIN", title: "系统管理", level: Level::City },
];

/// A role by its code.
pub fn role(code: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.code == code)
}

/// What people call a role; its code where it is unknown.
pub fn title(code: &str) -> &str {
    role(code).map_or(code, |role| role.title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_that_a_contract_names_is_known() {
        let rules = contract::rules::AccessRules::load().unwrap();
        for method in rules.methods() {
            for named in &method.rule.roles {
                assert!(role(named).is_some(), "{} names {named}", method.path);
            }
        }
    }
}
