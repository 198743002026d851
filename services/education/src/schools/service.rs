//! The gRPC door of the register of schools: convert, authorise, begin, load, decide, save, commit, convert.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::contract::ImportAcknowledgement;
use proto::education as wire;
use proto::education::school_service_server::SchoolService;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Event, Fault, cells, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::demonstration::{Demonstration, grant};
use super::import::SchoolIntake;
use super::store::{self, Filter};
use super::{Act, Change, Facts, School, State, act, door, register, revise};

/// Serves the register of schools.
#[derive(Clone, Debug)]
pub struct Schools {
    pub bureau: Bureau,
}

/// What an act says: on which school, as read at which version, on which day, why.
struct Stated {
    id: Uuid,
    version: u64,
    on: jiff::civil::Date,
    reason: String,
    document_number: String,
}

pub(crate) fn school_id(text: &str) -> Result<Uuid> {
    id(text, "SCHOOL_UNKNOWN", "老年学校")
}

fn stated(request: wire::SchoolActRequest) -> Result<Stated> {
    let id = school_id(&request.id)?;
    let mut cells = Cells::default();
    let on = cells.date("on", "办理日期", &request.on);
    let reason = cells.required("reason", "事由", &request.reason);
    match on {
        Some(on) if cells.faults.is_empty() => {
            let document_number = request.document_number.trim().to_owned();
            Ok(Stated { id, version: request.version, on, reason, document_number })
        }
        _ => Err(problem_of(cells.faults)),
    }
}

impl Schools {
    fn read(&self, row: Option<wire::SchoolRow>) -> Result<Facts> {
        let row = row.ok_or_else(|| Problem::field("school", "FIELD_MISSING", "请填写登记事项"))?;
        door::read(&self.bureau, self.bureau.city_code(), &row).entry.map_err(problem_of)
    }

    async fn show(&self, tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<wire::School> {
        Ok(door::message(store::show(tx, scope, id, self.bureau.clock.today()).await?))
    }

    async fn save(&self, tx: &mut Tx, scope: &Scope, change: Change, author: &Author) -> Result<wire::School> {
        let id = change.school.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        self.show(tx, scope, id).await
    }

    /// A name belongs to one school of a county: NAME_TAKEN.
    async fn check_free(&self, tx: &mut Tx, facts: &Facts, own: Option<Uuid>) -> Result<()> {
        let taken = |found: &School| found.facts.value.county == facts.county && own != Some(found.id);
        if store::by_name(tx, &[&facts.name]).await?.iter().any(taken) {
            return Err(Problem::new(Kind::Exists, "NAME_TAKEN", format!("本县已登记名为“{}”的学校", facts.name))
                .and_field("name", "本县已有同名学校"));
        }
        Ok(())
    }

    async fn act(&self, request: Request<wire::SchoolActRequest>, what: Act) -> Result<Response<wire::School>, Status> {
        let caller = Caller::of(&request)?;
        let stated = stated(request.into_inner())?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, stated.id, self.bureau.clock.today()).await?;
            check_version(known.version, stated.version)?;
            let change = act(&known, what, stated.on, &stated.reason, &stated.document_number)?;
            let shown = self.save(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }
}

#[tonic::async_trait]
impl SchoolService for Schools {
    async fn list_schools(
        &self,
        request: Request<wire::ListSchoolsRequest>,
    ) -> Result<Response<wire::ListSchoolsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            region: self.bureau.region_filter("region", &request.region)?,
            tier: request.tier().as_str_name().strip_prefix("TIER_").and_then(Coded::from_code),
            state: request.state().as_str_name().strip_prefix("SCHOOL_STATE_").and_then(Coded::from_code),
            name_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let today = self.bureau.clock.today();
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page, today).await?;
        let schools = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListSchoolsResponse { schools, next_cursor }))
    }

    async fn get_school(
        &self,
        request: Request<wire::GetSchoolRequest>,
    ) -> Result<Response<wire::SchoolDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = school_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let school = self.show(&mut tx, &caller.scope, id).await?;
            let demonstrations = store::demonstrations(&mut tx, id).await?;
            let history = history::of(&mut tx, id).await?;
            Ok(wire::SchoolDetail {
                school: Some(school),
                demonstrations: demonstrations.into_iter().map(door::demonstration_message).collect(),
                history,
            })
        });
        Ok(Response::new(detail.await?))
    }

    async fn register_school(
        &self,
        request: Request<wire::RegisterSchoolRequest>,
    ) -> Result<Response<wire::School>, Status> {
        const METHOD: &str = "RegisterSchool";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let facts = self.read(request.school.clone())?;
        caller.scope.check(&facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            self.check_free(&mut tx, &facts, None).await?;
            let change = register(self.bureau.clock.id(), facts.clone(), self.bureau.clock.today());
            let shown = self.save(&mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_school(
        &self,
        request: Request<wire::ChangeSchoolRequest>,
    ) -> Result<Response<wire::School>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = school_id(&request.id)?;
        let facts = self.read(request.school.clone())?;
        let effective_on = cells::date("effective_on", "生效日期", &request.effective_on).map_err(Problem::from)?;
        caller.scope.check(&facts.region)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            check_version(known.version, request.version)?;
            self.check_free(&mut tx, &facts, Some(known.id)).await?;
            let reason = if request.reason.trim().is_empty() { "变更登记事项" } else { request.reason.trim() };
            let Some(change) = revise(&known, facts.clone(), effective_on, reason)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = self.save(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn open_school(&self, request: Request<wire::SchoolActRequest>) -> Result<Response<wire::School>, Status> {
        self.act(request, Act::Open).await
    }

    async fn suspend_school(&self, request: Request<wire::SchoolActRequest>) -> Result<Response<wire::School>, Status> {
        self.act(request, Act::Suspend).await
    }

    async fn resume_school(&self, request: Request<wire::SchoolActRequest>) -> Result<Response<wire::School>, Status> {
        self.act(request, Act::Resume).await
    }

    async fn close_school(&self, request: Request<wire::SchoolActRequest>) -> Result<Response<wire::School>, Status> {
        self.act(request, Act::Close).await
    }

    async fn grant_demonstration(
        &self,
        request: Request<wire::GrantDemonstrationRequest>,
    ) -> Result<Response<wire::School>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = school_id(&request.id)?;
        let mut cells = Cells::default();
        let level = cells.coded("level", "级别", request.level().as_str_name(), "DEMONSTRATION_LEVEL_");
        let valid_from = cells.date("valid_from", "有效期自", &request.valid_from);
        let valid_to = cells.optional_date("valid_to", "有效期至", &request.valid_to);
        let document_number = cells.required("document_number", "文号", &request.document_number);
        let (Some(level), Some(valid_from), true) = (level, valid_from, cells.faults.is_empty()) else {
            return Err(problem_of(cells.faults).into());
        };
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            check_version(known.version, request.version)?;
            if known.facts.value.state == State::Closed {
                return Err(Fault::conflict("SCHOOL_CLOSED", "该校已撤销，不能授予称号").into());
            }
            let new = Demonstration {
                id: self.bureau.clock.id(),
                school_id: id,
                level,
                valid_from,
                valid_to,
                revoked_on: None,
                document_number: document_number.clone(),
            };
            let granted = grant(&store::demonstrations(&mut tx, id).await?, new)?;
            store::grant(&mut tx, &granted).await?;
            let note = Event::note(valid_from, format!("授予{}称号", level.label()));
            let event = Event { document_number: document_number.clone(), ..note };
            history::append(&mut tx, &[(id, &event)], &author).await?;
            changes::bump(&mut tx).await?;
            let shown = self.show(&mut tx, &caller.scope, id).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn revoke_demonstration(
        &self,
        request: Request<wire::SchoolActRequest>,
    ) -> Result<Response<wire::School>, Status> {
        let caller = Caller::of(&request)?;
        let stated = stated(request.into_inner())?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let known = store::load(&mut tx, &caller.scope, stated.id, self.bureau.clock.today()).await?;
            check_version(known.version, stated.version)?;
            let mut valid = store::demonstrations(&mut tx, stated.id).await?;
            valid.retain(|one| one.is_valid(stated.on));
            if valid.is_empty() {
                let message = format!("该校在{}没有有效的示范称号", stated.on);
                return Err(Fault::conflict("DEMONSTRATION_NONE", message).into());
            }
            for one in &mut valid {
                one.revoke(stated.on)?;
                store::revoke(&mut tx, one).await?;
            }
            let levels: Vec<&str> = valid.iter().map(|one| one.level.label()).collect();
            let note = Event::note(stated.on, format!("撤销{}称号：{}", levels.join("、"), stated.reason));
            let event = Event { document_number: stated.document_number.clone(), ..note };
            history::append(&mut tx, &[(stated.id, &event)], &author).await?;
            changes::bump(&mut tx).await?;
            let shown = self.show(&mut tx, &caller.scope, stated.id).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    type ImportSchoolsStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_schools(
        &self,
        request: Request<Streaming<wire::ImportSchoolsRequest>>,
    ) -> Result<Response<Self::ImportSchoolsStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = SchoolIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportSchoolsRequest) -> Result<Step<wire::SchoolRow>, Status> {
    use wire::import_schools_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.school.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
