//! The first accounts: people of the users file for whom somebody has laid down a first password in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kit::{Problem, Result, retry};
use tokio::task::JoinSet;
use trust::users::{UserEntry, Users};

use super::{Account, Accounts, store};

/// Gives an account to everybody of `users` who has none and has a first password in `passwords` (TOML, id =
/// "password"). A password that is there already is left alone: INITIAL_PASSWORDS_UNREADABLE names a wrong file.
pub async fn seed(accounts: &Accounts, users: &Path, passwords: &Path) -> Result<()> {
    let unreadable = |cause: &dyn std::fmt::Display| {
        let message = format!("初始密码文件 {} 有误：{cause}", passwords.display());
        Problem::state("INITIAL_PASSWORDS_UNREADABLE", message)
    };
    let text = std::fs::read_to_string(passwords).map_err(|error| unreadable(&error))?;
    let passwords: BTreeMap<String, String> = toml::from_str(&text).map_err(|error| unreadable(&error))?;
    let known: BTreeSet<String> = store::ids(&accounts.db).await?.into_iter().collect();
    let new: Vec<(UserEntry, String)> = Users::load(users)?
        .user
        .into_iter()
        .filter(|user| !known.contains(&user.id))
        .filter_map(|user| passwords.get(&user.id).cloned().map(|password| (user, password)))
        .collect();
    let mut hashing = JoinSet::new();
    for (user, password) in new {
        let hasher = accounts.hasher.clone();
        hashing.spawn(async move { Ok::<_, Problem>((user, hasher.hash(password).await?)) });
    }
    let hashed: Result<Vec<(UserEntry, String)>> = hashing.join_all().await.into_iter().collect();
    let first: Vec<Account> = hashed?.into_iter().map(|(user, hash)| account(accounts, user, hash)).collect();
    if first.is_empty() {
        return Ok(());
    }
    let added = retry(async || {
        let mut tx = accounts.db.begin().await?;
        let added = store::insert(&mut tx, &first).await?;
        tx.commit().await?;
        Ok(added)
    })
    .await?;
    tracing::info!(added, "accounts opened with first passwords");
    Ok(())
}

fn account(accounts: &Accounts, user: UserEntry, password: String) -> Account {
    let region = user.grant.first().map_or_else(|| accounts.city.code.clone(), |grant| grant.region.clone());
    Account {
        id: user.id,
        name: user.name,
        unit: user.unit,
        region,
        password,
        must_change: true,
        failed: 0,
        locked_until: 0,
        disabled: false,
        created_by: String::new(),
        created_at: accounts.clock.micros(),
        version: 1,
    }
}
