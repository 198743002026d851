//! What is done with accounts: signing in, opening, resetting, disabling, changing a password. Every act leaves an
//! event in the same transaction.

use std::sync::Arc;

use city::bundle::City;
use kit::{Clock, Db, Kind, Problem, Result, Tx, retry};

use super::password::{self, Hasher};
use super::{Account, AccountSettings, Attempt, NewAccount, Reach, store};

/// The accounts of this city. Cloning shares everything.
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) city: Arc<City>,
    pub(super) hasher: Hasher,
    settings: Arc<AccountSettings>,
}

impl Accounts {
    pub async fn open(db: Db, clock: Clock, city: Arc<City>, settings: Arc<AccountSettings>) -> Result<Self> {
        Ok(Accounts { db, clock, city, hasher: Hasher::new().await?, settings })
    }

    pub fn settings(&self) -> &AccountSettings {
        &self.settings
    }

    /// The account when the password is right and nothing bars it; otherwise SIGN_IN_REFUSED, which says the same
    /// whatever the cause, so that nobody learns here which accounts exist.
    pub async fn sign_in(&self, id: &str, password: String) -> Result<Account> {
        self.prove(id, password, "SIGNED_IN").await
    }

    /// Takes note of every attempt; `right` is what a right password is noted as.
    async fn prove(&self, id: &str, password: String, right_act: &str) -> Result<Account> {
        let id: String = id.trim().chars().take(60).collect();
        let known = store::get(&self.db, &id).await?;
        // Who types a password into the wrong box must not find it in a log: what is no account is not written down.
        let concerned = if known.is_some() { id.as_str() } else { "" };
        let right = self.hasher.matches(password, known.map(|account| account.password)).await?;
        let (account, attempt) = retry(async || {
            let mut tx = self.db.begin().await?;
            let mut account = store::load(&mut tx, &id).await?;
            let attempt = match &mut account {
                Some(account) => account.attempt(right, self.clock.micros(), &self.settings),
                None => Attempt::Wrong,
            };
            if let Some(account) = account.as_ref().filter(|_| attempt != Attempt::Barred) {
                store::save(&mut tx, account).await?;
            }
            let (act, detail) = match attempt {
                Attempt::Right => (right_act, ""),
                Attempt::Wrong => ("SIGN_IN_FAILED", ""),
                Attempt::WrongAndLocked => ("SIGN_IN_FAILED", "连续输错，账号锁定"),
                Attempt::Barred => ("SIGN_IN_FAILED", "账号在锁定中或已停用"),
            };
            let actor = if attempt == Attempt::Right { id.as_str() } else { "" };
            if account.is_some() {
                store::tell(&mut tx, &self.clock, &id, actor, act, detail).await?;
            }
            tx.commit().await?;
            Ok((account, attempt))
        })
        .await?;
        tracing::info!(account = concerned, ?attempt, act = right_act, "password tried");
        account.filter(|_| attempt == Attempt::Right).ok_or_else(|| {
            let AccountSettings { failures, locked_minutes, .. } = *self.settings;
            let message = format!(
                "账号或密码不对。同一账号连续输错 {failures} 次将锁定 {locked_minutes} 分钟；忘记密码请找本单位的账号管理员重置"
            );
            Problem::new(Kind::Unauthenticated, "SIGN_IN_REFUSED", message)
        })
    }

    pub async fn signed_out(&self, id: &str) -> Result<()> {
        tracing::info!(account = %id, "sign-out");
        retry(async || {
            let mut tx = self.db.begin().await?;
            store::tell(&mut tx, &self.clock, id, id, "SIGNED_OUT", "").await?;
            tx.commit().await
        })
        .await
    }

    /// Changes the own password: PASSWORD_WRONG, PASSWORD_WEAK, PASSWORD_SAME, PASSWORDS_DIFFER.
    pub async fn change_password(&self, id: &str, old: String, new: String, again: &str) -> Result<()> {
        password::check(id, &new)?;
        if new != again {
            return Err(Problem::field("again", "PASSWORDS_DIFFER", "两次输入的新密码不一样"));
        }
        if new == old {
            return Err(Problem::field("password", "PASSWORD_SAME", "新密码不能与原密码相同"));
        }
        // A stolen session must not be a way to guess the password: a wrong one counts like at the door.
        if let Err(problem) = self.prove(id, old, "PASSWORD_PROVEN").await {
            let wrong = Problem::field("old", "PASSWORD_WRONG", "原密码不对");
            return Err(if problem.kind == Kind::Unauthenticated { wrong } else { problem });
        }
        let hash = self.hasher.hash(new).await?;
        self.change(id, id, "PASSWORD_CHANGED", "", |account| {
            account.password = hash.clone();
            account.must_change = false;
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Opens an account and returns its first password, which is kept nowhere: ACCOUNT_INVALID, ACCOUNT_EXISTS.
    pub async fn open_account(&self, by: &str, reach: &Reach, new: NewAccount) -> Result<(Account, String)> {
        let new = new.check(reach, &self.city)?;
        let first = password::random()?;
        let account = Account {
            id: new.id,
            name: new.name,
            unit: new.unit,
            region: new.region,
            password: self.hasher.hash(first.clone()).await?,
            must_change: true,
            failed: 0,
            locked_until: 0,
            disabled: false,
            created_by: by.to_owned(),
            created_at: self.clock.micros(),
            version: 1,
        };
        retry(async || {
            let mut tx = self.db.begin().await?;
            if store::insert(&mut tx, std::slice::from_ref(&account)).await? == 0 {
                let message = "这个账号已经有了";
                return Err(Problem::new(Kind::Exists, "ACCOUNT_EXISTS", message).and_field("id", message));
            }
            self.note(&mut tx, &account.id, by, "OPENED", "").await?;
            tx.commit().await
        })
        .await?;
        Ok((account, first))
    }

    /// Sets a random password, which must be changed, and lifts a lock. Returns the password.
    pub async fn reset_password(&self, by: &str, id: &str) -> Result<String> {
        let first = password::random()?;
        let hash = self.hasher.hash(first.clone()).await?;
        self.change(by, id, "PASSWORD_RESET", "", |account| {
            account.password = hash.clone();
            account.must_change = true;
            account.failed = 0;
            account.locked_until = 0;
            Ok(())
        })
        .await?;
        Ok(first)
    }

    /// Disables or enables; nobody does it to the own account (ACCOUNT_OWN).
    pub async fn set_disabled(&self, by: &str, id: &str, disabled: bool, reason: &str) -> Result<()> {
        if by == id {
            return Err(Problem::forbidden("ACCOUNT_OWN", "不能停用自己的账号"));
        }
        let act = if disabled { "DISABLED" } else { "ENABLED" };
        self.change(by, id, act, reason, |account| {
            account.disabled = disabled;
            Ok(())
        })
        .await
        .map(drop)
    }

    /// The account, when it lies within reach: ACCOUNT_UNKNOWN.
    pub async fn get(&self, reach: &Reach, id: &str) -> Result<Account> {
        let found = store::get(&self.db, id).await?;
        found.filter(|account| reach.covers(&self.city, &account.region)).ok_or_else(unknown)
    }

    /// A page of accounts within reach, after `after`; true: there are more.
    pub async fn list(&self, reach: &Reach, mut filter: store::Filter, after: &str) -> Result<(Vec<Account>, bool)> {
        filter.prefixes = self.prefixes(reach.regions());
        filter.within = self.prefixes(&filter.within);
        let mut accounts = store::list(&self.db, &filter, after).await?;
        let more = accounts.len() > store::PAGE;
        accounts.truncate(store::PAGE);
        Ok((accounts, more))
    }

    pub async fn events(&self, id: &str) -> Result<Vec<store::Event>> {
        store::events(&self.db, id).await
    }

    /// Codes nest by their beginning from the county down; the city's own code is left out: it holds them all.
    fn prefixes(&self, regions: &[String]) -> Vec<String> {
        if regions.contains(&self.city.code) { Vec::new() } else { regions.to_vec() }
    }

    async fn change(
        &self,
        by: &str,
        id: &str,
        act: &str,
        detail: &str,
        change: impl Fn(&mut Account) -> Result<()>,
    ) -> Result<Account> {
        retry(async || {
            let mut tx = self.db.begin().await?;
            let mut account = store::load(&mut tx, id).await?.ok_or_else(unknown)?;
            change(&mut account)?;
            store::save(&mut tx, &account).await?;
            // Whoever was signed in with the old password, or before the account was disabled, is no longer.
            crate::session::store::end_all(&mut tx, id).await?;
            self.note(&mut tx, id, by, act, detail).await?;
            tx.commit().await?;
            Ok(account)
        })
        .await
    }

    async fn note(&self, tx: &mut Tx, id: &str, by: &str, act: &str, detail: &str) -> Result<()> {
        tracing::info!(account = %id, %by, act, "account changed");
        store::tell(tx, &self.clock, id, by, act, detail).await
    }
}

fn unknown() -> Problem {
    Problem::not_found("ACCOUNT_UNKNOWN", "没有这个账号，或不在您的管理范围内")
}
