//! Who looked at whom: appended in the transaction that answers, never changed, and kept when the person is erased.

use kit::db::{ROWS_PER_STATEMENT, placeholders};
use kit::{Clock, Db, Result, Sql, Tx};
use uuid::Uuid;

use crate::caller::{Caller, User};

const INTO: &str = "\
INSERT INTO person_access (id, person_id, at_micros, user_id, user_name, act, purpose, reason, fields)
VALUES ";
const OF_PERSON: &str = "\
SELECT id, person_id, at_micros, user_id, user_name, act, purpose, reason, fields FROM person_access
WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1) AND id < $2 ORDER BY id DESC LIMIT $3";
const OF_USER: &str = "\
SELECT id, person_id, at_micros, user_id, user_name, act, purpose, reason, fields FROM person_access
WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const COUNT_OF_USER: &str = "\
SELECT CAST(COUNT(*) AS BIGINT) FROM person_access WHERE user_id = $1 AND act = $2 AND at_micros >= $3";

const CORRECTED: &str = "\
SELECT fields FROM person_access WHERE person_id = $1 AND user_id = $2 AND act = $3 AND at_micros >= $4";

/// Every SQL text of this room.
pub(super) const STATEMENTS: &[&str] = &[OF_PERSON, OF_USER, COUNT_OF_USER, CORRECTED];

/// What is done with a person's record; the label is stored and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sought by document and found.
    Found,
    /// Sought by document, and nobody has it. The person is none; the document is not kept.
    NotFound,
    Revealed,
    Corrected,
    /// A sheet or a form gave the person's document another name.
    NameDiffered,
    Merged,
    Erased,
}

impl Act {
    pub fn label(self) -> &'static str {
        match self {
            Act::Found => "按证件查询",
            Act::NotFound => "按证件查询，无此人",
            Act::Revealed => "查看明文",
            Act::Corrected => "更正",
            Act::NameDiffered => "登记时姓名不符",
            Act::Merged => "合并",
            Act::Erased => "删除",
        }
    }
}

/// One look.
#[derive(Clone, Debug)]
pub struct Look<'l> {
    pub person: Uuid,
    pub act: Act,
    /// Code of the purpose; empty where the act needs none.
    pub purpose: &'l str,
    pub reason: &'l str,
    /// 姓名、证件号码.
    pub fields: String,
}

/// A look as it was recorded.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Recorded {
    pub id: Uuid,
    pub person_id: Uuid,
    pub at_micros: i64,
    pub user_id: String,
    pub user_name: String,
    pub act: String,
    pub purpose: String,
    pub reason: String,
    pub fields: String,
}

/// Records a look; answers its id.
pub async fn record(tx: &mut Tx, caller: &Caller, clock: &Clock, look: Look<'_>) -> Result<Uuid> {
    let id = clock.id();
    insert(tx, caller.user()?, clock, &[(id, look)]).await?;
    Ok(id)
}

/// Records that a sheet or a form gave these people's documents another name: whoever typed the numbers knows now that they are
/// known here.
pub async fn record_differing(
    tx: &mut Tx,
    user: &User,
    clock: &Clock,
    people: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let look = |person| {
        let fields = "证件号码".to_owned();
        (clock.id(), Look { person, act: Act::NameDiffered, purpose: "", reason: "", fields })
    };
    insert(tx, user, clock, &people.into_iter().map(look).collect::<Vec<_>>()).await
}

async fn insert(tx: &mut Tx, user: &User, clock: &Clock, looks: &[(Uuid, Look<'_>)]) -> Result<()> {
    for chunk in looks.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}", placeholders(chunk.len(), 9))));
        for (id, look) in chunk {
            query = query
                .bind(*id)
                .bind(look.person)
                .bind(clock.micros())
                .bind(user.id.clone())
                .bind(user.signed())
                .bind(look.act.label())
                .bind(look.purpose.to_owned())
                .bind(look.reason.to_owned())
                .bind(look.fields.clone());
        }
        query.execute().await?;
    }
    Ok(())
}

/// The looks at a person, and at the records that turned out to be this person's, before `before`, newest first.
pub async fn of_person(db: &Db, person: Uuid, before: Uuid, limit: i64) -> Result<Vec<Recorded>> {
    db.read(OF_PERSON).bind(person).bind(before).bind(limit).all().await
}

/// The looks of one account before `before`, newest first.
pub async fn of_user(db: &Db, user: &str, before: Uuid, limit: i64) -> Result<Vec<Recorded>> {
    db.read(OF_USER).bind(user.to_owned()).bind(before).bind(limit).all().await
}

/// What an account put right of a person since an instant.
pub async fn corrected(tx: &mut Tx, person: Uuid, user: &str, since: i64) -> Result<Vec<String>> {
    let query = tx.query(CORRECTED).bind(person).bind(user.to_owned()).bind(Act::Corrected.label()).bind(since);
    let found: Vec<(String,)> = query.all().await?;
    Ok(found.into_iter().map(|(fields,)| fields).collect())
}

/// How often an account did something since an instant.
pub async fn count(tx: &mut Tx, user: &str, act: Act, since: i64) -> Result<i64> {
    let (count,): (i64,) = tx.query(COUNT_OF_USER).bind(user.to_owned()).bind(act.label()).bind(since).one().await?;
    Ok(count)
}
