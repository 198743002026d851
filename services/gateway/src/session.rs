//! Sessions: who is behind a request to the console.
//!
//! Three extractors serve every page. [`SignedIn`] is the person a page is for; without a session it leads to the
//! sign-in and back. [`Posted`] is a form with its person: the session, its CSRF token and the origin are checked
//! before the form is read, and what was typed survives a session that ended meanwhile. [`Visitor`] is whoever looks
//! at a view that may be open to all.

pub mod door;
pub mod posted;
pub mod store;
pub mod upload;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::{Clock, Db, Problem, Result, retry};
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

use crate::accounts::{AccountSettings, MINUTE};
use crate::bureaus::{Grants, Held};

pub use door::Visitor;
pub use posted::{Fields, Posted};
pub use upload::{LARGEST_FILE, Upload, Uploaded};

/// A signed-in person. Take it as an argument of a handler: without a session the browser is led to the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Account, as the bureaus know the person.
    pub id: String,
    pub name: String,
    /// The unit as people write it.
    pub unit: String,
    /// The region of the unit.
    pub region: String,
    /// What the bureaus said the person may do, at most half a minute ago. It decides what is shown; whether an act is
    /// allowed the bureau judges itself.
    pub grants: Arc<Grants>,
    /// Stands in every form (`templates/keys.html`).
    pub csrf_token: String,
    /// The password was set by somebody else.
    pub must_change: bool,
}

impl SignedIn {
    /// The grants at one bureau.
    pub fn grants_at<'g>(&'g self, bureau: &'g str) -> impl Iterator<Item = &'g Held> {
        self.grants.held.iter().filter(move |held| held.bureau == bureau)
    }

    /// True when the person holds the role at the bureau, wherever.
    pub fn holds(&self, bureau: &str, role: &str) -> bool {
        self.grants_at(bureau).any(|held| held.role == role)
    }

    /// True when the person holds one of the roles at some bureau.
    pub fn holds_any(&self, roles: &[&str]) -> bool {
        self.grants.held.iter().any(|held| roles.contains(&held.role.as_str()))
    }

    /// Where the person has any grant at the bureau, without repetition.
    pub fn regions(&self, bureau: &str) -> Vec<&str> {
        let held = self.grants.held.iter().filter(|held| held.bureau == bureau);
        let mut regions: Vec<&str> = held.map(|held| held.region.as_str()).collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }

    /// Compares the token of a form that [`Posted`] cannot read, such as an upload: CSRF_INVALID.
    pub fn check_csrf(&self, token: &str) -> Result<()> {
        let same = token.len() == self.csrf_token.len()
            && token.bytes().zip(self.csrf_token.bytes()).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0;
        if same {
            return Ok(());
        }
        Err(Problem::forbidden("CSRF_INVALID", "这个页面已经失效，没有提交。请打开新页面重新提交"))
    }
}

/// The sessions of the console. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
    clock: Clock,
    settings: Arc<AccountSettings>,
}

/// A session that was found by its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) row: store::Row,
    pub(crate) csrf_token: String,
}

/// A session's row is written at most so often to say that it is still used.
const SEEN_EVERY: i64 = MINUTE;

impl Sessions {
    pub fn new(db: Db, clock: Clock, settings: Arc<AccountSettings>) -> Self {
        Sessions { db, clock, settings }
    }

    pub fn settings(&self) -> &AccountSettings {
        &self.settings
    }

    /// Begins a session under a fresh secret, which it returns; the one before it ends.
    pub async fn begin(&self, account: &str, before: Option<&str>) -> Result<String> {
        let mut bytes = [0u8; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Problem::internal("no randomness"))?;
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let (idle, longest) = self.limits();
        retry(async || {
            let now = self.clock.micros();
            let mut tx = self.db.begin().await?;
            store::end_old(&mut tx, now - idle, now - longest).await?;
            if let Some(before) = before {
                store::end(&mut tx, hash(before)).await?;
            }
            store::insert(&mut tx, hash(&secret), account, now).await?;
            tx.commit().await
        })
        .await?;
        Ok(secret)
    }

    /// The session of a secret; None when it ended, was idle for too long, or its account is disabled.
    pub(crate) async fn find(&self, secret: &str) -> Result<Option<Found>> {
        let (idle, longest) = self.limits();
        let now = self.clock.micros();
        let found = store::find(&self.db, hash(secret)).await?;
        let Some(row) = found.filter(|row| now - row.seen_at < idle && now - row.created_at < longest) else {
            return Ok(None);
        };
        if now - row.seen_at >= SEEN_EVERY {
            retry(async || {
                let mut tx = self.db.begin().await?;
                store::seen(&mut tx, hash(secret), now).await?;
                tx.commit().await
            })
            .await?;
        }
        Ok(Some(Found { row, csrf_token: csrf_token(secret) }))
    }

    pub async fn end(&self, secret: &str) -> Result<()> {
        retry(async || {
            let mut tx = self.db.begin().await?;
            store::end(&mut tx, hash(secret)).await?;
            tx.commit().await
        })
        .await
    }

    /// Longest idle time and longest life, in microseconds.
    fn limits(&self) -> (i64, i64) {
        (self.settings.idle_minutes * MINUTE, self.settings.longest_hours * 60 * MINUTE)
    }
}

fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().to_vec()
}

/// The token of a session's forms follows from its secret, so it need not be stored; nobody can go back from it.
pub(crate) fn csrf_token(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, format!("csrf {secret}").as_bytes()))
}
