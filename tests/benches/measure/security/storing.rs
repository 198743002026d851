//! People as imports store them (numbers checked, looked for, sealed, hashed), beside bare inserts of the same values into
//! the same tables.

use std::time::{Duration, Instant};

use contract::document::{Document, DocumentKind};
use jiff::civil::Date;
use kit::db::{ROWS_PER_STATEMENT, placeholders};
use kit::{Clock, Db};
use suite_tests::suite::Engine;
use trust::persons::{Identity, PersonKeys, store};
use uuid::Uuid;

use super::{PER_COMMIT, identity, median, number, rate};
use crate::{Line, ROUNDS, Ratio};

/// People of one round.
pub(super) const PEOPLE: usize = 20_000;

/// A person as stored: id, key, what is sealed, and the hash of the document.
type Row = (Uuid, String, Vec<u8>, Vec<u8>);

pub(super) async fn measure(people: usize) -> Vec<Line> {
    vec![on(Engine::Sqlite, people).await, on(Engine::Postgres, people).await]
}

async fn on(engine: Engine, people: usize) -> Line {
    let folder = tempfile::tempdir().expect("a folder");
    let location = |name: &str| match engine {
        Engine::Sqlite => folder.path().join(name).to_string_lossy().into_owned(),
        Engine::Postgres => suite_tests::postgres::database(),
    };
    let (ours, raw) = (opened(&location("ours.db")).await, opened(&location("raw.db")).await);
    let clock = Clock::system();
    let keys = PersonKeys::load_or_create(&folder.path().join("persons.keys"), &clock).expect("keys");
    let (mut rounds, mut last) = (Vec::new(), Uuid::nil());
    for round in 0..ROUNDS {
        let numbers: Vec<(usize, String)> = (round * people..(round + 1) * people).map(|n| (n, number(n))).collect();
        let mine = stored(&ours, &keys, &clock, &numbers).await;
        let rows = kept(&ours, last).await;
        assert_eq!(rows.len(), people);
        last = rows[rows.len() - 1].0;
        rounds.push((mine, inserted(&raw, &rows).await));
    }
    let per_second = rate(people, median(rounds.iter().map(|(mine, _)| *mine)));
    let bare = rate(people, median(rounds.iter().map(|(_, theirs)| *theirs)));
    let safety = if engine == Engine::Postgres { "; both without fsync" } else { "" };
    Line {
        what: format!("{people} people stored, {PER_COMMIT} per commit, {engine:?}"),
        limit: "many-row inserts of the same values into the same tables, ready-made".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "≥ 0.3",
        note: format!(
            "number checked, looked for under every key, name, number and phone sealed (AES-256-GCM), number hashed \
             (HMAC-SHA-256), kept unique; {per_second} people/s, the limit {bare}{safety}"
        ),
    }
}

async fn opened(location: &str) -> Db {
    let db = Db::open(location).await.expect("a database");
    trust::grants::migrate(&db).await.expect("tables");
    db
}

async fn stored(db: &Db, keys: &PersonKeys, clock: &Clock, numbers: &[(usize, String)]) -> Duration {
    let (begin, today) = (Instant::now(), clock.today());
    for batch in numbers.chunks(PER_COMMIT) {
        let stated: Vec<(usize, Document)> = batch.iter().map(|(n, text)| (*n, read(text, today))).collect();
        let asked: Vec<&Document> = stated.iter().map(|(_, document)| document).collect();
        let mut tx = db.begin().await.expect("a transaction");
        let known = store::find(&mut tx, keys, &asked).await.expect("looked for");
        let fresh: Vec<(Uuid, Identity)> = stated
            .iter()
            .filter(|(_, document)| !known.contains_key(&document.key()))
            .map(|(n, document)| (clock.id(), identity(*n, document.clone())))
            .collect();
        assert_eq!(fresh.len(), batch.len());
        let fresh: Vec<(Uuid, &Identity)> = fresh.iter().map(|(id, identity)| (*id, identity)).collect();
        store::save(&mut tx, keys, &fresh).await.expect("saved");
        tx.commit().await.expect("committed");
    }
    begin.elapsed()
}

fn read(number: &str, today: Date) -> Document {
    Document::parse(DocumentKind::ResidentId, number, today).expect("a number")
}

async fn kept(db: &Db, after: Uuid) -> Vec<Row> {
    let sql = "SELECT p.id, p.key_id, p.sealed, d.lookup FROM person p JOIN person_document d ON d.person_id = p.id \
               WHERE p.id > $1 ORDER BY p.id";
    db.read(sql).bind(after).all().await.expect("rows")
}

async fn inserted(db: &Db, rows: &[Row]) -> Duration {
    let begin = Instant::now();
    for batch in rows.chunks(PER_COMMIT) {
        let mut tx = db.begin().await.expect("a transaction");
        for chunk in batch.chunks(ROWS_PER_STATEMENT) {
            let values = placeholders(chunk.len(), 3);
            let sql = kit::Sql::built(format!("INSERT INTO person (id, key_id, sealed) VALUES {values}"));
            let query = chunk.iter().fold(tx.query(sql), |query, (id, key, sealed, _)| {
                query.bind(*id).bind(key.clone()).bind(sealed.clone())
            });
            query.execute().await.expect("inserted");
            let sql =
                kit::Sql::built(format!("INSERT INTO person_document (lookup, key_id, person_id) VALUES {values}"));
            let query = chunk.iter().fold(tx.query(sql), |query, (id, key, _, lookup)| {
                query.bind(lookup.clone()).bind(key.clone()).bind(*id)
            });
            query.execute().await.expect("inserted");
        }
        tx.commit().await.expect("committed");
    }
    begin.elapsed()
}
