//! SQL and rows of access rights. Decides nothing.

use jiff::civil::Date;
use kit::{Clock, Db, Problem, Result, Tx};
use uuid::Uuid;

use super::book::{Book, Known};
use super::seed::Seed;
use super::state::{Progress, State};
use super::wanted::Wanted;
use crate::page::{Page, paged};

macro_rules! select {
    ($conditions:literal) => {
        concat!(
            "SELECT id, method, consumer, purpose, fields, basis, valid_until, state, catalogue_number, \
             authorisation_number, seeded, applied_by, applied_at, checked_by, checked_at, reviewed_by, reviewed_at, \
             granted_by, granted_at FROM access_right WHERE ",
            $conditions
        )
    };
}

/// What the gate goes by; read every second, so it is what can be called by and no more.
const KNOWN: &str = "\
SELECT id, method, consumer, purpose, fields, valid_until, state FROM access_right
WHERE state IN ('GRANTED', 'SUSPENDED') ORDER BY id";
const HAS_ENDED: &str = "\
SELECT id FROM access_right WHERE method = $1 AND consumer = $2 AND purpose = $3 AND state = 'ENDED' LIMIT 1";
const GET: &str = select!("id = $1");
const OF_KEY: &str = select!("idempotency_key = $1");
const SEEDED: &str = select!("seeded ORDER BY id");
const IN_FORCE: &str = select!("method = $1 AND consumer = $2 AND purpose = $3 AND state IN ('GRANTED', 'SUSPENDED')");
const PENDING: &str =
    select!("method = $1 AND consumer = $2 AND purpose = $3 AND state IN ('APPLIED', 'CHECKED', 'REVIEWED')");
/// After an id; conditions follow.
const SELECT: &str = select!("id > $1");
const INSERT: &str = "\
INSERT INTO access_right (id, method, consumer, purpose, fields, basis, valid_until, state, catalogue_number,
    authorisation_number, seeded, applied_by, applied_at, granted_at, idempotency_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
const UPDATE: &str = "\
UPDATE access_right SET state = $2, checked_by = $3, checked_at = $4, reviewed_by = $5, reviewed_at = $6,
    granted_by = $7, granted_at = $8, catalogue_number = $9, authorisation_number = $10, seeded = $11
WHERE id = $1";
const TELL: &str = "\
INSERT INTO access_right_act (id, right_id, from_state, to_state, by_user, by_name, at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const HISTORY: &str = "\
SELECT at, from_state, to_state, by_name, reason FROM access_right_act WHERE right_id = $1 ORDER BY id";

/// Every SQL text of this room, for the test that prepares them on both engines.
pub const STATEMENTS: &[&str] =
    &[KNOWN, HAS_ENDED, GET, OF_KEY, SEEDED, IN_FORCE, PENDING, SELECT, INSERT, UPDATE, TELL, HISTORY];

/// What history says where nobody did it: the set-up's file.
const SET_UP: &str = "初始配置";

/// A right as the table has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) method: String,
    pub(super) consumer: String,
    pub(super) purpose: String,
    pub(super) fields: String,
    pub(super) basis: String,
    pub(super) valid_until: Option<String>,
    pub(super) state: String,
    pub(super) catalogue_number: String,
    pub(super) authorisation_number: String,
    pub(super) seeded: bool,
    pub(super) applied_by: String,
    pub(super) applied_at: i64,
    pub(super) checked_by: Option<String>,
    pub(super) checked_at: Option<i64>,
    pub(super) reviewed_by: Option<String>,
    pub(super) reviewed_at: Option<i64>,
    pub(super) granted_by: Option<String>,
    pub(super) granted_at: Option<i64>,
}

/// One line of history.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Told {
    pub(super) at: i64,
    pub(super) from_state: String,
    pub(super) to_state: String,
    pub(super) by_name: String,
    pub(super) reason: String,
}

/// Who does something, and how history names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Actor {
    pub(super) id: String,
    pub(super) name: String,
}

impl Row {
    pub(super) fn state(&self) -> Result<State> {
        state(&self.state)
    }

    pub(super) fn valid_until(&self) -> Result<Option<Date>> {
        valid_until(self.valid_until.as_deref())
    }

    pub(super) fn fields(&self) -> Vec<String> {
        fields(&self.fields)
    }

    pub(super) fn progress(&self) -> Result<Progress> {
        Ok(Progress {
            state: self.state()?,
            applied: self.applied_by.clone(),
            checked: self.checked_by.clone(),
            reviewed: self.reviewed_by.clone(),
            granted: self.granted_by.clone(),
        })
    }

    pub(super) fn wanted(&self) -> Result<Wanted> {
        Ok(Wanted {
            method: self.method.clone(),
            consumer: self.consumer.clone(),
            purpose: self.purpose.clone(),
            fields: self.fields(),
            valid_until: self.valid_until()?,
        })
    }

    /// The agreement of the file. One that has ended stands for whatever the file says of it now.
    pub(super) fn is(&self, wanted: &Wanted, seed: &Seed) -> bool {
        let same = (&self.method, &self.consumer, &self.purpose) == (&wanted.method, &wanted.consumer, &wanted.purpose);
        let alike = self.fields == wanted.fields.join(",")
            && self.valid_until == wanted.valid_until.map(|date| date.to_string())
            && (&self.catalogue_number, &self.authorisation_number)
                == (&seed.catalogue_number, &seed.authorisation_number);
        same && (alike || self.state == State::Ended.code())
    }
}

fn state(code: &str) -> Result<State> {
    State::from_code(code).ok_or_else(|| Problem::internal(format!("right state {code:?}")))
}

fn valid_until(text: Option<&str>) -> Result<Option<Date>> {
    let date = |text: &str| text.parse().map_err(|error| Problem::internal(format!("{text:?}: {error}")));
    text.map(date).transpose()
}

fn fields(names: &str) -> Vec<String> {
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[derive(sqlx::FromRow)]
struct KnownRow {
    id: Uuid,
    method: String,
    consumer: String,
    purpose: String,
    fields: String,
    valid_until: Option<String>,
    state: String,
}

/// What is granted or suspended.
pub(super) async fn known(db: &Db) -> Result<Book> {
    let rows: Vec<KnownRow> = db.read(KNOWN).all().await?;
    let known = |row: KnownRow| {
        let KnownRow { id, method, consumer, purpose, .. } = row;
        let (valid_until, state) = (valid_until(row.valid_until.as_deref())?, state(&row.state)?);
        Ok((
            method,
            Known { id, consumer, purpose, fields: fields(&row.fields).into_iter().collect(), valid_until, state },
        ))
    };
    Ok(Book::of(rows.into_iter().map(known).collect::<Result<Vec<_>>>()?))
}

/// True where there was a right for such a call, and has ended.
pub(super) async fn has_ended(db: &Db, method: &str, consumer: &str, purpose: &str) -> Result<bool> {
    let query = db.read(HAS_ENDED).bind(method.to_owned()).bind(consumer.to_owned()).bind(purpose.to_owned());
    Ok(query.optional::<(Uuid,)>().await?.is_some())
}

/// One right, or ACCESS_RIGHT_UNKNOWN.
pub(super) async fn get(tx: &mut Tx, id: Uuid) -> Result<Row> {
    tx.query(GET).bind(id).optional().await?.ok_or_else(unknown)
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("ACCESS_RIGHT_UNKNOWN", "没有这项共享授权")
}

/// One right with what was done with it.
pub(super) async fn detail(db: &Db, id: Uuid) -> Result<(Row, Vec<Told>)> {
    let row = db.read(GET).bind(id).optional().await?.ok_or_else(unknown)?;
    Ok((row, db.read(HISTORY).bind(id).all().await?))
}

/// The application that a key has made.
pub(super) async fn of_key(tx: &mut Tx, key: &str) -> Result<Option<Row>> {
    tx.query(OF_KEY).bind(key.to_owned()).optional().await
}

/// True where an application of the same is on its way.
pub(super) async fn pending(tx: &mut Tx, wanted: &Wanted) -> Result<bool> {
    Ok(of_call(tx, PENDING, wanted).await?.is_some())
}

/// The granted or suspended right that a new one would replace.
pub(super) async fn held(tx: &mut Tx, wanted: &Wanted) -> Result<Option<Row>> {
    of_call(tx, IN_FORCE, wanted).await
}

/// True where a right for the same is granted or suspended.
pub(super) async fn in_force(tx: &mut Tx, wanted: &Wanted) -> Result<bool> {
    Ok(held(tx, wanted).await?.is_some())
}

async fn of_call(tx: &mut Tx, sql: &'static str, wanted: &Wanted) -> Result<Option<Row>> {
    let query = tx.query(sql).bind(wanted.method.clone()).bind(wanted.consumer.clone());
    query.bind(wanted.purpose.clone()).optional().await
}

/// A page of the rights of a state, a consumer, a method, and where the next begins; empty texts ask for all.
pub(super) async fn list(db: &Db, page: Page, [state, consumer, method]: [&str; 3]) -> Result<(Vec<Row>, String)> {
    let filters = [("state", state), ("consumer", consumer), ("method", method)];
    paged(db, SELECT, page, &filters, |row: &Row| row.id).await
}

/// Writes a new application down.
pub(super) async fn insert(
    tx: &mut Tx,
    wanted: &Wanted,
    basis: &str,
    key: &str,
    by: &Actor,
    clock: &Clock,
) -> Result<Row> {
    let (id, now) = (clock.id(), clock.micros());
    let key = if key.is_empty() { id.to_string() } else { key.to_owned() };
    tx.query(INSERT)
        .bind(id)
        .bind(wanted.method.clone())
        .bind(wanted.consumer.clone())
        .bind(wanted.purpose.clone())
        .bind(wanted.fields.join(","))
        .bind(basis.to_owned())
        .bind(wanted.valid_until.map(|date| date.to_string()))
        .bind(State::Applied.code())
        .bind(String::new())
        .bind(String::new())
        .bind(false)
        .bind(by.id.clone())
        .bind(now)
        .bind(None::<i64>)
        .bind(key)
        .execute()
        .await?;
    tell(tx, id, None, State::Applied, by, basis, clock).await?;
    get(tx, id).await
}

/// Writes down where a right stands now, and what was done.
pub(super) async fn update(tx: &mut Tx, row: &Row, from: State, by: &Actor, reason: &str, clock: &Clock) -> Result<()> {
    tx.query(UPDATE)
        .bind(row.id)
        .bind(row.state.clone())
        .bind(row.checked_by.clone())
        .bind(row.checked_at)
        .bind(row.reviewed_by.clone())
        .bind(row.reviewed_at)
        .bind(row.granted_by.clone())
        .bind(row.granted_at)
        .bind(row.catalogue_number.clone())
        .bind(row.authorisation_number.clone())
        .bind(row.seeded)
        .execute()
        .await?;
    let to = row.state()?;
    if to == from { Ok(()) } else { tell(tx, row.id, Some(from), to, by, reason, clock).await }
}

async fn tell(
    tx: &mut Tx,
    right: Uuid,
    from: Option<State>,
    to: State,
    by: &Actor,
    reason: &str,
    clock: &Clock,
) -> Result<()> {
    tx.query(TELL)
        .bind(clock.id())
        .bind(right)
        .bind(from.map_or("", State::code))
        .bind(to.code())
        .bind(by.id.clone())
        .bind(by.name.clone())
        .bind(clock.micros())
        .bind(reason.to_owned())
        .execute()
        .await
        .map(drop)
}

/// The rights that the set-up's file has laid down, ended ones too.
pub(super) async fn seeded(tx: &mut Tx) -> Result<Vec<Row>> {
    tx.query(SEEDED).all().await
}

/// The file no longer has it, or has it otherwise: it ends.
pub(super) async fn unseed(tx: &mut Tx, row: &Row, clock: &Clock) -> Result<()> {
    let from = row.state()?;
    let ended = Row { seeded: false, state: State::Ended.code().to_owned(), ..row.clone() };
    let by = Actor { id: String::new(), name: SET_UP.to_owned() };
    update(tx, &ended, from, &by, "初始配置不再含此项授权", clock).await
}

/// An agreement of the file, granted.
pub(super) async fn lay_down(tx: &mut Tx, wanted: &Wanted, seed: &Seed, clock: &Clock) -> Result<()> {
    let (id, now) = (clock.id(), clock.micros());
    tx.query(INSERT)
        .bind(id)
        .bind(wanted.method.clone())
        .bind(wanted.consumer.clone())
        .bind(wanted.purpose.clone())
        .bind(wanted.fields.join(","))
        .bind(SET_UP)
        .bind(wanted.valid_until.map(|date| date.to_string()))
        .bind(State::Granted.code())
        .bind(seed.catalogue_number.clone())
        .bind(seed.authorisation_number.clone())
        .bind(true)
        .bind(String::new())
        .bind(now)
        .bind(Some(now))
        .bind(id.to_string())
        .execute()
        .await?;
    let by = Actor { id: String::new(), name: SET_UP.to_owned() };
    tell(tx, id, None, State::Granted, &by, "", clock).await
}
