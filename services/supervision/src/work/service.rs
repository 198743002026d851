//! The gRPC door of the work register.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::ImportAcknowledgement;
use proto::supervision as wire;
use proto::supervision::work_service_server::WorkService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Bureau, Coded, Event, Fault, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::WorkIntake;
use super::store::{self, Filter};
use super::{Act, Entry, Facts, State, door, next, type_of};
use crate::actor::Actor;
use crate::evidence;
use crate::tasks::unit_of;

/// Serves the work register.
#[derive(Clone, Debug)]
pub struct Works {
    pub bureau: Bureau,
}

fn work_id(text: &str) -> Result<Uuid> {
    id(text, "WORK_UNKNOWN", "工作")
}

fn duplicate() -> Problem {
    let message = "已登记同一单位、地区、日期和名称的同类工作";
    Problem::new(Kind::Exists, "WORK_EXISTS", message).and_field("title", message)
}

impl Works {
    fn read(&self, scope: &Scope, row: Option<wire::WorkRow>) -> Result<Facts> {
        let facts = door::read(&self.bureau, self.bureau.city_code(), &row.unwrap_or_default()).map_err(problem_of)?;
        scope.check(&facts.place.region)?;
        Ok(facts)
    }

    /// Loads the version that the person saw, decides, saves, in one transaction.
    async fn act(
        &self,
        actor: &Actor,
        request_id: &str,
        version: u64,
        reason: &str,
        decide: impl Fn(&mut Entry) -> Result<(), Fault> + Send + Sync,
    ) -> Result<wire::WorkEntry> {
        let id = work_id(request_id)?;
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let mut entry = store::load(&mut tx, &actor.scope, id).await?;
            check_version(entry.version, version)?;
            let before = entry.state;
            decide(&mut entry)?;
            let event = Event::step(self.bureau.clock.today(), before.label(), entry.state.label(), reason);
            let shown = self.save_and_show(&mut tx, actor, entry, event).await?;
            tx.commit().await?;
            Ok(shown)
        })
        .await
    }

    pub(crate) async fn register(
        &self,
        actor: &Actor,
        request: wire::RegisterWorkEntryRequest,
    ) -> Result<wire::WorkEntry> {
        const METHOD: &str = "RegisterWorkEntry";
        let facts = self.read(&actor.scope, request.work.clone())?;
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            if store::same(&mut tx, &facts).await?.is_some() {
                return Err(duplicate());
            }
            let entry = Entry {
                id: self.bureau.clock.id(),
                version: 1,
                facts: facts.clone(),
                state: State::Draft,
                author_id: actor.user.clone(),
                written_by: actor.author.by.clone(),
            };
            let event = Event::step(facts.dated_on, "", State::Draft.label(), "登记");
            let shown = self.save_and_show(&mut tx, actor, entry, event).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        })
        .await
    }

    pub(crate) async fn add_evidence(
        &self,
        actor: &Actor,
        request: wire::AddWorkEvidenceRequest,
    ) -> Result<wire::Evidence> {
        let id = work_id(&request.id)?;
        let entry = store::load(&mut self.bureau.db.begin().await?, &actor.scope, id).await?;
        let region = entry.facts.place.region;
        let (file, key) = (request.evidence.unwrap_or_default(), request.idempotency_key);
        evidence::store::add(&self.bureau, &actor.author, id, &region, file, "AddWorkEvidence", &key).await
    }

    pub(crate) async fn submit(&self, actor: &Actor, request: wire::SubmitWorkEntryRequest) -> Result<wire::WorkEntry> {
        let submit = |entry: &mut Entry| {
            entry.state = next(entry.state, Act::Submit)?;
            // Who submits answers for it, and may not accept it.
            actor.user.clone_into(&mut entry.author_id);
            actor.author.by.clone_into(&mut entry.written_by);
            Ok(())
        };
        self.act(actor, &request.id, request.version, "提交", submit).await
    }

    pub(crate) async fn decide(
        &self,
        actor: &Actor,
        act: Act,
        request: wire::DecideWorkEntryRequest,
    ) -> Result<wire::WorkEntry> {
        let reason = request.reason.trim();
        if act == Act::Return && reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写退回意见"));
        }
        let decide = |entry: &mut Entry| entry.decide(act, &actor.user);
        self.act(actor, &request.id, request.version, reason, decide).await
    }

    pub(crate) async fn correct(
        &self,
        actor: &Actor,
        request: wire::CorrectWorkEntryRequest,
    ) -> Result<wire::WorkEntry> {
        let id = work_id(&request.id)?;
        let facts = self.read(&actor.scope, request.work)?;
        let reason = request.reason.trim();
        if reason.is_empty() {
            return Err(Problem::field("reason", "FIELD_MISSING", "请填写更正原因"));
        }
        retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let mut entry = store::load(&mut tx, &actor.scope, id).await?;
            check_version(entry.version, request.version)?;
            if store::same(&mut tx, &facts).await?.is_some_and(|other| other.id != id) {
                return Err(duplicate());
            }
            let before = entry.clone();
            entry.correct(facts.clone(), &actor.user, &actor.author.by)?;
            let Facts { title, quantity, dated_on, .. } = &before.facts;
            let told = format!("更正：{reason}（原：{title}，数量{quantity}，{dated_on}）");
            let event = Event::step(self.bureau.clock.today(), before.state.label(), entry.state.label(), told);
            let shown = self.save_and_show(&mut tx, actor, entry, event).await?;
            tx.commit().await?;
            Ok(shown)
        })
        .await
    }

    async fn save_and_show(&self, tx: &mut Tx, actor: &Actor, entry: Entry, event: Event) -> Result<wire::WorkEntry> {
        let id = entry.id;
        store::save(tx, &[(entry, event)], &actor.author).await?;
        changes::bump(tx).await?;
        Ok(door::message(&self.bureau, store::load(tx, &actor.scope, id).await?))
    }
}

#[tonic::async_trait]
impl WorkService for Works {
    async fn list_work_entries(
        &self,
        request: Request<wire::ListWorkEntriesRequest>,
    ) -> Result<Response<wire::ListWorkEntriesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let types = &self.bureau.city.plan.work_types;
        let work_type = match request.r#type.as_str() {
            "" => String::new(),
            text => type_of(types, text)
                .map(|one| one.code.clone())
                .ok_or_else(|| Problem::field("type", "TYPE_UNKNOWN", format!("工作类型名录中没有“{text}”")))?,
        };
        let unit = if request.unit.is_empty() { String::new() } else { unit_of(&self.bureau.city, &request.unit)? };
        let filter = Filter {
            region: self.bureau.region_filter("region", &request.region)?,
            work_type,
            unit,
            state: request.state().as_str_name().strip_prefix("WORK_STATE_").and_then(Coded::from_code),
            task_number: request.task_number,
            title_contains: request.title_contains,
        };
        let page = Page::asked(request.page)?;
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page).await?;
        let entries = found.into_iter().map(|entry| door::message(&self.bureau, entry)).collect();
        Ok(Response::new(wire::ListWorkEntriesResponse { entries, next_cursor }))
    }

    async fn get_work_entry(
        &self,
        request: Request<wire::GetWorkEntryRequest>,
    ) -> Result<Response<wire::WorkEntryDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = work_id(&request.into_inner().id)?;
        let mut tx = self.bureau.db.begin().await?;
        let entry = store::load(&mut tx, &caller.scope, id).await?;
        let evidence = evidence::store::of(&mut tx, id).await?;
        let history = history::of(&mut tx, id).await?;
        Ok(Response::new(wire::WorkEntryDetail {
            entry: Some(door::message(&self.bureau, entry)),
            evidence: evidence.into_iter().map(evidence::door::message).collect(),
            history,
        }))
    }

    async fn describe_work_types(
        &self,
        _: Request<wire::DescribeWorkTypesRequest>,
    ) -> Result<Response<wire::WorkTypes>, Status> {
        let types = self.bureau.city.plan.work_types.iter().map(|one| wire::WorkType {
            code: one.code.clone(),
            title: one.title.clone(),
            unit: one.unit.clone(),
            tasks: one.tasks.clone(),
            annex_items: one.annex_items.clone(),
            element: one.element.clone(),
        });
        Ok(Response::new(wire::WorkTypes { types: types.collect() }))
    }

    async fn register_work_entry(
        &self,
        request: Request<wire::RegisterWorkEntryRequest>,
    ) -> Result<Response<wire::WorkEntry>, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(&request)?)?;
        Ok(Response::new(self.register(&actor, request.into_inner()).await?))
    }

    async fn add_work_evidence(
        &self,
        request: Request<wire::AddWorkEvidenceRequest>,
    ) -> Result<Response<wire::Evidence>, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(&request)?)?;
        Ok(Response::new(self.add_evidence(&actor, request.into_inner()).await?))
    }

    async fn submit_work_entry(
        &self,
        request: Request<wire::SubmitWorkEntryRequest>,
    ) -> Result<Response<wire::WorkEntry>, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(&request)?)?;
        Ok(Response::new(self.submit(&actor, request.into_inner()).await?))
    }

    async fn accept_work_entry(
        &self,
        request: Request<wire::DecideWorkEntryRequest>,
    ) -> Result<Response<wire::WorkEntry>, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(&request)?)?;
        Ok(Response::new(self.decide(&actor, Act::Accept, request.into_inner()).await?))
    }

    async fn return_work_entry(
        &self,
        request: Request<wire::DecideWorkEntryRequest>,
    ) -> Result<Response<wire::WorkEntry>, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(&request)?)?;
        Ok(Response::new(self.decide(&actor, Act::Return, request.into_inner()).await?))
    }

    async fn correct_work_entry(
        &self,
        request: Request<wire::CorrectWorkEntryRequest>,
    ) -> Result<Response<wire::WorkEntry>, Status> {
        let actor = Actor::of(&self.bureau, &Caller::of(&request)?)?;
        Ok(Response::new(self.correct(&actor, request.into_inner()).await?))
    }

    type ImportWorkEntriesStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_work_entries(
        &self,
        request: Request<Streaming<wire::ImportWorkEntriesRequest>>,
    ) -> Result<Response<Self::ImportWorkEntriesStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = WorkIntake { bureau: self.bureau.clone(), author_id: caller.user()?.id.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportWorkEntriesRequest) -> Result<Step<wire::WorkRow>, Status> {
    use wire::import_work_entries_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.work.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
