//! SQL and rows of correction tickets. Decides nothing.

use kit::{Clock, Db, Problem, Result, Tx};
use uuid::Uuid;

use super::state::{Progress, State};
use super::subject::Subject;
use crate::page::{Page, paged};

macro_rules! select {
    ($conditions:literal) => {
        concat!(
            "SELECT id, subject, first_name, second_name, third_name, fourth_name, wrong, proposed, state, answer, \
             reopened, opener, opener_name, opened_at, asked_at, answered_by, answered_at FROM correction WHERE ",
            $conditions
        )
    };
}

const GET: &str = select!("id = $1");
const OF_KEY: &str = select!("opener = $1 AND idempotency_key = $2");
/// After an id; conditions follow.
const SELECT: &str = select!("id > $1");
const INSERT: &str = "\
INSERT INTO correction (id, subject, first_name, second_name, third_name, fourth_name, wrong, proposed, state, opener,
    opener_name, opened_at, asked_at, idempotency_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const UPDATE: &str = "\
UPDATE correction SET state = $2, answer = $3, reopened = $4, asked_at = $5, answered_by = $6, answered_at = $7
WHERE id = $1";
const TELL: &str = "\
INSERT INTO correction_act (id, correction_id, from_state, to_state, by_actor, by_name, at, text)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const HISTORY: &str = "\
SELECT at, from_state, to_state, by_name, text FROM correction_act WHERE correction_id = $1 ORDER BY id";

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] = &[GET, OF_KEY, SELECT, INSERT, UPDATE, TELL, HISTORY];

/// A ticket as the table has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) subject: String,
    pub(super) first_name: String,
    pub(super) second_name: String,
    pub(super) third_name: String,
    pub(super) fourth_name: String,
    pub(super) wrong: String,
    pub(super) proposed: String,
    pub(super) state: String,
    pub(super) answer: String,
    pub(super) reopened: bool,
    pub(super) opener: String,
    pub(super) opener_name: String,
    pub(super) opened_at: i64,
    pub(super) asked_at: i64,
    pub(super) answered_by: String,
    pub(super) answered_at: i64,
}

/// One line of history.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Told {
    pub(super) at: i64,
    pub(super) from_state: String,
    pub(super) to_state: String,
    pub(super) by_name: String,
    pub(super) text: String,
}

/// Who does something: `user:…` or `bureau:…`, and how history names them.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) key: String,
    pub(super) name: String,
}

impl Row {
    pub(super) fn state(&self) -> Result<State> {
        State::from_code(&self.state).ok_or_else(|| Problem::internal(format!("ticket state {:?}", self.state)))
    }

    pub(super) fn progress(&self) -> Result<Progress> {
        Ok(Progress { state: self.state()?, opener: self.opener.clone(), reopened: self.reopened })
    }
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("CORRECTION_UNKNOWN", "没有这项疑义")
}

/// One ticket, or CORRECTION_UNKNOWN.
pub(super) async fn get(tx: &mut Tx, id: Uuid) -> Result<Row> {
    tx.query(GET).bind(id).optional().await?.ok_or_else(unknown)
}

/// One ticket with what was done with it.
pub(super) async fn detail(db: &Db, id: Uuid) -> Result<(Row, Vec<Told>)> {
    let row = db.read(GET).bind(id).optional().await?.ok_or_else(unknown)?;
    Ok((row, db.read(HISTORY).bind(id).all().await?))
}

/// The ticket that a key has made.
pub(super) async fn of_key(tx: &mut Tx, opener: &str, key: &str) -> Result<Option<Row>> {
    tx.query(OF_KEY).bind(opener.to_owned()).bind(key.to_owned()).optional().await
}

/// A page of an opener's tickets in a state, and where the next begins; empty texts ask for all.
pub(super) async fn list(db: &Db, page: Page, opener: &str, state: &str) -> Result<(Vec<Row>, String)> {
    paged(db, SELECT, page, &[("opener", opener), ("state", state)], |row: &Row| row.id).await
}

/// What a new ticket says.
pub(super) struct New<'n> {
    pub(super) subject: &'n Subject,
    pub(super) wrong: &'n str,
    pub(super) proposed: &'n str,
    pub(super) key: &'n str,
}

/// Writes a new ticket down.
pub(super) async fn insert(tx: &mut Tx, new: &New<'_>, by: &Actor, clock: &Clock) -> Result<Row> {
    let (id, now) = (clock.id(), clock.micros());
    let key = if new.key.is_empty() { id.to_string() } else { new.key.to_owned() };
    let query = tx.query(INSERT).bind(id).bind(new.subject.kind);
    new.subject
        .names
        .iter()
        .fold(query, |query, name| query.bind(name.clone()))
        .bind(new.wrong.to_owned())
        .bind(new.proposed.to_owned())
        .bind(State::Open.code())
        .bind(by.key.clone())
        .bind(by.name.clone())
        .bind(now)
        .bind(now)
        .bind(key)
        .execute()
        .await?;
    tell(tx, id, "", State::Open, by, new.wrong, clock).await?;
    get(tx, id).await
}

/// Writes down where a ticket stands now, and what was said.
pub(super) async fn update(tx: &mut Tx, row: &Row, from: State, by: &Actor, text: &str, clock: &Clock) -> Result<()> {
    tx.query(UPDATE)
        .bind(row.id)
        .bind(row.state.clone())
        .bind(row.answer.clone())
        .bind(row.reopened)
        .bind(row.asked_at)
        .bind(row.answered_by.clone())
        .bind(row.answered_at)
        .execute()
        .await?;
    tell(tx, row.id, from.code(), row.state()?, by, text, clock).await
}

async fn tell(
    tx: &mut Tx,
    ticket: Uuid,
    from: &'static str,
    to: State,
    by: &Actor,
    text: &str,
    clock: &Clock,
) -> Result<()> {
    tx.query(TELL)
        .bind(clock.id())
        .bind(ticket)
        .bind(from)
        .bind(to.code())
        .bind(by.key.clone())
        .bind(by.name.clone())
        .bind(clock.micros())
        .bind(text.to_owned())
        .execute()
        .await
        .map(drop)
}
