//! What people may and may not do to a task, over a real database.

use proto::supervision as wire;

use crate::actor::Actor;
use crate::tasks::load;
use crate::testing::{Fixture, bureau, file};

fn report(id: &str, month: &str, percent: Option<i64>) -> wire::FileTaskProgressRequest {
    wire::FileTaskProgressRequest {
        id: id.into(),
        month: month.into(),
        percent,
        progress: "已完成选址".into(),
        ..Default::default()
    }
}

async fn apply(fixture: &Fixture, who: &Actor, number: u32) -> kit::Result<wire::LedgerTask> {
    let task = fixture.task(number).await;
    let request = wire::ApplyForClosureRequest { id: task.id, version: task.version, statement: "已完成".into() };
    fixture.ledger().apply(who, request).await
}

async fn decide(fixture: &Fixture, who: &Actor, version: u64, confirmed: bool) -> kit::Result<wire::LedgerTask> {
    let task = fixture.task(3).await;
    let reason = "资料不全".to_owned();
    let request = wire::DecideClosureRequest { id: task.id, version, reason, document_number: String::new() };
    fixture.ledger().decide_closure(who, confirmed, request).await
}

#[tokio::test]
async fn the_plan_is_loaded_once_and_people_s_work_stays() {
    let fixture = bureau("2025-03-10").await;
    let health = fixture.person("u1", "市卫生健康委");
    let id = fixture.task(3).await.id;
    fixture.ledger().file_progress(&health, report(&id, "2025-02", Some(90))).await.unwrap();
    load::plan(&fixture.bureau).await.unwrap();
    let task = fixture.task(3).await;
    assert_eq!((task.id.clone(), task.state(), task.percent), (id, wire::TaskState::InProgress, Some(90)));
    assert_eq!(
        (task.first_unit.as_str(), task.due.as_str(), task.due_from.as_str()),
        ("WJW", "2025-12-31", "方案期末")
    );
    assert_eq!(task.indicators, ["E22", "E23", "C09"]);
    let (count,): (i64,) =
        fixture.bureau.db.read("SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_task").one().await.unwrap();
    assert_eq!(count, 42);
}

#[tokio::test]
async fn progress_is_filed_by_the_units_of_the_task_and_explained_under_a_bad_lamp() {
    let fixture = bureau("2025-03-10").await;
    let ledger = fixture.ledger();
    let id = fixture.task(3).await.id;
    let refused = async |who: &Actor, request| ledger.file_progress(who, request).await.unwrap_err().reason;
    let stranger = fixture.person("u9", "市民政局");
    assert_eq!(refused(&stranger, report(&id, "2025-02", Some(90))).await, "TASK_NOT_YOURS");
    assert_eq!(refused(&fixture.person("u8", "玉兴街道"), report(&id, "2025-02", None)).await, "TASK_NOT_YOURS");

    let education = fixture.person("u2", "玉溪市教育体育局");
    assert_eq!(refused(&education, report(&id, "2025-13", None)).await, "MONTH_INVALID");
    assert_eq!(refused(&education, report(&id, "2025-04", None)).await, "MONTH_IN_FUTURE");
    assert_eq!(refused(&education, report(&id, "2022-12", None)).await, "MONTH_BEFORE_START");
    assert_eq!(refused(&education, report(&id, "2025-02", Some(101))).await, "PERCENT_OUT_OF_RANGE");
    assert_eq!(refused(&education, report(&id, "2025-02", Some(10))).await, "PROBLEM_MISSING");
    let told = wire::FileTaskProgressRequest {
        problem: "用地未落实".into(),
        next_step: "月底前协调".into(),
        ..report(&id, "2025-02", Some(10))
    };
    let task = ledger.file_progress(&education, told).await.unwrap();
    assert_eq!((task.lamp(), task.missing_units.len()), (wire::Lamp::Red, 2), "the worst of three units");

    let office = fixture.person("z1", "ZB");
    let behalf = wire::FileTaskProgressRequest { unit: "WJW".into(), ..report(&id, "2025-02", Some(95)) };
    assert_eq!(refused(&office, behalf.clone()).await, "ON_BEHALF_REASON_MISSING");
    let behalf = wire::FileTaskProgressRequest { on_behalf_reason: "电话报送".into(), ..behalf };
    ledger.file_progress(&office, behalf).await.unwrap();
    ledger.file_progress(&education, report(&id, "2025-02", Some(80))).await.unwrap();
    let planning = fixture.person("u3", "FGW");
    let task = ledger.file_progress(&planning, report(&id, "2025-02", None)).await.unwrap();
    assert_eq!((task.lamp(), task.missing_units.len(), task.percent), (wire::Lamp::Green, 0, Some(80)));
    let id = id.parse().unwrap();
    let detail = ledger.detail(id).await.unwrap();
    let health = detail.progress.iter().find(|report| report.unit == "WJW").unwrap();
    assert_eq!((health.on_behalf_reason.as_str(), health.filed_by.as_str()), ("电话报送", "z1（ZB）"));
    assert!(detail.history.iter().any(|entry| entry.reason.contains("更正2025-02进展（原：10%，")));
    assert_eq!(detail.goals.iter().map(|goal| goal.weight).sum::<u32>(), 100);
}

#[tokio::test]
async fn a_task_is_closed_with_evidence_by_another_person_and_once() {
    let fixture = bureau("2025-11-05").await;
    let ledger = fixture.ledger();
    let (health, office) = (fixture.person("u1", "WJW"), fixture.person("z1", "ZB"));
    let start = fixture.task(3).await;
    let accept = wire::AcceptTaskRequest {
        id: start.id.clone(),
        version: start.version,
        leader: "张某".into(),
        measures: "分季推进".into(),
    };
    let other = fixture.person("u2", "JTJ");
    assert_eq!(ledger.accept(&other, accept.clone()).await.unwrap_err().reason, "TASK_NOT_YOURS");
    let accepted = ledger.accept(&health, accept.clone()).await.unwrap();
    assert_eq!((accepted.state(), accepted.leader.as_str()), (wire::TaskState::InProgress, "张某"));
    assert_eq!(ledger.accept(&health, accept).await.unwrap_err().reason, "VERSION_STALE");

    assert_eq!(apply(&fixture, &health, 3).await.unwrap_err().reason, "EVIDENCE_MISSING");
    let upload = |name: &str, key: &str| wire::AddTaskEvidenceRequest {
        id: start.id.clone(),
        evidence: Some(file(name, b"proof")),
        idempotency_key: key.into(),
    };
    let stranger = fixture.person("u9", "市民政局");
    assert_eq!(ledger.add_evidence(&stranger, upload("a.pdf", "")).await.unwrap_err().reason, "TASK_NOT_YOURS");
    let large = wire::AddTaskEvidenceRequest {
        evidence: Some(file("a.pdf", &vec![0; crate::evidence::LARGEST + 1])),
        ..upload("a.pdf", "")
    };
    assert_eq!(ledger.add_evidence(&health, large).await.unwrap_err().reason, "FILE_TOO_LARGE");
    let added = ledger.add_evidence(&health, upload("a.pdf", "k")).await.unwrap();
    assert_eq!(ledger.add_evidence(&health, upload("a.pdf", "k")).await.unwrap(), added, "sent twice, kept once");
    assert_eq!(ledger.add_evidence(&health, upload("b.pdf", "k")).await.unwrap_err().reason, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(fixture.task(3).await.evidence_count, 1);

    assert_eq!(apply(&fixture, &other, 3).await.unwrap_err().reason, "TASK_NOT_YOURS");
    let applied = apply(&fixture, &health, 3).await.unwrap();
    let same = Actor { is_taskforce: true, ..health.clone() };
    assert_eq!(decide(&fixture, &same, applied.version, true).await.unwrap_err().reason, "SAME_PERSON");
    // Two reviewers at once: both saw the application, the second is told so.
    let second = fixture.person("z2", "ZB");
    let (one, two) = tokio::join!(
        decide(&fixture, &office, applied.version, true),
        decide(&fixture, &second, applied.version, false),
    );
    let reasons: Vec<&str> = [&one, &two].into_iter().filter_map(|r| r.as_ref().err()).map(|p| p.reason).collect();
    assert_eq!(reasons, ["VERSION_STALE"]);
    if two.is_ok() {
        let again = apply(&fixture, &health, 3).await.unwrap();
        decide(&fixture, &office, again.version, true).await.unwrap();
    }
    let done = fixture.task(3).await;
    assert_eq!(
        (done.state(), done.lamp(), done.closed_on.as_str()),
        (wire::TaskState::Done, wire::Lamp::Blue, "2025-11-05")
    );
    let late = ledger.file_progress(&health, report(&start.id, "2025-10", None)).await.unwrap_err();
    assert_eq!(late.reason, "TASK_STATE");
}

#[tokio::test]
async fn a_deadline_moves_only_by_approval_of_another_and_the_old_one_is_told() {
    let fixture = bureau("2026-01-10").await;
    let ledger = fixture.ledger();
    let (civil, office) = (fixture.person("u1", "MZJ"), fixture.person("z1", "ZB"));
    let task = fixture.task(1).await;
    assert_eq!((task.overdue, task.lamp()), (true, wire::Lamp::Red));
    let propose = |version| wire::ProposeAdjustmentRequest {
        id: task.id.clone(),
        version,
        kind: wire::AdjustmentKind::Due as i32,
        due: "2026-06-30".into(),
        reason: "省级清单未出台".into(),
        document_number: "玉民发〔2025〕9号".into(),
        ..Default::default()
    };
    let decide =
        |version, reason: &str| wire::DecideAdjustmentRequest { id: task.id.clone(), version, reason: reason.into() };
    let proposed = ledger.propose(&civil, propose(task.version)).await.unwrap();
    assert_eq!(proposed.due, "2025-12-31", "nothing changes before approval");
    let twice = ledger.propose(&civil, propose(proposed.version)).await.unwrap_err();
    assert_eq!(twice.reason, "ADJUSTMENT_PENDING");
    let refused = ledger.decide_adjustment(&civil, true, decide(proposed.version, "")).await.unwrap_err();
    assert_eq!(refused.reason, "SAME_PERSON");
    let approved = ledger.decide_adjustment(&office, true, decide(proposed.version, "同意")).await.unwrap();
    assert_eq!(
        (approved.due.as_str(), approved.overdue, approved.due_from.as_str()),
        ("2026-06-30", false, "经批准调整")
    );
    let none = ledger.decide_adjustment(&office, true, decide(approved.version, "")).await.unwrap_err();
    assert_eq!(none.reason, "ADJUSTMENT_NOT_PENDING");
    let detail = ledger.detail(task.id.parse().unwrap()).await.unwrap();
    assert_eq!(detail.adjustments[0].decided_by, "z1（ZB）");
    let last = detail.history.last().unwrap();
    assert_eq!(last.reason, "批准调整：完成时限由2025-12-31调整为2026-06-30；意见：同意");
    assert_eq!(last.document_number, "玉民发〔2025〕9号");
}

#[tokio::test]
async fn lists_filter_by_what_is_stored_and_by_what_is_computed() {
    let fixture = bureau("2026-01-10").await;
    let list = async |request| fixture.ledger().list(request).await;
    let numbers =
        async |request| -> Vec<u32> { list(request).await.unwrap().tasks.iter().map(|task| task.number).collect() };
    let overdue = wire::ListLedgerTasksRequest { overdue: Some(true), ..Default::default() };
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = Some(proto::common::Page { size: 5, cursor });
        let answer = list(wire::ListLedgerTasksRequest { page, ..overdue.clone() }).await.unwrap();
        seen.extend(answer.tasks.iter().map(|task| task.number));
        cursor = answer.next_cursor;
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, (1..=42).collect::<Vec<_>>());
    let unit = wire::ListLedgerTasksRequest { unit: "市统计局".into(), ..Default::default() };
    assert_eq!(numbers(unit).await, [37]);
    let text = wire::ListLedgerTasksRequest { text_contains: "老年大学".into(), group: 4, ..Default::default() };
    assert_eq!(numbers(text).await, [18, 19, 20]);
    let green = wire::ListLedgerTasksRequest { lamp: wire::Lamp::Green as i32, ..Default::default() };
    assert_eq!(numbers(green).await, Vec::<u32>::new());
    let unknown = wire::ListLedgerTasksRequest { unit: "某局".into(), ..Default::default() };
    assert_eq!(list(unknown).await.unwrap_err().reason, "UNIT_UNKNOWN");
    let page = Some(proto::common::Page { size: 5, cursor: "x".into() });
    let misplaced = wire::ListLedgerTasksRequest { page, ..Default::default() };
    assert_eq!(list(misplaced).await.unwrap_err().reason, "CURSOR_INVALID");
}

#[tokio::test]
async fn a_late_task_is_reminded_step_by_step_and_a_report_answers() {
    let fixture = bureau("2026-02-10").await;
    let (ledger, office) = (fixture.ledger(), fixture.person("z1", "ZB"));
    let task = fixture.task(3).await;
    let remind = |version, step: wire::ReminderStep, answer_by: &str| wire::IssueReminderRequest {
        id: task.id.clone(),
        version,
        step: step as i32,
        answer_by: answer_by.into(),
        ..Default::default()
    };
    let missing =
        ledger.remind(&office, wire::IssueReminderRequest { id: task.id.clone(), ..Default::default() }).await;
    assert_eq!(missing.unwrap_err().reason, "FIELD_MISSING");
    let urged = ledger.remind(&office, remind(task.version, wire::ReminderStep::Urge, "2026-02-20")).await.unwrap();
    let stale =
        ledger.remind(&office, remind(task.version, wire::ReminderStep::Letter, "2026-02-28")).await.unwrap_err();
    assert_eq!(stale.reason, "VERSION_STALE");
    let again =
        ledger.remind(&office, remind(urged.version, wire::ReminderStep::Urge, "2026-02-28")).await.unwrap_err();
    assert_eq!(again.reason, "REMINDER_OPEN");

    let id = task.id.parse().unwrap();
    let before = ledger.detail(id).await.unwrap().reminders;
    assert!(!before[0].answered && before[0].text.contains("任务3完成时限为2025-12-31，尚未报送进展"), "{before:?}");
    let health = fixture.person("u1", "市卫生健康委");
    let told = wire::FileTaskProgressRequest {
        problem: "用地未落实".into(),
        next_step: "月底前协调".into(),
        ..report(&task.id, "2026-01", Some(60))
    };
    fixture.bureau.clock.move_to("2026-02-12T02:00:00Z".parse().unwrap());
    ledger.file_progress(&health, told).await.unwrap();
    let after = ledger.detail(id).await.unwrap();
    assert!(after.reminders[0].answered);
    assert!(after.history.iter().any(|entry| entry.reason.starts_with("催办：")), "{:?}", after.history);
}
