//! What people do to a task: load, decide, save, in one transaction each.

use kit::{Problem, Result, Tx, retry};
use proto::supervision as wire;
use registry::changes::{self, check_version};
use registry::{Author, Cells, Coded, Event, Fault, history, problem_of};
use uuid::Uuid;

use super::{Ledger, task_id};
use crate::actor::Actor;
use crate::evidence;
use crate::tasks::adjustment::{Adjustment, Verdict, What};
use crate::tasks::lamp::{self, Lamp, Latest};
use crate::tasks::progress::{self, Report, Summary, filing_unit, first_unit, not_yours};
use crate::tasks::reminder::{self, Reminder, Standing, Step};
use crate::tasks::view::{self, Newest};
use crate::tasks::{Act, State, Task, closing, next, short_text, store, unit_name, unit_of, units};

impl Ledger {
    fn units(&self, task: &Task) -> &[String] {
        units(&self.bureau.city, task.number)
    }

    /// Begins an act on the version of a task that the person saw. TASK_UNKNOWN, VERSION_STALE.
    async fn open(&self, id: Uuid, version: u64) -> Result<(Tx, Task)> {
        let mut tx = self.bureau.db.begin().await?;
        let task = store::load(&mut tx, id).await?;
        check_version(task.version, version)?;
        Ok((tx, task))
    }

    /// Ends an act: the task, its history and the change counter in one commit.
    async fn keep(&self, mut tx: Tx, task: &Task, event: Event, author: &Author) -> Result<()> {
        store::save(&mut tx, task).await?;
        history::append(&mut tx, &[(task.id, &event)], author).await?;
        changes::bump(&mut tx).await?;
        tx.commit().await
    }

    fn step(&self, before: State, after: State, reason: impl Into<String>) -> Event {
        let (from, to) = if before == after { ("", "") } else { (before.label(), after.label()) };
        Event::step(self.bureau.clock.today(), from, to, reason)
    }

    pub(crate) async fn accept(&self, actor: &Actor, request: wire::AcceptTaskRequest) -> Result<wire::LedgerTask> {
        let mut read = Cells::default();
        let leader = read.required("leader", "责任人", &request.leader);
        read.required("measures", "推进措施", &request.measures);
        let measures = read.take(short_text("measures", "推进措施", &request.measures)).unwrap_or_default();
        refuse(read.faults)?;
        let id = task_id(&request.id)?;
        retry(|| async {
            let (tx, mut task) = self.open(id, request.version).await?;
            first_unit(self.units(&task), actor.unit.as_deref())?;
            let before = task.state;
            task.state = next(before, Act::Accept, task.kind)?;
            leader.clone_into(&mut task.leader);
            measures.clone_into(&mut task.measures);
            let event = self.step(before, task.state, "签收");
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    /// Units file at the same time, each about its own part: no version is asked, and none is passed over.
    pub(crate) async fn file_progress(
        &self,
        actor: &Actor,
        request: wire::FileTaskProgressRequest,
    ) -> Result<wire::LedgerTask> {
        let id = task_id(&request.id)?;
        let today = self.bureau.clock.today();
        let asked = match request.unit.trim() {
            "" => None,
            unit => Some(unit_of(&self.bureau.city, unit)?),
        };
        let on_behalf = short_text("on_behalf_reason", "代填事由", &request.on_behalf_reason)?;
        let [progress, problem, next_step] =
            progress::texts(&request.progress, &request.problem, &request.next_step).map_err(problem_of)?;
        let percent = progress::percent(request.percent)?;
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let mut task = store::load(&mut tx, id).await?;
            let units = self.units(&task);
            let (own, asked) = (actor.unit.as_deref(), asked.as_deref());
            let unit = filing_unit(units, own, asked, actor.is_taskforce, &on_behalf)?;
            let month = progress::month(&task, &request.month, today)?;
            let before = task.state;
            task.state = next(before, Act::Report, task.kind)?;
            let filed = store::reports(&mut tx, id).await?;
            let latest = filed.iter().find(|report| report.unit == unit);
            // An older month that is mended does not change the lamp, so it need not explain it.
            if latest.is_none_or(|latest| latest.month <= month) {
                let shown = lamp::of_unit(&task, Some(Latest { month, percent }), self.bureau.city.plan.lamp, today);
                progress::check_explained(shown, &problem, &next_step).map_err(problem_of)?;
            }
            let earlier = filed.iter().find(|report| report.unit == unit && report.month == month);
            let told =
                told(&crate::tasks::unit_name(&self.bureau.city, &unit), &month.to_string(), earlier, &on_behalf);
            let report = Report {
                on_behalf_reason: if own == Some(unit.as_str()) { String::new() } else { on_behalf.clone() },
                unit,
                month,
                percent,
                progress: progress.clone(),
                problem: problem.clone(),
                next_step: next_step.clone(),
                filed_by: actor.author.by.clone(),
                filed_at: self.bureau.clock.micros(),
            };
            store::save_report(&mut tx, id, &report).await?;
            if before != task.state {
                store::save(&mut tx, &task).await?;
            }
            let event = self.step(before, task.state, told);
            history::append(&mut tx, &[(id, &event)], &actor.author).await?;
            changes::bump(&mut tx).await?;
            tx.commit().await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn summarise(
        &self,
        actor: &Actor,
        request: wire::SummariseTaskRequest,
    ) -> Result<wire::LedgerTask> {
        let mut read = Cells::default();
        read.required("summary", "汇总", &request.summary);
        let text = read.take(short_text("summary", "汇总", &request.summary)).unwrap_or_default();
        let percent = read.take(progress::percent(request.percent)).flatten();
        refuse(read.faults)?;
        let id = task_id(&request.id)?;
        retry(|| async {
            let (mut tx, task) = self.open(id, request.version).await?;
            first_unit(self.units(&task), actor.unit.as_deref())?;
            let month = progress::month(&task, &request.month, self.bureau.clock.today())?;
            next(task.state, Act::Report, task.kind)?;
            let summary = Summary {
                month,
                percent,
                summary: text.clone(),
                filed_by: actor.author.by.clone(),
                filed_at: self.bureau.clock.micros(),
            };
            store::save_summary(&mut tx, task.id, &summary).await?;
            let event = self.step(task.state, task.state, format!("汇总{month}进展：{text}"));
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn add_evidence(
        &self,
        actor: &Actor,
        request: wire::AddTaskEvidenceRequest,
    ) -> Result<wire::Evidence> {
        let id = task_id(&request.id)?;
        let task = store::load(&mut self.bureau.db.begin().await?, id).await?;
        let is_ours = actor.unit.as_ref().is_some_and(|unit| self.units(&task).contains(unit));
        if !is_ours && !actor.is_taskforce {
            return Err(not_yours());
        }
        let file = request.evidence.unwrap_or_default();
        let key = request.idempotency_key;
        evidence::store::add(&self.bureau, &actor.author, id, &task.region, file, "AddTaskEvidence", &key).await
    }

    pub(crate) async fn apply(&self, actor: &Actor, request: wire::ApplyForClosureRequest) -> Result<wire::LedgerTask> {
        let mut read = Cells::default();
        read.required("statement", "完成情况", &request.statement);
        let statement = read.take(short_text("statement", "完成情况", &request.statement)).unwrap_or_default();
        refuse(read.faults)?;
        let id = task_id(&request.id)?;
        retry(|| async {
            let (mut tx, mut task) = self.open(id, request.version).await?;
            first_unit(self.units(&task), actor.unit.as_deref())?;
            let before = task.state;
            let evidence = evidence::store::of(&mut tx, task.id).await?.len();
            closing::apply(&mut task, evidence, &actor.user, self.bureau.clock.today())?;
            let event = self.step(before, task.state, format!("申请销号：{statement}"));
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn decide_closure(
        &self,
        actor: &Actor,
        confirmed: bool,
        request: wire::DecideClosureRequest,
    ) -> Result<wire::LedgerTask> {
        let reason = request.reason.trim();
        if !confirmed && reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写驳回意见"));
        }
        let id = task_id(&request.id)?;
        retry(|| async {
            let (tx, mut task) = self.open(id, request.version).await?;
            let before = task.state;
            closing::decide(&mut task, confirmed, &actor.user, self.bureau.clock.today())?;
            let document_number = request.document_number.trim().to_owned();
            let event = Event { document_number, ..self.step(before, task.state, reason) };
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn propose(
        &self,
        actor: &Actor,
        request: wire::ProposeAdjustmentRequest,
    ) -> Result<wire::LedgerTask> {
        let mut read = Cells::default();
        let due = read.optional_date("due", "新时限", &request.due);
        let goal = read.take(short_text("goal", "新目标", &request.goal)).unwrap_or_default();
        let reason = read.required("reason", "理由", &request.reason);
        refuse(read.faults)?;
        let year = i16::try_from(request.year).map_err(|_| Fault::cell("year", "YEAR_INVALID", "年度写法不对"))?;
        let kind = request.kind().as_str_name().trim_start_matches("ADJUSTMENT_KIND_");
        let what = What::read(kind, due, year, &goal)?;
        let id = task_id(&request.id)?;
        retry(|| async {
            let (mut tx, task) = self.open(id, request.version).await?;
            if !actor.is_taskforce {
                first_unit(self.units(&task), actor.unit.as_deref())?;
            }
            let open = store::adjustments(&mut tx, task.id).await?;
            if open.iter().any(|one| one.verdict == Verdict::Pending) {
                return Err(Problem::state("ADJUSTMENT_PENDING", "此项任务已有待批的调整"));
            }
            // What cannot be made is refused now, not when it is approved.
            what.apply(&mut task.clone())?;
            let adjustment = Adjustment {
                id: self.bureau.clock.id(),
                what: what.clone(),
                verdict: Verdict::Pending,
                reason: reason.clone(),
                document_number: request.document_number.trim().to_owned(),
                proposer: actor.user.clone(),
                proposed_by: actor.author.by.clone(),
                decided_by: String::new(),
            };
            store::insert_adjustment(&mut tx, task.id, &adjustment).await?;
            let told = format!("提请调整：{}；理由：{reason}", what.told(&task));
            let event =
                Event { document_number: adjustment.document_number, ..self.step(task.state, task.state, told) };
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn decide_adjustment(
        &self,
        actor: &Actor,
        approved: bool,
        request: wire::DecideAdjustmentRequest,
    ) -> Result<wire::LedgerTask> {
        let reason = request.reason.trim();
        if !approved && reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写不予调整的意见"));
        }
        let id = task_id(&request.id)?;
        retry(|| async {
            let (mut tx, mut task) = self.open(id, request.version).await?;
            let open = store::adjustments(&mut tx, task.id).await?;
            let pending = open.into_iter().find(|one| one.verdict == Verdict::Pending);
            let none = || Problem::state("ADJUSTMENT_NOT_PENDING", "此项任务没有待批的调整");
            let mut adjustment = pending.ok_or_else(none)?;
            adjustment.decide(approved, &actor.user, &actor.author.by)?;
            store::decide_adjustment(&mut tx, &adjustment).await?;
            let (before, told) = (task.state, adjustment.what.told(&task));
            let verdict = if approved { "批准调整" } else { "不予调整" };
            if approved {
                adjustment.what.apply(&mut task)?;
                if let What::Goal { year, goal } = &adjustment.what {
                    store::save_goal(&mut tx, task.id, *year, goal).await?;
                }
            }
            let reason = if reason.is_empty() { String::new() } else { format!("；意见：{reason}") };
            let event = self.step(before, task.state, format!("{verdict}：{told}{reason}"));
            let event = Event { document_number: adjustment.document_number, ..event };
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn remind(&self, actor: &Actor, request: wire::IssueReminderRequest) -> Result<wire::LedgerTask> {
        let mut read = Cells::default();
        let step: Option<Step> = request.step().as_str_name().strip_prefix("REMINDER_STEP_").and_then(Coded::from_code);
        if step.is_none() {
            read.faults.push(Fault::cell("step", "FIELD_MISSING", "请选择督办方式"));
        }
        read.required("answer_by", "回复期限", &request.answer_by);
        let answer_by = read.optional_date("answer_by", "回复期限", &request.answer_by);
        let text = read.take(short_text("text", "内容", &request.text)).unwrap_or_default();
        refuse(read.faults)?;
        let (Some(step), Some(answer_by)) = (step, answer_by) else { return Err(Problem::internal("read above")) };
        let id = task_id(&request.id)?;
        let number = short_text("document_number", "文号", &request.document_number)?;
        retry(|| async {
            let newest = Newest::load(&self.bureau).await?;
            let (mut tx, task) = self.open(id, request.version).await?;
            let today = self.bureau.clock.today();
            let view = view::of(&self.bureau, task.clone(), &newest, today);
            let named = |units: &[String]| {
                let names: Vec<_> = units.iter().map(|unit| unit_name(&self.bureau.city, unit)).collect();
                names.join("、")
            };
            let (units, silent) = (named(self.units(&task)), named(&view.missing_units));
            let reported = view.reported_month.map_or_else(String::new, |month| month.to_string());
            let standing = Standing {
                name: &format!("任务{}", task.number),
                units: &units,
                silent: &silent,
                percent: view.percent,
                reported: &reported,
                expected: view.expected_percent,
            };
            let reminder = Reminder {
                id: self.bureau.clock.id(),
                step,
                issued_on: today,
                issued_at: self.bureau.clock.micros(),
                document_number: number.clone(),
                text: if text.is_empty() { reminder::drafted(&standing, &task, answer_by) } else { text.clone() },
                answer_by,
                issued_by: actor.author.by.clone(),
            };
            reminder::check(&task, view.lamp, &reminder::store::of(&mut tx, task.id).await?, &reminder)?;
            reminder::store::insert(&mut tx, task.id, &reminder).await?;
            let event = self.step(task.state, task.state, format!("{}：{}", step.label(), reminder.text));
            let event = Event { document_number: reminder.document_number, ..event };
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }

    pub(crate) async fn fix_lamp(&self, actor: &Actor, request: wire::OverrideLampRequest) -> Result<wire::LedgerTask> {
        let lamp: Option<Lamp> = request.lamp().as_str_name().strip_prefix("LAMP_").and_then(Coded::from_code);
        let mut read = Cells::default();
        let reason = read.required("reason", "理由", &request.reason);
        refuse(read.faults)?;
        let id = task_id(&request.id)?;
        retry(|| async {
            let (tx, mut task) = self.open(id, request.version).await?;
            lamp::fix(&mut task, lamp, &reason, self.bureau.clock.today())?;
            let told = lamp.map_or("恢复系统计算灯色".to_owned(), |lamp| format!("人工定为{}", lamp.label()));
            let event = self.step(task.state, task.state, format!("{told}：{reason}"));
            self.keep(tx, &task, event, &actor.author).await
        })
        .await?;
        self.show(id).await
    }
}

/// Refuses what was read wrong, everything at once.
fn refuse(faults: Vec<Fault>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(problem_of(faults)) }
}

/// What history says of a report, with what the earlier one of the same month said.
fn told(unit: &str, month: &str, earlier: Option<&Report>, on_behalf: &str) -> String {
    let mut text = format!("{unit}填报{month}进展");
    if let Some(earlier) = earlier {
        let percent = earlier.percent.map_or(String::new(), |percent| format!("{percent}%，"));
        text = format!("{unit}更正{month}进展（原：{percent}{}）", earlier.progress);
    }
    if !on_behalf.is_empty() {
        text.push_str(&format!("，代填事由：{on_behalf}"));
    }
    text
}
