//! The task ledger and the work register: tasks are signed for, reported on, applied for and struck off; work is
//! registered and accepted.

use kit::Result;
use proto::common::Page;
use proto::supervision::task_ledger_service_client::TaskLedgerServiceClient;
use proto::supervision::work_service_client::WorkServiceClient;
use proto::supervision::{
    AcceptTaskRequest, AddTaskEvidenceRequest, ApplyForClosureRequest, DecideClosureRequest, DecideWorkEntryRequest,
    EvidenceFile, FileTaskProgressRequest, IssueReminderRequest, LedgerTask, ListLedgerTasksRequest,
    ListWorkEntriesRequest, ReminderStep, TaskKind, TaskState, WorkRow, WorkState,
};
use tonic::transport::Channel;

use super::day;
use crate::demo::growth::LAST_MONTH;
use crate::demo::office::Office;
use crate::demo::reports::month_end;

/// Type, title, unit, region (empty: the city's own), quantity, year, month.
const WORK: [(&str, &str, &str, &str, i64, i16, i8); 24] = [
    ("childcare-guidance", "玉溪市托育服务指导中心", "市卫生健康委", "", 1, 2024, 5),
    ("childcare-association", "玉溪市托育行业协会", "市卫生健康委", "", 1, 2025, 7),
    ("smart-enterprise", "引进智慧养老监护设备企业", "市工业和信息化局", "", 2, 2025, 3),
    ("pilot-pension", "列入个人养老金先行城市", "市人力资源社会保障局", "", 1, 2024, 12),
    ("expert-committee", "婴幼儿照护专家委员会", "市卫生健康委", "", 1, 2023, 9),
    ("infant-base", "市儿童医院早期发展促进基地", "市卫生健康委", "", 1, 2024, 10),
    ("meeting", "工作协调机制第一次会议", "市发展改革委", "", 1, 2023, 3),
    ("meeting", "2024年度工作推进会", "市发展改革委", "", 1, 2024, 2),
    ("meeting", "2025年第一季度工作协调会", "市发展改革委", "", 1, 2025, 4),
    ("meeting", "2025年第三季度工作协调会", "市发展改革委", "", 1, 2025, 10),
    ("meeting", "2026年上半年工作协调会", "市发展改革委", "", 1, 2026, 7),
    ("document-service-list", "玉溪市基本养老服务清单", "市民政局", "", 1, 2023, 6),
    ("document-assessment", "老年人能力综合评估实施办法", "市民政局", "", 1, 2024, 3),
    ("rural-home", "洛河乡敬老院转型升级", "市民政局", "530402", 1, 2024, 8),
    ("rural-home", "江城镇敬老院转型升级", "市民政局", "530403", 1, 2025, 5),
    ("rural-home", "河西镇敬老院转型升级", "市民政局", "530423", 1, 2025, 9),
    ("training", "养老护理员岗位技能培训", "市人力资源社会保障局", "530402", 186, 2025, 6),
    ("training", "保育师等级培训", "市人力资源社会保障局", "530427", 94, 2026, 4),
    ("emergency-drill", "养老机构消防应急演练", "市民政局", "530424", 1, 2026, 3),
    ("joint-supervision", "养老机构“双随机、一公开”联合抽查", "市民政局", "", 1, 2026, 5),
    ("volunteers", "“结对陪伴”志愿服务", "市民政局", "530481", 230, 2026, 8),
    ("brand", "“玉溪颐养”养老服务品牌", "市民政局", "", 1, 2026, 9),
    ("pilot-care-insurance", "长期护理保险试点申报", "市医保局", "", 1, 2026, 10),
    ("smart-enterprise", "引进适老化改造企业", "市工业和信息化局", "", 1, 2026, 10),
];

/// Months in which the units report on their tasks.
const REPORTED: [(i16, i8); 7] = [(2023, 12), (2024, 12), (2025, 6), (2025, 12), (2026, 6), (2026, 9), LAST_MONTH];

pub(crate) struct Supervision {
    tasks: TaskLedgerServiceClient<Channel>,
    work: WorkServiceClient<Channel>,
    registered: usize,
}

impl Supervision {
    pub(crate) fn plan(office: &Office) -> Self {
        Supervision {
            tasks: TaskLedgerServiceClient::new(office.channel.clone()),
            work: WorkServiceClient::new(office.channel.clone()),
            registered: 0,
        }
    }

    pub(crate) async fn month(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        self.work(office, month).await?;
        if month == (2023, 12) {
            self.sign_for(office).await?;
        }
        if REPORTED.contains(&month) {
            self.progress(office, month).await?;
        }
        match month {
            (2026, 2) => self.remind(office, ReminderStep::Urge, 2).await?,
            (2026, 4) => self.remind(office, ReminderStep::Letter, 4).await?,
            (2026, 8) => self.remind(office, ReminderStep::Supervision, 8).await?,
            _ => {}
        }
        match closing(month) {
            Some(turn) => self.close(office, turn, month != LAST_MONTH).await,
            None => Ok(()),
        }
    }

    /// Work dated up to the month; all of it is accepted but for the newest.
    async fn work(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let end = month_end(month);
        let mut ordered: Vec<_> = WORK.iter().collect();
        ordered.sort_by_key(|(.., year, month)| (*year, *month));
        let due: Vec<WorkRow> = ordered[self.registered..]
            .iter()
            .take_while(|(.., year, month)| day(*year, *month, 20) <= end)
            .map(|(kind, title, unit, region, quantity, year, month)| WorkRow {
                r#type: (*kind).to_owned(),
                title: (*title).to_owned(),
                unit: (*unit).to_owned(),
                region: if region.is_empty() { office.city.code.clone() } else { (*region).to_owned() },
                quantity: *quantity,
                dated_on: day(*year, *month, 20).to_string(),
                document_number: format!("玉一老一小办〔{year}〕{month}号"),
                task_number: 0,
            })
            .collect();
        self.registered += due.len();
        office.import("supervision.work", end, &due).await?;
        if due.is_empty() {
            return Ok(());
        }
        let message = ListWorkEntriesRequest {
            state: WorkState::Submitted as i32,
            page: Some(Page { size: 500, cursor: String::new() }),
            ..ListWorkEntriesRequest::default()
        };
        let listed = office.said("工作清单", self.work.list_work_entries(office.by("taskforce", message)?).await)?;
        for entry in listed.entries.into_iter().filter(|entry| entry.dated_on.as_str() < "2026-10") {
            let message = DecideWorkEntryRequest { id: entry.id, version: entry.version, reason: String::new() };
            office.said("认可工作", self.work.accept_work_entry(office.by("taskforce", message)?).await)?;
        }
        Ok(())
    }

    async fn ledger(&mut self, office: &Office) -> Result<Vec<LedgerTask>> {
        let message = ListLedgerTasksRequest {
            page: Some(Page { size: 500, cursor: String::new() }),
            ..ListLedgerTasksRequest::default()
        };
        let answer = self.tasks.list_ledger_tasks(office.by("taskforce", message)?).await;
        Ok(office.said("任务台账", answer)?.tasks)
    }

    /// The first-listed units sign; two never do.
    async fn sign_for(&mut self, office: &Office) -> Result<()> {
        for task in self.ledger(office).await? {
            let Some(person) = clerk(office, &task).filter(|_| !matches!(task.number, 25 | 41)) else { continue };
            let message = AcceptTaskRequest {
                id: task.id,
                version: task.version,
                leader: format!("分管负责人{}", ["甲", "乙", "丙", "丁"][task.number as usize % 4]),
                measures: "细化年度目标，明确责任科室，按季调度".to_owned(),
            };
            office.said("签收任务", self.tasks.accept_task(office.by(&person, message)?).await)?;
        }
        Ok(())
    }

    /// Every unit's own report; the coordination office files for units that have nobody here.
    async fn progress(&mut self, office: &Office, month: (i16, i8)) -> Result<()> {
        let reported = REPORTED.iter().position(|one| *one == month).unwrap_or(0) as i64;
        for task in self.ledger(office).await? {
            let done = matches!(task.state(), TaskState::Done | TaskState::Cancelled);
            if done || task.state() == TaskState::NotStarted || (month == LAST_MONTH && task.number % 13 == 6) {
                continue;
            }
            let whole = closing(month).is_some_and(|turn| is_ready(&task, turn));
            let speed = 11 + i64::from(task.number * 7 % 9);
            for unit in &task.units {
                let message = FileTaskProgressRequest {
                    id: task.id.clone(),
                    month: format!("{}-{:02}", month.0, month.1),
                    percent: Some(if whole { 100 } else { (14 + reported * speed).min(96) }),
                    progress: "按年度目标推进，重点县（市、区）已完成阶段任务".to_owned(),
                    problem: "部分县（市、区）资金和人员不足".to_owned(),
                    next_step: "下季度开展专项调度，逐县督促落实".to_owned(),
                    unit: unit.clone(),
                    on_behalf_reason: "按该单位书面报送材料代填".to_owned(),
                };
                let answer = self.tasks.file_task_progress(office.by("taskforce", message)?).await;
                office.said(&format!("任务{}进展", task.number), answer)?;
            }
        }
        Ok(())
    }

    /// The office reminds of what is overdue, ever fewer tasks and ever harder.
    async fn remind(&mut self, office: &Office, step: ReminderStep, every: u32) -> Result<()> {
        let today = office.today();
        let overdue = |task: &LedgerTask| task.overdue && task.number.is_multiple_of(every);
        for task in self.ledger(office).await?.into_iter().filter(overdue) {
            let message = IssueReminderRequest {
                id: task.id,
                version: task.version,
                step: step as i32,
                answer_by: today.saturating_add(jiff::Span::new().days(15)).to_string(),
                document_number: match step {
                    ReminderStep::Urge => String::new(),
                    _ => format!("玉养托办函〔{}〕{}号", today.year(), task.number),
                },
                text: String::new(),
            };
            let answer = self.tasks.issue_reminder(office.by("taskforce", message)?).await;
            office.said(&format!("任务{}督办", task.number), answer)?;
        }
        Ok(())
    }

    /// Some tasks are applied for with evidence, and struck off by the coordination office; one is refused.
    async fn close(&mut self, office: &Office, turn: u32, decide: bool) -> Result<()> {
        let tasks = self.ledger(office).await?.into_iter().filter(|task| is_ready(task, turn));
        let tasks: Vec<LedgerTask> = tasks.collect();
        for (n, task) in tasks.into_iter().enumerate() {
            let Some(person) = clerk(office, &task) else { continue };
            let number = task.number;
            let evidence = EvidenceFile {
                title: format!("任务{number}完成情况报告"),
                document_number: format!("玉一老一小〔{}〕{number}号", office.today().year()),
                dated_on: office.today().to_string(),
                file_name: format!("任务{number}完成情况报告.txt"),
                content: format!("演示数据：任务{number}完成情况报告。\n").into_bytes(),
            };
            let message = AddTaskEvidenceRequest {
                id: task.id.clone(),
                evidence: Some(evidence),
                idempotency_key: format!("demo-evidence-{number}"),
            };
            office.said("上传佐证", self.tasks.add_task_evidence(office.by(&person, message)?).await)?;
            let statement = "年度目标全部完成，佐证齐全，申请销号".to_owned();
            let now = self.ledger(office).await?.into_iter().find(|one| one.number == number).unwrap_or(task);
            let message = ApplyForClosureRequest { id: now.id, version: now.version, statement };
            let applied = office.said("申请销号", self.tasks.apply_for_closure(office.by(&person, message)?).await)?;
            if !decide {
                continue;
            }
            let refused = n == 2;
            let message = DecideClosureRequest {
                id: applied.id,
                version: applied.version,
                reason: if refused {
                    "佐证未覆盖全部县（市、区），补充后再报"
                } else {
                    "资料核验属实"
                }
                .to_owned(),
                document_number: String::new(),
            };
            let message = office.by("taskforce", message)?;
            let answer = if refused {
                self.tasks.reject_closure(message).await
            } else {
                self.tasks.confirm_closure(message).await
            };
            office.said("核验销号", answer)?;
        }
        Ok(())
    }
}

/// Which fifth of the tasks is closed after a month.
fn closing(month: (i16, i8)) -> Option<u32> {
    [(2024, 12), (2025, 12), (2026, 6), LAST_MONTH]
        .into_iter()
        .zip(0..)
        .find_map(|(one, turn)| (one == month).then_some(turn))
}

/// May be closed, and is in that fifth.
fn is_ready(task: &LedgerTask, turn: u32) -> bool {
    matches!(task.state(), TaskState::InProgress | TaskState::LongTerm)
        && task.kind() != TaskKind::LongTerm
        && task.number % 5 == turn
}

/// Who files tasks for the first-listed unit, where it has somebody.
fn clerk(office: &Office, task: &LedgerTask) -> Option<String> {
    let first = task.units.first()?;
    let unit = office.city.organisations.iter().find(|unit| unit.code == *first)?;
    match unit.service.as_str() {
        "elderly-care" | "childcare" | "education" | "finance" => Some(format!("tasks-{}", unit.service)),
        _ => office.has(&format!("tasks-{}", unit.code.to_lowercase())),
    }
}
