//! Sheets on a real database: what is taken, what is refused and why, and what a second time makes of it.

use proto::contract::{ImportCounts, ImportMode};
use proto::education as wire;
use trust::persons::store;

use crate::schools::Act;
use crate::testing::{Fixture, HONGTA, Sheet, bureau, faults, school};

const CITY: Sheet<'static> = Sheet { region: "530400", ..HONGTA };

fn course(code: &str) -> wire::CourseRow {
    wire::CourseRow {
        code: code.into(),
        name: "国画入门".into(),
        category: wire::Category::Painting as i32,
        mode: wire::Mode::OnSite as i32,
        hours: 32,
    }
}

fn teacher(school: &str, name: &str) -> wire::TeacherRow {
    wire::TeacherRow {
        school_name: school.into(),
        name: name.into(),
        title: String::new(),
        status: wire::TeacherStatus::Active as i32,
        ..Default::default()
    }
}

fn class(school: &str, name: &str) -> wire::ClassRow {
    wire::ClassRow {
        school_name: school.into(),
        course_code: "SH-01".into(),
        term: "2025A".into(),
        name: name.into(),
        capacity: 40,
        enrolled: 30,
        state: wire::ClassState::Running as i32,
        ..Default::default()
    }
}

fn counted(added: u64, changed: u64, unchanged: u64, conflicting: u64, rejected: u64) -> Option<ImportCounts> {
    Some(ImportCounts { added, changed, unchanged, conflicting, rejected, ..Default::default() })
}

async fn with_schools() -> Fixture {
    let mut fixture = bureau("2025-11-05").await;
    let answer = fixture.schools(HONGTA, vec![school("甲校"), school("乙校")]).await;
    assert_eq!(answer.totals, counted(2, 0, 0, 0, 0));
    fixture
}

#[tokio::test]
async fn school_sheets_are_checked_against_tier_region_and_register() {
    let mut fixture = with_schools().await;
    let rows = vec![
        school("甲校"),
        wire::SchoolRow { activities: 3, ..school("乙校") },
        wire::SchoolRow { region: "530402".into(), ..school("丙校") },
        wire::SchoolRow { region: "530403".into(), tier: wire::Tier::County as i32, ..school("丁校") },
        wire::SchoolRow { region: "没有的地方".into(), tier: 0, opened_on: "2024-02-30".into(), ..school("") },
        wire::SchoolRow { area_cm2: -1, activities: -1, ..school("戊校") },
        school("甲校"),
        school("<script>alert(1)</script>"),
    ];
    let answer = fixture.schools(HONGTA, rows).await;
    assert_eq!(
        faults(&answer),
        [
            (4, "region", "SCHOOL_REGION_LEVEL"),
            (5, "region", "REGION_OUTSIDE_IMPORT"),
            (6, "name", "FIELD_MISSING"),
            (6, "tier", "FIELD_MISSING"),
            (6, "region", "REGION_UNKNOWN"),
            (6, "opened_on", "DATE_INVALID"),
            (7, "area_cm2", "NUMBER_NEGATIVE"),
            (7, "activities", "NUMBER_NEGATIVE"),
            (8, "", "ROW_DUPLICATE"),
        ]
    );
    assert_eq!(answer.totals, counted(1, 1, 1, 1, 4));
    fixture.act("乙校", Act::Close, "2025-11-06".parse().unwrap()).await.unwrap();
    let later = Sheet { effective_on: "2025-11-07", ..HONGTA };
    let answer = fixture.schools(later, vec![wire::SchoolRow { activities: 9, ..school("乙校") }]).await;
    assert_eq!(faults(&answer), [(2, "", "SCHOOL_CLOSED")]);
}

#[tokio::test]
async fn a_course_in_a_closed_school_is_refused_and_says_so() {
    let mut fixture = with_schools().await;
    fixture.courses(CITY, vec![course("SH-01")]).await;
    fixture.classes(HONGTA, vec![class("乙校", "二班")]).await;
    fixture.act("乙校", Act::Close, "2025-11-06".parse().unwrap()).await.unwrap();
    let rows = vec![
        class("甲校", "一班"),
        class("乙校", "一班"),
        wire::ClassRow { state: wire::ClassState::Ended as i32, ..class("乙校", "二班") },
    ];
    let answer = fixture.classes(HONGTA, rows).await;
    assert_eq!(faults(&answer), [(3, "state", "CLASS_SCHOOL_NOT_OPEN")]);
    assert!(answer.faults[0].message.contains("“乙校”现为“已撤销”"), "{}", answer.faults[0].message);
    assert_eq!(answer.totals, counted(1, 1, 0, 0, 1));
}

#[tokio::test]
async fn class_sheets_name_what_they_lack() {
    let mut fixture = with_schools().await;
    fixture.courses(CITY, vec![course("SH-01")]).await;
    let rows = vec![
        class("甲校", "一班"),
        wire::ClassRow { course_code: "SH-99".into(), ..class("甲校", "二班") },
        class("没有的学校", "一班"),
        wire::ClassRow { term: "2025春".into(), ..class("甲校", "三班") },
        wire::ClassRow { enrolled: 41, ..class("甲校", "四班") },
        wire::ClassRow { state: 0, capacity: 0, enrolled: 0, ..class("甲校", "五班") },
        class("甲校", "一班"),
    ];
    let preview = fixture.classes(Sheet { mode: ImportMode::Preview, ..HONGTA }, rows.clone()).await;
    assert_eq!(fixture.count("class").await, 0);
    let answer = fixture.classes(HONGTA, rows).await;
    assert_eq!((&preview.faults, preview.totals), (&answer.faults, answer.totals));
    assert_eq!(
        faults(&answer),
        [
            (3, "course_code", "COURSE_UNKNOWN"),
            (4, "school_name", "SCHOOL_UNKNOWN"),
            (5, "term", "TERM_INVALID"),
            (6, "enrolled", "CLASS_ENROLLED"),
            (7, "state", "FIELD_MISSING"),
            (7, "capacity", "CLASS_CAPACITY"),
            (8, "", "ROW_DUPLICATE"),
        ]
    );
    assert_eq!((answer.totals, fixture.count("class").await), (counted(1, 0, 0, 1, 5), 1));
}

#[tokio::test]
async fn a_countys_own_course_stands_before_the_citys() {
    let mut fixture = with_schools().await;
    fixture.courses(CITY, vec![course("SH-01"), course("SH-02")]).await;
    let own = wire::CourseRow { name: "红塔国画".into(), ..course("SH-01") };
    let answer = fixture.courses(HONGTA, vec![own, wire::CourseRow { hours: 0, category: 0, ..course("SH-03") }]).await;
    assert_eq!(faults(&answer), [(3, "category", "FIELD_MISSING"), (3, "hours", "HOURS_MISSING")]);
    let refused = fixture.courses(Sheet { region: "530402001", ..HONGTA }, vec![course("SH-01")]).await;
    assert_eq!(faults(&refused), [(2, "", "COURSE_REGION_LEVEL")]);
    fixture.classes(HONGTA, vec![class("甲校", "一班")]).await;
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let hongta = |name: &str| name.starts_with("红塔");
    let taught: (String,) =
        tx.query("SELECT k.name FROM class c JOIN course k ON k.id = c.course_id").one().await.unwrap();
    assert!(hongta(&taught.0), "{}", taught.0);
    drop(tx);
    let again = fixture.courses(CITY, vec![course("SH-01"), wire::CourseRow { hours: 16, ..course("SH-02") }]).await;
    assert_eq!(again.totals, counted(0, 1, 1, 0, 0));
}

#[tokio::test]
async fn teachers_are_known_by_school_and_name_and_shown_masked() {
    let mut fixture = with_schools().await;
    let rows =
        vec![teacher("甲校", "王小明"), teacher("乙校", "王小明"), teacher("甲校", "王小明"), teacher("", "李红")];
    let answer = fixture.teachers(HONGTA, rows).await;
    assert_eq!(faults(&answer), [(4, "", "ROW_DUPLICATE"), (5, "school_name", "FIELD_MISSING")]);
    let left = wire::TeacherRow { status: wire::TeacherStatus::Left as i32, ..teacher("甲校", "王小明") };
    let answer = fixture.teachers(HONGTA, vec![left, teacher("乙校", "王小明")]).await;
    assert_eq!(answer.totals, counted(0, 1, 1, 0, 0));
    let page = registry::columns::Page::asked(None).unwrap();
    let scope = trust::Scope::of_the_service();
    let (listed, next) =
        crate::teachers::store::page(&fixture.bureau.db, &scope, Default::default(), page).await.unwrap();
    let shown: Vec<_> = listed.into_iter().map(|placed| crate::teachers::door::message(placed, None)).collect();
    assert_eq!(next, "");
    assert!(shown.iter().all(|teacher| teacher.name.contains('*') && !teacher.name.contains("小明")), "{shown:?}");
}

#[tokio::test]
async fn a_document_makes_a_teacher_a_person_and_is_never_told() {
    let mut fixture = with_schools().await;
    let known = |row: wire::TeacherRow, number: &str| wire::TeacherRow {
        document_kind: proto::contract::DocumentKind::ResidentId as i32,
        document_number: number.into(),
        ..row
    };
    let (one, other) = ("530402195001010018", "530481202306150028");
    assert_eq!(fixture.teachers(HONGTA, vec![teacher("甲校", "王小明")]).await.totals, counted(1, 0, 0, 0, 0));
    // The document comes later, and for another school it is the same person.
    let rows = vec![known(teacher("甲校", "王小明"), one), known(teacher("乙校", "王小明"), one)];
    assert_eq!(fixture.teachers(HONGTA, rows).await.totals, counted(1, 1, 0, 0, 0));
    assert_eq!(fixture.count("person").await, 1);
    let rows = vec![
        known(teacher("甲校", "王小明"), other),
        known(teacher("甲校", "李红"), one),
        known(teacher("乙校", "李红"), "530402195001010019"),
        teacher("乙校", "王小明"),
    ];
    let answer = fixture.teachers(HONGTA, rows).await;
    assert_eq!(
        faults(&answer),
        [
            (2, "", "TEACHER_DOCUMENT_DIFFERS"),
            (3, "", "PERSON_NAME_DIFFERS"),
            (4, "document_number", "DOCUMENT_CHECK_DIGIT")
        ]
    );
    assert_eq!(answer.totals, counted(0, 0, 1, 2, 1));
    assert!(!format!("{answer:?}").contains(one));
}

#[tokio::test]
async fn a_teacher_who_is_renamed_is_the_one_of_the_next_sheet() {
    let mut fixture = with_schools().await;
    let known = |school: &str, name: &str| wire::TeacherRow {
        document_kind: proto::contract::DocumentKind::ResidentId as i32,
        document_number: "530402195001010018".into(),
        ..teacher(school, name)
    };
    let rows = vec![known("甲校", "王小名"), known("乙校", "王小名"), teacher("乙校", "李红")];
    assert_eq!(fixture.teachers(HONGTA, rows).await.totals, counted(3, 0, 0, 0, 0));
    fixture.courses(CITY, vec![course("SH-01")]).await;
    let taught = |school: &str, name: &str, teacher: &str| wire::ClassRow {
        teacher_name: teacher.into(),
        ..class(school, name)
    };
    let classes =
        [("甲校", "一班", "王小名"), ("甲校", "二班", "王小名"), ("甲校", "三班", "李红"), ("乙校", "一班", "")];
    let mut rows = classes.map(|(school, name, teacher)| taught(school, name, teacher)).to_vec();
    let over = wire::ClassRow { state: wire::ClassState::Ended as i32, ..taught("甲校", "四班", "王小名") };
    rows.push(over.clone());
    assert_eq!(fixture.classes(HONGTA, rows).await.totals, counted(5, 0, 0, 0, 0));
    let person: (uuid::Uuid,) = fixture.bureau.db.read("SELECT id FROM person").one().await.unwrap();
    let rename = async |name: &str| {
        let user = trust::User { id: "clerk".into(), name: "李红".into(), unit: "红塔区".into() };
        let mut tx = fixture.bureau.db.begin().await.unwrap();
        let (name, fields, clock) = (Some(name), &[][..], &fixture.bureau.clock);
        let corrected = trust::persons::Corrected { person: person.0, name, fields, user: &user, clock };
        let renamed = (crate::teachers::store::HOLDING.follow)(&mut tx, corrected).await;
        tx.commit().await.unwrap();
        renamed.map_err(|problem| problem.reason)
    };
    assert_eq!(rename("李红").await, Err("NAME_TAKEN"), "another teacher of one of the schools");
    assert_eq!(rename("王小明").await, Ok(4), "two records and two classes");
    assert_eq!(rename("王小明").await, Ok(0));
    let db = &fixture.bureau.db;
    for reason in ["更正身份信息（姓名）", "更正身份信息（任课教师姓名）"] {
        let noted = "SELECT CAST(COUNT(*) AS BIGINT) FROM record_history WHERE reason = $1";
        let noted: (i64,) = db.read(noted).bind(reason).one().await.unwrap();
        assert_eq!(noted.0, 2, "{reason}");
    }
    let named = "SELECT name, teacher_name, version FROM class ORDER BY teacher_name, name, version";
    let named: Vec<(String, String, i64)> = db.read(named).all().await.unwrap();
    let named: Vec<_> = named.iter().map(|(name, teacher, version)| (&**name, &**teacher, *version)).collect();
    let taught =
        [("一班", "", 1), ("三班", "李红", 1), ("四班", "王小名", 1), ("一班", "王小明", 2), ("二班", "王小明", 2)];
    assert_eq!(named, taught, "what is over stays as it is");
    assert_eq!(fixture.classes(HONGTA, vec![over]).await.totals, counted(0, 0, 1, 0, 0));
    let names: Vec<(String,)> =
        fixture.bureau.db.read("SELECT name FROM teacher WHERE person_id IS NOT NULL").all().await.unwrap();
    assert_eq!(names, [("王小明".to_owned(),), ("王小明".to_owned(),)]);
    let answer = fixture.teachers(HONGTA, vec![teacher("甲校", "王小明"), teacher("乙校", "王小明")]).await;
    assert_eq!(answer.totals, counted(0, 0, 2, 0, 0));
}

#[tokio::test]
async fn teachers_who_turn_out_to_be_one_are_known_by_either_document() {
    let mut fixture = with_schools().await;
    let (one, other) = ("530402195001010018", "530402195501010014");
    let known = |school: &str, number: &str| wire::TeacherRow {
        document_kind: proto::contract::DocumentKind::ResidentId as i32,
        document_number: number.into(),
        ..teacher(school, "王小明")
    };
    let rows = vec![known("甲校", one), known("乙校", other)];
    assert_eq!(fixture.teachers(HONGTA, rows.clone()).await.totals, counted(2, 0, 0, 0, 0));
    let ids = "SELECT t.person_id FROM teacher t JOIN school s ON s.id = t.school_id ORDER BY s.name DESC";
    let ids: Vec<(uuid::Uuid,)> = fixture.bureau.db.read(ids).all().await.unwrap();
    let [(keep,), (gone,)] = ids[..] else { panic!("{ids:?}") };
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let keys = &fixture.bureau.persons.as_ref().unwrap().keys;
    let mut kept = store::one(&mut tx, keys, keep).await.unwrap().identity.unwrap();
    let mut left = store::one(&mut tx, keys, gone).await.unwrap().identity.unwrap();
    store::unite(&mut tx, keys, (keep, &mut kept), (gone, &mut left)).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(fixture.teachers(HONGTA, rows).await.totals, counted(0, 0, 2, 0, 0));
    let swapped = vec![known("甲校", other), known("乙校", one)];
    assert_eq!(fixture.teachers(HONGTA, swapped).await.totals, counted(0, 0, 2, 0, 0));
    let filter = crate::teachers::store::Filter { person_id: Some(keep), ..Default::default() };
    let page = registry::columns::Page::asked(None).unwrap();
    let scope = trust::Scope::of_the_service();
    let (listed, _) = crate::teachers::store::page(&fixture.bureau.db, &scope, filter, page).await.unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|placed| placed.teacher.person_id == Some(keep)), "{listed:?}");
}
