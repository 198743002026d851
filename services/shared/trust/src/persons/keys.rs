//! The keys that people are stored under: a file outside the database, readable by its owner alone. Each entry is a pair, one
//! key to seal with and one to hash with. The last entry is written with; all are read with, so that a key may be exchanged
//! while the service runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::document::Document;
use kit::{Clock, Db, Kind, Problem, Result, Shutdown};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store;

/// Format of what is sealed: one byte, so that another algorithm can come beside this one.
const AES_256_GCM_V1: u8 = 1;
const HEADING: &str = "# Keys of the people in this service's database. Whoever loses this file loses their names and numbers;\n\
                       # whoever has it and the database can read them. Keep a copy apart from the database's copies.\n";

/// One pair of keys.
struct KeyPair {
    id: String,
    made_on: String,
    seal: LessSafeKey,
    lookup: hmac::Key,
}

/// The keys as they stand. Cloning shares them; a change of the file is taken up by [`PersonKeys::watch`].
#[derive(Clone)]
pub struct PersonKeys {
    file: Arc<PathBuf>,
    pairs: Arc<ArcSwap<Vec<KeyPair>>>,
}

impl std::fmt::Debug for PersonKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<String> = self.pairs.load().iter().map(|pair| pair.id.clone()).collect();
        write!(f, "PersonKeys({})", ids.join(", "))
    }
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: Vec<Entry>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    made_on: String,
    seal: String,
    lookup: String,
}

impl PersonKeys {
    /// Reads the keys, or makes the first, readable by its owner alone. PERSON_KEYS_UNUSABLE.
    pub fn load_or_create(path: &Path, clock: &Clock) -> Result<Self> {
        if !path.exists() {
            let _lock = lock(path)?;
            // Another process may have made it while this one waited.
            if !path.exists() {
                write(path, &File { key: vec![entry(clock)?] })?;
            }
        }
        let pairs = Arc::new(ArcSwap::from_pointee(pairs_of(path, &read(path)?)?));
        Ok(PersonKeys { file: Arc::new(path.to_owned()), pairs })
    }

    /// The keys of the people of a database, the first made where nobody is stored. A file that lacks a key in use would
    /// enter everybody once more under another: PERSON_KEYS_MISSING, PERSON_KEYS_UNUSABLE.
    pub async fn of(db: &Db, path: &Path, clock: &Clock) -> Result<Self> {
        let mut missing = store::keys_in_use(db).await?;
        if path.exists() || missing.is_empty() {
            let keys = PersonKeys::load_or_create(path, clock)?;
            missing.retain(|used| !keys.list().iter().any(|(id, _)| id == used));
            if missing.is_empty() {
                return Ok(keys);
            }
        }
        let (path, ids) = (path.display(), missing.join("、"));
        let message =
            format!("数据库中的人员数据用密钥 {ids} 加密，密钥文件 {path} 中没有；请恢复与该数据库相应的密钥文件");
        Err(Problem::new(Kind::State, "PERSON_KEYS_MISSING", message))
    }

    /// Adds a new key to the file, to be written with from then on; running services see it within seconds and store
    /// everybody under it in the background. Answers its id.
    pub fn rotate(path: &Path, clock: &Clock) -> Result<String> {
        let _lock = lock(path)?;
        let mut file = read(path)?;
        let made = entry(clock)?;
        let id = made.id.clone();
        file.key.push(made);
        write(path, &file)?;
        Ok(id)
    }

    /// Takes up changes of the file until shutdown. A file that cannot be used leaves the keys as they were.
    pub fn watch(&self, shutdown: Shutdown) {
        let keys = self.clone();
        crate::tls::watch(vec![self.file.to_path_buf()], shutdown, move || match keys.reload() {
            Ok(()) => tracing::info!(?keys, "person keys reloaded"),
            Err(problem) => tracing::warn!(%problem, "person keys not reloaded"),
        });
    }

    /// Reads the file again.
    pub fn reload(&self) -> Result<()> {
        self.pairs.store(Arc::new(pairs_of(&self.file, &read(&self.file)?)?));
        Ok(())
    }

    /// Id and day of making of every key, oldest first.
    pub fn list(&self) -> Vec<(String, String)> {
        self.pairs.load().iter().map(|pair| (pair.id.clone(), pair.made_on.clone())).collect()
    }

    /// The key that is written with.
    pub fn current(&self) -> String {
        self.pairs.load().last().map(|pair| pair.id.clone()).unwrap_or_default()
    }

    /// Seals bytes for one person under the key that is written with: its id, and format, nonce and ciphertext.
    pub fn seal(&self, person: Uuid, plain: &[u8]) -> Result<(String, Vec<u8>)> {
        let pairs = self.pairs.load();
        let pair = pairs.last().ok_or_else(|| Problem::internal("no person key"))?;
        let mut nonce = [0u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Problem::internal("no randomness"))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(AES_256_GCM_V1);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        pair.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(person.as_bytes()), &mut body)
            .map_err(|_| Problem::internal("a person could not be sealed"))?;
        sealed.extend_from_slice(&body);
        Ok((pair.id.clone(), sealed))
    }

    /// What was sealed for this person: PERSON_KEY_MISSING, PERSON_SEAL_BROKEN (altered, or of another person).
    pub fn open(&self, person: Uuid, key_id: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let known = |pairs: &[KeyPair]| pairs.iter().any(|pair| pair.id == key_id);
        if !known(&self.pairs.load()) {
            // Another replica has read a new key before this one.
            self.reload()?;
        }
        let pairs = self.pairs.load();
        let pair = pairs.iter().find(|pair| pair.id == key_id).ok_or_else(|| {
            Problem::state("PERSON_KEY_MISSING", format!("缺少人员数据密钥 {key_id}，请恢复密钥文件"))
        })?;
        let broken = || Problem::state("PERSON_SEAL_BROKEN", "人员数据与密钥不符，可能被改动过");
        let (format, rest) = sealed.split_first().ok_or_else(broken)?;
        if *format != AES_256_GCM_V1 || rest.len() < NONCE_LEN {
            return Err(broken());
        }
        let (nonce, body) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut body = body.to_vec();
        let plain =
            pair.seal.open_in_place(nonce, Aad::from(person.as_bytes()), &mut body).map_err(|_| broken())?.len();
        body.truncate(plain);
        Ok(body)
    }

    /// The hash of a document under the key that is written with, and that key's id.
    pub fn hash(&self, document: &Document) -> (String, Vec<u8>) {
        let pairs = self.pairs.load();
        pairs.last().map(|pair| (pair.id.clone(), pair.hash(document))).unwrap_or_default()
    }

    /// The hashes of a document under every key: while a key is being exchanged it may be stored under any of them.
    pub fn hashes(&self, document: &Document) -> Vec<Vec<u8>> {
        self.pairs.load().iter().map(|pair| pair.hash(document)).collect()
    }
}

impl KeyPair {
    fn hash(&self, document: &Document) -> Vec<u8> {
        hmac::sign(&self.lookup, document.key().as_bytes()).as_ref().to_vec()
    }
}

/// A new pair. Its id is made from the keys, so that no two pairs of any machine bear one id, and tells nothing of them.
fn entry(clock: &Clock) -> Result<Entry> {
    let (seal, lookup) = (random()?, random()?);
    let name = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &lookup), &seal);
    Ok(Entry {
        id: name.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
        made_on: clock.today().to_string(),
        seal: STANDARD.encode(seal),
        lookup: STANDARD.encode(lookup),
    })
}

/// 256 random bits.
pub(crate) fn random() -> Result<[u8; 32]> {
    let mut bytes = [0u8; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Problem::internal("no randomness"))?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).map_err(|error| unusable(path, &error))?;
    // The parser's message would repeat the line, and the line holds a key.
    toml::from_str(&text).map_err(|_| unusable(path, &"格式不对"))
}

fn write(path: &Path, file: &File) -> Result<()> {
    let text = toml::to_string(file).map_err(Problem::internal)?;
    crate::dev::write_private(path, format!("{HEADING}{text}").as_bytes())
}

/// One process at a time reads, adds and writes.
fn lock(path: &Path) -> Result<std::fs::File> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).and_then(|()| kit::folder::lock(path)).map_err(|error| unusable(path, &error))
}

fn pairs_of(path: &Path, file: &File) -> Result<Vec<KeyPair>> {
    if file.key.is_empty() {
        return Err(unusable(path, &"没有密钥"));
    }
    let mut pairs: Vec<KeyPair> = Vec::new();
    for entry in &file.key {
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .ok()
                .filter(|bytes| bytes.len() == digest::SHA256_OUTPUT_LEN)
                .ok_or_else(|| unusable(path, &format!("密钥 {} 不是256位", entry.id)))
        };
        if pairs.iter().any(|pair| pair.id == entry.id) {
            return Err(unusable(path, &format!("密钥 {} 出现两次", entry.id)));
        }
        let seal = UnboundKey::new(&AES_256_GCM, &bytes(&entry.seal)?).map_err(|_| unusable(path, &"密钥不可用"))?;
        pairs.push(KeyPair {
            id: entry.id.clone(),
            made_on: entry.made_on.clone(),
            seal: LessSafeKey::new(seal),
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &bytes(&entry.lookup)?),
        });
    }
    Ok(pairs)
}

fn unusable(path: &Path, cause: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::State, "PERSON_KEYS_UNUSABLE", format!("人员数据密钥文件 {} 无法使用：{cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (PersonKeys, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("persons.keys");
        (PersonKeys::load_or_create(&path, &Clock::system()).unwrap(), folder)
    }

    #[test]
    fn a_seal_opens_for_its_person_alone_and_shows_any_change() {
        let (keys, _folder) = keys();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (key, sealed) = keys.seal(one, b"530402195001010018").unwrap();
        assert_eq!(keys.open(one, &key, &sealed).unwrap(), b"530402195001010018");
        assert_eq!(keys.open(other, &key, &sealed).unwrap_err().reason, "PERSON_SEAL_BROKEN");
        assert_eq!(keys.open(one, "p9", &sealed).unwrap_err().reason, "PERSON_KEY_MISSING");
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert_eq!(keys.open(one, &key, &flipped).unwrap_err().reason, "PERSON_SEAL_BROKEN", "byte {at}");
        }
        assert_eq!(keys.open(one, &key, &[]).unwrap_err().reason, "PERSON_SEAL_BROKEN");
        assert_ne!(keys.seal(one, b"same").unwrap().1, keys.seal(one, b"same").unwrap().1);
    }

    #[test]
    fn a_new_key_is_written_with_and_the_old_one_still_read_with() {
        use std::os::unix::fs::PermissionsExt;
        let (keys, folder) = keys();
        let path = folder.path().join("persons.keys");
        let person = Uuid::from_u128(1);
        let (old, sealed) = keys.seal(person, b"x").unwrap();
        let new = PersonKeys::rotate(&path, &Clock::system()).unwrap();
        assert_eq!((new.len(), keys.current()), (8, old.clone()));
        keys.reload().unwrap();
        assert_eq!((keys.current(), keys.list().len()), (new.clone(), 2));
        assert_eq!(keys.open(person, &old, &sealed).unwrap(), b"x");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "[[key]]\nid = \"p1\"\nseal = \"SECRET").unwrap();
        let problem = keys.reload().unwrap_err();
        assert_eq!(problem.reason, "PERSON_KEYS_UNUSABLE");
        assert!(!problem.to_string().contains("SECRET"));
        assert_eq!(keys.current(), new);
    }

    #[test]
    fn keys_of_two_machines_stand_in_one_file_and_rotations_at_once_lose_none() {
        let (keys, folder) = keys();
        let path = folder.path().join("persons.keys");
        let (elsewhere, _folder) = self::keys();
        assert_ne!(keys.current(), elsewhere.current());
        let many: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || PersonKeys::rotate(&path, &Clock::system()).unwrap())
            })
            .collect();
        let mut made: Vec<String> = many.into_iter().map(|thread| thread.join().unwrap()).collect();
        made.push(keys.current());
        keys.reload().unwrap();
        let mut listed: Vec<String> = keys.list().into_iter().map(|(id, _)| id).collect();
        made.sort_unstable();
        listed.sort_unstable();
        assert_eq!(made, listed);
    }
}
