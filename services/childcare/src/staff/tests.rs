//! Sheets of staff on a real database: what is taken, what is refused and why, and what C13 makes of it.

use std::collections::HashMap;

use contract::document::Document;
use contract::document::DocumentKind::ResidentId;
use proto::childcare as wire;
use proto::contract::ImportMode::{Commit, Preview};
use proto::contract::{DocumentKind, ImportAcknowledgement};
use registry::Author;
use registry::columns::Page;
use registry::elements::Elements;
use registry::imports::stream::Step;
use reporting::Register;
use trust::Scope;
use trust::matching;
use trust::matching::ask::Answers;
use trust::persons::{Identity, Person, PersonKeys, store as persons_store};
use uuid::Uuid;

use super::elsewhere::Asked;
use super::leave;
use super::store::{self, Filter, HOLDING};
use crate::elements::ELEMENTS;
use crate::testing::{Fixture, batch, bureau, carer, institution, resident, start};

async fn with_institutions(names: &[(&str, &str)]) -> Fixture {
    let fixture = bureau("2025-11-05").await;
    let rows = names
        .iter()
        .enumerate()
        .map(|(n, (name, region))| wire::InstitutionRow { region: (*region).into(), ..institution(n + 1, name) });
    let mut start = start(1, Commit, "2025-11-05", false);
    start.region = "530400".into();
    for answer in fixture.institutions(vec![Step::Start(start), batch(1, rows.collect())]).await {
        assert_eq!(answer.unwrap().faults, []);
    }
    fixture
}

async fn sheet(fixture: &Fixture, id: u128, on: &str, rows: Vec<wire::StaffRow>) -> ImportAcknowledgement {
    let mut start = start(id, Commit, on, false);
    start.region = "530400".into();
    fixture.staff(vec![Step::Start(start), batch(1, rows)]).await.pop().unwrap().unwrap()
}

fn faults(answer: &ImportAcknowledgement) -> Vec<(u64, &str, &str)> {
    answer.faults.iter().map(|fault| (fault.row, fault.field.as_str(), fault.reason.as_str())).collect()
}

/// Carers and certified ones of Hongta, Jiangchuan and the city.
async fn counted(fixture: &Fixture, period: &str) -> [(i64, i64); 3] {
    let registers = Elements::new(fixture.bureau.clone(), &ELEMENTS);
    let regions = ["530402".to_owned(), "530403".to_owned(), "530400".to_owned()];
    let computed = registers.compute(period.parse().unwrap(), &regions).await.unwrap();
    let of = |element: &str, region: &str| {
        computed.iter().find(|figure| figure.element == element && figure.region == region).unwrap().value
    };
    ["530402", "530403", "530400"]
        .map(|region| (of("childcare.staff.carers", region), of("childcare.staff.certified", region)))
}

#[tokio::test]
async fn c13_counts_people_at_work_once_with_any_certificate_that_is_valid() {
    let fixture = with_institutions(&[("甲", "530402001"), ("乙", "530403")]).await;
    let two_posts =
        |institution: &str, hired: &str| wire::StaffRow { hired_on: hired.into(), ..carer(institution, "李虚", 1) };
    let none = |row: wire::StaffRow| wire::StaffRow {
        certificate: wire::StaffCertificate::None as i32,
        certificate_number: String::new(),
        ..row
    };
    let rows = vec![
        // In two counties: counts where she began first, and as certified though one post says none.
        none(two_posts("甲", "2025-09-10")),
        two_posts("乙", "2025-09-01"),
        wire::StaffRow { certificate_until: "2025-10-30".into(), ..carer("甲", "王虚", 2) },
        wire::StaffRow { certificate_until: "2025-10-31".into(), ..carer("甲", "赵虚", 3) },
        wire::StaffRow { left_on: "2025-10-31".into(), ..carer("甲", "钱虚", 4) },
        wire::StaffRow { role: wire::StaffRole::Principal as i32, on_floor: true, ..carer("甲", "孙虚", 5) },
        wire::StaffRow { role: wire::StaffRole::Principal as i32, ..carer("甲", "周虚", 6) },
        none(wire::StaffRow { role: wire::StaffRole::Cook as i32, ..carer("甲", "吴虚", 7) }),
        wire::StaffRow { hired_on: "2025-11-01".into(), ..carer("甲", "郑虚", 8) },
    ];
    assert_eq!(faults(&sheet(&fixture, 2, "2025-11-05", rows).await), []);
    assert_eq!(counted(&fixture, "2025-09").await, [(4, 4), (1, 1), (5, 5)]);
    assert_eq!(counted(&fixture, "2025-10").await, [(3, 2), (1, 1), (4, 3)]);
    assert_eq!(counted(&fixture, "2025-11").await, [(4, 2), (1, 1), (5, 3)]);
}

#[tokio::test]
async fn what_is_wrong_with_people_is_told_without_their_numbers() {
    let fixture = with_institutions(&[("甲", "530402001"), ("乙", "530403")]).await;
    assert_eq!(
        faults(&sheet(&fixture, 2, "2025-11-05", vec![carer("甲", "李虚", 1), carer("甲", "王虚", 2)]).await),
        []
    );
    let passport = |row: wire::StaffRow| wire::StaffRow {
        document_kind: DocumentKind::Passport as i32,
        document_number: "E12345678".into(),
        ..row
    };
    let mut wrong_digit = resident(9);
    let last = if wrong_digit.ends_with('1') { "2" } else { "1" };
    wrong_digit.replace_range(17.., last);
    let rows = vec![
        // The two documents swapped.
        carer("甲", "王虚", 1),
        carer("甲", "李虚", 2),
        wire::StaffRow { document_number: wrong_digit.clone(), ..carer("甲", "孙虚", 9) },
        // One person under a second document, and somebody who only bears the name.
        passport(carer("甲", "李虚", 1)),
        wire::StaffRow { distinct_person: true, ..carer("甲", "李虚", 30) },
        carer("丙", "吴虚", 11),
        wire::StaffRow { document_kind: 0, phone: "12".into(), certificate: 0, ..carer("甲", "郑虚", 12) },
        carer("乙", "冯虚", 13),
        carer("乙", "冯虚", 13),
    ];
    let answer = sheet(&fixture, 3, "2025-11-05", rows).await;
    assert_eq!(
        faults(&answer),
        [
            (2, "", "PERSON_NAME_DIFFERS"),
            (3, "", "PERSON_NAME_DIFFERS"),
            (4, "document_number", "DOCUMENT_CHECK_DIGIT"),
            (5, "", "STAFF_SAME_NAME"),
            (7, "institution_name", "INSTITUTION_UNKNOWN"),
            (8, "document_kind", "FIELD_MISSING"),
            (8, "phone", "PHONE_INVALID"),
            (8, "certificate", "FIELD_MISSING"),
            (10, "", "ROW_DUPLICATE"),
        ]
    );
    // Both learn that somebody named them.
    for n in [1, 2] {
        assert_eq!(fixture.looks(&resident(n)).await, ["登记时姓名不符"]);
    }
    let said = format!("{answer:?}");
    assert!(!said.contains(&resident(1)) && !said.contains(&wrong_digit) && !said.contains("E12345678"));
    assert_eq!(fixture.count("staff").await, 4);
    assert_eq!(fixture.count("person").await, 4);
}

#[tokio::test]
async fn a_key_exchanged_between_two_batches_loses_and_doubles_nobody() {
    let fixture = with_institutions(&[("甲", "530402001")]).await;
    let persons = fixture.bureau.persons().unwrap().clone();
    let rows = |range: std::ops::Range<u32>| -> Vec<wire::StaffRow> {
        range.map(|n| carer("甲", &format!("虚{n}"), n)).collect()
    };
    let mut terms = start(2, Commit, "2025-11-05", false);
    terms.region = "530400".into();
    let first = fixture.staff(vec![Step::Start(terms.clone()), batch(1, rows(0..600))]).await;
    assert_eq!(faults(first.last().unwrap().as_ref().unwrap()), []);
    PersonKeys::rotate(&fixture.person_keys(), &fixture.bureau.clock).unwrap();
    assert_eq!(persons.exchange_some().await.unwrap(), 0, "the file is not read yet");
    fixture.reload_keys();
    let second = fixture.staff(vec![Step::Start(terms), batch(2, rows(300..900))]).await;
    let second = second.last().unwrap().as_ref().unwrap();
    // Half of the second batch stood in the first, under the old key: told as what they are.
    assert_eq!(faults(second), (2..302).map(|row| (row, "", "ROW_DUPLICATE")).collect::<Vec<_>>());
    assert_eq!(second.totals.as_ref().unwrap().added, 900);
    while persons.exchange_some().await.unwrap() > 0 {}
    assert_eq!((fixture.count("person").await, fixture.count("person_document").await), (900, 900));
    assert_eq!(counted(&fixture, "2025-10").await[0], (900, 900));
}

#[tokio::test]
async fn a_preview_keeps_no_one() {
    let fixture = with_institutions(&[("甲", "530402001")]).await;
    let preview = |id| Step::Start(start(id, Preview, "2025-11-05", false));
    let steps = vec![preview(2), batch(1, vec![carer("甲", "李虚", 1)])];
    let answer = fixture.staff(steps).await.pop().unwrap().unwrap();
    assert_eq!(answer.totals.unwrap().added, 1);
    assert_eq!((fixture.count("person").await, fixture.count("staff").await), (0, 0));
    // It tells who is known already, and they can see who asked. Two characters padded to three are the same name.
    assert_eq!(faults(&sheet(&fixture, 3, "2025-11-05", vec![carer("甲", "李虚", 1)]).await), []);
    let padded = sheet(&fixture, 5, "2025-11-05", vec![carer("甲", "李　虚", 1)]).await;
    assert_eq!((faults(&padded), padded.totals.unwrap().unchanged), (vec![], 1));
    let masked = sheet(&fixture, 6, "2025-11-05", vec![carer("甲", "李*", 1), carer("甲", "李虚13812345678", 1)]).await;
    assert_eq!(faults(&masked), [(2, "name", "NAME_INVALID"), (3, "name", "PERSONAL_DATA_IN_TEXT")]);
    let steps = vec![preview(4), batch(1, vec![carer("甲", "问", 1), carer("甲", "问", 2)])];
    let answer = fixture.staff(steps).await.pop().unwrap().unwrap();
    assert_eq!(faults(&answer), [(2, "", "PERSON_NAME_DIFFERS")]);
    assert_eq!(fixture.looks(&resident(1)).await, ["登记时姓名不符"]);
}

#[tokio::test]
async fn people_of_two_counties_who_turn_out_to_be_one_keep_their_posts() {
    let fixture = with_institutions(&[("甲", "530402001"), ("乙", "530403")]).await;
    // Two posts of one day, alike: a row may mean either.
    let certificate_number = "Y000001".into();
    let same = wire::StaffRow { distinct_person: true, certificate_number, ..carer("甲", "李虚", 3) };
    let rows = || vec![carer("甲", "李虚", 1), carer("乙", "李虚", 2)];
    assert_eq!(faults(&sheet(&fixture, 2, "2025-11-05", [rows(), vec![same]].concat()).await), []);
    assert_eq!(counted(&fixture, "2025-10").await[2], (3, 3));
    let persons = fixture.bureau.persons().unwrap().clone();
    let document = |n: u32| {
        let today = jiff::civil::date(2025, 11, 5);
        contract::document::Document::parse(contract::document::DocumentKind::ResidentId, &resident(n), today).unwrap()
    };
    let [one, two, three] = [1, 2, 3].map(document);
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let found = persons_store::find(&mut tx, &persons.keys, &[&one, &two, &three]).await.unwrap();
    let [keep, other, third] = [&one, &two, &three].map(|document| found[&document.key()].id);
    let mut kept = found[&one.key()].identity.clone().unwrap();
    for (gone, document) in [(other, &two), (third, &three)] {
        let mut identity = found[&document.key()].identity.clone().unwrap();
        persons_store::unite(&mut tx, &persons.keys, (keep, &mut kept), (gone, &mut identity)).await.unwrap();
    }
    let regions: Vec<(String,)> = tx.query(HOLDING.regions).bind(keep).all().await.unwrap();
    assert_eq!(regions.len(), 3);
    tx.commit().await.unwrap();
    assert_eq!(counted(&fixture, "2025-10").await[2], (1, 1));

    // The same sheet again: each post is known by either document.
    let again = sheet(&fixture, 3, "2025-11-05", rows()).await;
    assert_eq!((faults(&again), again.totals.unwrap().unchanged), (vec![], 2));
    let scope = trust::Scope::of_the_service();
    let day = fixture.bureau.clock.today();
    for asked in [keep, other] {
        let filter = Filter { person_id: Some(asked), ..Filter::default() };
        let page = Page { size: 10, after: Uuid::nil() };
        let (listed, _) = store::page(&fixture.bureau.db, &scope, filter, page, day).await.unwrap();
        let ids: Vec<Uuid> = listed.iter().map(|placed| placed.staff.person_id).collect();
        assert_eq!(ids, [keep; 3]);
    }
    // A post that was entered for another is changed like any, also beside one of the same day.
    let filter = Filter { person_id: Some(keep), ..Filter::default() };
    let page = Page { size: 10, after: Uuid::nil() };
    let (listed, _) = store::page(&fixture.bureau.db, &scope, filter, page, day).await.unwrap();
    let post = listed.into_iter().map(|placed| placed.staff).find(|staff| staff.entered_for == third).unwrap();
    let author = Author { by: "李红".into(), clock: fixture.bureau.clock.clone() };
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    store::save(&mut tx, &[leave(&post, day, "").unwrap()], &author).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_row_that_is_refused_leaves_no_phone_behind() {
    let fixture = with_institutions(&[("甲", "530402001"), ("乙", "530403")]).await;
    assert_eq!(faults(&sheet(&fixture, 2, "2025-11-05", vec![carer("甲", "李虚", 1)]).await), []);
    let moved =
        wire::StaffRow { hired_on: "2025-08-01".into(), phone: "13811112222".into(), ..carer("甲", "李虚", 1) };
    let answer = sheet(&fixture, 3, "2025-11-05", vec![moved, carer("乙", "李虚", 1)]).await;
    assert_eq!(faults(&answer), [(2, "", "HIRED_ON_DIFFERS")]);
    let persons = fixture.bureau.persons().unwrap();
    let (id,): (Uuid,) = fixture.bureau.db.read("SELECT id FROM person").one().await.unwrap();
    let read = persons_store::read(&fixture.bureau.db, &persons.keys, &[id]).await.unwrap();
    assert_eq!(read[&id].identity.as_ref().unwrap().phone, "");
}

#[tokio::test]
async fn a_post_of_one_day_is_the_same_in_the_next_sheet() {
    let fixture = with_institutions(&[("甲", "530402001")]).await;
    let rows = || vec![wire::StaffRow { left_on: "2025-09-01".into(), ..carer("甲", "李虚", 1) }];
    assert_eq!(faults(&sheet(&fixture, 2, "2025-11-05", rows()).await), []);
    let again = sheet(&fixture, 3, "2025-11-05", rows()).await;
    assert_eq!((faults(&again), again.totals.unwrap().unchanged), (vec![], 1));
}

#[tokio::test]
async fn what_is_answered_of_people_is_the_same_for_all_records_of_one() {
    let fixture = with_institutions(&[("甲", "530402001")]).await;
    let left = wire::StaffRow { left_on: "2025-10-31".into(), ..carer("甲", "钱虚", 4) };
    let rows = vec![carer("甲", "李虚", 1), carer("甲", "王虚", 2), left];
    assert_eq!(faults(&sheet(&fixture, 2, "2025-11-05", rows).await), []);
    let db = &fixture.bureau.db;
    let levels = async || -> HashMap<Uuid, u8> {
        matching::store::levels(db, HOLDING.questions[0].sql, "2025-11-01").await.unwrap()
    };
    let before = levels().await;
    let at = |level: u8| *before.iter().find(|(_, known)| **known == level).unwrap().0;
    let (works, gone, nowhere) = (at(1), at(2), Uuid::from_u128(1));
    assert_eq!(before.len(), 3);
    let mut tx = db.begin().await.unwrap();
    let sql = "INSERT INTO person (id, key_id, sealed) VALUES ($1, '', $2)";
    tx.query(sql).bind(nowhere).bind(Vec::<u8>::new()).execute().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(levels().await, before, "whoever holds no post is not answered");
    let mut tx = db.begin().await.unwrap();
    for other in [gone, nowhere] {
        let sql = "UPDATE person SET merged_into = $2 WHERE id = $1";
        tx.query(sql).bind(other).bind(works).execute().await.unwrap();
    }
    tx.commit().await.unwrap();
    let after = levels().await;
    assert_eq!((after.len(), after.values().all(|level| *level == 1)), (4, true), "{after:?}");
}

#[tokio::test]
async fn another_bureau_is_asked_about_every_document_of_people_who_are_one() {
    let fixture = with_institutions(&[("甲", "530402001"), ("乙", "530403")]).await;
    let rows = vec![carer("甲", "李虚", 1), carer("乙", "李虚", 2), carer("甲", "王虚", 3), carer("甲", "赵虚", 4)];
    assert_eq!(faults(&sheet(&fixture, 2, "2025-11-05", rows).await), []);
    let persons = fixture.bureau.persons().unwrap();
    let day = jiff::civil::date(2025, 11, 5);
    let document = |n: u32| Document::parse(ResidentId, &resident(n), day).unwrap();
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let found = persons_store::find(&mut tx, &persons.keys, &[&document(1), &document(2), &document(3)]).await.unwrap();
    let [keep, gone, two] = [1, 2, 3].map(|n| found[&document(n).key()].clone());
    // The first two are one person, as a merge leaves them; the third has a second document.
    let with = |person: &Person, documents: &[u32]| {
        let documents = documents.iter().map(|n| document(*n)).collect();
        (person.id, Identity { documents, ..person.identity.clone().unwrap() })
    };
    let people = [with(&keep, &[1, 2]), with(&gone, &[]), with(&two, &[3, 5])];
    let people: Vec<(Uuid, &Identity)> = people.iter().map(|(id, identity)| (*id, identity)).collect();
    persons_store::save(&mut tx, &persons.keys, &people).await.unwrap();
    let sql = "UPDATE person SET merged_into = $2 WHERE id = $1";
    tx.query(sql).bind(gone.id).bind(keep.id).execute().await.unwrap();
    tx.commit().await.unwrap();

    let asked = Asked::load(&fixture.bureau, persons, &Scope::of_the_service(), day).await.unwrap();
    let mut numbers: Vec<&str> = asked.documents.iter().map(|(_, document)| document.number()).collect();
    numbers.sort_unstable();
    let mut all = [1, 2, 3, 4, 5].map(resident);
    all.sort_unstable();
    assert_eq!(numbers, all);
    // Known there: the first two as one who left and one at work, the third by the second document, the fourth not at all.
    let level = |number: &str| match number {
        one if one == resident(1) => 2,
        one if one == resident(2) => 1,
        one if one == resident(5) => 2,
        _ => 0,
    };
    let levels = asked.documents.iter().map(|(_, document)| level(document.number())).collect();
    let told = asked.told(day, &Answers { levels, titles: ["未登记", "在岗", "已离岗"].map(str::to_owned).to_vec() });
    let counts: Vec<(&str, u64)> = told.levels.iter().map(|level| (level.title.as_str(), level.people)).collect();
    assert_eq!((told.asked, counts), (3, vec![("未登记", 1), ("在岗", 1), ("已离岗", 1)]));
    let mut posts: Vec<(&str, &str)> =
        told.staff.iter().map(|post| (post.institution_name.as_str(), post.name.as_str())).collect();
    posts.sort_unstable();
    assert_eq!(posts, [("乙", "李*"), ("甲", "李*"), ("甲", "王*")]);
}
