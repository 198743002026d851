//! Monthly reports on their own: what falls, what differs, who may confirm.

use jiff::civil::date;

use super::*;
use crate::projects::stages::{Reached, Stage};
use crate::projects::{Category, Course, Entry, Facts, advance, register, set_course};

const WAN: i64 = 1_000_000;

/// 1000万元, to begin in 2024 and to be completed in 2025.
fn project() -> Project {
    let facts = Facts {
        name: "甲".into(),
        category: Category::Childcare,
        project_type: String::new(),
        region: "530402".into(),
        county: "530402".into(),
        location: String::new(),
        content: String::new(),
        start_year: 2024,
        end_year: 2025,
        planned_complete_on: None,
        total_fen: 1000 * WAN,
        central_planned_fen: 0,
        responsible: String::new(),
        beds: 0,
        nursing_beds: 0,
        places: 0,
        area_cm2: 0,
        land: String::new(),
    };
    register(Uuid::nil(), Entry { code: None, facts, listed_on: None }, date(2023, 1, 8)).project
}

fn statement(period: &str, month: i64, cumulated: i64) -> Statement {
    Statement {
        period: period.parse().unwrap(),
        picture: "主体施工".into(),
        month_fen: month * WAN,
        cumulated_fen: cumulated * WAN,
        obstacle: Obstacle::None,
        obstacle_text: String::new(),
        next_step: String::new(),
        explanation: String::new(),
    }
}

fn signer(id: &str) -> Signer {
    Signer { id: id.into(), name: id.into() }
}

fn today() -> Date {
    date(2024, 12, 20)
}

fn submitted(known: &[Report], statement: Statement) -> Result<Report, Vec<&'static str>> {
    let id = Uuid::from_u128(known.len() as u128 + 1);
    submit(id, &project(), known, statement, signer("clerk"), today())
        .map(|change| change.report)
        .map_err(|faults| faults.into_iter().map(|fault| fault.reason).collect())
}

fn confirmed(known: &mut Vec<Report>, statement: Statement) -> Result<(), Vec<&'static str>> {
    let report = submitted(known, statement)?;
    let change = confirm(&report, &project(), known, &signer("reviewer"), today())
        .map_err(|faults| faults.into_iter().map(|fault| fault.reason).collect::<Vec<_>>())?;
    known.push(change.report);
    Ok(())
}

#[test]
fn cumulated_investment_never_falls_and_the_month_is_its_rise() {
    let mut known = Vec::new();
    assert_eq!(submitted(&known, statement("2024-06", 11, 10)).unwrap_err(), ["MONTH_ABOVE_CUMULATED"]);
    confirmed(&mut known, statement("2024-06", 10, 100)).unwrap();
    assert_eq!(submitted(&known, statement("2024-07", 0, 99)).unwrap_err()[0], "PROGRESS_FALLS");
    assert_eq!(submitted(&known, statement("2024-07", 20, 130)).unwrap_err(), ["MONTH_DIFFERS"]);
    // July was not reported: August's own part is not all of the rise.
    assert_eq!(submitted(&known, statement("2024-08", 40, 130)).unwrap_err(), ["MONTH_DIFFERS"]);
    confirmed(&mut known, statement("2024-08", 20, 130)).unwrap();
    assert_eq!(submitted(&known, statement("2024-07", 40, 140)).unwrap_err(), ["PROGRESS_FALLS"]);
    confirmed(&mut known, statement("2024-07", 10, 110)).unwrap();
    assert_eq!(submitted(&known, statement("2024-08", 0, 130)).unwrap_err(), ["PROGRESS_CONFIRMED"]);
}

#[test]
fn a_report_is_checked_again_beside_what_was_confirmed_meanwhile() {
    let mut known = Vec::new();
    let waiting = submitted(&known, statement("2024-07", 50, 90)).unwrap();
    confirmed(&mut known, statement("2024-06", 10, 100)).unwrap();
    let faults = confirm(&waiting, &project(), &known, &signer("reviewer"), today()).unwrap_err();
    assert_eq!(faults[0].reason, "PROGRESS_FALLS");
    assert!(faults[0].message.contains("2024-06为100万元"), "{}", faults[0].message);
}

#[test]
fn another_person_confirms_and_a_report_sent_back_counts_no_longer() {
    let report = submitted(&[], statement("2024-06", 10, 100)).unwrap();
    let by = |id: &str, report: &Report| confirm(report, &project(), &[], &signer(id), today());
    assert_eq!(by("clerk", &report).unwrap_err()[0].reason, "SAME_PERSON");
    let done = by("reviewer", &report).unwrap().report;
    assert_eq!((done.state, done.confirmed_by.as_str()), (State::Confirmed, "reviewer"));
    assert_eq!(by("reviewer", &done).unwrap_err()[0].reason, "PROGRESS_STATE");
    let back = send_back(&done, "有误", today()).unwrap().report;
    assert_eq!((back.state, back.confirmed_by.as_str()), (State::SentBack, ""));
    assert_eq!(send_back(&back, "有误", today()).unwrap_err().reason, "PROGRESS_STATE");
    // The same month again replaces it, lower than before.
    let again = submitted(std::slice::from_ref(&back), statement("2024-06", 5, 80)).unwrap();
    assert_eq!((again.id, again.state), (report.id, State::Submitted));
}

#[test]
fn silence_about_a_late_project_and_money_above_its_total_are_explained() {
    let silent = |period: &str, explanation: &str| Statement {
        picture: String::new(),
        explanation: explanation.into(),
        ..statement(period, 0, 0)
    };
    let submit_on = |statement: Statement, today: Date| {
        submit(Uuid::nil(), &project(), &[], statement, signer("clerk"), today).map_err(|faults| faults[0].reason)
    };
    assert!(submit_on(silent("2024-12", ""), today()).is_ok(), "not late yet");
    assert_eq!(submit_on(silent("2025-01", ""), date(2025, 1, 2)).unwrap_err(), "EXPLANATION_MISSING");
    assert!(submit_on(silent("2025-01", "用地未批"), date(2025, 1, 2)).is_ok());
    assert_eq!(submitted(&[], statement("2024-06", 0, 1001)).unwrap_err(), ["EXPLANATION_MISSING"]);
    assert!(submitted(&[], Statement { explanation: "超概".into(), ..statement("2024-06", 0, 1001) }).is_ok());
    assert!(submitted(&[], statement("2024-06", 0, 1000)).is_ok(), "the total itself is no excess");

    let reached = |stage, month| Reached { stage, on: date(2024, month, 1), document_number: "文".into() };
    let started = advance(&project(), reached(Stage::Approved, 1), "").unwrap().project;
    let started = advance(&started, reached(Stage::Started, 2), "").unwrap().project;
    let stopped = set_course(&started, Course::Stopped, Event::note(date(2024, 3, 1), "资金")).unwrap().project;
    let told = submit(Uuid::nil(), &stopped, &[], silent("2024-12", ""), signer("clerk"), today());
    assert_eq!(told.unwrap_err()[0].reason, "EXPLANATION_MISSING");
    let cancelled = set_course(&stopped, Course::Cancelled, Event::note(date(2024, 4, 1), "撤项")).unwrap().project;
    let told = submit(Uuid::nil(), &cancelled, &[], statement("2024-12", 0, 0), signer("clerk"), today());
    assert_eq!(told.unwrap_err()[0].reason, "PROJECT_CANCELLED");
}
