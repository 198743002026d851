//! 套表: listing and filing whole packages, 未报清单 with its texts, reviews in bulk, 待重汇.

use jiff::civil::date;
use proto::reporting::{Answer, PackageLine};

use super::*;
use crate::package::filing::Filing;

fn filing(kind: Submission) -> Filing {
    Filing { kind, expected: BTreeMap::new(), on_behalf_reason: String::new(), explanations: BTreeMap::new() }
}

async fn package(bench: &Bench, region: &str, period: &str) -> Vec<PackageLine> {
    bench.desk.list_package(&approver(), region, period).await.unwrap()
}

fn reasons(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(|answer| answer.reason.as_str()).collect()
}

#[tokio::test]
async fn a_package_holds_what_is_due_then_and_says_how_far_it_is() {
    let bench = bench_for(own_city()).await;
    let forms = |lines: &[PackageLine]| -> Vec<(String, String)> {
        lines.iter().map(|line| (line.form.clone(), line.period.clone())).collect()
    };
    let december = package(&bench, COUNTY, "2025-12").await;
    let both = [(MONTHLY.to_owned(), "2025-12".to_owned()), (ANNUAL.to_owned(), "2025".to_owned())];
    assert_eq!(forms(&december), both);
    assert_eq!(forms(&package(&bench, COUNTY, "2025").await), both[1..]);
    assert_eq!(forms(&package(&bench, CITY, "2025-12").await), both[..1], "the annual form is the counties'");

    let line = package(&bench, COUNTY, PERIOD).await.remove(0);
    assert_eq!((line.state(), line.version, line.cells_total), (ReportState::NotStarted, 0, 3));
    assert_eq!((line.due_on.as_str(), line.overdue, line.locked), ("2025-11-05", false, false));
    bench.draft(PERIOD, &[entry(ENROLLED, "5")]).await;
    let line = package(&bench, COUNTY, PERIOD).await.remove(0);
    assert_eq!((line.state(), line.version, line.cells_filled), (ReportState::Draft, 2, 2));
    assert_eq!((line.hard_findings, line.soft_findings), (1, 0), "five children on no places");
    bench.on("2025-11-14");
    let line = package(&bench, COUNTY, PERIOD).await.remove(0);
    assert!(line.overdue && line.locked && !line.late);
    let unknown = bench.desk.list_package(&approver(), "530499", PERIOD).await.unwrap_err();
    assert_eq!(unknown.reason, "REGION_UNKNOWN");
    let wrong = bench.desk.list_package(&approver(), COUNTY, "2025-13").await.unwrap_err();
    assert_eq!(wrong.reason, "PERIOD_INVALID");
}

#[tokio::test]
async fn one_click_files_a_package_and_a_second_changes_nothing() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let file = async |filing: &Filing| desk.file_package(&clerk(), COUNTY, "2025-12", filing).await.unwrap();
    assert_eq!(reasons(&file(&filing(Submission::Zero)).await), ["PERIOD_NOT_BEGUN", "PERIOD_NOT_ENDED"]);
    bench.on("2026-01-04");
    assert_eq!(reasons(&file(&filing(Submission::NoChange)).await), ["NO_PREVIOUS", "NO_PREVIOUS"]);
    let untouched = package(&bench, COUNTY, "2025-12").await;
    assert!(untouched.iter().all(|line| line.state() == ReportState::NotStarted), "a refused filing opens nothing");

    let seen = Filing { expected: BTreeMap::from([(MONTHLY.to_owned(), 4)]), ..filing(Submission::Zero) };
    assert_eq!(reasons(&file(&seen).await), ["VERSION_STALE", ""]);
    let filed = file(&filing(Submission::Zero)).await;
    let states: Vec<(bool, bool, ReportState)> =
        filed.iter().map(|answer| (answer.ok, answer.already, answer.state())).collect();
    assert_eq!(states, [(true, false, ReportState::Submitted), (true, true, ReportState::Submitted)]);
    let again = file(&filing(Submission::Zero)).await;
    assert!(again.iter().all(|answer| answer.ok && answer.already));
    assert_eq!(again[0].version, filed[0].version);
    let report = desk.report(&clerk(), filed[0].id.parse().unwrap()).await.unwrap();
    assert_eq!(report.submission, Submission::Zero);
    assert_eq!(report.cells.iter().map(|cell| cell.value()).collect::<Vec<_>>(), [Some(0), Some(0), Some(0)]);
    bench.publish(&report).await;

    bench.on("2026-02-03");
    let january = desk.file_package(&clerk(), COUNTY, "2026-01", &filing(Submission::NoChange)).await.unwrap();
    assert!(january[0].ok, "{january:?}");
    let none = desk.file_package(&clerk(), COUNTY, "2026-H1", &filing(Submission::Zero)).await.unwrap_err();
    assert_eq!(none.reason, "PACKAGE_EMPTY");
}

#[tokio::test]
async fn a_package_is_filed_only_by_those_who_may_and_only_where_it_holds() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let elsewhere = caller("elsewhere", "COUNTY_REPORTER", "530403");
    let file =
        async |who: &Someone, filing: &Filing| desk.file_package(who, COUNTY, PERIOD, filing).await.unwrap().remove(0);
    assert_eq!(file(&elsewhere, &filing(Submission::Zero)).await.reason, "ROLE_MISSING");
    assert_eq!(file(&bureau(), &filing(Submission::Zero)).await.reason, "ON_BEHALF_REASON_NEEDED");
    assert_eq!(file(&clerk(), &filing(Submission::Filled)).await.reason, "CELL_MISSING");
    bench.draft(PERIOD, &[entry(ENROLLED, "5"), entry(MANAGED, "3")]).await;
    let hard = file(&clerk(), &filing(Submission::Filled)).await;
    assert_eq!(hard.reason, "CHECK_FAILED");
    assert!(hard.faults.iter().any(|fault| fault.field == ENROLLED));
    let behalf = Filing { on_behalf_reason: "县局经办人员培训".into(), ..filing(Submission::Zero) };
    assert!(file(&bureau(), &behalf).await.ok);
    let line = package(&bench, COUNTY, PERIOD).await.remove(0);
    assert!(line.on_behalf && line.state() == ReportState::Submitted);
}

#[tokio::test]
async fn the_outstanding_list_urges_by_name_and_forgets_who_handed_in() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    bench.month(PERIOD, "3").await;
    bench.on("2025-12-03");
    let early = desk.list_outstanding(&approver(), "2025-11", COUNTY).await.unwrap();
    assert_eq!((early.lines.len(), early.lines[0].days_late), (1, 0));
    assert!(early.reminders[0].text.contains("请于2025年12月5日前报送"), "{}", early.reminders[0].text);
    bench.on("2025-12-09");
    let late = desk.list_outstanding(&approver(), "2025-11", "").await.unwrap();
    let regions: Vec<&str> = late.lines.iter().map(|line| line.region.as_str()).collect();
    assert_eq!(regions, desk.reporting_regions(&desk.forms().next().unwrap().clone()).collect::<Vec<_>>());
    let line = &late.lines[0];
    assert_eq!((line.days_late, line.last_submitter.as_str(), line.due_on.as_str()), (4, "clerk", "2025-12-05"));
    assert_eq!((late.lines[1].last_submitter.as_str(), late.lines[9].days_late), ("", 1), "the city has until the 8th");
    let text = &late.reminders[0].text;
    for told in
        ["红塔区", "《月报》", "2025年11月", "未填报", "已逾期 4 天", "上次填报人：clerk", "市卫生健康委", "approver"]
    {
        assert!(text.contains(told), "{told} in {text}");
    }
    let draft = bench.draft("2025-11", &[entry(ENROLLED, "0"), entry(MANAGED, "3")]).await;
    let open = desk.list_outstanding(&approver(), "", COUNTY).await.unwrap();
    let states: Vec<(&str, ReportState)> = open.lines.iter().map(|line| (line.period.as_str(), line.state())).collect();
    assert_eq!(states, [("2025-11", ReportState::Draft), ("2024", ReportState::NotStarted)]);
    bench.submit(&draft).await.unwrap();
    let handed = desk.list_outstanding(&approver(), "2025-11", COUNTY).await.unwrap();
    assert!(handed.lines.is_empty() && handed.reminders.is_empty());
    let ahead = desk.list_outstanding(&approver(), "2025-12", COUNTY).await.unwrap();
    assert!(ahead.reminders.is_empty() && ahead.lines.len() == 2, "nobody is urged before the period has ended");
}

#[tokio::test]
async fn reviews_in_bulk_are_judged_one_by_one() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let office = caller("office", "COUNTY_REVIEWER", CITY);
    let mut ids = Vec::new();
    for region in [COUNTY, "530403", "530423"] {
        let clerk = caller("clerk", "COUNTY_REPORTER", region);
        let filed = desk.file_package(&clerk, region, PERIOD, &filing(Submission::Zero)).await.unwrap().remove(0);
        ids.push((filed.id, filed.version));
    }
    ids[1].1 -= 1;
    ids.extend([("nonsense".to_owned(), 1), (uuid::Uuid::from_u128(7).to_string(), 1)]);
    let answers = desk.review_reports(&office, &ids).await.unwrap();
    assert_eq!(reasons(&answers), ["", "VERSION_STALE", "", "REPORT_ID_INVALID", "REPORT_UNKNOWN"]);
    assert_eq!(
        answers.iter().map(|answer| &answer.id).collect::<Vec<_>>(),
        ids.iter().map(|(id, _)| id).collect::<Vec<_>>()
    );
    assert_eq!((answers[0].ok, answers[0].state()), (true, ReportState::Reviewed));
    let states: Vec<ReportState> = answers.iter().map(Answer::state).collect();
    assert_eq!(states[2], ReportState::Reviewed);
    let own = caller("clerk", "COUNTY_REVIEWER", CITY);
    ids[1].1 += 1;
    assert_eq!(reasons(&desk.review_reports(&own, &ids[1..2]).await.unwrap()), ["SAME_PERSON"]);
    assert_eq!(desk.review_reports(&office, &[]).await.unwrap_err().reason, "REPORTS_INVALID");
}

#[tokio::test]
async fn a_total_is_stale_when_a_county_changed_after_it() {
    let bench = bench_for(own_city()).await;
    let desk = &bench.desk;
    let draft = bench.draft(PERIOD, &[entry(ENROLLED, "0"), entry(MANAGED, "3")]).await;
    let county = bench.submit(&draft).await.unwrap();
    bench.on("2025-11-04");
    let city = desk.open_report(&bureau(), MONTHLY, CITY, PERIOD, "").await.unwrap();
    assert!(!package(&bench, CITY, PERIOD).await[0].stale_total);
    bench.on("2025-11-05");
    let county = desk.review_report(&reviewer(), county.id, county.version()).await.unwrap();
    assert!(!package(&bench, CITY, PERIOD).await[0].stale_total, "a signature changes no figure");
    let faults = [(MANAGED.to_owned(), "偏少".to_owned())];
    let due = date(2025, 11, 6);
    desk.send_back_report(&approver(), county.id, county.version(), &faults, due).await.unwrap();
    assert!(package(&bench, CITY, PERIOD).await[0].stale_total);
    assert!(!package(&bench, COUNTY, PERIOD).await[0].stale_total);
    let told = desk.list_outstanding(&approver(), PERIOD, "").await.unwrap();
    assert_eq!(told.stale_totals.iter().map(|total| total.region.as_str()).collect::<Vec<_>>(), [CITY]);
    bench.on("2025-11-06");
    let typed = [entry(ENROLLED, "0"), entry(MANAGED, "4")];
    desk.save_report(&bureau(), city.id, city.version(), &typed).await.unwrap();
    assert!(!package(&bench, CITY, PERIOD).await[0].stale_total, "it was written anew");
}
