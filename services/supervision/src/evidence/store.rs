//! SQL and rows of evidence. Decides nothing.

use kit::{Db, Problem, Result, Tx, retry};
use proto::supervision as wire;
use registry::columns::date;
use registry::{Author, Bureau, Event, changes, history};
use trust::Scope;
use uuid::Uuid;

use super::Evidence;
use super::door::{message, read};

pub const SELECT_OF: &str = "\
SELECT id, record_id, region, title, document_number, dated_on, file_name, sha256, size, added_by
FROM task_evidence WHERE record_id = $1 ORDER BY id";
pub const SELECT_ONE: &str = "\
SELECT id, record_id, region, title, document_number, dated_on, file_name, sha256, size, added_by
FROM task_evidence WHERE id = $1";
pub const SELECT_CONTENT: &str = "SELECT content FROM task_evidence WHERE id = $1";
pub const COUNT: &str = "SELECT record_id, CAST(COUNT(*) AS BIGINT) FROM task_evidence GROUP BY record_id";
pub const INSERT: &str = "\
INSERT INTO task_evidence (id, record_id, region, title, document_number, dated_on, file_name, sha256, size, added_by,
                           content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
/// Files of a task ($1 its id, $2 its number) and of the accepted work entries that prove it.
pub const SELECT_OF_TASK: &str = "\
SELECT v.id, v.record_id, v.region, v.title, v.document_number, v.dated_on, v.file_name, v.sha256, v.size, v.added_by
FROM task_evidence v
LEFT JOIN work_entry e ON e.id = v.record_id
WHERE v.record_id = $1
   OR (e.state = 'ACCEPTED' AND (e.task_number = $2 OR (e.task_number = 0 AND EXISTS (
         SELECT 1 FROM work_type_task t WHERE t.type = e.type AND t.number = $2))))
ORDER BY v.id";
/// The bytes of the same files.
pub const SELECT_CONTENT_OF_TASK: &str = "\
SELECT v.id, v.content
FROM task_evidence v
LEFT JOIN work_entry e ON e.id = v.record_id
WHERE v.record_id = $1
   OR (e.state = 'ACCEPTED' AND (e.task_number = $2 OR (e.task_number = 0 AND EXISTS (
         SELECT 1 FROM work_type_task t WHERE t.type = e.type AND t.number = $2))))";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    record_id: Uuid,
    region: String,
    title: String,
    document_number: String,
    dated_on: String,
    file_name: String,
    sha256: String,
    size: i64,
    added_by: String,
}

impl TryFrom<Row> for Evidence {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Evidence {
            id: row.id,
            record: row.record_id,
            region: row.region,
            title: row.title,
            document_number: row.document_number,
            dated_on: date(&row.dated_on)?,
            file_name: row.file_name,
            sha256: row.sha256,
            size: row.size,
            added_by: row.added_by,
        })
    }
}

pub async fn insert(tx: &mut Tx, evidence: &Evidence, content: &[u8]) -> Result<()> {
    tx.query(INSERT)
        .bind(evidence.id)
        .bind(evidence.record)
        .bind(evidence.region.clone())
        .bind(evidence.title.clone())
        .bind(evidence.document_number.clone())
        .bind(evidence.dated_on.to_string())
        .bind(evidence.file_name.clone())
        .bind(evidence.sha256.clone())
        .bind(evidence.size)
        .bind(evidence.added_by.clone())
        .bind(content.to_vec())
        .execute()
        .await
        .map(drop)
}

/// Takes an upload for a record of a region, once per idempotency key, and tells it in the record's history.
pub async fn add(
    bureau: &Bureau,
    author: &Author,
    record: Uuid,
    region: &str,
    file: wire::EvidenceFile,
    method: &'static str,
    key: &str,
) -> Result<wire::Evidence> {
    let evidence = read(&file, record, region, &author.by, &bureau.clock)?;
    // The key stands for the file's digest and words, not for another copy of its bytes.
    let asked = wire::Evidence { id: record.to_string(), ..message(evidence.clone()) };
    retry(|| async {
        let mut tx = bureau.db.begin().await?;
        if let Some(answer) = changes::answered(&mut tx, method, key, &asked).await? {
            return Ok(answer);
        }
        insert(&mut tx, &evidence, &file.content).await?;
        let event = Event {
            document_number: evidence.document_number.clone(),
            ..Event::note(bureau.clock.today(), format!("上传佐证：{}", evidence.title))
        };
        history::append(&mut tx, &[(record, &event)], author).await?;
        let answer = message(evidence.clone());
        changes::remember(&mut tx, method, key, &asked, &answer).await?;
        tx.commit().await?;
        Ok(answer)
    })
    .await
}

/// The files of a record, oldest first.
pub async fn of(tx: &mut Tx, record: Uuid) -> Result<Vec<Evidence>> {
    let rows: Vec<Row> = tx.query(SELECT_OF).bind(record).all().await?;
    rows.into_iter().map(Evidence::try_from).collect()
}

/// How many files each record has.
pub async fn counts(db: &Db) -> Result<Vec<(Uuid, i64)>> {
    db.read(COUNT).all().await
}

/// One file with its bytes. EVIDENCE_UNKNOWN, REGION_OUT_OF_SCOPE.
pub async fn file(db: &Db, scope: &Scope, id: Uuid) -> Result<(Evidence, Vec<u8>)> {
    let row: Option<Row> = db.read(SELECT_ONE).bind(id).optional().await?;
    let row = row.ok_or_else(|| Problem::not_found("EVIDENCE_UNKNOWN", "没有这件佐证"))?;
    scope.check(&row.region)?;
    let (content,): (Vec<u8>,) = db.read(SELECT_CONTENT).bind(id).one().await?;
    Ok((row.try_into()?, content))
}

/// What proves a task: its own files and those of the accepted work entries.
pub async fn of_task(tx: &mut Tx, task: Uuid, number: u32) -> Result<Vec<Evidence>> {
    let query = tx.query(SELECT_OF_TASK).bind(task).bind(i64::from(number));
    let rows: Vec<Row> = query.all().await?;
    rows.into_iter().map(Evidence::try_from).collect()
}

/// The bytes of the same files.
pub async fn contents_of_task(tx: &mut Tx, task: Uuid, number: u32) -> Result<Vec<(Uuid, Vec<u8>)>> {
    tx.query(SELECT_CONTENT_OF_TASK).bind(task).bind(i64::from(number)).all().await
}
