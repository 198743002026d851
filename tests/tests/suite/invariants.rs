//! Invariants of the architecture (§11) that can be read off the sources and the tables.

use std::path::{Path, PathBuf};

use kit::Db;
use suite_tests::postgres;
use ylyx::suite::BUREAUS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Pure rooms of shared crates and of the gateway.
const RULES: &[&str] = &[
    "services/shared/reporting/src/report.rs",
    "services/gateway/src/cut.rs",
    "services/gateway/src/evaluate.rs",
    "services/gateway/src/lamp.rs",
];

/// A bureau's rule files: `<register>.rs` beside a folder of rooms that holds a store.
fn registers(found: &mut Vec<PathBuf>) {
    for bureau in BUREAUS.map(|bureau| bureau.name) {
        let folder = root().join("services").join(bureau).join("src");
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.join("store.rs").exists() {
                found.push(path.with_extension("rs"));
            }
        }
    }
}

#[test]
fn rule_files_know_no_sql_no_proto_and_no_clock() {
    let mut files: Vec<PathBuf> = RULES.iter().map(|file| root().join(file)).collect();
    registers(&mut files);
    assert!(files.len() > 12, "the registers were found");
    sources(&root().join("services/shared/city/src"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for forbidden in ["sqlx", "SELECT ", "INSERT ", "proto::", "Clock", "async fn", ".await;", ".await?"] {
            assert!(!text.contains(forbidden), "{} contains {forbidden}", file.display());
        }
    }
}

#[test]
fn a_service_depends_on_no_other_service() {
    let services: Vec<&str> = suite_tests::suite::services().collect();
    for service in &services {
        let manifest = std::fs::read_to_string(root().join("services").join(service).join("Cargo.toml")).unwrap();
        for other in services.iter().filter(|other| *other != service).chain([&"ylyx"]) {
            let depends = manifest.lines().any(|line| line.starts_with(&format!("{other}.workspace")));
            assert!(!depends, "{service} depends on {other}");
        }
    }
}

#[test]
fn values_are_never_floating_point() {
    let mut files = Vec::new();
    sources(&root().join("services"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // Spreadsheets store every number as a float; the one module that reads them turns them into text at once.
        let reads_spreadsheets = file.to_string_lossy().contains("contract/src");
        // Drawing is not counting.
        let draws = file.to_string_lossy().contains("gateway/src/console");
        for word in ["f32", "f64"] {
            let used = text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|token| token == word);
            assert!(!used || reads_spreadsheets || draws, "{} uses {word}", file.display());
        }
    }
}

#[test]
fn no_machine_path_and_no_long_file() {
    let mut files = Vec::new();
    for folder in ["services", "proto/src", "tests", "xtask"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 450, "{} has {lines} lines", file.display());
    }
}

/// What was published or received is never changed, not even by a slip of our own.
#[tokio::test]
async fn a_published_envelope_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    for location in [folder.path().join("a.db").to_str().unwrap().to_owned(), postgres::database()] {
        let db = Db::open(&location).await.unwrap();
        db.migrate(&gateway::store::migrations()).await.unwrap();
        let envelope = proto::reporting::Envelope::default();
        let mut tx = db.begin().await.unwrap();
        gateway::store::insert_envelope(&mut tx, "childcare", "s", 1, 0, &envelope).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(tx.query("UPDATE envelope SET received_at = 1").execute().await.is_err());
    }
}

/// The README's first command is `cargo run`: it needs one program to run, and builds no other.
#[test]
fn cargo_run_means_ylyx() {
    let manifest =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).expect("the manifest");
    assert!(manifest.lines().any(|line| line == r#"default-members = ["services/ylyx"]"#), "cargo run is ambiguous");
}
