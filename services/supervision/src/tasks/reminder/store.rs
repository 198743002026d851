//! SQL and rows of reminders. Decides nothing.

use kit::{Result, Tx};
use registry::Coded;
use registry::columns::{coded, date};
use uuid::Uuid;

use super::Reminder;

pub const SELECT: &str = "\
SELECT id, step, issued_on, issued_at, document_number, text, answer_by, issued_by
FROM task_reminder WHERE task_id = $1 ORDER BY id";
pub const INSERT: &str = "\
INSERT INTO task_reminder (id, task_id, step, issued_on, issued_at, document_number, text, answer_by, issued_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    step: String,
    issued_on: String,
    issued_at: i64,
    document_number: String,
    text: String,
    answer_by: String,
    issued_by: String,
}

/// Every reminder of a task, oldest first.
pub async fn of(tx: &mut Tx, task: Uuid) -> Result<Vec<Reminder>> {
    let rows: Vec<Row> = tx.query(SELECT).bind(task).all().await?;
    let reminder = |row: Row| {
        Ok(Reminder {
            id: row.id,
            step: coded(&row.step)?,
            issued_on: date(&row.issued_on)?,
            issued_at: row.issued_at,
            document_number: row.document_number,
            text: row.text,
            answer_by: date(&row.answer_by)?,
            issued_by: row.issued_by,
        })
    };
    rows.into_iter().map(reminder).collect()
}

pub async fn insert(tx: &mut Tx, task: Uuid, reminder: &Reminder) -> Result<()> {
    tx.query(INSERT)
        .bind(reminder.id)
        .bind(task)
        .bind(reminder.step.code())
        .bind(reminder.issued_on.to_string())
        .bind(reminder.issued_at)
        .bind(reminder.document_number.clone())
        .bind(reminder.text.clone())
        .bind(reminder.answer_by.to_string())
        .bind(reminder.issued_by.clone())
        .execute()
        .await
        .map(drop)
}
