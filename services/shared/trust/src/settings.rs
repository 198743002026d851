//! The configuration every service shares.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use city::bundle::City;
use kit::{Problem, Result};
use serde::Deserialize;

use crate::tls::TlsFiles;

/// Keys of a service's TOML file; relative paths are relative to the working folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the gRPC port, mTLS only.
    pub listen: SocketAddr,
    /// Address of the plain health port; none is opened when left out.
    #[serde(default)]
    pub health: Option<SocketAddr>,
    /// The folder this service alone holds.
    pub data: PathBuf,
    /// `postgres://…`; left out: a SQLite file in `data`.
    #[serde(default)]
    pub database: Option<String>,
    /// The city's folder; left out: the embedded one.
    #[serde(default)]
    pub city: Option<PathBuf>,
    /// The authority's certificate, PEM.
    pub ca: PathBuf,
    /// This service's certificate and key, PEM.
    pub cert: PathBuf,
    pub key: PathBuf,
    /// The key it signs publications with, PKCS#8; made when missing.
    pub signing_key: PathBuf,
    /// The keys of the people in its database; left out: `persons.keys` beside the signing key. Made when missing, by a
    /// service that keeps people.
    #[serde(default)]
    pub person_keys: Option<PathBuf>,
    /// Its agreements about matching people; left out: `agreements.toml` beside the signing key.
    #[serde(default)]
    pub agreements: Option<PathBuf>,
    /// Bureaus that it asks about people: name → `https://host:port`.
    #[serde(default)]
    pub matching: BTreeMap<String, String>,
    /// Folder of everyone's public signing keys.
    pub keys: PathBuf,
    /// The people and what they may do. `access-rights.toml` beside it, where there is one: what other bureaus may.
    pub users: PathBuf,
    /// Everything published is demonstration data, marked so inside what is signed; a real gateway refuses it.
    #[serde(default)]
    pub synthetic: bool,
    /// Bureaus whose registers are copied here, by the feeds that they offer: name → `https://host:port`.
    #[serde(default)]
    pub feeds: BTreeMap<String, String>,
}

impl Settings {
    pub fn load_city(&self) -> Result<City> {
        match &self.city {
            None => Ok((*City::embedded()).clone()),
            Some(folder) => {
                City::load(folder).map_err(|error| Problem::state("CITY_BUNDLE_INVALID", error.to_string()))
            }
        }
    }

    /// Where the records are: the configured database, or the SQLite file.
    pub fn database_location(&self, bureau: &str) -> String {
        match &self.database {
            Some(url) => url.clone(),
            None => self.data.join(format!("{bureau}.db")).to_string_lossy().into_owned(),
        }
    }

    /// Where the keys of people are.
    pub fn person_keys(&self) -> PathBuf {
        self.person_keys.clone().unwrap_or_else(|| self.signing_key.with_file_name("persons.keys"))
    }

    /// Where the agreements about matching are.
    pub fn agreements(&self) -> PathBuf {
        self.agreements.clone().unwrap_or_else(|| self.signing_key.with_file_name("agreements.toml"))
    }

    pub fn tls_files(&self) -> TlsFiles {
        TlsFiles { ca: self.ca.clone(), cert: self.cert.clone(), key: self.key.clone() }
    }
}
