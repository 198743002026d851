//! Every page that links lead to, as each kind of person sees it: no WCAG A or AA violation that axe finds, nothing wider
//! than a phone, no word of a programmer, and no page that a link promises and the console does not have.

use std::collections::{BTreeSet, VecDeque};

use suite_tests::browser::Person;
use suite_tests::people::password;
use suite_tests::sheets;
use suite_tests::suite::{Engine, Running};

/// Where `cargo xtask setup` puts it.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/axe/node_modules/axe-core/axe.min.js");

/// Files, and acts that links do.
const NO_PAGE: [&str; 9] =
    ["/api/", "/assets/", "/export", "/template", "/proof", "/signout", "/evidence/", "/pack", "/sharing/catalogue."];

/// A crawl that finds more kinds of pages than this for one person goes in circles.
const KINDS: usize = 80;

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
        let mut ahead = VecDeque::from([start.to_owned(), "/signin".to_owned()]);
        let mut kinds = BTreeSet::new();
        while let Some(path) = ahead.pop_front() {
            if !kinds.insert(kind(&path)) {
                continue;
            }
            assert!(kinds.len() < KINDS, "{who} goes in circles: {kinds:?}");
            person.width(1440, 1000).await;
            person.open(&path).await;
            faults.extend(judge(&person, &axe).await.into_iter().map(|fault| format!("{who} {path}: {fault}")));
            let links = person
                .run("[...document.querySelectorAll('main a[href], nav a[href]')].map(a => a.getAttribute('href'))")
                .await;
            for link in links.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str) {
                let page = link.starts_with('/') && !NO_PAGE.iter().any(|not| link.contains(not));
                if page {
                    ahead.push_back(link.split('#').next().unwrap_or_default().to_owned());
                }
            }
        }
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

/// Pages that differ by the record, region or period only are of one kind.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let of_record = |part: &&str| part.len() >= 3 && part.bytes().filter(u8::is_ascii_digit).count() * 3 >= part.len();
    let parts: Vec<&str> = path.split('/').map(|part| if of_record(&part) { "*" } else { part }).collect();
    let keys: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let turns = ["cursor", "region", "period", "county", "next", "role", "step"];
    let keys: Vec<&str> = keys.into_iter().filter(|key| !turns.contains(key) && !key.is_empty()).collect();
    format!("{}?{}", parts.join("/"), keys.join("&"))
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
