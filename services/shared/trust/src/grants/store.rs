//! SQL and rows of grants. Decides nothing.

use kit::db::{Migrations, placeholders};
use kit::{Clock, Db, Problem, Result, Sql, Tx, retry};

use super::{Grant, Wanted};
use crate::users::Users;

const OF_USER: &str = "SELECT role, region FROM grants WHERE user_id = $1 AND ended_at IS NULL ORDER BY role, region";
const CLEAR: &str = "DELETE FROM grants WHERE seeded AND ended_at IS NULL";
const GIVE: &str = "\
INSERT INTO grants (user_id, role, region, seeded, given_by, given_at) VALUES ($1, $2, $3, FALSE, $4, $5)
ON CONFLICT (user_id, role, region) DO UPDATE SET
    seeded = FALSE, given_by = excluded.given_by, given_at = excluded.given_at, ended_at = NULL
WHERE grants.ended_at IS NOT NULL";
const END: &str = "\
UPDATE grants SET ended_at = $4 WHERE user_id = $1 AND role = $2 AND region = $3 AND ended_at IS NULL";
const TELL: &str = "\
INSERT INTO grant_act (id, user_id, role, region, act, by_user, at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const GET: &str = "\
SELECT user_id, role, region, given_by, given_at FROM grants
WHERE user_id = $1 AND role = $2 AND region = $3";
/// After a place in the order of (user, role, region); conditions follow.
pub(super) const SELECT: &str = "\
SELECT user_id, role, region, given_by, given_at FROM grants
WHERE ended_at IS NULL AND (user_id, role, region) > ($1, $2, $3)";

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[OF_USER, CLEAR, GIVE, END, TELL, GET, SELECT];

/// Brings this crate's tables up to date.
pub async fn migrate(db: &Db) -> Result<()> {
    db.migrate(&Migrations {
        table: "_trust_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    })
    .await
}

/// Makes the seeded grants those of `users.toml`, in one transaction. What an administrator gave stays given, and what
/// one ended stays ended.
pub async fn seed(db: &Db, bureau: &str, users: &Users) -> Result<()> {
    let rows: Vec<(String, String, String)> = users
        .user
        .iter()
        .flat_map(|user| {
            let here = user.grant.iter().filter(|grant| grant.service == bureau);
            here.map(|grant| (user.id.clone(), grant.role.clone(), grant.region.clone()))
        })
        .collect();
    retry(async || {
        let mut tx = db.begin().await?;
        tx.query(CLEAR).execute().await?;
        for chunk in rows.chunks(200) {
            let values = placeholders(chunk.len(), 3);
            let text = format!("INSERT INTO grants (user_id, role, region) VALUES {values} ON CONFLICT DO NOTHING");
            let mut query = tx.query(Sql::built(text));
            for (user, role, region) in chunk {
                query = query.bind(user.clone()).bind(role.clone()).bind(region.clone());
            }
            query.execute().await?;
        }
        tx.commit().await
    })
    .await
}

/// What a person may do at this service.
pub async fn of_user(db: &Db, user: &str) -> Result<Vec<Grant>> {
    db.read(OF_USER).bind(user.to_owned()).all().await
}

/// A grant with who gave it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Given {
    pub(super) user_id: String,
    pub(super) role: String,
    pub(super) region: String,
    pub(super) given_by: String,
    pub(super) given_at: i64,
}

/// Gives; true when it was not given already.
pub(super) async fn give(tx: &mut Tx, wanted: &Wanted, by: &str, clock: &Clock) -> Result<bool> {
    let query = tx.query(GIVE).bind(wanted.user.clone()).bind(wanted.role.clone()).bind(wanted.region.clone());
    Ok(query.bind(by.to_owned()).bind(clock.micros()).execute().await? > 0)
}

/// Ends; true when there was one.
pub(super) async fn end(tx: &mut Tx, wanted: &Wanted, clock: &Clock) -> Result<bool> {
    let query = tx.query(END).bind(wanted.user.clone()).bind(wanted.role.clone()).bind(wanted.region.clone());
    Ok(query.bind(clock.micros()).execute().await? > 0)
}

/// Appends what was done.
pub(super) async fn tell(
    tx: &mut Tx,
    wanted: &Wanted,
    act: &'static str,
    by: &str,
    reason: &str,
    clock: &Clock,
) -> Result<()> {
    tx.query(TELL)
        .bind(clock.id())
        .bind(wanted.user.clone())
        .bind(wanted.role.clone())
        .bind(wanted.region.clone())
        .bind(act)
        .bind(by.to_owned())
        .bind(clock.micros())
        .bind(reason.to_owned())
        .execute()
        .await
        .map(drop)
}

/// One grant, ended or not.
pub(super) async fn get(tx: &mut Tx, wanted: &Wanted) -> Result<Given> {
    let query = tx.query(GET).bind(wanted.user.clone()).bind(wanted.role.clone()).bind(wanted.region.clone());
    query.optional().await?.ok_or_else(|| Problem::not_found("GRANT_UNKNOWN", "没有这项权限"))
}
