//! Configuration: defaults → TOML file → environment, checked at start with an error that names the key.

use std::path::Path;

use config::{Config, Environment, File, FileFormat};
use serde::de::DeserializeOwned;

use crate::problem::{Problem, Result};

/// Reads a service's configuration. `YLYX_<SERVICE>__<KEY>` in the environment overrides the file
/// (`YLYX_CHILDCARE__DATABASE=…`; a dot in a key becomes `__`).
pub fn load<T: DeserializeOwned>(service: &str, file: &Path) -> Result<T> {
    let prefix = format!("YLYX_{}", service.replace('-', "_").to_uppercase());
    let text = std::fs::read_to_string(file).map_err(|error| {
        Problem::field("config", "CONFIG_UNREADABLE", format!("配置文件 {} 无法读取：{error}", file.display()))
    })?;
    Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .add_source(Environment::with_prefix(&prefix).prefix_separator("__").separator("__"))
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|error| {
            Problem::field("config", "CONFIG_INVALID", format!("配置文件 {} 有误：{error}", file.display()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[allow(dead_code)]
        listen: std::net::SocketAddr,
    }

    #[test]
    fn the_error_names_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.toml");
        std::fs::write(&file, "listen = \"nowhere\"").unwrap();
        let error = load::<Settings>("x", &file).unwrap_err();
        assert_eq!(error.reason, "CONFIG_INVALID");
        assert!(error.message.contains("listen"), "{error}");
        assert_eq!(load::<Settings>("x", &dir.path().join("none")).unwrap_err().reason, "CONFIG_UNREADABLE");
    }
}
