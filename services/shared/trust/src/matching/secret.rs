//! One secret of an agreement, and the tokens that are made with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::document::Document;
use kit::{Problem, Result};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::{TOKEN, Token};

/// What a secret is known by in memory: whoever replaces it under the same id has another one.
pub(super) type Fingerprint = [u8; 16];

/// A secret as files keep it. Prints as its id alone.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
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

impl Secret {
    /// A new one.
    pub fn make(number: u32) -> Result<Secret> {
        Ok(Secret { id: format!("m{number}"), secret: STANDARD.encode(crate::persons::keys::random()?) })
    }

    /// Its 256 bits; none where the text is something else.
    pub(super) fn bits(&self) -> Option<[u8; 32]> {
        STANDARD.decode(&self.secret).ok()?.try_into().ok()
    }

    /// Makes tokens under an agreement. MATCH_KEY_UNKNOWN.
    pub(super) fn key(&self, agreement: &str) -> Result<MatchKey> {
        let bits = self.bits().ok_or_else(|| unknown(agreement, &self.id))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bits);
        Ok(MatchKey { agreement: agreement.to_owned(), id: self.id.clone(), key })
    }
}

/// Makes tokens under one secret of one agreement.
#[derive(Clone)]
pub struct MatchKey {
    pub(super) agreement: String,
    pub id: String,
    key: hmac::Key,
}

impl MatchKey {
    pub fn token(&self, document: &Document) -> Token {
        self.half(&format!("token|{}|{}", self.agreement, document.key()))
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.half("index")
    }

    pub fn proof(&self, as_of: &str) -> Vec<u8> {
        hmac::sign(&self.key, self.proven(as_of).as_bytes()).as_ref().to_vec()
    }

    /// MATCH_KEY_UNKNOWN where the other side's secret is another one.
    pub fn check(&self, as_of: &str, proof: &[u8]) -> Result<()> {
        hmac::verify(&self.key, self.proven(as_of).as_bytes(), proof).map_err(|_| unknown(&self.agreement, &self.id))
    }

    fn half(&self, text: &str) -> [u8; TOKEN] {
        let hash = hmac::sign(&self.key, text.as_bytes());
        let mut half = [0u8; TOKEN];
        half.copy_from_slice(&hash.as_ref()[..TOKEN]);
        half
    }

    fn proven(&self, as_of: &str) -> String {
        format!("proof|{}|{}|{as_of}", self.agreement, self.id)
    }
}

pub(super) fn unknown(agreement: &str, id: &str) -> Problem {
    let message = format!("比对协议“{agreement}”的密钥“{id}”与本部门的不符，请两部门核对密钥");
    Problem::forbidden("MATCH_KEY_UNKNOWN", message)
}
