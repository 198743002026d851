//! Canaries: people with numbers and phones that occur nowhere else are entered, changed, matched, merged, sought, refused,
//! published, copied and exported in six programs that log and trace everything, with every line between them opened.
//! Afterwards nobody who has no right to them has seen one: no page, error, export, log or trace, no other bureau, no disk.

mod calls;
mod people;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use suite_tests::browser::Person;
use suite_tests::crawl::crawl;
use suite_tests::people::password;
use suite_tests::postgres;
use suite_tests::process::{Programs, Setup};
use suite_tests::suite::{Engine, eventually, services};
use suite_tests::tap::{Passed, Taps};

use super::faults::{publish, reviewed};
use super::traces::Collector;
use calls::Caller;
use people::{CORRECTED, Sheets, TO_CORRECT, canary, mistyped, secrets};
use search::Secrets;

const CLERK: &str = "reporter-530402";
const CITY_CLERK: &str = "reporter-childcare";
const APPROVER: &str = "approver-childcare";

/// Where a number may pass: to and from the bureau that keeps the person, by whoever typed it or stated a purpose. Method,
/// and whether it passes in the question (else in the answer).
const RIGHTFUL: [(&str, bool); 10] = [
    ("childcare.v1.StaffService/ImportStaff", true),
    ("childcare.v1.StaffService/HireStaff", true),
    ("education.v1.TeacherService/ImportTeachers", true),
    ("trust.v1.PersonService/FindPerson", true),
    ("trust.v1.PersonService/ListAccesses", true),
    ("trust.v1.PersonService/CorrectPerson", true),
    ("trust.v1.PersonService/RevealPerson", false),
    // Where they are refused: a number in a reason or in a ticket.
    ("trust.v1.PersonService/RevealPerson", true),
    ("trust.v1.PersonService/MergePersons", true),
    ("trust.v1.CorrectionService/OpenCorrection", true),
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_right_has_seen_a_number_or_a_phone_on_sqlite() {
    walk(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_right_has_seen_a_number_or_a_phone_on_postgres() {
    walk(Engine::Postgres).await;
}

async fn walk(engine: Engine) {
    let collector = Collector::default();
    let port = collector.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let databases: BTreeMap<&str, String> = match engine {
        Engine::Sqlite => BTreeMap::new(),
        Engine::Postgres => services().map(|service| (service, postgres::database())).collect(),
    };
    let taps = Taps::default();
    let setup = Setup {
        services: services().collect(),
        databases: databases.clone(),
        taps: Some(taps.clone()),
        environment: vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}")),
            ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
            ("YLYX_LOG", "trace,h2=info,hyper=info,rustls=info".to_owned()),
        ],
        logged: true,
    };
    std::fs::create_dir_all(&data).unwrap();
    let programs = Programs::start_with(&data, setup).await;
    eventually("every bureau", async || {
        let (_, list) = programs.get("/api/v1/bureaus").await;
        let states = list["bureaus"].as_array().into_iter().flatten().filter(|bureau| bureau["state"] == "live");
        states.count() == 5
    })
    .await;
    let sheets = Sheets::write(&folder.path().join("sheets"));

    let mut shown = entered(&programs, &sheets).await;
    let mut caller = Caller::new(&data);
    caller.hire().await;
    caller.persons().await;
    caller.matched().await;
    caller.rekey().await;
    let report = reviewed(&programs, "2025-10", "0").await;
    publish(&programs, "2025-10", &report).await.expect("published");
    let certified = "/api/v1/indicators/C13?region=530402&period=2025-10";
    eventually("C13", async || programs.get(certified).await.1["denominator"] == "31").await;
    for who in [CLERK, APPROVER, "taskforce", "auditor", "admin"] {
        shown.extend(seen_by(&programs, who).await);
    }
    eventually("the traces", async || collector.text().contains("ImportStaff")).await;
    drop(programs);

    let secrets = Secrets::new(secrets());
    for (what, bytes) in &shown {
        secrets.absent(what, bytes);
    }
    assert!(shown.iter().filter(|(_, bytes)| bytes.starts_with(b"PK")).count() > 3, "workbooks among them");
    secrets.absent("an error or an answer", caller.told.join("\n").as_bytes());
    secrets.absent("a trace", collector.text().as_bytes());
    lines(&taps.passed(), &secrets);
    let mut files = Vec::new();
    under(&data, &mut files);
    let named = |ending: &str| files.iter().filter(|file| file.to_string_lossy().ends_with(ending)).count();
    assert_eq!(named(".log"), 6, "{files:?}");
    if engine == Engine::Sqlite {
        assert_eq!(named(".db"), 6, "{files:?}");
    }
    for file in &files {
        // What a clerk's own file could not be taken for, until it is fetched or a day has gone.
        if file.ends_with("rejected.xlsx") {
            continue;
        }
        secrets.absent(&file.display().to_string(), &std::fs::read(file).unwrap());
    }
    for (service, url) in &databases {
        let rows = postgres::dumped(url);
        assert!(rows.len() > 1_000, "{service}: {} bytes", rows.len());
        secrets.absent(&format!("the tables of {service}"), &rows);
        for file in postgres::files(url) {
            secrets.absent(&format!("a file of {service}"), &std::fs::read(file).unwrap());
        }
    }
}

/// What a clerk does at the console: right rows and wrong ones, a search, a look at the plain text.
async fn entered(programs: &Programs, sheets: &Sheets) -> Vec<(String, Vec<u8>)> {
    let mut clerk = Person::at(programs.http).await;
    clerk.sign_in(CLERK, &password(&programs.data, CLERK)).await;
    let mut shown = Vec::new();
    for (register, sheet, taken) in [
        ("childcare.institution", &sheets.institutions, "写入 3 行"),
        ("childcare.staff", &sheets.staff, "写入 30 行"),
        ("education.school", &sheets.schools, "写入 1 行"),
        ("education.teacher", &sheets.teachers, "写入 25 行"),
    ] {
        clerk.import(register, sheet, "2025-09-01", taken).await;
        shown.push((format!("the import of {register}"), page(&clerk).await));
    }
    clerk.open("/registers/childcare.staff").await;
    let listed = clerk.text().await;
    assert!(listed.contains("530***********") && listed.contains("虚*"), "masked people are listed: {listed}");

    let (number, phone) = canary(1);
    clerk.open("/persons?bureau=childcare").await;
    clerk.fill_at("#find-number", &number).await;
    clerk.click("查询").await;
    clerk.sees("查到一人").await;
    shown.push(("a search".to_owned(), page(&clerk).await));
    clerk.click("中的记录").await;
    let record = clerk.run("document.querySelector('tbody a').getAttribute('href')").await;
    let record = record.as_str().expect("a record").to_owned();
    clerk.open(&record).await;
    clerk.click("查看明文").await;
    clerk.fill("用途", "3").await;
    clerk.fill("原因", "通知体检").await;
    clerk.run("document.querySelectorAll('[name=what]').forEach(one => one.checked = true)").await;
    clerk.click("查看并记录").await;
    clerk.sees(&number).await;
    clerk.sees(&phone).await;
    clerk.open(&record).await;
    shown.push(("the record after the look".to_owned(), page(&clerk).await));
    shown.extend(corrected(&mut clerk).await);
    clerk.close().await;
    shown
}

/// What a clerk puts right: a number that is wrong again, then the one that is right, with a phone.
async fn corrected(clerk: &mut Person) -> Vec<(String, Vec<u8>)> {
    clerk.open("/persons?bureau=childcare").await;
    let wrong = canary(TO_CORRECT).0;
    clerk.fill_at("#find-number", &wrong).await;
    clerk.click("查询").await;
    clerk.sees("查到一人").await;
    let form = clerk.run("document.querySelector('a[href$=\"/correct\"]').getAttribute('href')").await;
    clerk.open(form.as_str().expect("a form")).await;
    let (number, phone) = canary(CORRECTED);
    let mut shown = Vec::new();
    for (typed, answer) in [(mistyped(), "校验位不符"), (number, "已更正")] {
        clerk.fill("哪个证件", &format!("{}***********{}", &wrong[..3], &wrong[14..])).await;
        clerk.fill_at("#person_number", &typed).await;
        clerk.fill_at("#phone", &phone).await;
        clerk.fill("原因", "录入有误").await;
        clerk.click("更正并记录").await;
        clerk.sees(answer).await;
        shown.push((format!("the correction, {answer}"), page(clerk).await));
    }
    shown
}

/// Every kind of page and file that a person comes to.
async fn seen_by(programs: &Programs, who: &str) -> Vec<(String, Vec<u8>)> {
    let mut person = Person::at(programs.http).await;
    person.sign_in(who, &password(&programs.data, who)).await;
    let mut shown = Vec::new();
    let (kinds, files) =
        crawl(&mut person, &["/", "/work", "/persons", "/registers/childcare.staff"], async |person, path| {
            shown.push((format!("{path} of {who}"), page(person).await));
        })
        .await;
    assert!(kinds.len() > 10, "{who} sees only {kinds:?}");
    for file in files.into_iter().filter(|file| !file.contains("signout")) {
        let fetched = person
            .run(&format!(
                "fetch({file:?}).then(a => a.arrayBuffer()).then(b => Array.from(new Uint8Array(b), n => \
                 n.toString(16).padStart(2, '0')).join(''))"
            ))
            .await;
        let bytes = fetched.as_str().and_then(|text| hex::decode(text).ok()).expect("a file");
        shown.push((format!("{file} of {who}"), bytes));
    }
    person.close().await;
    shown
}

/// A page as it was sent and as it reads.
async fn page(person: &Person) -> Vec<u8> {
    let source = person.run("document.documentElement.outerHTML").await;
    format!("{}\n{}", source.as_str().unwrap_or_default(), person.text().await).into_bytes()
}

/// Numbers pass where they may and nowhere else; and they do pass there, so the taps see what passes.
fn lines(passed: &[Passed], secrets: &Secrets) {
    let mut rightful = BTreeSet::new();
    for one in passed {
        let Some(secret) = secrets.found(&one.bytes) else { continue };
        let known = RIGHTFUL.into_iter().find(|(method, asked)| one.method.ends_with(method) && one.asked == *asked);
        let by_people = ["gateway", "operator"].contains(&one.caller.as_str());
        assert!(
            by_people && known.is_some(),
            "{secret} passed between {} and {} in {} ({})",
            one.caller,
            one.provider,
            one.method,
            if one.asked { "asked" } else { "answered" }
        );
        rightful.extend(known);
    }
    assert_eq!(rightful, RIGHTFUL.into_iter().collect());
    let lines: BTreeSet<(&str, &str)> = passed.iter().map(|one| (one.caller.as_str(), one.provider.as_str())).collect();
    let bureaus = services().filter(|service| *service != "gateway").map(|bureau| ("gateway", bureau));
    let others = [
        ("childcare", "education"),
        ("supervision", "childcare"),
        ("supervision", "elderly-care"),
        ("finance", "childcare"),
        ("operator", "childcare"),
    ];
    for line in bureaus.chain(others) {
        assert!(lines.contains(&line), "nothing passed on {line:?}");
    }
}

fn under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { under(&path, found) } else { found.push(path) }
    }
}
