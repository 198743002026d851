//! An oracle: every published element counted again from the raw rows of the bureaus' tables, and every indicator from
//! what was published, in the plainest way and with code that shares nothing with the services but the words of the
//! contract. Integers throughout.

mod counting;
pub(crate) mod indicators;
pub(crate) mod published;
pub(crate) mod registers;

use std::collections::HashMap;

use kit::Db;
use suite_tests::suite::Engine;

/// A row as it stands in a table, every column as text; nothing for NULL.
pub(crate) type Row = HashMap<&'static str, String>;

/// Every row of a table, as far as the columns go; `@` marks one that holds an id.
pub(crate) async fn rows(db: &Db, engine: Engine, table: &str, columns: &'static [&'static str]) -> Vec<Row> {
    let texts: Vec<String> = columns
        .iter()
        .map(|column| match (column.strip_prefix('@'), engine) {
            (Some(id), Engine::Sqlite) => format!("lower(hex({id}))"),
            (Some(id), Engine::Postgres) => format!("replace(CAST({id} AS TEXT), '-', '')"),
            (None, _) => format!("COALESCE(CAST({column} AS TEXT), '')"),
        })
        .collect();
    let sql = format!("SELECT {} FROM {table}", texts.join(" || '¦' || "));
    let read: Vec<(String,)> =
        db.read(kit::Sql::built(sql)).all().await.unwrap_or_else(|problem| panic!("{table}: {problem}"));
    let names = columns.iter().map(|column| column.trim_start_matches('@'));
    read.into_iter().map(|(text,)| names.clone().zip(text.split('¦').map(str::to_owned)).collect()).collect()
}

/// True on a day from the first on and before the last, where there is one.
fn holds(row: &Row, from: &str, to: &str, day: &str) -> bool {
    row[from].as_str() <= day && (row[to].is_empty() || row[to].as_str() > day)
}

fn yes(text: &str) -> bool {
    matches!(text, "1" | "true" | "t")
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}
