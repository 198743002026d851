//! Work from its registration to the pack and to the element, over a real database.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use city::period::Period;
use futures::StreamExt;
use proto::contract::{ImportMode, ImportStart};
use proto::supervision as wire;
use registry::imports::stream::{Step, answers};
use reporting::Register;
use trust::Scope;

use super::Act;
use super::import::WorkIntake;
use registry::elements::Elements;

use crate::elements::ELEMENTS;
use crate::pack;
use crate::testing::{Fixture, bureau, file, work};

async fn registered(fixture: &Fixture, row: wire::WorkRow) -> kit::Result<wire::WorkEntry> {
    let request = wire::RegisterWorkEntryRequest { work: Some(row), idempotency_key: String::new() };
    fixture.works().register(&fixture.person("u1", "MZJ"), request).await
}

async fn submitted(fixture: &Fixture, row: wire::WorkRow) -> wire::WorkEntry {
    let entry = registered(fixture, row).await.unwrap();
    let request = wire::SubmitWorkEntryRequest { id: entry.id, version: entry.version };
    fixture.works().submit(&fixture.person("u1", "MZJ"), request).await.unwrap()
}

async fn decided(fixture: &Fixture, entry: &wire::WorkEntry, who: &str, act: Act) -> kit::Result<wire::WorkEntry> {
    let request =
        wire::DecideWorkEntryRequest { id: entry.id.clone(), version: entry.version, reason: "意见".into() };
    fixture.works().decide(&fixture.person(who, "ZB"), act, request).await
}

#[tokio::test]
async fn wrong_work_is_refused_with_everything_that_is_wrong() {
    let fixture = bureau("2025-11-05").await;
    let wrong =
        wire::WorkRow { unit: "某局".into(), task_number: 9, ..work("rural-home", "", "530499", 0, "2026-01-01") };
    let problem = registered(&fixture, wrong).await.unwrap_err();
    let fields: Vec<&str> = problem.fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["title", "unit", "region", "quantity", "dated_on", "task_number"]);
    let unknown = work("跳舞", "会", "530402", 1, "2025-01-01");
    assert_eq!(registered(&fixture, unknown).await.unwrap_err().reason, "TYPE_UNKNOWN");
    let row = work("农村敬老院转型升级", "小石桥敬老院", "530402", 1, "2025-05-01");
    let entry = registered(&fixture, row.clone()).await.unwrap();
    assert_eq!((entry.r#type.as_str(), entry.tasks.as_slice(), entry.unit.as_str()), ("rural-home", &[4][..], "MZJ"));
    assert_eq!(registered(&fixture, row).await.unwrap_err().reason, "WORK_EXISTS");
}

#[tokio::test]
async fn two_reviewers_at_once_and_the_author_alone() {
    let fixture = bureau("2025-11-05").await;
    let entry = submitted(&fixture, work("meeting", "三季度会", "530400", 1, "2025-09-30")).await;
    assert_eq!(decided(&fixture, &entry, "u1", Act::Accept).await.unwrap_err().reason, "SAME_PERSON");
    let (one, two) =
        tokio::join!(decided(&fixture, &entry, "z1", Act::Accept), decided(&fixture, &entry, "z2", Act::Return));
    let reasons: Vec<&str> = [&one, &two].into_iter().filter_map(|r| r.as_ref().err()).map(|p| p.reason).collect();
    assert_eq!(reasons, ["VERSION_STALE"]);
}

/// The elements, counted again from what was sent in, without SQL.
#[tokio::test]
async fn elements_equal_a_recount_without_their_sql() {
    let fixture = bureau("2025-11-05").await;
    let types = [
        ("smart-enterprise", "work.smart_enterprises"),
        ("pilot-pension", "work.pilots"),
        ("pilot-care-insurance", "work.pilots"),
        ("childcare-guidance", "work.childcare_guidance"),
        ("childcare-association", "work.childcare_associations"),
        ("meeting", ""),
    ];
    let regions = ["530400", "530402", "530402001", "530481"];
    let mut expected: BTreeMap<(&str, String, &str), i64> = BTreeMap::new();
    let mut count = 0;
    for (kind, element) in types {
        for region in regions {
            for (dated_on, fate) in [("2025-08-31", 0), ("2025-09-01", 1), ("2025-09-30", 0), ("2025-09-30", 2)] {
                count += 1;
                let entry = submitted(&fixture, work(kind, &format!("第{count}项"), region, count, dated_on)).await;
                match fate {
                    0 => drop(decided(&fixture, &entry, "z1", Act::Accept).await.unwrap()),
                    1 => drop(decided(&fixture, &entry, "z1", Act::Return).await.unwrap()),
                    _ => continue,
                }
                if fate != 0 || element.is_empty() {
                    continue;
                }
                for period in ["2025-08", "2025-09"].into_iter().filter(|period| *period >= &dated_on[..7]) {
                    *expected.entry((element, "530400".to_owned(), period)).or_default() += count;
                    if region != "530400" {
                        *expected.entry((element, region[..6].to_owned(), period)).or_default() += count;
                    }
                }
            }
        }
    }
    let asked = ["530400", "530402", "530403", "530481"].map(str::to_owned);
    let registers = Elements::new(fixture.bureau.clone(), &ELEMENTS);
    for period in ["2025-07", "2025-08", "2025-09"] {
        let computed = registers.compute(period.parse::<Period>().unwrap(), &asked).await.unwrap();
        let of_work = computed.iter().filter(|figure| figure.element.starts_with("work."));
        let mut figures = 0;
        for figure in of_work {
            let key = (figure.element.as_str(), figure.region.clone(), period);
            assert_eq!(figure.value, expected.get(&key).copied().unwrap_or_default(), "{key:?}");
            figures += 1;
        }
        assert_eq!(figures, 16);
        let tasks = computed.iter().find(|figure| figure.element == "plan.tasks" && figure.region == "530400");
        assert_eq!(tasks.unwrap().value, 42);
        let done = computed.iter().find(|figure| figure.element == "plan.tasks.done" && figure.region == "530400");
        assert_eq!(done.unwrap().value, 0);
    }
    assert_eq!(expected[&("work.pilots", "530481".to_owned(), "2025-09")], 29 + 31 + 45 + 47);
}

#[tokio::test]
async fn a_sheet_is_submitted_at_once_and_never_rewrites_what_was_accepted() {
    let fixture = bureau("2025-11-05").await;
    let import = async |id: u128, rows: Vec<wire::WorkRow>| {
        let start = ImportStart {
            import_id: uuid::Uuid::from_u128(id).to_string(),
            mode: ImportMode::Commit as i32,
            region: "530402".into(),
            effective_on: "2025-11-05".into(),
            file_name: "work.xlsx".into(),
            file_digest: "00ff".into(),
            ..Default::default()
        };
        let steps = [Step::Start(start), Step::Batch { number: 1, rows: (2..).zip(rows).collect() }];
        let person = fixture.person("u1", "MZJ");
        let intake = WorkIntake { bureau: fixture.bureau.clone(), author_id: person.user };
        let steps = futures::stream::iter(steps.into_iter().map(Ok));
        let scope = Scope::of_the_service();
        let answers: Vec<_> = answers(fixture.bureau.clone(), scope, person.author, intake, steps).collect().await;
        let last = answers.into_iter().last().unwrap().unwrap();
        let reasons: Vec<String> = last.faults.iter().map(|fault| fault.reason.clone()).collect();
        (last.totals.unwrap(), reasons)
    };
    let row = work("职业技能培训", "护理员培训", "红塔区", 60, "2025-07-01");
    let outside = work("training", "护理员培训", "530481", 60, "2025-07-01");
    let (totals, reasons) = import(1, vec![row.clone(), row.clone(), outside]).await;
    assert_eq!((totals.added, totals.rejected, totals.conflicting), (1, 1, 1));
    assert_eq!(reasons, ["ROW_DUPLICATE", "REGION_OUTSIDE_IMPORT"]);
    let (totals, _) = import(2, vec![row.clone()]).await;
    assert_eq!((totals.added, totals.changed, totals.unchanged), (0, 0, 1));
    let more = wire::WorkRow { quantity: 61, ..row };
    let (totals, _) = import(3, vec![more.clone()]).await;
    assert_eq!(totals.changed, 1);
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let entry = super::store::named(&mut tx, &["护理员培训"]).await.unwrap().remove(0);
    drop(tx);
    assert_eq!((entry.state, entry.facts.quantity), (super::State::Submitted, 61));
    let shown = super::door::message(&fixture.bureau, entry);
    decided(&fixture, &shown, "z1", Act::Accept).await.unwrap();
    let (_, reasons) = import(4, vec![wire::WorkRow { quantity: 62, ..more }]).await;
    assert_eq!(reasons, ["WORK_ACCEPTED"]);
}

#[tokio::test]
async fn the_pack_opens_and_its_index_names_every_file() {
    let fixture = bureau("2025-11-05").await;
    let task = fixture.task(4).await;
    let (civil, ledger) = (fixture.person("u1", "MZJ"), fixture.ledger());
    let upload = |content: &[u8]| wire::AddTaskEvidenceRequest {
        id: task.id.clone(),
        evidence: Some(file("通知.pdf", content)),
        idempotency_key: String::new(),
    };
    ledger.add_evidence(&civil, upload(b"one")).await.unwrap();
    ledger.add_evidence(&civil, upload(b"two")).await.unwrap();
    let home = submitted(&fixture, work("rural-home", "=小石桥敬老院", "530402", 1, "2025-05-01")).await;
    let proof = wire::AddWorkEvidenceRequest {
        id: home.id.clone(),
        evidence: Some(file("照片.jpg", b"three")),
        idempotency_key: String::new(),
    };
    fixture.works().add_evidence(&civil, proof).await.unwrap();
    let bare = submitted(&fixture, work("rural-home", "=无附件敬老院", "530402", 1, "2025-05-01")).await;
    decided(&fixture, &bare, "z1", Act::Accept).await.unwrap();

    let open = async || {
        let (name, bytes) = pack::of_task(&fixture.bureau, &Scope::of_the_service(), 4).await.unwrap();
        assert_eq!(name, "任务04-迎检资料.zip");
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut files = BTreeMap::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            files.insert(file.name().unwrap().into_owned(), content);
        }
        let index = String::from_utf8(files.remove(pack::INDEX).unwrap()).unwrap();
        (index, files)
    };
    let (_, files) = open().await;
    assert_eq!(files.len(), 2, "work that nobody accepted proves nothing");
    decided(&fixture, &home, "z1", Act::Accept).await.unwrap();
    let (index, files) = open().await;
    assert_eq!(files.values().map(Vec::as_slice).collect::<Vec<_>>(), [&b"one"[..], b"two", b"three"]);
    assert!(files.keys().all(|name| index.contains(&format!("\n{name},"))), "{index}");
    assert!(index.starts_with("\u{feff}任务,4,"));
    assert!(index.contains("'=无附件敬老院") && !index.contains(",=无附件敬老院"));
    assert_eq!(pack::of_task(&fixture.bureau, &Scope::of_the_service(), 43).await.unwrap_err().reason, "TASK_UNKNOWN");
}
