//! Every page that links lead to, as each kind of person sees it: no WCAG A or AA violation that axe finds, nothing wider
//! than a phone, no word of a programmer, and no page that a link promises and the console does not have.

use std::collections::BTreeSet;

use suite_tests::browser::Person;
use suite_tests::crawl::crawl;
use suite_tests::people::password;
use suite_tests::sheets;
use suite_tests::suite::{Engine, Running};

/// Where `cargo xtask setup` puts it.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/axe/node_modules/axe-core/axe.min.js");

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_and_fits_a_phone() {
    let axe = std::fs::read_to_string(AXE).expect("axe is not installed; `cargo xtask setup` installs it");
    let running = Running::start(Engine::Sqlite, None).await;
    let console = running.suite.as_ref().unwrap().http;
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for who in ["reporter-530402", "reviewer-530402", "approver-childcare", "taskforce", "leader", "admin", "-"] {
        let mut person = Person::at(console).await;
        if who != "-" {
            person.sign_in(who, &password(running.data(), who)).await;
        }
        if who == "reporter-530402" {
            work(&running, &mut person).await;
        }
        let start = if who == "-" { "/?region=530400&period=2020" } else { "/" };
        let (kinds, _) = crawl(&mut person, &[start, "/signin"], async |person, path| {
            faults.extend(judge(person, &axe).await.into_iter().map(|fault| format!("{who} {path}: {fault}")));
        })
        .await;
        person.close().await;
        seen.extend(kinds);
    }
    assert!(seen.len() > 30, "the crawl found only {seen:?}");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with the page that the person is on.
async fn judge(person: &Person, axe: &str) -> Vec<String> {
    let mut faults = person.axe(axe).await;
    let text = person.text().await;
    for word in ["null", "undefined", "None", "NaN", "Some("] {
        if text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '(').any(|one| one == word) {
            faults.push(format!("says “{word}”"));
        }
    }
    let status = person.run("performance.getEntriesByType('navigation')[0].responseStatus").await;
    if status != 200 {
        faults.push(format!("answers {status}"));
    }
    person.width(390, 844).await;
    if person.overflows().await {
        faults.push("is wider than a phone".to_owned());
    }
    faults
}

/// Something on the pages: a register with a record, a package with a form begun.
async fn work(running: &Running, clerk: &mut Person) {
    let sheet = running.data().join("institutions.xlsx");
    sheets::institutions(
        &sheet,
        &[("凤凰街道小象托育园", sheets::uscc(1), "托育机构", "公办", "凤凰街道", "2025-03-01")],
    );
    clerk.import("childcare.institution", &sheet, "2026-11-05", "写入 1 行").await;
    clerk.open("/filling").await;
    clerk.click("全部预填").await;
}
