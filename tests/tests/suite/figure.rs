//! One figure travels: from a clerk's workbook to a proven indicator, through different people's hands.

use proto::reporting as wire;
use serde_json::Value;
use suite_tests::desk::Desk;
use suite_tests::people::user_with;
use suite_tests::sheets;
use suite_tests::suite::{Engine, Running};

const CITY: &str = "530400";
const COUNTY: &str = "530402";

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_travels_on_sqlite() {
    travels(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_travels_on_postgresql() {
    travels(Engine::Postgres).await;
}

async fn travels(engine: Engine) {
    let mut running = Running::start(engine, None).await;
    plan_as_printed(&running).await;
    import(&running).await;

    let county = Desk::new(&running, "childcare");
    let reported = county.report("childcare-monthly", COUNTY, "2026-10", &typed_childcare()).await;
    let computed = cell(&reported, "childcare.places");
    assert_eq!(computed.computed, Some(20 + 15 + 18), "Σ of the classes' places");
    assert_eq!(computed.value, Some(53));
    county.publish(&[reported.id], wire::PublicationKind::Flash).await.expect("published");

    running
        .eventually("the county's places", async || {
            running.indicator("C10", COUNTY, "2026-10").await["denominator"] == "53"
        })
        .await;
    let before = running.indicator("C09", COUNTY, "2026-10").await;
    assert_eq!(before["value"], Value::Null, "without a population there is no rate: {before}");
    assert_eq!(before["status"], "not_computable");
    let city = running.indicator("C09", CITY, "2026-10").await;
    assert_eq!(city["value"], Value::Null);

    let desk = Desk::new(&running, "supervision");
    let population = desk.report("population-annual", COUNTY, "2025", &typed_population()).await;
    desk.publish(&[population.id], wire::PublicationKind::Final).await.expect("published");
    running
        .eventually("the county's C09", async || {
            running.indicator("C09", COUNTY, "2026-10").await["value"] != Value::Null
        })
        .await;
    let after = running.indicator("C09", COUNTY, "2026-10").await;
    assert_eq!((&after["numerator"], &after["denominator"]), (&Value::from("53"), &Value::from("588000")));
    assert_eq!(after["value"], "0.09");
    assert_eq!(after["status"], "快报");

    let city = running.indicator("C09", CITY, "2026-10").await;
    let missing: Vec<&str> =
        city["completeness"]["missing_regions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let others = ["江川区", "澄江市", "通海县", "华宁县", "易门县", "峨山县", "新平县", "元江县"];
    assert_eq!(missing, others, "the eight other counties, in official order");
    assert_eq!(city["completeness"]["present"], 1);
    assert_eq!(city["value"], Value::Null, "a missing county is not a zero");

    proof(&running).await;
    running.restart().await;
    assert_eq!(running.indicator("C09", COUNTY, "2026-10").await["value"], "0.09", "kept over a restart");
}

/// What the plan prints, before any bureau has published.
async fn plan_as_printed(running: &Running) {
    let enrolment = running.indicator("C12", CITY, "2020").await;
    assert_eq!(enrolment["numerator"], "1915");
    assert_eq!(enrolment["denominator"], "72387");
    assert_eq!(enrolment["value"], "2.6");
    assert_eq!(enrolment["status"], "方案数");
    let places = running.indicator("C09", CITY, "2020").await;
    assert_eq!((&places["numerator"], &places["value"]), (&Value::from("2050"), &Value::from("0.91")));
    let (_, tasks) = running.get("/api/v1/plan/tasks").await;
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 42);
    let (_, projects) = running.get("/api/v1/plan/projects").await;
    assert_eq!(projects["projects"].as_array().unwrap().len(), 50);
    assert_eq!(projects["total_wan_yuan"], 163_172);
    assert_eq!(projects["central_applied_wan_yuan"], 99_298);
    let (_, list) = running.get(&format!("/api/v1/indicators?region={CITY}&period=2020")).await;
    for (code, baseline, mid, end) in PRINTED {
        let found = list["indicators"].as_array().unwrap().iter().find(|one| one["code"] == *code).unwrap();
        let target = |period: &str| {
            found["targets"].as_array().unwrap().iter().find(|one| one["period"] == period).unwrap()["value"].clone()
        };
        assert_eq!(found["baseline"], baseline.map_or(Value::Null, Value::from), "{code}");
        assert_eq!((target("2023"), target("2025")), (Value::from(*mid), Value::from(*end)), "{code}");
    }
}

/// 附件1: baseline 2020, targets 2023 and 2025, as printed; "—" is missing.
const PRINTED: &[(&str, Option<&str>, &str, &str)] = &[
    ("C01", Some("95.3"), "95.5", "96"),
    ("C02", Some("57.6"), "100", "100"),
    ("C03", Some("41.2"), "50", "90"),
    ("C04", Some("12.3"), "30", "55"),
    ("C05", Some("71.64"), "72", "75"),
    ("C06", None, "0.5", "1"),
    ("C07", Some("100"), "100", "100"),
    ("C08", Some("68.5"), "100", "100"),
    ("C09", Some("0.91"), "2", "4.5"),
    ("C10", None, "35", "60"),
    ("C11", Some("2"), "8", "20"),
    ("C12", Some("2.6"), "5", "8"),
    ("C13", None, "60", "80"),
];

/// Imports institutions and classes of 红塔区 from workbooks, as its clerk would.
async fn import(running: &Running) {
    let names = ["玉兴街道阳光托育园", "凤凰街道小象托育园"];
    let institutions = running.data().join("institutions.xlsx");
    sheets::institutions(
        &institutions,
        &[
            (names[0], sheets::uscc(1), "托育机构", "公办", "玉兴街道", "2025-03-01"),
            (names[1], sheets::uscc(2), "托育机构", "民办", "530402002", "2025-06-01"),
        ],
    );
    let taken = ylyx_import(running, &institutions, "childcare.institution").await;
    assert_eq!((taken.totals.added, taken.totals.rejected), (2, 0), "{taken:?}");

    let classes = running.data().join("classes.xlsx");
    sheets::classes(
        &classes,
        &[
            (names[0], sheets::uscc(1), "托大一班", "托大班", 20),
            (names[0], sheets::uscc(1), "托小一班", "托小班", 15),
            (names[1], sheets::uscc(2), "混龄一班", "混合编班", 18),
            (names[1], sheets::uscc(2), "乳儿一班", "乳儿班", 12),
        ],
    );
    let taken = ylyx_import(running, &classes, "childcare.class").await;
    assert_eq!((taken.totals.added, taken.totals.rejected), (3, 1), "the class above its cap is rejected: {taken:?}");
    let again = ylyx_import(running, &classes, "childcare.class").await;
    assert_eq!((again.totals.added, again.totals.unchanged), (0, 3), "the same file again changes nothing: {again:?}");
}

async fn ylyx_import(running: &Running, file: &std::path::Path, register: &str) -> ylyx::import::ImportReport {
    let clerk = user_with(running.data(), "childcare", "COUNTY_REPORTER", COUNTY);
    let options = ylyx::import::ImportOptions {
        file: file.to_owned(),
        register: register.to_owned(),
        region: COUNTY.to_owned(),
        user: clerk.id,
        effective_on: Some("2026-09-01".parse().expect("a date")),
        rejected: Some(running.data().join("rejected.xlsx")),
        data: running.data().to_owned(),
        clock: running.clock.clone(),
        ..ylyx::import::ImportOptions::default()
    };
    ylyx::import::run(options).await.unwrap_or_else(|problem| panic!("{problem}"))
}

fn typed_childcare() -> Vec<(&'static str, &'static str)> {
    vec![("childcare.children.enrolled", "４１")]
}

fn typed_population() -> Vec<(&'static str, &'static str)> {
    vec![
        ("population.resident", "588,000"),
        ("population.age60", "101000"),
        ("population.age65", "78000"),
        ("population.births", "4100"),
    ]
}

fn cell<'r>(report: &'r wire::Report, element: &str) -> &'r wire::Cell {
    report.cells.iter().find(|cell| cell.element == element).unwrap_or_else(|| panic!("no {element}: {report:?}"))
}

/// The proof is accepted; after any flipped byte it is not.
async fn proof(running: &Running) {
    let path = format!("/api/v1/indicators/C09/proof?region={COUNTY}&period=2026-10");
    let (status, text) = running.get_text(&path).await;
    assert_eq!(status, 200, "{text}");
    let keys = trust::KeyRing::load(&running.data().join("keys")).expect("keys");
    let verified = gateway::proof::verify(text.as_bytes(), &keys).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(verified.value.as_deref(), Some("0.09"));
    let bytes = text.into_bytes();
    // The statement's head and tail, where the claims stand, densely; the long envelopes between by sample.
    let samples =
        (0..bytes.len()).filter(|at| (*at < 1500 && at % 3 == 0) || *at > bytes.len() - 200 || at % 4999 == 0);
    for at in samples {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        assert!(gateway::proof::verify(&flipped, &keys).is_err(), "byte {at} flipped and went unnoticed");
    }
}
