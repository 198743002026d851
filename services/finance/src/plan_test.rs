//! The plan's projects as they are loaded: counties, totals, flags, and that loading twice adds nothing.

use std::collections::BTreeMap;

use registry::Coded;
use registry::columns::Page;
use reporting::Register;
use trust::Scope;

use registry::elements::Elements;

use crate::elements::ELEMENTS;
use crate::projects::stages::Stage;
use crate::projects::store::{self, Filter, Viewed};
use crate::projects::{Category, Standing, door};
use crate::testing::{Fixture, bureau};

const WAN: i64 = 1_000_000;

async fn all(fixture: &Fixture, filter: Filter) -> Vec<Viewed> {
    let page = Page::asked(Some(proto::common::Page { size: 500, cursor: String::new() })).unwrap();
    let today = fixture.bureau.clock.today();
    store::page(&fixture.bureau.db, &Scope::of_the_service(), filter, page, today).await.unwrap().0
}

#[tokio::test]
async fn the_plan_has_fifty_projects_in_nine_counties_and_adds_up() {
    let fixture = bureau("2023-02-01").await;
    let projects = all(&fixture, Filter::default()).await;
    let mut by_county: BTreeMap<&str, (usize, i64, i64)> = BTreeMap::new();
    for viewed in &projects {
        let facts = &viewed.project.facts;
        let (count, total, central) = by_county.entry(&facts.county).or_default();
        *count += 1;
        *total += facts.total_fen;
        *central += viewed.central_applied_fen;
    }
    // Dictionary §4.5: 红塔 (of which 2 are 市卫健委), 江川, 澄江, 峨山, 新平, 易门, 华宁, 通海, 元江; 万元.
    let printed = [
        ("530402", (12, 45_659, 14_119)),
        ("530403", (4, 8_774, 6_890)),
        ("530481", (3, 10_052, 7_740)),
        ("530426", (5, 12_745, 9_876)),
        ("530427", (7, 11_202, 3_796)),
        ("530425", (6, 15_834, 10_288)),
        ("530424", (4, 19_667, 14_490)),
        ("530423", (4, 21_740, 18_300)),
        ("530428", (5, 17_499, 13_799)),
    ];
    let printed: BTreeMap<&str, (usize, i64, i64)> = printed
        .into_iter()
        .map(|(county, (count, total, central))| (county, (count, total * WAN, central * WAN)))
        .collect();
    assert_eq!(by_county, printed);
    let of = |category: Category| {
        let of = projects.iter().filter(|viewed| viewed.project.facts.category == category);
        of.fold((0, 0, 0), |(count, total, central), viewed| {
            (count + 1, total + viewed.project.facts.total_fen, central + viewed.central_applied_fen)
        })
    };
    assert_eq!(of(Category::Elderly), (27, 123_940 * WAN, 78_927 * WAN));
    assert_eq!(of(Category::Childcare), (23, 39_232 * WAN, 20_371 * WAN));
    let bureau_of_city = projects.iter().filter(|viewed| viewed.project.facts.responsible == "市卫生健康委");
    assert!(bureau_of_city.clone().count() == 2 && bureau_of_city.clone().all(|v| v.project.facts.county == "530402"));

    let registers = Elements::new(fixture.bureau.clone(), &ELEMENTS);
    let computed = registers.compute("2023-01".parse().unwrap(), &["530400".to_owned()]).await.unwrap();
    let figure = |element: &str| computed.iter().find(|figure| figure.element == element).unwrap().value;
    assert_eq!(figure("finance.projects"), 50);
    assert_eq!(figure("finance.projects.central_applied_fen"), 99_298 * WAN);
    assert_eq!(figure("finance.projects.central_released_fen"), 0, "applied for is not released");
    let before = registers.compute("2022".parse().unwrap(), &["530400".to_owned()]).await.unwrap();
    assert!(before.iter().all(|figure| figure.value == 0), "before the plan there were none");
}

#[tokio::test]
async fn what_is_odd_about_a_project_is_shown_with_it() {
    let fixture = bureau("2023-02-01").await;
    let mut above_share = Vec::new();
    let mut printed = Vec::new();
    for viewed in all(&fixture, Filter::default()).await {
        let message = door::message(viewed, fixture.bureau.clock.today());
        if message.flags.contains("超过总投资") && message.flags.contains("中央投资") {
            above_share.push(message.number);
        }
        if message.flags.contains("方案：") {
            printed.push(message.number);
        }
    }
    // S14: five are far above 80 %, four marginally.
    assert_eq!(above_share, [18, 20, 21, 22, 23, 31, 32, 34, 35]);
    assert_eq!(printed, [13, 14, 18, 20, 21, 22, 23, 50]);
}

#[tokio::test]
async fn loading_again_adds_nothing_and_keeps_what_people_changed() {
    let fixture = bureau("2025-11-05").await;
    let first = all(&fixture, Filter::default()).await;
    let mut project = first[0].project.clone();
    project.facts.content = "新建养老公寓一栋。".into();
    let author = registry::Author { by: "李红".into(), clock: fixture.bureau.clock.clone() };
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let change = crate::projects::Change { project, withdrawn: None, events: Vec::new() };
    store::save(&mut tx, &[change], &author).await.unwrap();
    tx.commit().await.unwrap();
    let counts = (fixture.count("fund_entry").await, fixture.count("record_history").await);
    crate::projects::plan::load(&fixture.bureau).await.unwrap();
    assert_eq!((fixture.count("fund_entry").await, fixture.count("record_history").await), counts);
    let again = all(&fixture, Filter::default()).await;
    assert_eq!(again.len(), 50);
    assert_eq!(again[0].project.facts.content, "新建养老公寓一栋。");
    assert_eq!(first[1].project, again[1].project);
}

#[tokio::test]
async fn filters_mean_what_the_rules_say() {
    // Projects that end in 2023 are late in 2024 either way; those of 2025 only in 2026.
    for today in ["2023-02-01", "2024-06-01", "2026-06-01"] {
        let fixture = bureau(today).await;
        let author = registry::Author { by: "李红".into(), clock: fixture.bureau.clock.clone() };
        let mut tx = fixture.bureau.db.begin().await.unwrap();
        for (n, viewed) in all(&fixture, Filter::default()).await.into_iter().enumerate() {
            let reached = |stage, day| crate::projects::stages::Reached {
                stage,
                on: jiff::civil::date(2023, 1, day),
                document_number: "文".into(),
            };
            let mut project = viewed.project;
            for (step, stage) in [Stage::Approved, Stage::Started, Stage::Completed].into_iter().enumerate().take(n % 4)
            {
                project = crate::projects::advance(&project, reached(stage, 10 + step as i8), "").unwrap().project;
            }
            if n % 5 == 0 && n % 4 < 3 {
                project.course = crate::projects::Course::Cancelled;
            } else if n % 7 == 0 {
                project.course = crate::projects::Course::Stopped;
            }
            let change = crate::projects::Change { project, withdrawn: None, events: Vec::new() };
            store::save(&mut tx, &[change], &author).await.unwrap();
        }
        tx.commit().await.unwrap();
        let everything = all(&fixture, Filter::default()).await;
        let today = fixture.bureau.clock.today();
        let mut found = 0;
        for (standing, _) in Standing::CODES {
            let ids = |viewed: &[Viewed]| viewed.iter().map(|viewed| viewed.project.id).collect::<Vec<_>>();
            let filtered = all(&fixture, Filter { standing: Some(*standing), ..Filter::default() }).await;
            let ruled: Vec<Viewed> =
                everything.iter().filter(|viewed| viewed.project.standing(today).0 == *standing).cloned().collect();
            assert_eq!(ids(&filtered), ids(&ruled), "{standing:?} on {today}");
            found += filtered.len();
        }
        assert_eq!(found, 50);
        let filter = Filter {
            stage: Some(Stage::Started),
            category: Some(Category::Elderly),
            region: Some(vec!["530402".into()]),
            name_contains: "医养".into(),
            ..Filter::default()
        };
        let matching = |viewed: &&Viewed| {
            let facts = &viewed.project.facts;
            viewed.project.stages.newest().stage == Stage::Started
                && (facts.category, facts.county.as_str()) == (Category::Elderly, "530402")
                && facts.name.contains("医养")
        };
        assert_eq!(all(&fixture, filter).await.len(), everything.iter().filter(matching).count());
    }
}
