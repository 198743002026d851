//! The demonstration city as a whole: its figures proven against the oracle on both engines, its cuts and its bulletin.

use std::collections::BTreeMap;

use proto::gateway::ReadFiguresRequest;
use proto::gateway::indicator_service_client::IndicatorServiceClient;
use proto::gateway::read_figures_response::Item;
use suite_tests::suite::{Engine, Running};

use super::oracle::indicators::{COUNTIES, Plan};
use super::oracle::published::{Figure, Key, Published};
use super::oracle::registers::{Counts, Registers};
use super::oracle::rows;

#[tokio::test(flavor = "multi_thread")]
async fn the_oracle_agrees_on_sqlite_and_the_bulletin_is_issued() {
    let running = Running::demonstration(Engine::Sqlite).await;
    prove(&running).await;
    super::cuts::a_cut_is_made_compared_and_issued(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oracle_agrees_on_postgres() {
    prove(&Running::demonstration(Engine::Postgres).await).await;
}

async fn prove(running: &Running) {
    let (registers, published) = (Registers::read(running).await, Published::read(running).await);
    as_printed_in_2020(&registers);
    assert_eq!(published.synthetic, published.publications, "all of it says that it is synthetic");
    assert!(published.withdrawals > 0 && published.revisions > 3, "things went wrong, too");
    let counted = elements(&registers, &published);
    let typed = typed(running, &published).await;
    assert!(counted > 5_000 && typed > 5_000, "{counted} counted, {typed} typed");
    figures(running, &published).await;
    let compared = indicators(running, &published).await;
    assert!(compared > 4_000, "{compared} values");
}

/// 2020 is as the plan prints it.
fn as_printed_in_2020(registers: &Registers) {
    let total = |element: &str| registers.count(element, "2020-12-31").expect(element).values().sum::<i64>();
    for (element, printed) in [
        ("elderly.institutions", 61),
        ("elderly.institutions.rural", 48),
        ("elderly.institutions.urban_public", 7),
        ("elderly.institutions.public_private", 2),
        ("elderly.institutions.private", 4),
        ("elderly.beds.all", 14_023),
        ("elderly.centres", 238),
        ("elderly.centres.socialised", 4),
        ("elderly.happiness_yards", 173),
        ("childcare.institutions", 94),
        ("childcare.institutions.standalone", 24),
        ("childcare.institutions.kindergarten", 67),
        ("childcare.institutions.other", 3),
        ("childcare.places", 2_050),
    ] {
        assert_eq!(total(element), printed, "{element}");
    }
}

/// Every published figure that a register feeds, counted again.
fn elements(registers: &Registers, published: &Published) -> usize {
    let mut known: BTreeMap<(String, String), Option<Counts>> = BTreeMap::new();
    let mut compared = 0;
    for ((element, region, period), figure) in &published.stated {
        if element.starts_with("region.") || !figure.is_number {
            continue;
        }
        let day = last_day(period);
        let counts = known.entry((element.clone(), day.clone())).or_insert_with(|| registers.count(element, &day));
        let Some(counts) = counts else { continue };
        let expected = match counts.get(region) {
            Some(count) => *count,
            None if region == "530400" => counts.values().sum(),
            None => 0,
        };
        assert_eq!(figure.value, expected, "{element} of {region} in {period}");
        compared += 1;
    }
    compared
}

/// Every published figure that somebody typed, in the report that it came from.
async fn typed(running: &Running, published: &Published) -> usize {
    let mut typed: BTreeMap<(String, String), String> = BTreeMap::new();
    for bureau in ["elderly-care", "childcare", "education", "finance", "supervision"] {
        let db = running.database(bureau).await;
        for row in rows(&db, running.engine, "report_cell", &["@report_id", "element", "reported", "computed"]).await {
            let value = if row["reported"].is_empty() { &row["computed"] } else { &row["reported"] };
            typed.insert((row["report_id"].clone(), row["element"].clone()), value.clone());
        }
    }
    let from_reports = |figure: &Figure| figure.is_number && !figure.report.is_empty();
    let mut compared = 0;
    for ((element, ..), figure) in published.stated.iter().filter(|(_, figure)| from_reports(figure)) {
        let cell = typed.get(&(figure.report.clone(), element.clone())).unwrap_or_else(|| panic!("{element}"));
        assert_eq!(*cell, figure.value.to_string(), "{element} of report {}", figure.report);
        compared += 1;
    }
    compared
}

/// The packed columns that programs read say what was published, and nothing else.
async fn figures(running: &Running, published: &Published) {
    let mut gateway = IndicatorServiceClient::new(running.channel_as("operator", "gateway"));
    let ask = |from: &str, to: &str| ReadFiguresRequest { from: from.into(), to: to.into(), ..Default::default() };
    let mut stream = gateway.read_figures(ask("2025-01", "2026-10")).await.expect("figures").into_inner();
    let Some(Item::Header(header)) = stream.message().await.expect("a header").and_then(|one| one.item) else {
        panic!("the header comes first")
    };
    assert_eq!(header.regions.len(), 10);
    // A value and whether the plan's print stands in; nothing for what is excused or does not apply.
    let mut read: BTreeMap<Key, Option<(i64, bool)>> = BTreeMap::new();
    while let Some(answer) = stream.message().await.expect("a column") {
        let Some(Item::Column(column)) = answer.item else { panic!("one header") };
        let key =
            |place: &u32| (column.element.clone(), header.regions[*place as usize].clone(), column.period.clone());
        for (place, value) in column.regions.iter().zip(&column.values) {
            read.insert(key(place), Some((*value, column.printed.contains(place))));
        }
        read.extend(column.not_applicable.iter().chain(&column.exempt).map(|place| (key(place), None)));
    }
    let asked = |key: &Key| {
        let (_, region, period) = key;
        header.regions.contains(region)
            && !period.contains(['Q', 'H'])
            && ("2025-01".."2026-11").contains(&period.as_str())
    };
    let mut expected: BTreeMap<Key, Option<(i64, bool)>> =
        published.printed.iter().map(|(key, value)| (key.clone(), Some((*value, true)))).collect();
    let stated = published.stated.iter();
    expected.extend(stated.map(|(key, figure)| (key.clone(), figure.is_number.then_some((figure.value, false)))));
    expected.retain(|key, _| asked(key));
    assert!(expected.len() > 5_000, "{}", expected.len());
    for key in read.keys().chain(expected.keys()) {
        assert_eq!(read.get(key), expected.get(key), "{key:?}");
    }
    for (from, to, reason) in [
        ("2025-13", "2026-10", "PERIOD_INVALID"),
        ("2026-10", "2025-01", "PERIOD_RANGE"),
        ("2025", "2025-02", "PERIOD_RANGE"),
    ] {
        let refused = gateway.read_figures(ask(from, to)).await.expect_err("refused");
        assert_eq!(kit::Problem::reason_of(&refused), reason);
    }
    let unknown = ReadFiguresRequest { elements: vec!["no.such".into()], ..ask("2025-01", "2025-01") };
    let refused = gateway.read_figures(unknown).await.expect_err("refused");
    assert_eq!(kit::Problem::reason_of(&refused), "ELEMENT_UNKNOWN");
}

/// Every indicator of every county and the city, in every period that the city has lived through.
async fn indicators(running: &Running, published: &Published) -> usize {
    let plan = Plan::read();
    assert_eq!(plan.formulas.len(), 53);
    let years = (2020..=2025).map(|year| year.to_string());
    let months = (1..=22).map(|month| format!("{}-{:02}", 2025 + (month - 1) / 12, (month - 1) % 12 + 1));
    let mut values = 0;
    for period in years.chain(months).chain(["2025-Q4".to_owned(), "2026-Q3".to_owned()]) {
        for region in ["530400"].into_iter().chain(COUNTIES) {
            let (status, list) = running.get(&format!("/api/v1/indicators?region={region}&period={period}")).await;
            assert_eq!(status, 200, "{list}");
            let views = list["indicators"].as_array().expect("a list");
            assert_eq!(views.len(), plan.formulas.len());
            for (view, formula) in views.iter().zip(&plan.formulas) {
                assert_eq!(view["code"], formula.code.as_str());
                let shown = plan.shown(formula, published, region, &period);
                let text = |key: &str| view[key].as_str().map(str::to_owned);
                let place = format!("{} of {region} in {period}", formula.code);
                assert_eq!(text("numerator"), shown.numerator.map(|value| value.to_string()), "numerator of {place}");
                assert_eq!(
                    text("denominator"),
                    shown.denominator.map(|value| value.to_string()),
                    "denominator of {place}"
                );
                assert_eq!(text("value"), shown.value, "{place}");
                values += usize::from(shown.value.is_some());
            }
        }
    }
    values
}

fn last_day(period: &str) -> String {
    let (year, rest) = period.trim_start_matches("MCH").split_once('-').unwrap_or((period, "12"));
    let month = match rest.strip_prefix('Q') {
        Some(quarter) => format!("{:02}", quarter.parse::<u32>().expect("a quarter") * 3),
        None => rest.to_owned(),
    };
    let days = match month.as_str() {
        "02" if year.parse::<u32>().expect("a year") % 4 == 0 => "29",
        "02" => "28",
        "04" | "06" | "09" | "11" => "30",
        _ => "31",
    };
    format!("{year}-{month}-{days}")
}
