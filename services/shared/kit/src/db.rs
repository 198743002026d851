//! One SQL text on two engines: SQLite (embedded default) and PostgreSQL.
//!
//! An enum chooses the engine; callers write neither bounds nor branches. Texts use `$1` placeholders, which both
//! engines take. A transaction that loads, decides and saves runs inside [`retry`]:
//!
//! ```ignore
//! let institution = retry(async || {
//!     let mut tx = db.begin().await?;
//!     let mut institution = store::load(&mut tx, id).await?;
//!     institution.suspend(reason, today)?;            // a pure rule
//!     store::save(&mut tx, &institution).await?;
//!     tx.commit().await?;
//!     Ok(institution)
//! })
//! .await?;
//! ```

mod query;

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Encode, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction, Type};

use crate::problem::{Kind, Problem, Result};
pub use query::Query;

/// A value that both drivers can bind.
pub trait Value:
    Type<Postgres> + for<'q> Encode<'q, Postgres> + Type<Sqlite> + for<'q> Encode<'q, Sqlite> + Send + 'static
{
}
impl<T> Value for T where
    T: Type<Postgres> + for<'q> Encode<'q, Postgres> + Type<Sqlite> + for<'q> Encode<'q, Sqlite> + Send + 'static
{
}

/// A row that both drivers can read: one `#[derive(sqlx::FromRow)]`, or a tuple, satisfies it.
pub trait Record: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> Record for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// One portable text, or one per engine where they must differ.
#[derive(Clone, Debug)]
pub struct Sql {
    postgres: Cow<'static, str>,
    sqlite: Cow<'static, str>,
}

impl Sql {
    pub const fn per_engine(postgres: &'static str, sqlite: &'static str) -> Self {
        Sql { postgres: Cow::Borrowed(postgres), sqlite: Cow::Borrowed(sqlite) }
    }

    /// A text put together from constants (filters, many-row VALUES). Values are bound, never pasted in.
    pub fn built(text: String) -> Self {
        Sql { sqlite: positional(&text).unwrap_or_else(|| text.clone()).into(), postgres: text.into() }
    }
}

/// `$1, $2 …` as `?, ? …`, where they stand in this order, each once. To SQLite `$5000` is a name that is looked up among
/// all before it, by its parser and again by the driver: what a many-row text costs then grows with the square of its
/// length.
fn positional(text: &str) -> Option<String> {
    let mut parts = text.split('$');
    let mut made = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1usize..).zip(parts) {
        let rest = part.strip_prefix(&number.to_string())?;
        if rest.starts_with(|next: char| next.is_ascii_digit()) {
            return None;
        }
        made.push('?');
        made.push_str(rest);
    }
    Some(made)
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Sql::per_engine(text, text)
    }
}

/// `($1,$2),($3,$4)…` for a many-row insert of `rows` rows with `columns` columns each.
pub fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 1..=columns {
            if column > 1 {
                text.push(',');
            }
            text.push('$');
            text.push_str(&(row * columns + column).to_string());
        }
        text.push(')');
    }
    text
}

/// `($4,$5,$6)`: a list of `count` placeholders after the first `bound` ones.
pub fn list(bound: usize, count: usize) -> String {
    let names: Vec<String> = (bound + 1..=bound + count).map(|n| format!("${n}")).collect();
    format!("({})", names.join(","))
}

/// Rows of one many-row statement: far below what either engine takes, and no faster beyond.
pub const ROWS_PER_STATEMENT: usize = 500;

/// The migrations of one crate: two folders with the same version numbers, and a migrations table of its own.
#[derive(Debug)]
pub struct Migrations {
    pub table: &'static str,
    pub sqlite: Migrator,
    pub postgres: Migrator,
}

/// A database of either engine. Cloning shares the pool.
#[derive(Clone, Debug)]
pub enum Db {
    Postgres(PgPool),
    /// SQLite has one writer: a write pool of one connection, and a read pool with `query_only`.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
}

/// A transaction on either engine; dropping it uncommitted rolls it back.
#[derive(Debug)]
pub enum Tx {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Db {
    /// Opens `postgres://…`, or the SQLite file at a path (made if missing).
    pub async fn open(location: &str) -> Result<Self> {
        let unreachable = |error: sqlx::Error| {
            Problem::new(Kind::Unavailable, "DATABASE_UNREACHABLE", format!("数据库无法打开：{error}"))
        };
        if location.starts_with("postgres:") || location.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(location).map_err(unreachable)?;
            let pool = PgPoolOptions::new()
                .max_connections(8)
                .acquire_timeout(Duration::from_secs(10))
                .connect_with(options)
                .await
                .map_err(unreachable)?;
            return Ok(Db::Postgres(pool));
        }
        let options = SqliteConnectOptions::new()
            .filename(Path::new(location))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let write =
            SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(unreachable)?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(unreachable)?;
        Ok(Db::Sqlite { read, write })
    }

    /// Brings a crate's tables up to date; a newer schema than the program knows is refused (SCHEMA_NEWER).
    pub async fn migrate(&self, migrations: &Migrations) -> Result<()> {
        let own_table = |migrator: &Migrator| {
            let mut migrator = Migrator { ..clone_of(migrator) };
            migrator.dangerous_set_table_name(migrations.table);
            migrator
        };
        let result = match self {
            Db::Postgres(pool) => own_table(&migrations.postgres).run(pool).await,
            Db::Sqlite { write, .. } => own_table(&migrations.sqlite).run(write).await,
        };
        result.map_err(|error| match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => Problem::state(
                "SCHEMA_NEWER",
                format!("数据库结构（{} 第 {version} 版）比程序新，请升级程序", migrations.table),
            ),
            error => Problem::state("SCHEMA_FAILED", format!("数据库结构升级失败（{}）：{error}", migrations.table)),
        })
    }

    /// A statement outside a transaction: reads only.
    pub fn read(&self, sql: impl Into<Sql>) -> Query<'_> {
        match self {
            Db::Postgres(pool) => Query::on_postgres_pool(pool, sql.into()),
            Db::Sqlite { read, .. } => Query::on_sqlite_pool(read, sql.into()),
        }
    }

    /// Begins a transaction in which load–decide–save is safe. Wrap its life in [`retry`].
    ///
    /// PostgreSQL's default READ COMMITTED lets two transactions take the same free place; SQLite's deferred
    /// transactions ignore `busy_timeout` when they upgrade to a write.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Db::Postgres(pool) => Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await?),
            Db::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    /// Begins a transaction that takes numbers from a gap-free sequence. On PostgreSQL `lock` (a LOCK TABLE
    /// statement) runs first: a hot counter under SERIALIZABLE fails too often.
    pub async fn begin_sequenced(&self, lock: &'static str) -> Result<Tx> {
        Ok(match self {
            Db::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                sqlx::query(lock).execute(&mut *tx).await?;
                Tx::Postgres(tx)
            }
            Db::Sqlite { .. } => self.begin().await?,
        })
    }

    /// Prepares a statement on the live engine; a test calls it for every SQL constant.
    pub async fn check(&self, sql: impl Into<Sql>) -> Result<()> {
        use sqlx::{Executor, SqlSafeStr};
        let sql = sql.into();
        match self {
            Db::Postgres(pool) => {
                pool.acquire().await?.prepare(AssertSqlSafe(sql.postgres.into_owned()).into_sql_str()).await.map(drop)
            }
            Db::Sqlite { read, .. } => {
                read.acquire().await?.prepare(AssertSqlSafe(sql.sqlite.into_owned()).into_sql_str()).await.map(drop)
            }
        }
        .map_err(|error| Problem::state("SQL_INVALID", error.to_string()))
    }

    /// Closes all connections, so that the file may be copied or another process may open it.
    pub async fn close(&self) {
        match self {
            Db::Postgres(pool) => pool.close().await,
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

fn clone_of(migrator: &Migrator) -> Migrator {
    let mut copy = Migrator::with_migrations(migrator.migrations.to_vec());
    copy.set_ignore_missing(migrator.ignore_missing);
    copy
}

impl Tx {
    pub fn query(&mut self, sql: impl Into<Sql>) -> Query<'_> {
        match self {
            Tx::Postgres(tx) => Query::on_postgres(tx, sql.into()),
            Tx::Sqlite(tx) => Query::on_sqlite(tx, sql.into()),
        }
    }

    pub async fn commit(self) -> Result<()> {
        match self {
            Tx::Postgres(tx) => tx.commit().await?,
            Tx::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// PostgreSQL 40001 serialization failure, 40P01 deadlock; SQLite 5 busy, 261 busy recovery, 517 busy snapshot.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "40001" | "40P01" | "5" | "261" | "517"))
}

/// Runs a transaction again after a transient failure. The attempt begins and commits its own transaction.
pub async fn retry<T, A: Future<Output = Result<T>>>(mut attempt: impl FnMut() -> A) -> Result<T> {
    let mut tries = 0u32;
    loop {
        match attempt().await {
            Err(problem) if tries < 6 && problem.is_transient() => {
                tokio::time::sleep(Duration::from_millis(5 << tries)).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dropped_transaction_leaves_nothing_and_readers_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path().join("a.db").to_str().unwrap()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.query("CREATE TABLE t (n BIGINT NOT NULL)").execute().await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let insert = Sql::built(format!("INSERT INTO t (n) VALUES {}", placeholders(2, 1)));
        assert_eq!(tx.query(insert).bind(1i64).bind(2i64).execute().await.unwrap(), 2);
        drop(tx);
        let (count,): (i64,) = db.read("SELECT CAST(COUNT(*) AS BIGINT) FROM t").one().await.unwrap();
        assert_eq!(count, 0);
        assert!(db.read("INSERT INTO t (n) VALUES ($1)").bind(1i64).execute().await.is_err());
        assert_eq!(placeholders(2, 2), "($1,$2),($3,$4)");
        assert_eq!(positional("VALUES ($1,$2),($3,$4)").unwrap(), "VALUES (?,?),(?,?)");
        for kept in ["a = $2 AND b = $1", "a = $1 OR b = $1", "a = $10", "a = $1 AND b = $22"] {
            assert_eq!(positional(kept), None, "{kept}");
        }
    }
}
