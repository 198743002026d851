//! Agreements between two bureaus about matching: a file that both keep, readable by its owner alone. Secrets are exchanged by
//! adding one; both are valid until the old one is taken out.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::document::Document;
use jiff::civil::Date;
use kit::{Kind, Problem, Result};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::{TOKEN, Token};

const HEADING: &str = "# Agreements about matching people between bureaus. Both sides keep the same entries; nobody else may have them.\n";

/// One agreement.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    pub id: String,
    /// Who answers.
    pub provider: String,
    /// Who asks.
    pub consumer: String,
    /// One of the purposes of the method's contract.
    pub purpose: String,
    pub questions: Vec<String>,
    /// Tokens that may be asked about in a day.
    pub tokens_per_day: u32,
    /// The last day; none: until further notice.
    #[serde(default)]
    pub until: Option<Date>,
    /// Oldest first; the last is asked with.
    pub key: Vec<Secret>,
}

/// One secret of an agreement. Prints as its id alone.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    pub id: String,
    secret: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id)
    }
}

/// The agreements of one bureau.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreements {
    #[serde(default)]
    pub agreement: Vec<Agreement>,
}

impl Secret {
    /// A new one.
    pub fn make(number: usize) -> Result<Secret> {
        Ok(Secret { id: format!("m{number}"), secret: STANDARD.encode(crate::persons::keys::random()?) })
    }
}

impl Agreements {
    /// Reads the file; none where there is none. AGREEMENTS_UNUSABLE.
    pub fn load(path: &Path) -> Result<Agreements> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Agreements::default()),
            Err(error) => return Err(unusable(path, &error)),
        };
        // The parser's message would repeat the line, and the line may hold a secret.
        toml::from_str(&text).map_err(|_| unusable(path, &"格式不对"))
    }

    /// Writes the file, readable by its owner alone.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(Problem::internal)?;
        crate::dev::write_private(path, format!("{HEADING}{text}").as_bytes())
    }

    /// AGREEMENT_UNKNOWN.
    pub fn find(&self, id: &str) -> Result<&Agreement> {
        self.agreement
            .iter()
            .find(|agreement| agreement.id == id)
            .ok_or_else(|| Problem::not_found("AGREEMENT_UNKNOWN", format!("没有比对协议“{id}”")))
    }
}

impl Agreement {
    /// AGREEMENT_ENDED after its last day.
    pub fn check_day(&self, today: Date) -> Result<()> {
        match self.until {
            Some(until) if until < today => {
                Err(Problem::forbidden("AGREEMENT_ENDED", format!("比对协议“{}”已于{until}到期", self.id)))
            }
            _ => Ok(()),
        }
    }

    /// One of its secrets, ready to make tokens with. MATCH_KEY_UNKNOWN.
    pub fn key(&self, id: &str) -> Result<MatchKey> {
        let found = self.key.iter().find(|key| key.id == id);
        let secret = found.and_then(|key| STANDARD.decode(&key.secret).ok()).filter(|secret| secret.len() == 32);
        let secret = secret.ok_or_else(|| key_unknown(&self.id, id))?;
        Ok(MatchKey { agreement: self.id.clone(), id: id.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    /// The secret that is asked with.
    pub fn newest(&self) -> Result<MatchKey> {
        self.key(self.key.last().map_or("", |key| key.id.as_str()))
    }
}

/// Makes tokens under one secret of one agreement.
#[derive(Clone)]
pub struct MatchKey {
    agreement: String,
    pub id: String,
    key: hmac::Key,
}

impl MatchKey {
    pub fn token(&self, document: &Document) -> Token {
        let text = format!("token|{}|{}", self.agreement, document.key());
        let hash = hmac::sign(&self.key, text.as_bytes());
        let mut token = [0u8; TOKEN];
        token.copy_from_slice(&hash.as_ref()[..TOKEN]);
        token
    }

    pub fn proof(&self, as_of: &str) -> Vec<u8> {
        hmac::sign(&self.key, self.proven(as_of).as_bytes()).as_ref().to_vec()
    }

    /// MATCH_KEY_UNKNOWN where the other side's secret is another one.
    pub fn check(&self, as_of: &str, proof: &[u8]) -> Result<()> {
        hmac::verify(&self.key, self.proven(as_of).as_bytes(), proof)
            .map_err(|_| key_unknown(&self.agreement, &self.id))
    }

    fn proven(&self, as_of: &str) -> String {
        format!("proof|{}|{}|{as_of}", self.agreement, self.id)
    }
}

fn key_unknown(agreement: &str, id: &str) -> Problem {
    Problem::forbidden(
        "MATCH_KEY_UNKNOWN",
        format!("比对协议“{agreement}”的密钥 {id} 与本部门的不符，请两部门核对密钥"),
    )
}

fn unusable(path: &Path, cause: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::State, "AGREEMENTS_UNUSABLE", format!("比对协议文件 {} 无法使用：{cause}", path.display()))
}
