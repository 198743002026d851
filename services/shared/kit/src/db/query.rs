//! One statement on its way to either engine.

use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, PgPool, SqlitePool};
use tracing::{Instrument, Span};

use super::{Record, Sql, Value};
use crate::problem::{Problem, Result};

enum On<'c> {
    PgPool(&'c PgPool),
    PgTx(&'c mut sqlx::PgConnection),
    SqlitePool(&'c SqlitePool),
    SqliteTx(&'c mut sqlx::SqliteConnection),
}

enum Args {
    Postgres(PgArguments),
    Sqlite(SqliteArguments),
}

/// A statement with its values; end it with [`Query::all`], [`Query::optional`], [`Query::one`] or
/// [`Query::execute`].
pub struct Query<'c> {
    on: On<'c>,
    sql: Sql,
    args: Args,
    bind_error: Option<BoxDynError>,
}

macro_rules! run {
    ($query:ident, $with:ident, $method:ident $(, $map:expr)?) => {{
        let Query { on, sql, args, bind_error } = $query;
        if let Some(error) = bind_error {
            return Err(Problem::internal(error));
        }
        let span = statement(&on, &sql);
        let (postgres, sqlite) = (AssertSqlSafe(sql.postgres.into_owned()), AssertSqlSafe(sql.sqlite.into_owned()));
        match (on, args) {
            (On::PgPool(c), Args::Postgres(a)) => sqlx::$with(postgres, a).$method(c).instrument(span).await$(.map($map))?,
            (On::PgTx(c), Args::Postgres(a)) => sqlx::$with(postgres, a).$method(c).instrument(span).await$(.map($map))?,
            (On::SqlitePool(c), Args::Sqlite(a)) => sqlx::$with(sqlite, a).$method(c).instrument(span).await$(.map($map))?,
            (On::SqliteTx(c), Args::Sqlite(a)) => sqlx::$with(sqlite, a).$method(c).instrument(span).await$(.map($map))?,
            _ => unreachable!("connection and arguments are made together"),
        }
    }};
}

/// The span of a statement: its text, whose values are bound and so never in it.
fn statement(on: &On<'_>, sql: &Sql) -> Span {
    let (system, text) = match on {
        On::PgPool(_) | On::PgTx(_) => ("postgresql", &sql.postgres),
        On::SqlitePool(_) | On::SqliteTx(_) => ("sqlite", &sql.sqlite),
    };
    // `text` is looked at only where somebody traces.
    tracing::debug_span!("sql", otel.kind = "client", db.system.name = system, db.query.text = shortened(text))
}

/// Many-row inserts run to a hundred kilobytes, all of it placeholders.
fn shortened(text: &str) -> &str {
    const MOST: usize = 2_000;
    &text[..text.floor_char_boundary(MOST)]
}

impl<'c> Query<'c> {
    pub(super) fn on_postgres_pool(pool: &'c PgPool, sql: Sql) -> Self {
        Query { on: On::PgPool(pool), sql, args: Args::Postgres(Default::default()), bind_error: None }
    }

    pub(super) fn on_sqlite_pool(pool: &'c SqlitePool, sql: Sql) -> Self {
        Query { on: On::SqlitePool(pool), sql, args: Args::Sqlite(Default::default()), bind_error: None }
    }

    pub(super) fn on_postgres(connection: &'c mut sqlx::PgConnection, sql: Sql) -> Self {
        Query { on: On::PgTx(connection), sql, args: Args::Postgres(Default::default()), bind_error: None }
    }

    pub(super) fn on_sqlite(connection: &'c mut sqlx::SqliteConnection, sql: Sql) -> Self {
        Query { on: On::SqliteTx(connection), sql, args: Args::Sqlite(Default::default()), bind_error: None }
    }

    /// Binds the next value.
    pub fn bind<T: Value>(mut self, value: T) -> Self {
        let result = match &mut self.args {
            Args::Postgres(args) => args.add(value),
            Args::Sqlite(args) => args.add(value),
        };
        if let Err(error) = result {
            self.bind_error.get_or_insert(error);
        }
        self
    }

    pub async fn all<T: Record>(self) -> Result<Vec<T>> {
        Ok(run!(self, query_as_with, fetch_all)?)
    }

    pub async fn optional<T: Record>(self) -> Result<Option<T>> {
        Ok(run!(self, query_as_with, fetch_optional)?)
    }

    pub async fn one<T: Record>(self) -> Result<T> {
        Ok(run!(self, query_as_with, fetch_one)?)
    }

    /// Returns the number of rows changed.
    pub async fn execute(self) -> Result<u64> {
        Ok(run!(self, query_with, execute, |result| result.rows_affected())?)
    }
}
