//! SQL and rows of people. Decides nothing.

use std::collections::{BTreeMap, HashMap};

use contract::document::Document;
use kit::db::{ROWS_PER_STATEMENT, list, placeholders};
use kit::{Db, Problem, Result, Sql, Tx};
use uuid::Uuid;

use super::{Identity, Person, PersonKeys};

const OF_DOCUMENTS: &str = "\
SELECT d.lookup, p.id, p.key_id, p.sealed, p.merged_into, p.erased_at
FROM person_document d JOIN person p ON p.id = d.person_id
WHERE d.lookup IN ";
/// Each with the row that says who it is: its own, or that of the person it turned out to be.
const OF_IDS: &str = "\
SELECT a.id AS asked, a.merged_into AS kept, p.id, p.key_id, p.sealed, p.merged_into, p.erased_at
FROM person a JOIN person p ON p.id = COALESCE(a.merged_into, a.id)
WHERE a.id IN ";
const OWN_ROWS: &str = "SELECT id, key_id, sealed, merged_into, erased_at FROM person WHERE id IN ";
const KEPT: &str = "SELECT COALESCE(merged_into, id) FROM person WHERE id = $1";
const INTO: &str = "INSERT INTO person (id, key_id, sealed) VALUES ";
const RESEALED: &str = "
ON CONFLICT (id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed";
const INTO_DOCUMENT: &str = "INSERT INTO person_document (lookup, key_id, person_id) VALUES ";
const DOCUMENT_KNOWN: &str = "
ON CONFLICT (lookup) DO NOTHING";
const FORGET: &str = "DELETE FROM person_document WHERE lookup IN ";
pub(super) const FORGET_DOCUMENTS: &str = "\
DELETE FROM person_document WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)";
pub(super) const ERASE: &str = "\
UPDATE person SET key_id = '', sealed = $2, erased_at = $3 WHERE id = $1 OR merged_into = $1";
pub(super) const MERGE: &str = "UPDATE person SET merged_into = $2 WHERE id = $1 OR merged_into = $1";
/// Whoever was merged into the person is marked too: tokens of their documents are made anew as the person's.
pub(super) const MARK_CORRECTED: &str = "UPDATE person SET corrected_at = $2 WHERE id = $1 OR merged_into = $1";
const CORRECTED: &str = "\
SELECT id, key_id, sealed, merged_into, erased_at FROM person
WHERE corrected_at >= $1 OR id IN (SELECT merged_into FROM person WHERE corrected_at >= $1) ORDER BY id";
const FORGET_OF: &str = "DELETE FROM person_document WHERE person_id = $1 AND lookup IN ";
pub(super) const MOVE_DOCUMENTS: &str = "UPDATE person_document SET person_id = $2 WHERE person_id = $1";
pub(super) const AFTER: &str = "\
SELECT id, key_id, sealed, merged_into, erased_at FROM person WHERE id > $1 ORDER BY id LIMIT $2";
pub(super) const SEALED_UNDER: &str = "SELECT id FROM person WHERE key_id = $1 AND id > $2 ORDER BY id LIMIT $3";
pub(super) const HASHED_UNDER: &str = "\
SELECT DISTINCT person_id FROM person_document WHERE key_id = $1 AND person_id > $2 ORDER BY person_id LIMIT $3";
/// Whoever is erased is stored under no key and waits for none.
pub(super) const COUNT_SEALED: &str = "\
SELECT key_id, CAST(COUNT(*) AS BIGINT) FROM person WHERE erased_at IS NULL GROUP BY key_id";
/// Whoever is erased is under no key.
const KEYS_IN_USE: &str = "\
SELECT key_id FROM person WHERE erased_at IS NULL UNION SELECT key_id FROM person_document ORDER BY 1";
pub(super) const COUNT_HASHED: &str = "SELECT key_id, CAST(COUNT(*) AS BIGINT) FROM person_document GROUP BY key_id";

/// Every SQL text of this room that stands as it is sent.
pub(super) const STATEMENTS: &[&str] = &[
    KEYS_IN_USE,
    KEPT,
    FORGET_DOCUMENTS,
    ERASE,
    MERGE,
    MARK_CORRECTED,
    CORRECTED,
    MOVE_DOCUMENTS,
    AFTER,
    SEALED_UNDER,
    HASHED_UNDER,
    COUNT_SEALED,
    COUNT_HASHED,
];

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    key_id: String,
    sealed: Vec<u8>,
    merged_into: Option<Uuid>,
    erased_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Found {
    lookup: Vec<u8>,
    #[sqlx(flatten)]
    person: Row,
}

#[derive(sqlx::FromRow)]
struct Asked {
    asked: Uuid,
    kept: Option<Uuid>,
    #[sqlx(flatten)]
    person: Row,
}

impl Row {
    pub(super) fn open(self, keys: &PersonKeys) -> Result<Person> {
        let Row { id, key_id, sealed, merged_into, erased_at } = self;
        let identity = match erased_at {
            Some(_) => None,
            None => Some(Identity::decode(&keys.open(id, &key_id, &sealed)?)?),
        };
        Ok(Person { id, merged_into, identity })
    }
}

/// The people who have these documents, by [`Document::key`].
pub async fn find(tx: &mut Tx, keys: &PersonKeys, documents: &[&Document]) -> Result<HashMap<String, Person>> {
    let rows = holders(tx, keys, documents).await?.into_iter();
    rows.map(|(key, row)| Ok((key, row.open(keys)?))).collect()
}

/// Who has the documents, by [`Document::key`], under every key: two where a document was entered under two keys at once.
pub(super) async fn owners(tx: &mut Tx, keys: &PersonKeys, documents: &[&Document]) -> Result<Vec<(String, Uuid)>> {
    Ok(holders(tx, keys, documents).await?.into_iter().map(|(key, row)| (key, row.id)).collect())
}

async fn holders(tx: &mut Tx, keys: &PersonKeys, documents: &[&Document]) -> Result<Vec<(String, Row)>> {
    let mut asked: HashMap<Vec<u8>, &Document> = HashMap::with_capacity(documents.len());
    for document in documents {
        asked.extend(keys.hashes(document).into_iter().map(|hash| (hash, *document)));
    }
    let mut found = Vec::with_capacity(documents.len());
    let hashes: Vec<&Vec<u8>> = asked.keys().collect();
    for chunk in hashes.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{OF_DOCUMENTS}{}", list(0, chunk.len()))));
        let rows: Vec<Found> = chunk.iter().fold(query, |query, hash| query.bind((*hash).clone())).all().await?;
        found.extend(rows.into_iter().filter_map(|row| Some((asked.get(&row.lookup)?.key(), row.person))));
    }
    Ok(found)
}

/// The people of these ids as each is stored; a row that cannot be opened is left out.
pub(super) async fn readable(tx: &mut Tx, keys: &PersonKeys, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Person>> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{OWN_ROWS}{}", list(0, chunk.len()))));
        let rows: Vec<Row> = chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?;
        found.extend(rows.into_iter().filter_map(|row| Some((row.id, row.open(keys).ok()?))));
    }
    Ok(found)
}

/// The people of these ids. Whoever turned out to be another is told as that one, under the id that was asked.
pub async fn load(tx: &mut Tx, keys: &PersonKeys, ids: &[Uuid]) -> Result<HashMap<Uuid, Person>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{OF_IDS}{}", list(0, chunk.len()))));
        collect(chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?, keys, &mut found)?;
    }
    Ok(found)
}

/// The same for a list, outside a transaction.
pub async fn read(db: &Db, keys: &PersonKeys, ids: &[Uuid]) -> Result<HashMap<Uuid, Person>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(ROWS_PER_STATEMENT) {
        let query = db.read(Sql::built(format!("{OF_IDS}{}", list(0, chunk.len()))));
        collect(chunk.iter().fold(query, |query, id| query.bind(*id)).all().await?, keys, &mut found)?;
    }
    Ok(found)
}

/// Ids of the keys that people are stored under.
pub(super) async fn keys_in_use(db: &Db) -> Result<Vec<String>> {
    let used: Vec<(String,)> = db.read(KEYS_IN_USE).all().await?;
    Ok(used.into_iter().map(|(id,)| id).collect())
}

/// People in the order of their ids, after one.
pub(crate) async fn after(db: &Db, keys: &PersonKeys, id: Uuid, limit: i64) -> Result<Vec<Person>> {
    let rows: Vec<Row> = db.read(AFTER).bind(id).bind(limit).all().await?;
    rows.into_iter().map(|row| row.open(keys)).collect()
}

/// People whose documents were corrected since an instant, those who were merged into them, and those whom they were merged into.
pub(crate) async fn corrected(db: &Db, keys: &PersonKeys, since_micros: i64) -> Result<Vec<Person>> {
    let rows: Vec<Row> = db.read(CORRECTED).bind(since_micros).all().await?;
    rows.into_iter().map(|row| row.open(keys)).collect()
}

fn collect(rows: Vec<Asked>, keys: &PersonKeys, found: &mut HashMap<Uuid, Person>) -> Result<()> {
    for Asked { asked, kept, person } in rows {
        found.insert(asked, Person { id: asked, merged_into: kept, ..person.open(keys)? });
    }
    Ok(())
}

/// Stores people, new ones and known ones, under the key that is written with, in many-row statements. A document that
/// another person has stays with that one; the caller has looked.
pub async fn save(tx: &mut Tx, keys: &PersonKeys, people: &[(Uuid, &Identity)]) -> Result<()> {
    seal(tx, keys, people).await?;
    let documents: Vec<(Uuid, &Document)> =
        people.iter().flat_map(|(id, identity)| identity.documents.iter().map(|document| (*id, document))).collect();
    hash(tx, keys, &documents).await
}

/// Seals people under the key that is written with.
pub(super) async fn seal(tx: &mut Tx, keys: &PersonKeys, people: &[(Uuid, &Identity)]) -> Result<()> {
    for chunk in people.chunks(ROWS_PER_STATEMENT) {
        let mut query = tx.query(Sql::built(format!("{INTO}{}{RESEALED}", placeholders(chunk.len(), 3))));
        for (id, identity) in chunk {
            let (key, sealed) = keys.seal(*id, &identity.encode())?;
            query = query.bind(*id).bind(key).bind(sealed);
        }
        query.execute().await?;
    }
    Ok(())
}

/// Forgets every hash of the documents, under whatever key.
pub(super) async fn forget(tx: &mut Tx, keys: &PersonKeys, documents: &[(Uuid, &Document)]) -> Result<()> {
    let hashes: Vec<Vec<u8>> = documents.iter().flat_map(|(_, document)| keys.hashes(document)).collect();
    for chunk in hashes.chunks(ROWS_PER_STATEMENT) {
        let query = tx.query(Sql::built(format!("{FORGET}{}", list(0, chunk.len()))));
        chunk.iter().fold(query, |query, hash| query.bind(hash.clone())).execute().await?;
    }
    Ok(())
}

/// Forgets a document of one person, under whatever key.
pub(super) async fn forget_of(tx: &mut Tx, keys: &PersonKeys, person: Uuid, document: &Document) -> Result<()> {
    let hashes = keys.hashes(document);
    let query = tx.query(Sql::built(format!("{FORGET_OF}{}", list(1, hashes.len())))).bind(person);
    hashes.into_iter().fold(query, |query, hash| query.bind(hash)).execute().await?;
    Ok(())
}

/// Hashes documents under the key that is written with.
pub(super) async fn hash(tx: &mut Tx, keys: &PersonKeys, documents: &[(Uuid, &Document)]) -> Result<()> {
    for chunk in documents.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("{INTO_DOCUMENT}{}{DOCUMENT_KNOWN}", placeholders(chunk.len(), 3));
        let mut query = tx.query(Sql::built(sql));
        for (person, document) in chunk {
            let (key, lookup) = keys.hash(document);
            query = query.bind(lookup).bind(key).bind(*person);
        }
        query.execute().await?;
    }
    Ok(())
}

/// Makes two records one person: both documents mean `keep` from now on, and so does whoever was merged into `gone` before.
/// Neither is merged into another.
pub async fn unite(
    tx: &mut Tx,
    keys: &PersonKeys,
    (keep, kept): (Uuid, &mut Identity),
    (gone, other): (Uuid, &mut Identity),
) -> Result<()> {
    for document in other.documents.drain(..) {
        if kept.documents.iter().all(|known| known.key() != document.key()) {
            kept.documents.push(document);
        }
    }
    if kept.phone.is_empty() {
        kept.phone.clone_from(&other.phone);
    }
    tx.query(MOVE_DOCUMENTS).bind(gone).bind(keep).execute().await?;
    tx.query(MERGE).bind(gone).bind(keep).execute().await?;
    seal(tx, keys, &[(keep, kept), (gone, other)]).await
}

/// The person that this one turned out to be, or is. PERSON_UNKNOWN.
pub(super) async fn kept(tx: &mut Tx, id: Uuid) -> Result<Uuid> {
    let found: Option<(Uuid,)> = tx.query(KEPT).bind(id).optional().await?;
    found.map(|(id,)| id).ok_or_else(unknown)
}

/// One person. PERSON_UNKNOWN.
pub async fn one(tx: &mut Tx, keys: &PersonKeys, id: Uuid) -> Result<Person> {
    load(tx, keys, &[id]).await?.remove(&id).ok_or_else(unknown)
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("PERSON_UNKNOWN", "没有这个人的记录")
}
