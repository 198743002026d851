//! `users.toml`: the people of a suite until accounts live in the console.

use std::path::Path;

use kit::{Problem, Result};
use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    #[serde(default)]
    pub user: Vec<UserEntry>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    pub id: String,
    pub name: String,
    pub unit: String,
    #[serde(default)]
    pub grant: Vec<GrantEntry>,
}

/// What a person may do, where: a role at a service in a region and everything below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantEntry {
    pub service: String,
    pub role: String,
    pub region: String,
}

impl Users {
    /// Reads the file: USERS_UNREADABLE names it and the line.
    pub fn load(path: &Path) -> Result<Self> {
        let unreadable = |cause: &dyn std::fmt::Display| {
            Problem::state("USERS_UNREADABLE", format!("用户文件 {} 有误：{cause}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        toml::from_str(&text).map_err(|error| unreadable(&error))
    }

    pub fn find(&self, id: &str) -> Result<&UserEntry> {
        self.user
            .iter()
            .find(|user| user.id == id)
            .ok_or_else(|| Problem::field("as", "USER_UNKNOWN", format!("没有用户“{id}”")))
    }
}
