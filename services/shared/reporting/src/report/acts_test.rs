//! The state machine, by example and by random acts.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use uuid::Uuid;

use super::acts::{Entry, Opening, Submit};
use super::*;

const END: Date = date(2025, 10, 31);
const TODAY: Date = date(2025, 11, 3);

fn signer(user: &str) -> Signer<'_> {
    Signer { user, name: user, role: "ANY", at: 0 }
}

fn draft() -> Report {
    let cells = vec![
        Cell::new("places", Basis::Both, Some(100)),
        Cell::new("enrolled", Basis::Reported, None),
        Cell::new("carers", Basis::Reported, None),
    ];
    let opening = Opening {
        id: Uuid::from_u128(1),
        form: "M01".into(),
        region: "530402".into(),
        period: "2025-10".into(),
        due_on: date(2025, 11, 5),
        cells,
        register_counter: Some(1),
    };
    Report::open(opening, signer("clerk"))
}

fn entry(element: &str, value: &str) -> Entry {
    Entry { element: element.into(), value: value.into(), note: String::new(), not_applicable: false }
}

fn filled() -> Report {
    let mut report = draft();
    report.save(&[entry("enrolled", "90"), entry("carers", "１２")], signer("clerk")).unwrap();
    report
}

/// Hard: no more enrolled than places. Soft: carers are worth a look above 20.
fn check(cells: &[Cell]) -> Vec<Finding> {
    let value = |element: &str| cells.iter().find(|cell| cell.element == element).and_then(Cell::value).unwrap_or(0);
    let finding = |check: &str, hard, element: &str| Finding {
        check: check.into(),
        hard,
        message: "核对".into(),
        elements: vec![element.into()],
        explanation: String::new(),
    };
    let hard = (value("enrolled") > value("places")).then(|| finding("V08", true, "enrolled"));
    let soft = (value("carers") > 20).then(|| finding("V11", false, "carers"));
    hard.into_iter().chain(soft).collect()
}

fn submit(report: &mut Report, kind: Submission, user: &str) -> kit::Result<()> {
    submit_with(report, kind, user, &BTreeMap::new(), None)
}

fn submit_with(
    report: &mut Report,
    kind: Submission,
    user: &str,
    explanations: &BTreeMap<String, String>,
    previous: Option<&[Cell]>,
) -> kit::Result<()> {
    let submit =
        Submit { kind, explanations, previous, period_end: END, today: TODAY, reviews: 1, late: false, check: &check };
    report.submit(submit, signer(user))
}

#[test]
fn a_figure_passes_three_people() {
    let mut report = filled();
    submit(&mut report, Submission::Filled, "clerk").unwrap();
    assert_eq!(submit(&mut report, Submission::Filled, "clerk").unwrap_err().reason, "ALREADY_SUBMITTED");
    assert_eq!(report.review(1, signer("clerk")).unwrap_err().reason, "SAME_PERSON");
    report.review(1, signer("reviewer")).unwrap();
    assert_eq!(report.state, State::Reviewed);
    assert_eq!(report.publish("", signer("reviewer")).unwrap_err().reason, "SAME_PERSON");
    report.publish("", signer("approver")).unwrap();
    assert_eq!(report.version(), 5);
    let signed: Vec<&str> = report.standing_signatures().iter().map(|past| past.user.as_str()).collect();
    assert_eq!(signed, ["clerk", "reviewer", "approver"]);
    let wrong = report.recall("", signer("clerk")).unwrap_err();
    assert_eq!((wrong.reason, wrong.message.as_str()), ("STATE_WRONG", "报表当前为“已核定”，不能撤回"));
}

#[test]
fn submission_needs_every_cell_and_every_check() {
    let mut report = draft();
    let missing = submit(&mut report, Submission::Filled, "clerk").unwrap_err();
    assert_eq!(missing.reason, "CELL_MISSING");
    assert_eq!(missing.fields.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["enrolled", "carers"]);
    report.save(&[entry("enrolled", "101"), entry("carers", "21")], signer("clerk")).unwrap();
    let failed = submit(&mut report, Submission::Filled, "clerk").unwrap_err();
    assert_eq!(failed.reason, "CHECK_FAILED");
    assert!(failed.fields.iter().any(|(field, _)| field == "enrolled"));
    report.save(&[entry("enrolled", "99")], signer("clerk")).unwrap();
    let mut explanations = BTreeMap::from([("V11".to_owned(), "新增了人手".to_owned())]);
    let short = submit_with(&mut report, Submission::Filled, "clerk", &explanations, None).unwrap_err();
    assert_eq!(short.reason, "EXPLANATION_NEEDED");
    explanations.insert("V11".into(), "十月新开两所机构，增聘保育人员".into());
    submit_with(&mut report, Submission::Filled, "clerk", &explanations, None).unwrap();
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn an_override_keeps_the_computed_value_and_says_why() {
    let mut report = filled();
    assert_eq!(report.save(&[entry("places", "120")], signer("clerk")).unwrap_err().reason, "NOTE_NEEDED");
    report.save(&[Entry { note: "两所未入台账".into(), ..entry("places", "120") }], signer("clerk")).unwrap();
    assert_eq!((report.cells[0].computed, report.cells[0].value()), (Some(100), Some(120)));
    let mut fresh = draft().cells;
    fresh[0].computed = Some(120);
    assert!(report.refresh(fresh.clone(), Some(2), signer("clerk")));
    assert_eq!(report.cells[0].computed, Some(120));
    assert_eq!(report.cells[1].reported, Some(90));
    assert!(!report.refresh(fresh.clone(), Some(2), signer("clerk")));
    fresh[0].basis = Basis::Register;
    report.refresh(fresh, Some(2), signer("clerk"));
    assert_eq!(report.save(&[entry("places", "1")], signer("clerk")).unwrap_err().reason, "BASIS_IS_REGISTER");
    let both = Entry { not_applicable: true, ..entry("carers", "1") };
    assert_eq!(report.save(&[both], signer("clerk")).unwrap_err().reason, "VALUE_WITH_NOT_APPLICABLE");
}

#[test]
fn zero_and_no_change_pass_the_chain_like_any_other() {
    let mut report = draft();
    submit(&mut report, Submission::Zero, "clerk").unwrap();
    assert_eq!(report.cells.iter().map(Cell::value).collect::<Vec<_>>(), [Some(100), Some(0), Some(0)]);
    let mut report = draft();
    assert_eq!(submit(&mut report, Submission::NoChange, "clerk").unwrap_err().reason, "NO_PREVIOUS");
    let before = filled().cells;
    submit_with(&mut report, Submission::NoChange, "clerk", &BTreeMap::new(), Some(&before)).unwrap();
    assert_eq!(report.cells[1].value(), Some(90));
    assert_eq!(report.state, State::Submitted);
}

#[test]
fn sending_back_names_cells_and_recalling_is_the_submitters() {
    let mut report = filled();
    submit(&mut report, Submission::Filled, "clerk").unwrap();
    assert_eq!(report.recall("", signer("other")).unwrap_err().reason, "NOT_SUBMITTER");
    let fault = |element: &str, reason: &str| vec![(element.to_owned(), reason.to_owned())];
    let mut send = |faults: &[(String, String)], due| report.send_back(faults, due, TODAY, signer("reviewer"));
    assert_eq!(send(&[], TODAY).unwrap_err().reason, "FAULT_NEEDED");
    assert_eq!(send(&fault("nothing", "x"), TODAY).unwrap_err().reason, "ELEMENT_UNKNOWN");
    assert_eq!(send(&fault("carers", " "), TODAY).unwrap_err().reason, "REASON_NEEDED");
    assert_eq!(send(&fault("carers", "偏少"), date(2025, 11, 2)).unwrap_err().reason, "DUE_DATE_PAST");
    send(&fault("carers", "偏少"), date(2025, 11, 4)).unwrap();
    assert_eq!((report.state, report.cells[2].fault.as_str()), (State::SentBack, "偏少"));
    assert!(report.is_overdue(date(2025, 11, 5)) && !report.is_overdue(date(2025, 11, 4)));
    submit(&mut report, Submission::Filled, "clerk").unwrap();
    assert_eq!(report.cells[2].fault, "");
    report.recall("", signer("clerk")).unwrap();
    report.exempt("机构停业整顿", signer("bureau")).unwrap();
    assert_eq!(report.publish("", signer("bureau")).unwrap_err().reason, "SAME_PERSON");
    report.publish("", signer("approver")).unwrap();
    assert!(report.is_exempt());
    let next = report.revise(Uuid::from_u128(2), "已恢复", draft().cells, Some(9), signer("clerk")).unwrap();
    assert_eq!((next.revision, next.is_exempt(), next.version()), (2, false, 1));
}

#[test]
fn nothing_is_submitted_before_its_period_ends() {
    let mut report = filled();
    let early = Submit {
        kind: Submission::Filled,
        explanations: &BTreeMap::new(),
        previous: None,
        period_end: END,
        today: date(2025, 10, 30),
        reviews: 1,
        late: false,
        check: &check,
    };
    assert_eq!(report.submit(early, signer("clerk")).unwrap_err().reason, "PERIOD_NOT_ENDED");
    assert_eq!(report.check_version(1).unwrap_err().reason, "VERSION_STALE");
}

proptest! {
    #[test]
    fn random_acts_never_break_the_rules(acts in proptest::collection::vec((0u8..9, 0usize..3), 1..60)) {
        let people = ["甲", "乙", "丙"];
        let mut report = filled();
        for (kind, person) in acts {
            let by = signer(people[person]);
            let before = report.clone();
            let result = match kind {
                0 => report.save(&[entry("carers", "7")], by),
                1 => submit(&mut report, Submission::Filled, people[person]),
                2 => submit(&mut report, Submission::Zero, people[person]),
                3 => report.review(2, by),
                4 => report.send_back(&[("carers".into(), "核实".into())], TODAY, TODAY, by),
                5 => report.recall("", by),
                6 => report.exempt("停业", by),
                7 => report.publish("", by),
                _ => report.withdraw("有误", by),
            };
            match result {
                Err(_) => prop_assert_eq!(&before, &report, "a refused act changes nothing"),
                Ok(()) => {
                    prop_assert_eq!(before.version() + 1, report.version());
                    prop_assert_eq!(&before.acts[..], &report.acts[..before.acts.len()]);
                }
            }
            if before.state == State::Published {
                prop_assert_eq!(&before.cells, &report.cells);
                prop_assert_eq!(report.state, State::Published);
            }
        }
        let signs = [act::SUBMIT, act::REVIEW, act::EXEMPT];
        for pair in report.acts.windows(2) {
            let follows = [act::REVIEW, act::PUBLISH].contains(&pair[1].act.as_str());
            if follows && signs.contains(&pair[0].act.as_str()) {
                prop_assert_ne!(&pair[0].user, &pair[1].user);
            }
        }
    }
}
