//! Rows into a register over gRPC (checked, matched with what is known, one record of the batch, durable when
//! acknowledged), beside bare inserts of the same columns at the same durability: many-row inserts on SQLite, COPY on
//! PostgreSQL. Then the same into a register that already holds many.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::registers::import::carry_rows;
use kit::Db;
use prost_reflect::DynamicMessage;
use proto::contract::{ImportMode, ImportStart};
use proto::elderly_care::{BedNature, BedRow, BedStatus, BedType, InstitutionRow, Ownership};
use suite_tests::people::{assertion, user};
use suite_tests::suite::{Engine, Running};

use super::{Line, Ratio};

const ROWS: usize = 20_000;
const ROUNDS: usize = 5;
/// Rows of one import while the register grows.
const STEP: usize = 100_000;
const TABLES: [&str; 2] = ["bed_raw", "bed_facts_raw"];

pub(crate) async fn measure(deep: usize) -> Vec<Line> {
    vec![on(Engine::Sqlite).await, on(Engine::Postgres).await, growth(deep).await]
}

async fn on(engine: Engine) -> Line {
    let running = Running::start(engine, None).await;
    let raw = match engine {
        Engine::Sqlite => running.data().join("raw.db").to_string_lossy().into_owned(),
        Engine::Postgres => suite_tests::postgres::database(),
    };
    let raw = Db::open(&raw).await.expect("a database");
    let id = if engine == Engine::Sqlite { "BLOB" } else { "UUID" };
    for table in TABLES {
        let columns = (0..9).map(|n| format!("c{n} TEXT")).collect::<Vec<_>>().join(", ");
        execute(&raw, format!("CREATE TABLE {table} (id {id} NOT NULL PRIMARY KEY, {columns})")).await;
    }
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mine = beds(&running, round, ROWS).await;
        let theirs = match &raw {
            Db::Postgres(pool) => copied(pool, round).await,
            Db::Sqlite { .. } => inserted(&raw, round).await,
        };
        rounds.push((mine, theirs));
    }
    let fastest = rounds.iter().map(|(mine, _)| *mine).min().unwrap_or_default();
    let per_second = ROWS as u128 * 1_000_000_000 / fastest.as_nanos();
    let (limit, aim, safety) = match engine {
        Engine::Sqlite => ("many-row inserts of the two tables' columns, 2000 rows per commit", "≥ 0.5", ""),
        Engine::Postgres => ("COPY of the two tables' columns, 2000 rows per commit", "≥ 0.4", "; both without fsync"),
    };
    Line {
        what: format!("{ROWS} bed rows imported over gRPC, {engine:?}"),
        limit: limit.into(),
        figure: Ratio::of(&rounds).words(),
        aim,
        note: format!(
            "cells checked, records matched, history row each, keys of the file kept, answers kept; {per_second} rows/s at best{safety}"
        ),
    }
}

/// How fast rows come into a register that holds `deep` of them already.
async fn growth(deep: usize) -> Line {
    let running = Running::start(Engine::Sqlite, None).await;
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let steps = deep.div_ceil(STEP);
    for round in 0..steps + ROUNDS {
        let time = beds(&running, round, STEP).await;
        if round < ROUNDS {
            first.push(time);
        }
        if round >= steps {
            last.push(time);
        }
    }
    let rounds: Vec<_> = last.into_iter().zip(first).collect();
    Line {
        what: format!("{STEP} bed rows into a register that holds {deep}, SQLite"),
        limit: format!("the first {} rows of the same register, {STEP} at a time", STEP * ROUNDS),
        figure: Ratio::of(&rounds).words(),
        aim: "≥ 0.7 at 10⁷",
        note: "no cap on rows; a batch asks for what it names".into(),
    }
}

/// Imports so many beds of a new institution.
async fn beds(running: &Running, round: usize, rows: usize) -> Duration {
    let name = format!("测量养老院{round}");
    let institution = InstitutionRow {
        name: name.clone(),
        parent_org_uscc: "12530402MB0000005W".into(),
        reason_no_uscc: "未单独登记".into(),
        ownership: Ownership::PublicRural as i32,
        region: "530402001".into(),
        opened_on: "2021-03-01".into(),
        ..InstitutionRow::default()
    };
    ours(running, "elderly.institution", vec![institution]).await;
    let beds = (0..rows)
        .map(|n| BedRow {
            institution_name: name.clone(),
            room_no: (n / 4).to_string(),
            bed_no: (n % 4).to_string(),
            r#type: BedType::Nursing as i32,
            nature: BedNature::Inclusive as i32,
            status: BedStatus::Available as i32,
            built_on: "2021-03-01".into(),
            ..BedRow::default()
        })
        .collect();
    ours(running, "elderly.bed", beds).await
}

async fn execute(db: &Db, sql: String) {
    let mut tx = db.begin().await.expect("a transaction");
    tx.query(kit::Sql::built(sql)).execute().await.expect("executed");
    tx.commit().await.expect("committed");
}

/// Carries rows over the front door.
async fn ours<R: prost::Message>(running: &Running, register: &str, rows: Vec<R>) -> Duration {
    let shape = ylyx::import::row_message(register).expect("a row");
    let register = ylyx::import::register(register).expect("a register");
    let rows: Vec<DynamicMessage> = rows
        .iter()
        .map(|row| {
            let mut message = DynamicMessage::new(shape.clone());
            message.transcode_from(row).expect("a row");
            message
        })
        .collect();
    let person = user(running.data(), "reporter-elderly-care");
    let signed = assertion(running.data(), &person, "530400", running.clock.micros());
    let sign = Arc::new(move |metadata: &mut tonic::metadata::MetadataMap| {
        metadata.insert(trust::ASSERTION_HEADER, signed.parse().expect("ASCII"));
        Ok(())
    });
    let start = ImportStart {
        import_id: kit::Clock::system().id().to_string(),
        mode: ImportMode::Commit as i32,
        region: "530400".into(),
        effective_on: "2026-11-01".into(),
        file_digest: "0".repeat(64),
        ..ImportStart::default()
    };
    let channel = running.channel_as("operator", "elderly-care");
    let begin = Instant::now();
    let told = carry_rows(rows, channel, register, start, sign).await.expect("imported");
    assert!(told.faults.is_empty(), "{:?}", told.faults.first());
    begin.elapsed()
}

/// The same rows as bare inserts: bed and facts.
async fn inserted(db: &Db, round: usize) -> Duration {
    let begin = Instant::now();
    let clock = kit::Clock::system();
    for batch in 0..ROWS / 2000 {
        let mut tx = db.begin().await.expect("a transaction");
        for table in TABLES {
            for chunk in 0..4 {
                let sql = format!("INSERT INTO {table} VALUES {}", kit::db::placeholders(500, 10));
                let mut query = tx.query(kit::Sql::built(sql));
                for n in 0..500 {
                    let at = batch * 2000 + chunk * 500 + n;
                    query = query.bind(clock.id());
                    for column in 0..9 {
                        query = query.bind(format!("{round}-{at}-{column}"));
                    }
                }
                query.execute().await.expect("inserted");
            }
        }
        tx.commit().await.expect("committed");
    }
    begin.elapsed()
}

/// The same rows by COPY.
async fn copied(pool: &sqlx::PgPool, round: usize) -> Duration {
    let begin = Instant::now();
    let clock = kit::Clock::system();
    for batch in 0..ROWS / 2000 {
        let mut tx = pool.begin().await.expect("a transaction");
        for table in TABLES {
            let mut text = String::new();
            for at in batch * 2000..(batch + 1) * 2000 {
                text.push_str(&clock.id().to_string());
                for column in 0..9 {
                    let _ = write!(text, "\t{round}-{at}-{column}");
                }
                text.push('\n');
            }
            let mut copy = tx.copy_in_raw(&format!("COPY {table} FROM STDIN")).await.expect("COPY");
            copy.send(text.into_bytes()).await.expect("sent");
            copy.finish().await.expect("copied");
        }
        tx.commit().await.expect("committed");
    }
    begin.elapsed()
}
