//! Every SQL constant prepares on both engines.

use kit::Db;
use kit::db::Migrations;
use suite_tests::postgres;
use ylyx::suite::BUREAUS;

/// A service's own tables, and its statements.
type Own = (&'static str, Migrations, Vec<&'static str>);

fn services() -> Vec<Own> {
    let bureaus = BUREAUS.into_iter().map(|bureau| (bureau.name, (bureau.migrations)(), bureau.sql().collect()));
    bureaus.chain([("gateway", gateway::store::migrations(), gateway::statements())]).collect()
}

async fn prepare(db: Db, (owner, own, statements): Own) {
    trust::grants::migrate(&db).await.unwrap();
    db.migrate(&reporting::migrations()).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    db.migrate(&own).await.unwrap();
    assert!(!statements.is_empty(), "{owner}");
    let trust = [trust::grants::STATEMENTS, trust::rights::STATEMENTS, trust::corrections::STATEMENTS].concat();
    let shared = [&trust[..], reporting::STATEMENTS, registry::STATEMENTS].concat();
    for statement in shared.into_iter().chain(trust::persons::statements()).chain(statements) {
        db.check(statement).await.unwrap_or_else(|problem| panic!("{owner}: {problem}\n{statement}"));
    }
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for service in services() {
        let file = folder.path().join(format!("{}.db", service.0));
        prepare(Db::open(file.to_str().unwrap()).await.unwrap(), service).await;
    }
}

#[tokio::test]
async fn on_postgresql() {
    for service in services() {
        prepare(Db::open(&postgres::database()).await.unwrap(), service).await;
    }
}

#[tokio::test]
async fn a_newer_schema_than_the_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let childcare = BUREAUS.into_iter().find(|bureau| bureau.name == "childcare").unwrap();
    for location in [folder.path().join("newer.db").to_str().unwrap().to_owned(), postgres::database()] {
        let db = Db::open(&location).await.unwrap();
        db.migrate(&(childcare.migrations)()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.query(kit::Sql::per_engine(
            "INSERT INTO _childcare_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of a later program', TRUE, '\\x00', 0)",
            "INSERT INTO _childcare_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of a later program', TRUE, X'00', 0)",
        ))
        .execute()
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(db.migrate(&(childcare.migrations)()).await.unwrap_err().reason, "SCHEMA_NEWER");
    }
}
