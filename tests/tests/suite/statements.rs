//! Every SQL constant prepares on both engines.

use kit::Db;
use suite_tests::postgres;

async fn prepare(db: &Db) {
    trust::grants::migrate(db).await.unwrap();
    db.migrate(&reporting::migrations()).await.unwrap();
    db.migrate(&childcare::migrations()).await.unwrap();
    db.migrate(&gateway::store::migrations()).await.unwrap();
    let sets: [(&str, Vec<&'static str>); 4] = [
        ("trust", trust::grants::STATEMENTS.to_vec()),
        ("reporting", reporting::STATEMENTS.to_vec()),
        ("childcare", childcare::STATEMENTS.to_vec()),
        ("gateway", gateway::store::STATEMENTS.to_vec()),
    ];
    for (owner, statements) in sets {
        assert!(!statements.is_empty(), "{owner}");
        for statement in statements {
            db.check(statement).await.unwrap_or_else(|problem| panic!("{owner}: {problem}\n{statement}"));
        }
    }
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    prepare(&Db::open(folder.path().join("all.db").to_str().unwrap()).await.unwrap()).await;
}

#[tokio::test]
async fn on_postgresql() {
    prepare(&Db::open(&postgres::database()).await.unwrap()).await;
}

#[tokio::test]
async fn a_newer_schema_than_the_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for location in [folder.path().join("newer.db").to_str().unwrap().to_owned(), postgres::database()] {
        let db = Db::open(&location).await.unwrap();
        db.migrate(&childcare::migrations()).await.unwrap();
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
        assert_eq!(db.migrate(&childcare::migrations()).await.unwrap_err().reason, "SCHEMA_NEWER");
    }
}
