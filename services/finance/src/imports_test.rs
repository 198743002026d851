//! Imports on a real database: projects that come and are completed, money that is booked once.

use kit::Problem;
use proto::contract::ImportMode::{Commit, Preview};
use proto::contract::{ImportAcknowledgement, ImportCounts};
use proto::finance as wire;
use registry::imports::stream::Step;

use crate::testing::{Answers, batch, bureau, start};

const WAN: i64 = 1_000_000;

fn taken(answers: Answers) -> Vec<ImportAcknowledgement> {
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|status| panic!("{}", Problem::reason_of(&status))))
        .collect()
}

fn reasons(answer: &ImportAcknowledgement) -> Vec<(u64, &str, &str)> {
    answer.faults.iter().map(|fault| (fault.row, fault.field.as_str(), fault.reason.as_str())).collect()
}

fn row(name: &str) -> wire::ProjectRow {
    wire::ProjectRow {
        name: name.into(),
        category: wire::ProjectCategory::Elderly as i32,
        project_type: "养老服务机构".into(),
        region: "红塔区".into(),
        start_year: 2025,
        end_year: 2026,
        total_fen: 1500 * WAN,
        central_planned_fen: 1200 * WAN,
        responsible: "红塔区人民政府".into(),
        beds: 100,
        nursing_beds: 60,
        ..Default::default()
    }
}

#[tokio::test]
async fn project_sheets_add_complete_and_tell_what_is_wrong() {
    let fixture = bureau("2025-11-05").await;
    // Project 2 of the plan gets its code; what the sheet leaves out stays.
    let known = wire::ProjectRow {
        name: "玉溪市研和新区人民医院医养结合项目".into(),
        project_type: "医养结合".into(),
        code: "2205-530402-04-01-123456".into(),
        start_year: 2022,
        end_year: 2024,
        total_fen: 10_000 * WAN,
        central_planned_fen: 0,
        ..row("")
    };
    let rows = vec![
        row("新项目"),
        known.clone(),
        row("新项目"),
        wire::ProjectRow { total_fen: 1000 * WAN, nursing_beds: 101, ..row("丙") },
        wire::ProjectRow { code: "123".into(), start_year: 0, ..row("丁") },
        wire::ProjectRow { region: "江川区".into(), ..row("戊") },
        wire::ProjectRow {
            total_fen: 9_000 * WAN, name: "玉溪市红塔区中医医院医养结合项目".into(), ..known.clone()
        },
        wire::ProjectRow { end_year: 2024, listed_on: "2025-11-06".into(), ..row("己") },
    ];
    let steps = || vec![Step::Start(start(1, Commit, "530402", false)), batch(rows.clone()), Step::Finish];
    let answers = taken(fixture.projects(steps()).await);
    assert_eq!(
        reasons(&answers[1]),
        [
            (4, "", "ROW_DUPLICATE"),
            (5, "central_planned_fen", "CENTRAL_ABOVE_TOTAL"),
            (5, "nursing_beds", "NURSING_ABOVE_BEDS"),
            (6, "code", "PROJECT_CODE_INVALID"),
            (6, "start_year", "FIELD_MISSING"),
            (7, "region", "REGION_OUTSIDE_IMPORT"),
            (8, "", "ROW_DUPLICATE"),
            (9, "end_year", "DATES_REVERSED"),
            (9, "listed_on", "DATE_IN_FUTURE"),
        ]
    );
    let totals = ImportCounts { added: 1, changed: 1, conflicting: 2, rejected: 4, ..Default::default() };
    assert_eq!(answers[1].totals, Some(totals));
    assert_eq!(fixture.count("project").await, 51);

    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let found = crate::projects::store::by_code(&mut tx, &["2205-530402-04-01-123456"]).await.unwrap();
    let facts = &found[0].project.facts;
    assert_eq!((facts.central_planned_fen, facts.beds), (600 * WAN, 100));
    assert!(facts.content.contains("医养楼2栋"));
    drop(tx);

    let rows = vec![row("新项目"), known.clone(), wire::ProjectRow { total_fen: 9_000 * WAN, ..known }];
    let steps = vec![Step::Start(start(2, Commit, "530402", true)), batch(rows), Step::Finish];
    let answers = taken(fixture.projects(steps).await);
    let totals = ImportCounts { unchanged: 2, conflicting: 1, disappeared: 11, ..Default::default() };
    assert_eq!(answers[2].totals, Some(totals));
    let steps = vec![
        Step::Start(start(3, Commit, "530402", false)),
        batch(vec![wire::ProjectRow { total_fen: 1600 * WAN, ..row("新项目") }]),
    ];
    assert_eq!(reasons(&taken(fixture.projects(steps).await)[1]), [(2, "total_fen", "TOTAL_BY_ADJUSTMENT")]);
}

#[tokio::test]
async fn fund_sheets_are_booked_in_order_and_once() {
    let fixture = bureau("2025-11-05").await;
    let entry = |step: wire::FundStep, wan: i64, on: &str| wire::FundEntryRow {
        project_name: "玉溪市红塔区托育服务中心建设项目".into(),
        source: wire::FundSource::CentralBudgetInvest as i32,
        step: step as i32,
        amount_fen: wan * WAN,
        on: on.into(),
        document_number: format!("玉财〔2024〕{wan}号"),
        note: String::new(),
    };
    use wire::FundStep::{Paid, Received, Released};
    let rows = vec![
        entry(Released, 1000, "2024-03-01"),
        entry(Received, 600, "2024-04-01"),
        entry(Received, 401, "2024-05-01"),
        entry(Paid, 600, "2024-06-01"),
        entry(Paid, 600, "2024-06-01"),
        wire::FundEntryRow { project_name: "没有的项目".into(), ..entry(Paid, 1, "2024-06-01") },
        wire::FundEntryRow {
            project_name: "玉溪市江川区托育服务中心建设项目".into(),
            ..entry(Released, 1, "2024-06-01")
        },
        wire::FundEntryRow { amount_fen: 0, document_number: " ".into(), source: 0, ..entry(Paid, 1, "2026-01-01") },
    ];
    let steps = |id, mode| vec![Step::Start(start(id, mode, "530402", false)), batch(rows.clone()), Step::Finish];
    let before = fixture.count("fund_entry").await;
    let preview = taken(fixture.funds(steps(1, Preview)).await);
    assert_eq!(fixture.count("fund_entry").await, before);
    let answers = taken(fixture.funds(steps(2, Commit)).await);
    assert_eq!((&preview[1].faults, preview[1].totals), (&answers[1].faults, answers[1].totals));
    assert_eq!(
        reasons(&answers[1]),
        [
            (4, "amount_fen", "MONEY_RECEIVED_ABOVE_RELEASED"),
            (6, "", "ROW_DUPLICATE"),
            (7, "project_name", "PROJECT_UNKNOWN"),
            (8, "project_name", "PROJECT_UNKNOWN"),
            (9, "source", "FIELD_MISSING"),
            (9, "amount_fen", "AMOUNT_NOT_POSITIVE"),
            (9, "on", "DATE_IN_FUTURE"),
            (9, "document_number", "FIELD_MISSING"),
        ]
    );
    assert!(answers[1].faults[0].message.contains("1001万元"), "{}", answers[1].faults[0].message);
    assert_eq!(answers[1].totals.unwrap().added, 3);
    let again = taken(fixture.funds(steps(3, Commit)).await);
    assert_eq!((again[1].totals.unwrap().added, again[1].totals.unwrap().unchanged), (0, 3));
    assert_eq!(fixture.count("fund_entry").await, before + 3);
}
