//! The grants table of one service: role × region per person. The service that owns the data decides, whoever vouched
//! for the person.

use kit::db::{Migrations, placeholders};
use kit::{Db, Result, Sql, retry};

use crate::users::Users;

/// What a person may do here.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Grant {
    pub role: String,
    pub region: String,
}

const OF_USER: &str = "SELECT role, region FROM grants WHERE user_id = $1 ORDER BY role, region";
const CLEAR: &str = "DELETE FROM grants";

/// Every SQL text of this crate, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[OF_USER, CLEAR];

/// Brings this crate's tables up to date.
pub async fn migrate(db: &Db) -> Result<()> {
    db.migrate(&Migrations {
        table: "_trust_migrations",
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    })
    .await
}

/// Replaces this service's grants by those of `users.toml`, in one transaction.
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
