//! 代填: the bureau fills in for a county, says why, and is never its own reviewer.

use super::*;

#[tokio::test]
async fn the_bureau_fills_in_with_a_reason_that_is_published() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let take = async |reason: &str| desk.fill_on_behalf(&bureau(), MONTHLY, COUNTY, PERIOD, "", reason).await;
    let silent = desk.open_report(&bureau(), MONTHLY, COUNTY, PERIOD, "").await.unwrap_err();
    assert_eq!(silent.reason, "ON_BEHALF_REASON_NEEDED");
    assert_eq!(take(" ").await.unwrap_err().reason, "ON_BEHALF_REASON_NEEDED");

    let draft = bench.draft(PERIOD, &[entry(ENROLLED, "0")]).await;
    let save = async |who: &Someone, report: &Report| {
        desk.save_report(who, report.id, report.version(), &[entry(MANAGED, "3")]).await
    };
    assert_eq!(save(&bureau(), &draft).await.unwrap_err().reason, "ON_BEHALF_REASON_NEEDED");
    let taken = take("县局经办人员休产假").await.unwrap();
    assert_eq!(take("县局经办人员休产假").await.unwrap().version(), taken.version(), "saying it twice is once");
    let saved = save(&bureau(), &taken).await.unwrap();
    assert_eq!(saved.on_behalf_reason(), Some("县局经办人员休产假"));
    let other = caller("bureau-2", "CITY_BUREAU_REPORTER", CITY);
    assert_eq!(save(&other, &saved).await.unwrap_err().reason, "ON_BEHALF_REASON_NEEDED");

    let nothing = BTreeMap::new();
    let filled = Submission::Filled;
    let submitted = desk.submit_report(&bureau(), saved.id, saved.version(), filled, &nothing).await.unwrap();
    let itself = caller("bureau", "COUNTY_REVIEWER", COUNTY);
    let own = desk.review_report(&itself, submitted.id, submitted.version()).await.unwrap_err();
    assert_eq!(own.reason, "SAME_PERSON");
    assert_eq!(take("再来").await.unwrap_err().reason, "STATE_WRONG");
    let publication = bench.publish(&submitted).await;
    let figures = region_figures(&publication);
    assert!(figures.on_behalf);
    let signed = (figures.acts[0].role.as_str(), figures.acts[0].reason.as_str());
    assert_eq!(signed, ("CITY_BUREAU_REPORTER", "代填：县局经办人员休产假"));
}

#[tokio::test]
async fn the_county_can_take_its_report_back_into_its_own_hand() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let taken = desk.fill_on_behalf(&bureau(), MONTHLY, COUNTY, PERIOD, "", "县局停电").await.unwrap();
    assert_eq!(taken.on_behalf_reason(), Some("县局停电"));
    let typed = [entry(ENROLLED, "0"), entry(MANAGED, "3")];
    let saved = desk.save_report(&clerk(), taken.id, taken.version(), &typed).await.unwrap();
    assert_eq!(saved.on_behalf_reason(), None);
    let submitted = bench.submit(&saved).await.unwrap();
    assert!(!region_figures(&bench.publish(&submitted).await).on_behalf);
}

#[tokio::test]
async fn the_citys_own_report_is_nobodys_behalf() {
    let bench = bench_for(own_city()).await;
    let report = bench.desk.open_report(&bureau(), MONTHLY, CITY, PERIOD, "").await.unwrap();
    assert_eq!(report.on_behalf_reason(), None);
    let county = caller("elsewhere", "COUNTY_REPORTER", "530403");
    let refused = bench.desk.fill_on_behalf(&county, MONTHLY, COUNTY, PERIOD, "", "代填").await.unwrap_err();
    assert_eq!(refused.reason, "ROLE_MISSING");
}

#[tokio::test]
async fn a_unit_hands_in_its_own_forms_alone() {
    let bench = bench_for(own_city()).await;
    let of = |unit: &str| {
        let mut person = bureau();
        person.user.unit = unit.to_owned();
        person
    };
    let refused = bench.desk.open_report(&of("市统计局"), MONTHLY, CITY, PERIOD, "").await.unwrap_err();
    assert_eq!(refused.reason, "FORM_OF_OTHER_UNIT");
    assert!(refused.message.contains("市卫生健康委"), "{refused}");
    let stranger = bench.desk.fill_on_behalf(&of("市统计局"), MONTHLY, COUNTY, PERIOD, "", "代填").await.unwrap_err();
    assert_eq!(stranger.reason, "FORM_OF_OTHER_UNIT");
    bench.desk.open_report(&of("玉溪市卫生健康委员会"), MONTHLY, CITY, PERIOD, "").await.unwrap();
}
