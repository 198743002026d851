//! Every kind of page that links lead to, as one person sees it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::browser::Person;

/// Files, and acts that links do.
const NO_PAGE: [&str; 10] = [
    "/api/",
    "/assets/",
    "/export",
    "/template",
    "/proof",
    "/signout",
    "/evidence/",
    "/pack",
    "/public.",
    "/sharing/catalogue.",
];

/// A crawl that finds more kinds of pages than this for one person goes in circles.
const KINDS: usize = 120;

/// Opens the first page of every kind that links lead to, from `starts` on, and lets `visit` look at each. The kinds of
/// pages, and a link to every kind of file.
pub async fn crawl(
    person: &mut Person,
    starts: &[&str],
    mut visit: impl AsyncFnMut(&mut Person, &str),
) -> (BTreeSet<String>, Vec<String>) {
    let mut ahead: VecDeque<String> = starts.iter().map(|start| (*start).to_owned()).collect();
    let (mut kinds, mut files) = (BTreeSet::new(), BTreeMap::new());
    while let Some(path) = ahead.pop_front() {
        if !kinds.insert(kind(&path)) {
            continue;
        }
        assert!(kinds.len() < KINDS, "in circles: {kinds:?}");
        person.width(1440, 1000).await;
        person.open(&path).await;
        let links = person
            .run("[...document.querySelectorAll('main a[href], nav a[href]')].map(a => a.getAttribute('href'))")
            .await;
        visit(person, &path).await;
        let links = links.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        for link in links.filter(|link| link.starts_with('/')) {
            if NO_PAGE.iter().any(|not| link.contains(not)) {
                files.entry(kind(link)).or_insert_with(|| link.to_owned());
            } else {
                ahead.push_back(link.split('#').next().unwrap_or_default().to_owned());
            }
        }
    }
    (kinds, files.into_values().collect())
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
