//! The rules of a project on their own.

use jiff::civil::Date;
use registry::Event;
use uuid::Uuid;

use super::stages::{Reached, Stage};
use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn entry() -> Entry {
    Entry {
        code: None,
        listed_on: Some(day("2023-01-08")),
        facts: Facts {
            name: "甲".into(),
            category: Category::Elderly,
            project_type: "养老服务机构".into(),
            region: "530402".into(),
            county: "530402".into(),
            location: "红塔区".into(),
            content: "新建".into(),
            start_year: 2023,
            end_year: 2025,
            planned_complete_on: None,
            total_fen: 1_500_000_000,
            central_planned_fen: 1_200_000_000,
            responsible: "红塔区人民政府".into(),
            beds: 100,
            nursing_beds: 0,
            places: 0,
            area_cm2: 0,
            land: String::new(),
        },
    }
}

fn project() -> Project {
    register(Uuid::nil(), entry(), day("2025-11-05")).project
}

fn at(project: &Project, stages: &[(Stage, &str)]) -> Project {
    stages.iter().fold(project.clone(), |project, (stage, on)| {
        let reached = Reached { stage: *stage, on: day(on), document_number: "文".into() };
        advance(&project, reached, "").unwrap().project
    })
}

fn started() -> Project {
    at(&project(), &[(Stage::Approved, "2023-03-01"), (Stage::Started, "2023-06-01")])
}

#[test]
fn lateness_follows_the_years_of_the_plan_and_what_was_reached() {
    let project = project();
    assert_eq!(project.standing(day("2023-12-31")), (Standing::OnTime, 0));
    assert_eq!(project.standing(day("2024-01-01")), (Standing::NotStartedLate, 1));
    assert_eq!(started().standing(day("2025-12-31")), (Standing::OnTime, 0));
    assert_eq!(started().standing(day("2026-01-10")), (Standing::NotCompletedLate, 10));
    let mut sooner = started();
    sooner.facts.planned_complete_on = Some(day("2025-06-30"));
    assert_eq!(sooner.standing(day("2025-07-01")), (Standing::NotCompletedLate, 1));
    let done = at(&started(), &[(Stage::Completed, "2025-09-01")]);
    assert_eq!(done.standing(day("2026-12-31")), (Standing::OnTime, 0));
}

#[test]
fn work_stops_goes_on_or_is_given_up() {
    let event = |on: &str| Event::note(day(on), "原因");
    let reason = |project: &Project, course, on: &str| set_course(project, course, event(on)).unwrap_err().reason;
    assert_eq!(reason(&project(), Course::Stopped, "2023-07-01"), "NOT_UNDER_CONSTRUCTION");
    assert_eq!(reason(&started(), Course::Running, "2023-07-01"), "NOT_STOPPED");
    assert_eq!(reason(&started(), Course::Stopped, "2023-05-01"), "DATES_REVERSED");
    let stopped = set_course(&started(), Course::Stopped, event("2023-07-01")).unwrap().project;
    assert_eq!(stopped.standing(day("2024-01-01")), (Standing::Stopped, 0));
    assert_eq!(reason(&stopped, Course::Stopped, "2023-08-01"), "ALREADY_STOPPED");
    let built = Reached { stage: Stage::Building, on: day("2023-08-01"), document_number: String::new() };
    assert_eq!(advance(&stopped, built.clone(), "").unwrap_err().reason, "PROJECT_STOPPED");
    assert_eq!(withdraw(&stopped, day("2023-08-01"), "").unwrap_err().reason, "PROJECT_STOPPED");
    let resumed = set_course(&stopped, Course::Running, event("2023-09-01")).unwrap().project;
    let done = at(&resumed, &[(Stage::Completed, "2024-03-01")]);
    assert_eq!(reason(&done, Course::Cancelled, "2024-04-01"), "PROJECT_COMPLETED");
    let cancelled = set_course(&resumed, Course::Cancelled, event("2023-10-01")).unwrap().project;
    assert_eq!(cancelled.standing(day("2030-01-01")), (Standing::Cancelled, 0));
    assert_eq!(advance(&cancelled, built, "").unwrap_err().reason, "PROJECT_CANCELLED");
}

#[test]
fn the_total_changes_by_adjustment_only_and_stays_above_central_money() {
    let known = project();
    let reason = |entry: Entry| revise(&known, entry, day("2025-11-05"), "").unwrap_err().reason;
    let facts = entry().facts;
    assert_eq!(reason(Entry { facts: Facts { total_fen: 1, ..facts.clone() }, ..entry() }), "TOTAL_BY_ADJUSTMENT");
    assert_eq!(reason(Entry { facts: Facts { county: "530481".into(), ..facts.clone() }, ..entry() }), "COUNTY_FIXED");
    assert!(revise(&known, entry(), day("2025-11-05"), "").unwrap().is_none());
    let coded = Entry { code: Some("2205-530402-04-01-123456".into()), ..entry() };
    let coded = revise(&known, coded, day("2025-11-05"), "").unwrap().unwrap().project;
    let other = Entry { code: Some("2205-530402-04-01-123457".into()), ..entry() };
    assert_eq!(revise(&coded, other, day("2025-11-05"), "").unwrap_err().reason, "CODE_DIFFERS");

    let event = || Event::note(day("2024-01-01"), "物价");
    let refused = adjust(&known, 999_999_999, None, 1_000_000_000, event()).unwrap_err();
    assert_eq!(refused.reason, "CENTRAL_ABOVE_TOTAL");
    assert!(refused.message.contains("1000万元"), "{}", refused.message);
    assert_eq!(adjust(&known, 1_500_000_000, None, 0, event()).unwrap_err().reason, "NOTHING_CHANGED");
    let adjusted = adjust(&known, 1_600_000_000, Some(day("2026-06-30")), 0, event()).unwrap();
    assert!(adjusted.project.adjusted && adjusted.events[0].reason.contains("1500万元→1600万元"));
    assert_eq!(adjusted.project.facts.complete_due(), day("2026-06-30"));
}

#[test]
fn an_empty_cell_of_a_sheet_keeps_what_is_known() {
    let known = project().facts;
    let sheet = Facts { content: String::new(), beds: 0, central_planned_fen: 0, places: 5, ..known.clone() };
    assert_eq!(sheet.silent_as(&known), Facts { places: 5, ..known });
}

#[test]
fn a_share_above_eighty_per_cent_is_odd_and_exactly_eighty_is_not() {
    let project = project();
    assert!(project.flags(1_200_000_000).is_empty());
    assert_eq!(project.flags(1_200_000_001).len(), 1);
    let mut inclusive = project.clone();
    inclusive.facts.project_type = INCLUSIVE_CHILDCARE.into();
    (inclusive.facts.places, inclusive.facts.central_planned_fen) = (80, 80_000_000);
    assert!(inclusive.flags(0).is_empty());
    inclusive.facts.central_planned_fen = 100_000_000;
    assert!(inclusive.flags(0)[0].contains("80个托位"));
}
