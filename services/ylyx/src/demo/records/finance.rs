//! Projects and their money: the plan's fifty projects come with the plan; here they move on, are paid for and report
//! every month. Some are late, some never begin.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kit::Result;
use proto::common::Page;
use proto::finance::progress_service_client::ProgressServiceClient;
use proto::finance::project_service_client::ProjectServiceClient;
use proto::finance::{
    AdvanceProjectRequest, ConfirmProgressRequest, FundEntryRow, FundSource, FundStep, ListProjectsRequest, Obstacle,
    Project, ProjectStage, SendBackProgressRequest, SubmitProgressRequest,
};

use super::day;
use crate::demo::growth::LAST_MONTH;
use crate::demo::office::Office;
use crate::demo::reports::month_end;

const WAN: i64 = 1_000_000;

/// Months are counted from January 2023, when the plan was issued.
fn on(month: i64, of_month: i8) -> Date {
    day(2023 + (month / 12) as i16, (month % 12 + 1) as i8, of_month)
}

fn number(month: (i16, i8)) -> i64 {
    i64::from(month.0 - 2023) * 12 + i64::from(month.1) - 1
}

/// One project's way.
struct Way {
    project: Project,
    /// Stage and the month in which it is reached.
    stages: Vec<(ProjectStage, i64)>,
    started: Option<i64>,
    /// Months that building takes.
    takes: i64,
    reached: usize,
    version: u64,
    cumulated: i64,
}

#[derive(Default)]
pub(crate) struct Finance {
    ways: Vec<Way>,
    funds: Vec<(Date, FundEntryRow)>,
}

impl Finance {
    /// The plan's projects, as the service loaded them.
    pub(crate) async fn plan(office: &Office) -> Result<Self> {
        let mut client = ProjectServiceClient::new(office.channel.clone());
        let page = Some(Page { size: 500, cursor: String::new() });
        let message = ListProjectsRequest { page, ..ListProjectsRequest::default() };
        let listed = office.said("项目一览", client.list_projects(office.by("reporter-finance", message)?).await)?;
        let mut finance = Finance::default();
        for project in listed.projects {
            finance.go(project);
        }
        finance.funds.sort_by_key(|(on, _)| *on);
        Ok(finance)
    }

    fn go(&mut self, project: Project) {
        let n = project.number;
        let (approved, released) = (4 + n % 4, 8 + n % 5);
        let begins = released.max((project.start_year - 2023) * 12) + 2 + n % 5;
        let takes = 13 + n % 9;
        let mut stages = vec![(ProjectStage::Approved, approved), (ProjectStage::PlanReleased, released)];
        let started = (n % 12 != 11).then_some(begins);
        if let Some(begins) = started {
            stages.push((ProjectStage::Started, begins));
            stages.push((ProjectStage::Building, begins + 2));
            if n % 6 != 5 {
                stages.push((ProjectStage::Completed, begins + takes));
                stages.push((ProjectStage::Accepted, begins + takes + 2));
                stages.push((ProjectStage::Operating, begins + takes + 4));
            }
        }
        let central = project.central_planned_fen / WAN;
        let given = central * (80 + n % 15) / 100;
        let mut money = |step, wan: i64, month: i64, of_month: i8| {
            if wan > 0 {
                let on = on(month, of_month);
                let row = FundEntryRow {
                    project_name: project.name.clone(),
                    source: FundSource::CentralBudgetInvest as i32,
                    step: step as i32,
                    amount_fen: wan * WAN,
                    on: on.to_string(),
                    document_number: format!("玉财社〔{}〕{}-{month}号", on.year(), n),
                    note: String::new(),
                };
                self.funds.push((on, row));
            }
        };
        if n % 10 != 9 {
            money(FundStep::Released, given, released, 8);
            money(FundStep::Received, given * 6 / 10, released + 2, 10);
            money(FundStep::Received, given * 3 / 10, released + 6, 10);
            if let Some(begins) = started {
                money(FundStep::Paid, given * 3 / 10, begins + 3, 20);
                money(FundStep::Paid, given * 3 / 10, (begins + 8).max(released + 7), 20);
                money(FundStep::Paid, given * 2 / 10, (begins + 12).max(released + 8), 20);
            }
        }
        let version = project.version;
        self.ways.push(Way { project, stages, started, takes, reached: 0, version, cumulated: 0 });
    }

    /// Stages, money and progress up to the end of a month.
    pub(crate) async fn month(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let due = self.funds.partition_point(|(on, _)| *on <= end);
        let rows: Vec<FundEntryRow> = self.funds.drain(..due).map(|(_, row)| row).collect();
        office.import("finance.fund", end, &rows).await?;
        let mut projects = ProjectServiceClient::new(office.channel.clone());
        for way in &mut self.ways {
            while let Some((stage, at)) = way.stages.get(way.reached).filter(|(_, at)| on(*at, 15) <= end) {
                let message = AdvanceProjectRequest {
                    id: way.project.id.clone(),
                    version: way.version,
                    stage: *stage as i32,
                    on: on(*at, 15).to_string(),
                    document_number: format!("玉发改〔{}〕{}号", on(*at, 15).year(), way.project.number * 10),
                    reason: "按进度登记".to_owned(),
                };
                let answer = projects.advance_project(office.by("reporter-finance", message)?).await;
                way.version = office.said("项目阶段", answer)?.version;
                way.reached += 1;
            }
        }
        self.progress(office, month).await
    }

    async fn progress(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let mut client = ProgressServiceClient::new(office.channel.clone());
        let now = number(month);
        let mut asked = BTreeMap::new();
        for way in &mut self.ways {
            let Some(begins) = way.started.filter(|begins| *begins <= now) else { continue };
            if way.project.county.is_empty() || way.project.county == office.city.code || now > begins + way.takes + 3 {
                continue;
            }
            let share =
                ((now - begins + 1) * 1000 / (way.takes + 1)).min(if way.project.number % 6 == 5 { 620 } else { 1000 });
            let cumulated = (way.project.total_fen / WAN * share / 1000 * WAN).max(way.cumulated);
            let county = way.project.county.clone();
            let slow = way.project.number % 6 == 5 && share == 620;
            let message = SubmitProgressRequest {
                project_id: way.project.id.clone(),
                period: format!("{}-{:02}", month.0, month.1),
                picture: picture(share).to_owned(),
                month_fen: if month.0 < 2025 { 0 } else { cumulated - way.cumulated },
                cumulated_fen: cumulated,
                obstacle: if slow { Obstacle::Money } else { Obstacle::None } as i32,
                obstacle_text: if slow {
                    "县级配套资金未落实，室外工程暂停".to_owned()
                } else {
                    String::new()
                },
                next_step: if slow { "争取专项债，12月底前复工" } else { "按施工计划推进" }.to_owned(),
                explanation: String::new(),
                idempotency_key: format!("demo-{}-{}-{}", way.project.number, month.0, month.1),
            };
            let answer = client.submit_progress(office.by(&format!("reporter-{county}"), message)?).await;
            let sent = office.said(&format!("项目{}进展", way.project.number), answer)?;
            let reviewer = format!("reviewer-{county}");
            let last = month == LAST_MONTH;
            if last && way.project.number % 9 == 4 {
                continue;
            }
            if last && !asked.contains_key(&county) && way.project.number % 7 == 3 {
                asked.insert(county, ());
                let reason = "形象进度与监理月报不一致，请核对".to_owned();
                let message = SendBackProgressRequest { id: sent.id, version: sent.version, reason };
                office.said("退回进展", client.send_back_progress(office.by(&reviewer, message)?).await)?;
                continue;
            }
            let message = ConfirmProgressRequest { id: sent.id, version: sent.version };
            office.said("确认进展", client.confirm_progress(office.by(&reviewer, message)?).await)?;
            way.cumulated = cumulated;
        }
        Ok(())
    }
}

/// How a building looks after so many thousandths.
fn picture(share: i64) -> &'static str {
    match share {
        ..150 => "场地平整、基础开挖",
        150..350 => "基础完成，主体施工",
        350..620 => "主体结构过半",
        620..800 => "主体封顶，室内装修",
        800..1000 => "室外附属工程、设备安装",
        _ => "竣工，办理验收和投用手续",
    }
}
