//! Passwords: what a good one is, hashing (argon2id), and making one at random.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use kit::{Problem, Result};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::Semaphore;

/// Longer ones are refused before anything is computed.
const LONGEST: usize = 128;
const SHORTEST: usize = 10;
/// Hashing takes 19 MiB and a core: no crowd at the door may take them all.
const AT_ONCE: usize = 4;

/// Letters and digits that nobody mistakes for another when reading aloud.
const PLAIN: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// At least ten characters, of two classes, and not the account's own name: PASSWORD_WEAK.
pub fn check(id: &str, password: &str) -> Result<()> {
    let weak = |message: &str| Err(Problem::field("password", "PASSWORD_WEAK", message));
    let length = password.chars().count();
    if length < SHORTEST {
        return weak("密码至少 10 个字符");
    }
    if length > LONGEST {
        return weak("密码不超过 128 个字符");
    }
    let classes: [fn(char) -> bool; 4] = [
        |one| one.is_lowercase(),
        |one| one.is_uppercase(),
        |one| one.is_numeric(),
        |one| !one.is_lowercase() && !one.is_uppercase() && !one.is_numeric(),
    ];
    if classes.iter().filter(|class| password.chars().any(class)).count() < 2 {
        return weak("密码须含大写字母、小写字母、数字、其他字符中的至少两类");
    }
    if password.to_lowercase().contains(&id.to_lowercase()) {
        return weak("密码不能含有账号");
    }
    Ok(())
}

/// A password nobody chose: sixteen characters in four groups, 80 bits.
pub fn random() -> Result<String> {
    let random = SystemRandom::new();
    loop {
        let mut bytes = [0u8; 16];
        random.fill(&mut bytes).map_err(|_| Problem::internal("no randomness"))?;
        let text: Vec<char> = bytes.iter().map(|byte| char::from(PLAIN[usize::from(byte % 32)])).collect();
        let grouped = text.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-");
        if check("-----", &grouped).is_ok() && text.iter().any(char::is_ascii_digit) {
            return Ok(grouped);
        }
    }
}

/// Hashes and compares off the async threads, a few at a time. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    /// The hash of a password nobody knows: what an unknown account is compared with, so that it takes as long.
    nobody: Arc<str>,
}

impl Hasher {
    pub async fn new() -> Result<Self> {
        let nobody = random()?;
        let hash = tokio::task::spawn_blocking(move || hash(&nobody)).await.map_err(Problem::internal)??;
        Ok(Hasher { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: hash.into() })
    }

    pub async fn hash(&self, password: String) -> Result<String> {
        let _turn = self.turns.acquire().await.map_err(Problem::internal)?;
        tokio::task::spawn_blocking(move || hash(&password)).await.map_err(Problem::internal)?
    }

    /// None: an account that does not exist. It takes as long as one that does.
    pub async fn matches(&self, password: String, against: Option<String>) -> Result<bool> {
        let _turn = self.turns.acquire().await.map_err(Problem::internal)?;
        let (known, stored) = (against.is_some(), against.unwrap_or_else(|| self.nobody.to_string()));
        let matches = tokio::task::spawn_blocking(move || verify(&password, &stored)).await;
        Ok(matches.map_err(Problem::internal)? && known)
    }
}

fn hash(password: &str) -> Result<String> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes()).map_err(Problem::internal)?;
    Ok(hash.to_string())
}

fn verify(password: &str, stored: &str) -> bool {
    password.len() <= 4 * LONGEST
        && PasswordHash::new(stored)
            .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_mixed_and_not_the_account() {
        for weak in ["", "short-1", "alllowercase", "1234567890", "Clerk-1-clerk-1", &"a1".repeat(100)] {
            assert_eq!(check("clerk-1", weak).unwrap_err().reason, "PASSWORD_WEAK", "{weak}");
        }
        for good in ["horse and 9 carts", "玉溪大河边的老房子12", "ABCDEfghij"] {
            check("clerk-1", good).unwrap();
        }
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        check("clerk-1", &one).unwrap();
    }

    #[tokio::test]
    async fn only_the_right_password_matches_and_the_hash_does_not_show_it() {
        let hasher = Hasher::new().await.unwrap();
        let stored = hasher.hash("horse and 9 carts".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$") && !stored.contains("horse"));
        assert_ne!(stored, hasher.hash("horse and 9 carts".to_owned()).await.unwrap(), "salted");
        assert!(hasher.matches("horse and 9 carts".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.matches("horse and 9 cart".to_owned(), Some(stored)).await.unwrap());
        assert!(!hasher.matches("horse and 9 carts".to_owned(), None).await.unwrap());
        assert!(!hasher.matches("x".to_owned(), Some("not a hash".to_owned())).await.unwrap());
    }
}
