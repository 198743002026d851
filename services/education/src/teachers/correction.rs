//! What a corrected person changes in this service: the person's records, and the classes that name them as their teacher.

use kit::{Problem, Result, Sql, Tx};
use registry::columns::{ROWS_PER_STATEMENT, list};
use registry::{changes, people};
use trust::persons::Corrected;
use uuid::Uuid;

/// Somebody else at a school of person `$1` who has the name `$2`.
pub const SELECT_NAME_TAKEN: &str = "\
SELECT CAST(1 AS BIGINT) FROM teacher t
JOIN teacher o ON o.school_id = t.school_id
WHERE t.person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1) AND o.name = $2
  AND (o.person_id IS NULL OR o.person_id NOT IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1))
LIMIT 1";
/// The records of person `$1` that have another name than `$2`. A school names its teachers apart: where it has two of the one
/// person, the one that has the name, or else the first, is who that is.
pub const SELECT_TO_RENAME: &str = "\
SELECT t.id FROM teacher t
WHERE t.person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1) AND t.name <> $2
  AND NOT EXISTS (
    SELECT 1 FROM teacher o
    WHERE o.school_id = t.school_id AND o.person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)
      AND (o.name = $2 OR o.id < t.id))
ORDER BY t.id";
pub const SELECT_OF_PERSON: &str = "\
SELECT id FROM teacher WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1) ORDER BY id";
/// The classes that name person `$1` as their teacher, by a name that the person's record at the school has and that is not `$2`.
/// One that is over stays as it is.
pub const SELECT_TAUGHT: &str = "\
SELECT c.id FROM class c
JOIN teacher t ON t.school_id = c.school_id AND t.name = c.teacher_name
WHERE t.person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1) AND t.name <> $2
  AND c.state NOT IN ('ENDED', 'CANCELLED')
ORDER BY c.id";
const UPDATE_NAME: &str = "UPDATE teacher SET name = $1, version = version + 1 WHERE id IN ";
const UPDATE_TAUGHT: &str = "UPDATE class SET teacher_name = $1, version = version + 1 WHERE id IN ";

/// Gives the records of a person and the person's classes the right name, and each a line in its history. NAME_TAKEN.
pub(super) async fn follow(tx: &mut Tx, it: Corrected<'_>) -> Result<u64> {
    let (renamed, taught) = match it.name {
        Some(name) => rename(tx, it.person, name).await?,
        None => Default::default(),
    };
    let (fields, noted) = match it.fields {
        [] => ("姓名".to_owned(), renamed.clone()),
        fields => (fields.join("、"), ids(tx.query(SELECT_OF_PERSON).bind(it.person).all().await?)),
    };
    people::note_correction(tx, &noted, &fields, &it).await?;
    people::note_correction(tx, &taught, "任课教师姓名", &it).await?;
    if !renamed.is_empty() || !taught.is_empty() {
        changes::bump(tx).await?;
    }
    Ok((renamed.len() + taught.len()) as u64)
}

/// The records and the classes that got the name.
async fn rename(tx: &mut Tx, person: Uuid, name: &str) -> Result<(Vec<Uuid>, Vec<Uuid>)> {
    let taken: Option<(i64,)> = tx.query(SELECT_NAME_TAKEN).bind(person).bind(name.to_owned()).optional().await?;
    if taken.is_some() {
        let message = "同一学校已有这个姓名的另一位教师，请先核对是否同一人";
        return Err(Problem::field("name", "NAME_TAKEN", message));
    }
    // Before the records have the new name: classes know their teacher by the old one.
    let taught = ids(tx.query(SELECT_TAUGHT).bind(person).bind(name.to_owned()).all().await?);
    let records = ids(tx.query(SELECT_TO_RENAME).bind(person).bind(name.to_owned()).all().await?);
    for (update, all) in [(UPDATE_NAME, &records), (UPDATE_TAUGHT, &taught)] {
        for chunk in all.chunks(ROWS_PER_STATEMENT) {
            let update = tx.query(Sql::built(format!("{update}{}", list(1, chunk.len())))).bind(name.to_owned());
            chunk.iter().fold(update, |query, id| query.bind(*id)).execute().await?;
        }
    }
    Ok((records, taught))
}

fn ids(rows: Vec<(Uuid,)>) -> Vec<Uuid> {
    rows.into_iter().map(|(id,)| id).collect()
}
