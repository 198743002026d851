//! The service as people meet it, over mutual TLS: what is done, what is refused, what is shown.

use proto::finance as wire;

use crate::testing::{Served, reason};

const WAN: i64 = 1_000_000;
const HONGTA: &str = "530402";

async fn project(served: &Served, name: &str) -> wire::Project {
    let asked = wire::ListProjectsRequest { name_contains: name.into(), ..Default::default() };
    let asked = served.person("CITY_BUREAU_REPORTER", "530400").asks(asked);
    served.projects().list_projects(asked).await.unwrap().into_inner().projects.remove(0)
}

#[tokio::test]
async fn a_project_goes_its_way_with_its_money_and_its_reports() {
    let served = Served::start("2025-11-05").await;
    let (clerk, reviewer) = (served.person("COUNTY_REPORTER", HONGTA), served.person("COUNTY_REVIEWER", HONGTA));
    let known = project(&served, "红塔区托育服务中心").await;
    assert_eq!((known.number, known.central_applied_fen, known.total_fen), (30, 2000 * WAN, 3000 * WAN));
    assert_eq!(known.standing(), wire::ProjectStanding::NotStartedLate);
    assert_eq!((known.late_days, known.stage_on.as_str()), (1040, "2023-01-08"));

    let mut version = known.version;
    for (stage, on) in [
        (wire::ProjectStage::Approved, "2023-02-01"),
        (wire::ProjectStage::PlanReleased, "2023-03-01"),
        (wire::ProjectStage::Started, "2023-04-01"),
    ] {
        let act = wire::AdvanceProjectRequest {
            id: known.id.clone(),
            version,
            stage: stage as i32,
            on: on.into(),
            document_number: "玉发改〔2023〕1号".into(),
            reason: String::new(),
        };
        let stale = wire::AdvanceProjectRequest { version: version + 1, ..act.clone() };
        let refused = served.projects().advance_project(clerk.asks(stale)).await;
        assert_eq!(reason(refused), "VERSION_STALE");
        let neighbour = served.person("COUNTY_REPORTER", "530403");
        let refused = served.projects().advance_project(neighbour.asks(act.clone())).await;
        assert_eq!(reason(refused), "REGION_OUT_OF_SCOPE");
        version = served.projects().advance_project(clerk.asks(act)).await.unwrap().into_inner().version;
    }

    let record = |step: wire::FundStep, wan: i64, on: &str, key: &str| wire::RecordFundEntryRequest {
        project_id: known.id.clone(),
        source: wire::FundSource::CentralBudgetInvest as i32,
        step: step as i32,
        amount_fen: wan * WAN,
        on: on.into(),
        document_number: "玉财建〔2023〕2号".into(),
        note: String::new(),
        idempotency_key: key.into(),
    };
    use wire::FundStep::{Paid, Received, Released};
    let released = record(Released, 2000, "2023-03-01", "a");
    let first = served.funds().record_fund_entry(clerk.asks(released.clone())).await.unwrap().into_inner();
    let twice = served.funds().record_fund_entry(clerk.asks(released)).await.unwrap().into_inner();
    assert_eq!(first, twice, "asked twice, booked once");
    served.funds().record_fund_entry(clerk.asks(record(Received, 800, "2023-05-01", "b"))).await.unwrap();
    let refused = served.funds().record_fund_entry(clerk.asks(record(Paid, 900, "2023-06-01", "c"))).await;
    let status = refused.unwrap_err();
    assert_eq!(kit::Problem::reason_of(&status), "MONEY_PAID_ABOVE_RECEIVED");
    assert!(status.message().contains("900万元") && status.message().contains("800万元"), "{}", status.message());
    let reverse = wire::ReverseFundEntryRequest {
        id: first.id.clone(),
        amount_fen: 500 * WAN,
        on: "2023-07-01".into(),
        reason: "指标调减".into(),
        ..Default::default()
    };
    let refused = served.funds().reverse_fund_entry(clerk.asks(reverse.clone())).await;
    assert_eq!(reason(refused), "ROLE_MISSING", "a reversal takes a second pair of eyes");
    let reversal = served.funds().reverse_fund_entry(reviewer.asks(reverse)).await.unwrap().into_inner();
    assert_eq!((reversal.amount_fen, &reversal.reverses_id), (-500 * WAN, &first.id));

    let report = wire::SubmitProgressRequest {
        project_id: known.id.clone(),
        period: "2025-10".into(),
        picture: "主体封顶".into(),
        month_fen: 100 * WAN,
        cumulated_fen: 1500 * WAN,
        obstacle: wire::Obstacle::Money as i32,
        obstacle_text: "配套资金未到位".into(),
        ..Default::default()
    };
    let future = wire::SubmitProgressRequest { period: "2025-12".into(), obstacle_text: "".into(), ..report.clone() };
    assert_eq!(reason(served.progress().submit_progress(clerk.asks(future)).await), "PERIOD_IN_FUTURE");
    let submitted = served.progress().submit_progress(clerk.asks(report)).await.unwrap().into_inner();
    assert_eq!(project(&served, "红塔区托育服务中心").await.invested_fen, 0, "a report counts once it is confirmed");
    let confirm = wire::ConfirmProgressRequest { id: submitted.id.clone(), version: submitted.version };
    let refused = served.progress().confirm_progress(clerk.asks(confirm.clone())).await;
    assert_eq!(reason(refused), "ROLE_MISSING");
    let done = served.progress().confirm_progress(reviewer.asks(confirm)).await.unwrap().into_inner();
    assert!(done.state() == wire::ProgressState::Confirmed && done.submitted_by != done.confirmed_by);
    let asked = reviewer.asks(wire::GetProgressRequest { id: done.id.clone() });
    let history = served.progress().get_progress(asked).await.unwrap().into_inner().history;
    assert_eq!(history.iter().map(|line| line.to_state.as_str()).collect::<Vec<_>>(), ["待确认", "已确认"]);

    let adjust = wire::AdjustProjectRequest {
        id: known.id.clone(),
        version,
        on: "2025-01-01".into(),
        total_fen: 1400 * WAN,
        planned_complete_on: "2026-06-30".into(),
        document_number: "玉发改〔2025〕3号".into(),
        reason: "建设规模核减".into(),
    };
    let refused = served.projects().adjust_project(clerk.asks(adjust.clone())).await;
    assert_eq!(reason(refused), "CENTRAL_ABOVE_TOTAL", "1500万元 are released");
    let adjust = wire::AdjustProjectRequest { total_fen: 2800 * WAN, ..adjust };
    served.projects().adjust_project(clerk.asks(adjust)).await.unwrap();

    let asked = clerk.asks(wire::GetProjectRequest { id: known.id.clone() });
    let detail = served.projects().get_project(asked).await.unwrap().into_inner();
    let shown = detail.project.unwrap();
    assert_eq!((shown.standing(), shown.late_days), (wire::ProjectStanding::OnTime, 0));
    assert!(shown.adjusted && shown.total_fen == 2800 * WAN);
    assert_eq!((shown.central_released_fen, shown.central_received_fen), (1500 * WAN, 800 * WAN));
    assert_eq!((shown.invested_fen, shown.progress_period.as_str()), (1500 * WAN, "2025-10"));
    assert_eq!(detail.stages.len(), 4);
    assert_eq!(detail.sources.len(), 1);
    assert_eq!((detail.sources[0].applied_fen, detail.sources[0].paid_fen), (2000 * WAN, 0));
    assert_eq!(detail.entries.len(), 4);
    let taken = detail.entries.iter().find(|entry| entry.id == first.id).unwrap();
    assert_eq!(taken.reversed_fen, 500 * WAN);
    assert_eq!((detail.progress.len(), detail.history.len()), (1, 8));
}

#[tokio::test]
async fn a_new_project_is_listed_once_changed_stopped_and_given_up() {
    let served = Served::start("2025-11-05").await;
    let (clerk, reviewer) = (served.person("COUNTY_REPORTER", HONGTA), served.person("COUNTY_REVIEWER", HONGTA));
    let row = wire::ProjectRow {
        code: "2505-530402-04-01-123456".into(),
        name: "新建日间照料中心".into(),
        category: wire::ProjectCategory::Elderly as i32,
        project_type: "社区居家养老服务".into(),
        region: "玉兴街道".into(),
        start_year: 2025,
        end_year: 2026,
        total_fen: 500 * WAN,
        responsible: "红塔区人民政府".into(),
        listed_on: "2025-03-01".into(),
        ..Default::default()
    };
    let register = wire::RegisterProjectRequest { project: Some(row.clone()), idempotency_key: String::new() };
    let listed = served.projects().register_project(clerk.asks(register.clone())).await.unwrap().into_inner();
    assert_eq!((listed.region.as_str(), listed.county.as_str(), listed.number), ("530402001", HONGTA, 0));
    assert_eq!(reason(served.projects().register_project(clerk.asks(register)).await), "CODE_TAKEN");
    let same_name = wire::ProjectRow { code: String::new(), ..row.clone() };
    let register = wire::RegisterProjectRequest { project: Some(same_name), idempotency_key: String::new() };
    assert_eq!(reason(served.projects().register_project(clerk.asks(register)).await), "NAME_TAKEN");

    let change = |row: wire::ProjectRow| wire::ChangeProjectRequest {
        id: listed.id.clone(),
        version: listed.version,
        project: Some(row),
        reason: String::new(),
    };
    let refused = served.projects().change_project(clerk.asks(change(row.clone()))).await;
    assert_eq!(reason(refused), "NOTHING_CHANGED");
    let more = wire::ProjectRow { beds: 50, listed_on: "2025-02-01".into(), ..row };
    let changed = served.projects().change_project(clerk.asks(change(more))).await.unwrap().into_inner();
    assert_eq!((changed.beds, changed.listed_on.as_str()), (50, "2025-02-01"));

    let act = |version: u64, reason: &str| wire::StandingRequest {
        id: listed.id.clone(),
        version,
        on: "2025-06-01".into(),
        document_number: String::new(),
        reason: reason.into(),
    };
    let refused = served.projects().stop_project(clerk.asks(act(changed.version, "资金"))).await;
    assert_eq!(reason(refused), "NOT_UNDER_CONSTRUCTION");
    let refused = served.projects().cancel_project(reviewer.asks(act(changed.version, " "))).await;
    assert_eq!(reason(refused), "FIELD_MISSING");
    let gone = served.projects().cancel_project(reviewer.asks(act(changed.version, "选址取消"))).await.unwrap();
    assert_eq!(gone.into_inner().standing(), wire::ProjectStanding::Cancelled);
    let money = wire::RecordFundEntryRequest {
        project_id: listed.id,
        source: wire::FundSource::County as i32,
        step: wire::FundStep::Released as i32,
        amount_fen: WAN,
        on: "2025-07-01".into(),
        document_number: "文".into(),
        ..Default::default()
    };
    assert_eq!(reason(served.funds().record_fund_entry(clerk.asks(money)).await), "PROJECT_CANCELLED");
}
