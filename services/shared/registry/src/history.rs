//! What happened to a record: appended, never overwritten, one table for all registries of a service.

use jiff::civil::Date;
use kit::db::placeholders;
use kit::{Clock, Result, Sql, Tx};
use proto::contract::HistoryEntry;
use uuid::Uuid;

use crate::columns::ROWS_PER_STATEMENT;

pub const SELECT: &str = "\
SELECT at_micros, effective_on, from_state, to_state, by_user, reason, document_number
FROM record_history WHERE record_id = $1 ORDER BY id";

const INTO: &str = "\
INSERT INTO record_history (id, record_id, at_micros, effective_on, from_state, to_state, by_user, reason,
                            document_number)
VALUES ";

/// Who changes a register, and when.
#[derive(Clone, Debug)]
pub struct Author {
    pub by: String,
    pub clock: Clock,
}

/// One line of a record's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub effective_on: Date,
    /// Label of the state before; empty when no state changed.
    pub from_state: &'static str,
    pub to_state: &'static str,
    pub reason: String,
    /// 文号; empty where there is none.
    pub document_number: String,
}

impl Event {
    /// Something that changed no state.
    pub fn note(effective_on: Date, reason: impl Into<String>) -> Self {
        Event { effective_on, from_state: "", to_state: "", reason: reason.into(), document_number: String::new() }
    }

    /// A change of state, by the labels people read.
    pub fn step(
        effective_on: Date,
        from_state: &'static str,
        to_state: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        Event { from_state, to_state, ..Event::note(effective_on, reason) }
    }
}

/// Appends what happened, in many-row statements.
pub async fn append(tx: &mut Tx, events: &[(Uuid, &Event)], author: &Author) -> Result<()> {
    let at = author.clock.micros();
    for chunk in events.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}", placeholders(chunk.len(), 9))));
        for (id, event) in chunk {
            query = query
                .bind(author.clock.id())
                .bind(*id)
                .bind(at)
                .bind(event.effective_on.to_string())
                .bind(event.from_state)
                .bind(event.to_state)
                .bind(author.by.clone())
                .bind(event.reason.clone())
                .bind(event.document_number.clone());
        }
        query.execute().await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    at_micros: i64,
    effective_on: String,
    from_state: String,
    to_state: String,
    by_user: String,
    reason: String,
    document_number: String,
}

/// A record's history, oldest first.
pub async fn of(tx: &mut Tx, record: Uuid) -> Result<Vec<HistoryEntry>> {
    let rows: Vec<Row> = tx.query(SELECT).bind(record).all().await?;
    let entries = rows.into_iter().map(|row| HistoryEntry {
        at_micros: row.at_micros,
        effective_on: row.effective_on,
        from_state: row.from_state,
        to_state: row.to_state,
        by: row.by_user,
        reason: row.reason,
        document_number: row.document_number,
    });
    Ok(entries.collect())
}
