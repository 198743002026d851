//! What a reviewer sees beside a figure, and V12.

use super::*;

#[tokio::test]
async fn what_is_counted_from_january_never_falls_within_the_year() {
    let bench = bench_for(own_city()).await;
    bench.on("2025-11-03");
    bench.month(PERIOD, "30").await;
    bench.on("2025-12-03");
    let typed = |managed: &str| [entry(ENROLLED, "0"), entry(MANAGED, managed)];
    let draft = bench.draft("2025-11", &typed("29")).await;
    let finding = draft.findings.iter().find(|finding| finding.check == "V12").unwrap();
    assert!(finding.hard && finding.message.contains("上期 30，本期 29"), "{}", finding.message);
    let refused = bench.submit(&draft).await.unwrap_err();
    assert_eq!(refused.reason, "CHECK_FAILED");
    assert!(refused.fields.iter().any(|(field, _)| field == MANAGED));
    let draft = bench.draft("2025-11", &typed("30")).await;
    let submitted = bench.submit(&draft).await.unwrap();
    bench.publish(&submitted).await;
    bench.on("2026-01-04");
    bench.month("2025-12", "40").await;
    bench.on("2026-02-03");
    let january = bench.draft("2026-01", &typed("1")).await;
    assert!(january.findings.is_empty(), "a new year begins at nothing");
}

#[tokio::test]
async fn a_report_is_shown_beside_the_period_before_and_the_year_before() {
    let mut city = City::clone(&own_city());
    city.forms[0].due.lock_day = None;
    let bench = bench_for(Arc::new(city)).await;
    bench.month("2024-10", "20").await;
    bench.month("2025-09", "25").await;
    let draft = bench.draft(PERIOD, &[entry(MANAGED, "30")]).await;
    let around = bench.desk.around(&reviewer(), &draft).await.unwrap();
    assert_eq!((around.previous[MANAGED], around.last_year[MANAGED]), (25, 20));
    let shown = crate::report::convert::report(&draft, &around, bench.clock.today());
    let cell = shown.cells.iter().find(|cell| cell.element == MANAGED).unwrap();
    assert_eq!((cell.previous, cell.last_year, cell.value), (Some(25), Some(20), Some(30)));
    let withdraw = Withdraw {
        form: MONTHLY.into(),
        period: "2025-09".into(),
        regions: BTreeSet::from([COUNTY.to_owned()]),
        reason: "口径有误".into(),
    };
    bench.desk.withdraw(&approver(), &withdraw, &once("")).await.unwrap();
    assert!(bench.desk.around(&reviewer(), &draft).await.unwrap().previous.is_empty(), "withdrawn is not published");
}
