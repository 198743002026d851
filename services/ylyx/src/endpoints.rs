//! `endpoints.toml` in the data folder: where the running suite is reached, for the other subcommands.

use std::collections::BTreeMap;
use std::path::Path;

use kit::{Problem, Result};
use serde::{Deserialize, Serialize};

const FILE: &str = "endpoints.toml";

/// Where the suite is reached.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// Address of the console and of the HTTP/JSON interface.
    pub console: String,
    /// Bureau → gRPC address, `https://127.0.0.1:7402`.
    pub bureaus: BTreeMap<String, String>,
}

impl Endpoints {
    /// Reads what the last `ylyx up` on this data folder wrote; ENDPOINTS_MISSING when there was none.
    pub fn load(data: &Path) -> Result<Self> {
        let path = data.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|_| {
            Problem::field("data", "ENDPOINTS_MISSING", format!("{} 不存在，请先运行 ylyx up", path.display()))
        })?;
        toml::from_str(&text).map_err(|error| {
            Problem::field("data", "ENDPOINTS_INVALID", format!("{} 内容有误：{error}", path.display()))
        })
    }

    pub(crate) fn save(&self, data: &Path) -> Result<()> {
        let path = data.join(FILE);
        let text = toml::to_string(self).map_err(Problem::internal)?;
        std::fs::write(&path, text).map_err(|error| crate::file_problem(&path, error))
    }

    /// The gRPC address of a bureau; BUREAU_UNKNOWN when the suite has none of that name.
    pub fn of(&self, bureau: &str) -> Result<&str> {
        self.bureaus
            .get(bureau)
            .map(String::as_str)
            .ok_or_else(|| Problem::field("register", "BUREAU_UNKNOWN", format!("没有名为 {bureau} 的服务，无法连接")))
    }
}
