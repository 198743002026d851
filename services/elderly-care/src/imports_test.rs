//! Sheets on a real database: what is taken, what is refused and why, and what a second time makes of it.

use proto::contract::{ImportCounts, ImportMode};
use proto::elderly_care as wire;

use crate::beds;
use crate::institutions::grade::{Standing, standing};
use crate::institutions::operation::Act;
use crate::testing::{Fixture, HONGTA, Sheet, bed, bureau, facility, faults, institution};

fn counted(added: u64, changed: u64, unchanged: u64, conflicting: u64, rejected: u64) -> Option<ImportCounts> {
    Some(ImportCounts { added, changed, unchanged, conflicting, rejected, ..Default::default() })
}

async fn with_institutions() -> Fixture {
    let mut fixture = bureau("2025-11-05").await;
    let answer = fixture.institutions(HONGTA, vec![institution("甲院"), institution("乙院")]).await;
    assert_eq!(answer.totals, counted(2, 0, 0, 0, 0), "{:?}", answer.faults);
    fixture
}

#[tokio::test]
async fn institution_sheets_name_every_wrong_cell() {
    let mut fixture = with_institutions().await;
    let graded = wire::InstitutionRow {
        grade: wire::Grade::Three as i32,
        graded_on: "2022-01-01".into(),
        grade_until_on: "2025-01-01".into(),
        ..institution("甲院")
    };
    let rows = vec![
        graded.clone(),
        wire::InstitutionRow { grade_until_on: "2021-01-01".into(), name: "丙院".into(), ..graded },
        wire::InstitutionRow { uscc: "12530402MB00000050".into(), ..institution("丁院") },
        wire::InstitutionRow { region: "530403".into(), ..institution("戊院") },
        wire::InstitutionRow {
            ownership: 0, opened_on: "2026-01-01".into(), beds_approved: -1, ..institution("己院")
        },
        wire::InstitutionRow { filing_number: "备1".into(), ..institution("庚院") },
        wire::InstitutionRow { is_regional_centre: true, region: "530402".into(), ..institution("辛院") },
        institution("甲院"),
        institution("=1+1"),
    ];
    let answer = fixture.institutions(HONGTA, rows).await;
    assert_eq!(
        faults(&answer),
        [
            (3, "grade_until_on", "DATES_REVERSED"),
            (4, "uscc", "USCC_CHECK_DIGIT"),
            (5, "region", "REGION_OUTSIDE_IMPORT"),
            (6, "ownership", "FIELD_MISSING"),
            (6, "opened_on", "DATE_IN_FUTURE"),
            (6, "beds_approved", "NUMBER_NEGATIVE"),
            (7, "filed_on", "FILED_ON_MISSING"),
            (8, "region", "REGION_TOO_WIDE"),
            (9, "", "ROW_DUPLICATE"),
        ]
    );
    assert_eq!(answer.totals, counted(1, 1, 0, 1, 6));
    // The sheet mirrors a grade that ended in January; it is told as expired, and a form may not grant it.
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let known = crate::institutions::store::by_name(&mut tx, &["甲院"]).await.unwrap().remove(0);
    let today = fixture.bureau.clock.today();
    assert_eq!(standing(known.rating.as_ref(), today), Standing::Expired);
    let again = crate::institutions::rate(&known, known.rating.unwrap(), today, "", "文".into());
    assert_eq!(again.unwrap_err().reason, "GRADE_EXPIRED");
}

#[tokio::test]
async fn a_bed_stands_in_one_institution_and_nursing_beds_are_beds() {
    let mut fixture = with_institutions().await;
    let coded = |institution: &str, number: &str, code: &str| wire::BedRow {
        bed_code: code.into(),
        ..bed(institution, "201", number)
    };
    let nursing = wire::BedRow {
        r#type: wire::BedType::Nursing as i32,
        recognised_on: "2023-01-01".into(),
        ..coded("甲院", "2", "B2")
    };
    let answer = fixture.beds(HONGTA, vec![coded("甲院", "1", "B1"), nursing, bed("乙院", "201", "1")]).await;
    assert_eq!(answer.totals, counted(3, 0, 0, 0, 0), "{:?}", answer.faults);
    let rows = vec![
        coded("乙院", "2", "B1"),
        coded("甲院", "3", "B3"),
        coded("乙院", "3", "B3"),
        coded("甲院", "4", "B2"),
        wire::BedRow { recognised_on: "2023-01-01".into(), ..bed("甲院", "201", "5") },
        wire::BedRow { built_on: "2022-01-01".into(), ..bed("甲院", "201", "1") },
        bed("没有的院", "201", "1"),
        wire::BedRow { closed_on: "2020-01-01".into(), status: 0, ..bed("甲院", "201", "6") },
    ];
    let answer = fixture.beds(HONGTA, rows).await;
    assert_eq!(
        faults(&answer),
        [
            (2, "", "BED_IN_TWO_INSTITUTIONS"),
            (4, "", "ROW_DUPLICATE"),
            (5, "", "BED_CODE_TAKEN"),
            (6, "recognised_on", "RECOGNISED_NOT_NURSING"),
            (7, "", "BED_BUILT_ON_DIFFERS"),
            (8, "institution_name", "INSTITUTION_UNKNOWN"),
            (9, "status", "FIELD_MISSING"),
            (9, "closed_on", "DATES_REVERSED"),
        ]
    );
    assert!(answer.faults[0].message.contains("床位编码B1已登记在甲院"), "{}", answer.faults[0].message);
    // Nursing beds cannot be more than built ones: both are counts of the same records.
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let hosts = beds::store::hosts(&mut tx, "i.name", &["甲院"]).await.unwrap();
    let asked = tx.query(beds::store::totals_of(1));
    let totals = beds::store::totals(asked, &[hosts[0].id], fixture.bureau.clock.today()).await.unwrap();
    let totals = totals[&hosts[0].id];
    assert_eq!((totals.built, totals.nursing, totals.open), (3, 1, 3));
}

#[tokio::test]
async fn a_terminated_institution_gets_no_beds() {
    let mut fixture = with_institutions().await;
    fixture.act("乙院", Act::Terminate, "2025-10-01".parse().unwrap()).await.unwrap();
    let answer = fixture.beds(HONGTA, vec![bed("甲院", "1", "1"), bed("乙院", "1", "1")]).await;
    assert_eq!(faults(&answer), [(3, "", "INSTITUTION_TERMINATED")]);
    assert_eq!(fixture.count("bed").await, 1);
}

#[tokio::test]
async fn a_facility_serves_villages_that_there_are() {
    let mut fixture = bureau("2025-11-05").await;
    let regions = &fixture.bureau.city.regions;
    let villages: Vec<_> = regions.children("530402001").take(3).cloned().collect();
    let elsewhere = regions.children("530403001").next().unwrap().code.clone();
    let served = |name: &str, area: &str| wire::FacilityRow { service_area: area.into(), ..facility(name) };
    let both = format!("{}、{}", villages[0].code, villages[1].name);
    let rows = vec![
        served("甲中心", &both),
        served("乙中心", &format!("{}，没有的社区", villages[0].name)),
        served("丙中心", &elsewhere),
        served("丁中心", "530402001"),
        wire::FacilityRow { has_day_care: false, day_beds: 5, ..facility("戊中心") },
        wire::FacilityRow { opened_on: String::new(), ..facility("己中心") },
        wire::FacilityRow { services: "助餐、理财".into(), region: "530402".into(), ..facility("庚中心") },
        wire::FacilityRow { services: "助餐 、文娱".into(), ..facility("<b>辛</b>") },
        facility("甲中心"),
    ];
    let preview = fixture.facilities(Sheet { mode: ImportMode::Preview, ..HONGTA }, rows.clone()).await;
    assert_eq!((fixture.count("facility").await, fixture.count("facility_village").await), (0, 0));
    let answer = fixture.facilities(HONGTA, rows).await;
    assert_eq!((&preview.faults, preview.totals), (&answer.faults, answer.totals));
    assert_eq!(
        faults(&answer),
        [
            (3, "service_area", "VILLAGE_UNKNOWN"),
            (4, "service_area", "VILLAGE_UNKNOWN"),
            (5, "service_area", "VILLAGE_UNKNOWN"),
            (6, "has_day_care", "FACILITY_DAY_CARE"),
            (7, "opened_on", "FACILITY_OPENED"),
            (8, "region", "FACILITY_REGION_LEVEL"),
            (8, "services", "OFFER_UNKNOWN"),
            (10, "", "ROW_DUPLICATE"),
        ]
    );
    assert!(answer.faults[0].message.contains("“没有的社区”"), "{}", answer.faults[0].message);
    assert_eq!((fixture.count("facility").await, fixture.count("facility_village").await), (2, 2));

    // A smaller service area from a later day leaves the earlier one as it was.
    let later = Sheet { effective_on: "2025-11-06", ..HONGTA };
    let answer = fixture.facilities(later, vec![served("甲中心", &villages[2].code), facility("<b>辛</b>")]).await;
    assert_eq!(answer.totals, counted(0, 2, 0, 0, 0));
    assert_eq!(fixture.count("facility_village").await, 3);
    let closed =
        wire::FacilityRow { state: wire::FacilityState::Planned as i32, ..served("甲中心", &villages[2].code) };
    let answer = fixture.facilities(Sheet { effective_on: "2025-11-07", ..HONGTA }, vec![closed]).await;
    assert_eq!(faults(&answer), [(2, "", "FACILITY_STATE")]);
}
