//! Accounts and what happened to them. SQL and rows, nothing else.

use kit::db::placeholders;
use kit::{Clock, Db, Result, Sql, Tx};

use super::Account;

const COLUMNS: &str =
    "id, name, unit, region, password, must_change, failed, locked_until, disabled, created_by, created_at, version";

const GET: &str = "SELECT id, name, unit, region, password, must_change, failed, locked_until, disabled, created_by,
     created_at, version FROM account WHERE id = $1";
const SAVE: &str = "UPDATE account SET name = $2, unit = $3, region = $4, password = $5, must_change = $6, failed = $7,
     locked_until = $8, disabled = $9, version = version + 1 WHERE id = $1";
const TELL: &str = "INSERT INTO account_event (id, at, account, actor, act, detail) VALUES ($1, $2, $3, $4, $5, $6)";
const EVENTS: &str = "SELECT at, actor, act, detail FROM account_event WHERE account = $1 ORDER BY id DESC LIMIT 30";
const IDS: &str = "SELECT id FROM account";

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[GET, SAVE, TELL, EVENTS, IDS];

/// What happened, as the account's page shows it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    pub at: i64,
    pub actor: String,
    pub act: String,
    pub detail: String,
}

/// Which accounts to list; empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of account, name or unit.
    pub text: String,
    /// Beginnings of region codes, of which one must fit; none: no region is left out.
    pub prefixes: Vec<String>,
    /// Another such list, which must fit as well.
    pub within: Vec<String>,
    /// Only those who cannot sign in, or only those who can.
    pub disabled: Option<bool>,
}

/// Accounts listed on one page.
pub const PAGE: usize = 50;

pub async fn get(db: &Db, id: &str) -> Result<Option<Account>> {
    db.read(GET).bind(id.to_owned()).optional().await
}

pub async fn load(tx: &mut Tx, id: &str) -> Result<Option<Account>> {
    tx.query(GET).bind(id.to_owned()).optional().await
}

pub async fn ids(db: &Db) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = db.read(IDS).all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Adds accounts that are not there yet; returns how many were not.
pub async fn insert(tx: &mut Tx, accounts: &[Account]) -> Result<u64> {
    let mut added = 0;
    for chunk in accounts.chunks(100) {
        let values = placeholders(chunk.len(), 12);
        let text = format!("INSERT INTO account ({COLUMNS}) VALUES {values} ON CONFLICT (id) DO NOTHING");
        let query = chunk.iter().fold(tx.query(Sql::built(text)), |query, account| {
            query
                .bind(account.id.clone())
                .bind(account.name.clone())
                .bind(account.unit.clone())
                .bind(account.region.clone())
                .bind(account.password.clone())
                .bind(account.must_change)
                .bind(account.failed)
                .bind(account.locked_until)
                .bind(account.disabled)
                .bind(account.created_by.clone())
                .bind(account.created_at)
                .bind(account.version)
        });
        added += query.execute().await?;
    }
    Ok(added)
}

/// Writes everything that may change.
pub async fn save(tx: &mut Tx, account: &Account) -> Result<()> {
    tx.query(SAVE)
        .bind(account.id.clone())
        .bind(account.name.clone())
        .bind(account.unit.clone())
        .bind(account.region.clone())
        .bind(account.password.clone())
        .bind(account.must_change)
        .bind(account.failed)
        .bind(account.locked_until)
        .bind(account.disabled)
        .execute()
        .await
        .map(drop)
}

/// Appends to what happened. The caller says nothing secret in `detail`.
pub async fn tell(tx: &mut Tx, clock: &Clock, account: &str, actor: &str, act: &str, detail: &str) -> Result<()> {
    tx.query(TELL)
        .bind(clock.id())
        .bind(clock.micros())
        .bind(account.to_owned())
        .bind(actor.to_owned())
        .bind(act.to_owned())
        .bind(detail.to_owned())
        .execute()
        .await
        .map(drop)
}

/// The last thirty, the newest first.
pub async fn events(db: &Db, account: &str) -> Result<Vec<Event>> {
    db.read(EVENTS).bind(account.to_owned()).all().await
}

/// Accounts after `after`, by id; one more than a page when there is another page.
pub async fn list(db: &Db, filter: &Filter, after: &str) -> Result<Vec<Account>> {
    let mut bound = vec![after.to_owned()];
    let mut text = format!("SELECT {COLUMNS} FROM account WHERE id > $1");
    for prefixes in [&filter.prefixes, &filter.within].into_iter().filter(|prefixes| !prefixes.is_empty()) {
        let any: Vec<String> = prefixes
            .iter()
            .map(|prefix| {
                bound.push(format!("{prefix}%"));
                format!("region LIKE ${}", bound.len())
            })
            .collect();
        text.push_str(&format!(" AND ({})", any.join(" OR ")));
    }
    if !filter.text.is_empty() {
        bound.push(format!("%{}%", filter.text.replace(['%', '_'], "")));
        let place = bound.len();
        text.push_str(&format!(" AND (id LIKE ${place} OR name LIKE ${place} OR unit LIKE ${place})"));
    }
    match filter.disabled {
        Some(true) => text.push_str(" AND disabled"),
        Some(false) => text.push_str(" AND NOT disabled"),
        None => {}
    }
    text.push_str(&format!(" ORDER BY id LIMIT {}", PAGE + 1));
    bound.into_iter().fold(db.read(Sql::built(text)), |query, value| query.bind(value)).all().await
}
