//! Rows into a register over gRPC (checked, matched with what is known, one record of the batch, durable when
//! acknowledged), beside bare many-row inserts of the same columns at the same durability.

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

pub(crate) async fn measure() -> Vec<Line> {
    let running = Running::start(Engine::Sqlite, None).await;
    let raw = running.data().join("raw.db");
    let raw = Db::open(raw.to_str().expect("a path")).await.expect("a database");
    for table in ["bed_raw", "bed_facts_raw"] {
        let columns = (0..9).map(|n| format!("c{n} TEXT")).collect::<Vec<_>>().join(", ");
        execute(&raw, format!("CREATE TABLE {table} (id BLOB NOT NULL PRIMARY KEY, {columns})")).await;
    }
    let mut rounds = Vec::new();
    let mut fastest = Duration::MAX;
    for round in 0..ROUNDS {
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
        ours(&running, "elderly.institution", vec![institution]).await;
        let beds = (0..ROWS)
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
        let mine = ours(&running, "elderly.bed", beds).await;
        fastest = fastest.min(mine);
        rounds.push((mine, limit(&raw, round).await));
    }
    let per_second = ROWS as u128 * 1_000_000_000 / fastest.as_nanos();
    vec![Line {
        what: format!("{ROWS} bed rows imported over gRPC, SQLite"),
        limit: "many-row inserts of the two tables' columns, 2000 rows per commit".into(),
        figure: Ratio::of(&rounds).words(),
        aim: "≥ 0.5",
        note: format!(
            "cells checked, records matched, history row each, keys of the file kept, answers kept; {per_second} rows/s at best"
        ),
    }]
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
async fn limit(db: &Db, round: usize) -> Duration {
    let begin = Instant::now();
    let clock = kit::Clock::system();
    for batch in 0..ROWS / 2000 {
        let mut tx = db.begin().await.expect("a transaction");
        for table in ["bed_raw", "bed_facts_raw"] {
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
