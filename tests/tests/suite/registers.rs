//! Every register from end to end: a workbook, the import page, the list page, the bureau's form, and the published
//! element, whose number must be what this file counts in its own rows. Nothing here shares code with the elements.

use std::collections::BTreeMap;

use proto::reporting as wire;
use suite_tests::browser::Person;
use suite_tests::desk::Desk;
use suite_tests::people::password;
use suite_tests::sheets;
use suite_tests::suite::{Engine, Running};

use crate::made::{self, Expected, Made};

/// Bureau, form, period, and what is typed beside the computed cells.
type Filled = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const CITY: &str = "530400";
const COUNTY: &str = "530402";

#[tokio::test(flavor = "multi_thread")]
async fn every_register_from_workbook_to_published_element() {
    let running = Running::start(Engine::Sqlite, None).await;
    let made = [made::childcare(), made::elderly_care(), made::education(), made::finance(), made::supervision()];
    let mut covered: Vec<&str> = made.iter().flat_map(|bureau| bureau.iter().map(|sheet| sheet.register)).collect();
    let importable = contract::register::registers().iter().filter(|register| register.import.is_some());
    let mut importable: Vec<&str> = importable.map(|register| register.name.as_str()).collect();
    covered.sort_unstable();
    importable.sort_unstable();
    assert_eq!(covered, importable, "a register without its way from workbook to element");

    let mut clerk = Person::at(running.suite.as_ref().unwrap().http).await;
    clerk.sign_in("reporter-530402", &password(running.data(), "reporter-530402")).await;
    for sheet in made.iter().flatten() {
        enter(&running, &mut clerk, sheet).await;
    }
    clerk.close().await;

    accept(&running).await;

    let filled: [Filled; 7] = [
        ("childcare", "childcare-monthly", "2026-10", &[("childcare.children.enrolled", "11")]),
        (
            "childcare",
            "childcare-quarterly",
            "2026-Q3",
            &[
                ("childcare.places.built", "3"),
                ("childcare.county_institutions.built", "1"),
                ("childcare.communities.covered", "1"),
                ("childcare.newbuild", "1"),
                ("childcare.newbuild.compliant", "1"),
            ],
        ),
        ("elderly-care", "elderly-monthly", "2026-10", &[("elderly.carers", "9"), ("elderly.carers.certified", "9")]),
        (
            "elderly-care",
            "elderly-community-monthly",
            "2026-10",
            &[("elderly.special", "9"), ("elderly.special.visited", "9"), ("elderly.home_adaptations", "2")],
        ),
        ("education", "education-quarterly", "2026-Q3", &[]),
        ("finance", "finance-monthly", "2026-10", &[]),
        ("supervision", "tasks-monthly", "2026-10", &[]),
    ];
    let expected: Expected = made.iter().flatten().flat_map(|sheet| sheet.expected.clone()).collect();
    let mut checked = BTreeMap::new();
    for (bureau, form, period, typed) in filled {
        checked.extend(published(&running, bureau, form, period, typed).await);
    }
    for (element, number) in &expected {
        assert_eq!(checked.get(element), Some(number), "{element}");
    }
    let computed: Vec<&String> = checked.keys().filter(|element| !expected.contains_key(element.as_str())).collect();
    assert!(computed.is_empty(), "computed and published, and not counted here: {computed:?}");
}

/// Imports a sheet at the console; its list page then shows what was imported.
async fn enter(running: &Running, clerk: &mut Person, sheet: &Made) {
    let path = running.data().join(format!("{}.xlsx", sheet.register));
    sheets::table(&path, sheet.headings, &sheet.rows);
    clerk.import(sheet.register, &path, sheet.effective_on, &format!("写入 {} 行", sheet.rows.len())).await;
    clerk.open(&format!("/registers/{}", sheet.register)).await;
    clerk.sees(sheet.shows).await;
}

/// The county's reviewer accepts the work that is to count.
async fn accept(running: &Running) {
    let mut reviewer = Person::at(running.suite.as_ref().unwrap().http).await;
    reviewer.sign_in("reviewer-530402", &password(running.data(), "reviewer-530402")).await;
    for title in made::ACCEPTED {
        reviewer.open("/registers/supervision.work").await;
        reviewer.click(title).await;
        reviewer.click("认可").await;
        reviewer.click("认可").await;
        reviewer.sees("已认可").await;
    }
    reviewer.close().await;
}

/// Reports a form of the county, publishes it, and reads from the signed bytes what the registers counted.
async fn published(
    running: &Running,
    bureau: &'static str,
    form: &str,
    period: &str,
    typed: &[(&str, &str)],
) -> BTreeMap<String, i64> {
    use prost::Message;
    let desk = Desk::new(running, bureau);
    let region = if form == "tasks-monthly" { CITY } else { COUNTY };
    let report = desk.report(form, region, period, typed).await;
    let envelope = desk.publish(&[report.id], wire::PublicationKind::Flash).await.expect("published");
    let publication = wire::Publication::decode(envelope.payload).expect("a publication");
    let Some(wire::publication::Body::Figures(figures)) = publication.body else { panic!("no figures") };
    let observations = figures.regions.iter().flat_map(|region| &region.observations);
    observations
        .filter(|one| !typed.iter().any(|(element, _)| *element == one.element))
        .map(|one| (one.element.clone(), one.value.unwrap_or_else(|| panic!("{} has no value", one.element))))
        .collect()
}
