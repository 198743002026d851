//! Signatures: Ed25519 over the DSSE encoding of (type, payload), so that a reader verifies exact bytes before it
//! parses any of them. The algorithm stands in the key id, so that another can come beside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::{Kind, Problem, Result};
use proto::reporting::{Envelope, Signature};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// A private signing key. Cloning shares it.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.id)
    }
}

/// The public half: what others keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// `ed25519:` and the first 16 hex digits of the SHA-256 of the key.
    pub id: String,
    pub bytes: Vec<u8>,
}

impl PublicKey {
    fn new(bytes: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, bytes);
        let id: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        PublicKey { id: format!("ed25519:{id}"), bytes: bytes.to_vec() }
    }

    /// The file name under which an owner's key is kept: `<owner>.<16 hex>.pub`.
    pub fn file_name(&self, owner: &str) -> String {
        format!("{owner}.{}.pub", self.id.trim_start_matches("ed25519:"))
    }

    /// Writes the key for others to read.
    pub fn save(&self, folder: &Path, owner: &str) -> Result<()> {
        let file = folder.join(self.file_name(owner));
        std::fs::write(&file, STANDARD.encode(&self.bytes) + "\n").map_err(|error| unusable(&file, &error))
    }
}

impl SigningKey {
    /// Loads a PKCS#8 key, or makes one, readable by its owner alone.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let pkcs8 = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                    .map_err(|_| unusable(path, &"无法生成密钥"))?;
                crate::dev::write_private(path, made.as_ref())?;
                made.as_ref().to_vec()
            }
            Err(error) => return Err(unusable(path, &error)),
        };
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|error| unusable(path, &error))?;
        let public = PublicKey::new(pair.public_key().as_ref());
        Ok(SigningKey { pair: Arc::new(pair), public })
    }

    pub fn key_id(&self) -> &str {
        &self.public.id
    }

    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// Signs a payload of a type.
    pub fn sign(&self, payload_type: &str, payload: impl Into<bytes::Bytes>) -> Envelope {
        let payload = payload.into();
        let signature = self.pair.sign(&encoded(payload_type, &payload));
        Envelope {
            payload_type: payload_type.to_owned(),
            signatures: vec![Signature {
                key_id: self.public.id.clone(),
                signature: signature.as_ref().to_vec().into(),
            }],
            payload,
        }
    }
}

/// DSSE's pre-authentication encoding.
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The public keys of all parties, old ones included: key id → (owner, key). Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct KeyRing(Arc<BTreeMap<String, (String, PublicKey)>>);

impl KeyRing {
    /// Reads every `<owner>.<16 hex>.pub` of a folder.
    pub fn load(folder: &Path) -> Result<Self> {
        let mut keys = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(|error| unusable(folder, &error))? {
            let path = entry.map_err(|error| unusable(folder, &error))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".pub"))
            else {
                continue;
            };
            let owner = name.split_once('.').map_or(name, |(owner, _)| owner);
            let text = std::fs::read_to_string(&path).map_err(|error| unusable(&path, &error))?;
            let bytes = STANDARD.decode(text.trim()).map_err(|error| unusable(&path, &error))?;
            let key = PublicKey::new(&bytes);
            if key.file_name(owner).strip_suffix(".pub") != Some(name) {
                return Err(unusable(&path, &"文件名与公钥不符"));
            }
            keys.insert(key.id.clone(), (owner.to_owned(), key));
        }
        Ok(KeyRing(Arc::new(keys)))
    }

    /// Demands one signature by a key of `owner` over the envelope's exact bytes.
    ///
    /// Reasons: KEY_UNKNOWN, KEY_OF_OTHER_BUREAU, SIGNATURE_INVALID; kind State, because the sender cannot mend it by
    /// asking again.
    pub fn verify(&self, envelope: &Envelope, owner: &str) -> Result<()> {
        let refused = |reason, message: String| Err(Problem::new(Kind::State, reason, message));
        let [signature] = envelope.signatures.as_slice() else {
            return refused("SIGNATURE_INVALID", format!("应有一个签名，现有 {} 个", envelope.signatures.len()));
        };
        let Some((held_by, key)) = self.0.get(&signature.key_id) else {
            return refused("KEY_UNKNOWN", format!("没有密钥 {} 的公钥", signature.key_id));
        };
        if held_by != owner {
            return refused("KEY_OF_OTHER_BUREAU", format!("密钥 {} 属于 {held_by}，不属于 {owner}", key.id));
        }
        let bytes = encoded(&envelope.payload_type, &envelope.payload);
        match UnparsedPublicKey::new(&ED25519, &key.bytes).verify(&bytes, &signature.signature) {
            Ok(()) => Ok(()),
            Err(_) => refused("SIGNATURE_INVALID", format!("{owner} 的签名与内容不符")),
        }
    }
}

fn unusable(path: &Path, cause: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::State, "KEY_UNUSABLE", format!("密钥 {} 无法使用：{cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_seen_and_keys_belong_to_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
        key.public().save(folder.path(), "childcare").unwrap();
        let ring = KeyRing::load(folder.path()).unwrap();
        let envelope = key.sign("t", b"payload".to_vec());
        ring.verify(&envelope, "childcare").unwrap();
        assert_eq!(ring.verify(&envelope, "finance").unwrap_err().reason, "KEY_OF_OTHER_BUREAU");
        for at in 0..7 {
            for bit in 0..8 {
                let mut payload = envelope.payload.to_vec();
                payload[at] ^= 1 << bit;
                let forged = Envelope { payload: payload.into(), ..envelope.clone() };
                assert_eq!(ring.verify(&forged, "childcare").unwrap_err().reason, "SIGNATURE_INVALID");
            }
        }
        let retyped = Envelope { payload_type: "u".into(), ..envelope.clone() };
        assert!(ring.verify(&retyped, "childcare").is_err());
        let again = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
        assert_eq!(again.key_id(), key.key_id(), "kept, not made anew");
    }
}
