//! The gRPC door of the register of staff.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::childcare as wire;
use proto::childcare::staff_service_server::StaffService;
use proto::contract::ImportAcknowledgement;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Fault, cells, history, people, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::persons::{Persons, store as persons_store};
use trust::prose::harmless;
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::{self, Known, StaffIntake};
use super::store::{self, Filter, Placed};
use super::{Change, alter, door, elsewhere, leave};
use crate::institutions::service::institution_id;
use crate::institutions::{self, named::Named};

/// Serves the register of staff.
#[derive(Clone, Debug)]
pub struct StaffDoor {
    pub bureau: Bureau,
    pub persons: Persons,
}

impl StaffDoor {
    async fn show(&self, tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<wire::Staff> {
        let placed = store::show(tx, scope, id, self.bureau.clock.today()).await?;
        let person = persons_store::load(tx, &self.persons.keys, &[placed.staff.person_id]).await?;
        Ok(door::message(placed, person.values().next()))
    }

    async fn save_and_show(&self, tx: &mut Tx, scope: &Scope, change: Change, author: &Author) -> Result<wire::Staff> {
        let id = change.staff.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        self.show(tx, scope, id).await
    }
}

/// A request as the ledger may keep it: who it is about stands there as a hash.
fn without_secrets(request: &wire::HireStaffRequest, hash: String) -> wire::HireStaffRequest {
    let row = request.staff.clone().unwrap_or_default();
    let row = wire::StaffRow { name: String::new(), document_number: hash, phone: String::new(), ..row };
    wire::HireStaffRequest { staff: Some(row), ..request.clone() }
}

fn staff_id(text: &str) -> Result<Uuid> {
    id(text, "STAFF_UNKNOWN", "从业人员")
}

#[tonic::async_trait]
impl StaffService for StaffDoor {
    async fn list_staff(
        &self,
        request: Request<wire::ListStaffRequest>,
    ) -> Result<Response<wire::ListStaffResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            institution_id: match request.institution_id.as_str() {
                "" => None,
                text => Some(institution_id(text)?),
            },
            region: self.bureau.region_filter("region", &request.region)?,
            role: request.role().as_str_name().strip_prefix("STAFF_ROLE_").and_then(Coded::from_code),
            certificate: request
                .certificate()
                .as_str_name()
                .strip_prefix("STAFF_CERTIFICATE_")
                .and_then(Coded::from_code),
            person_id: match request.person_id.as_str() {
                "" => None,
                text => Some(id(text, "PERSON_UNKNOWN", "人")?),
            },
            include_left: request.include_left,
        };
        let page = Page::asked(request.page)?;
        let today = self.bureau.clock.today();
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page, today).await?;
        let ids: Vec<Uuid> = found.iter().map(|placed| placed.staff.person_id).collect();
        let people = persons_store::read(&self.bureau.db, &self.persons.keys, &ids).await?;
        let message = |placed: Placed| {
            let person = people.get(&placed.staff.person_id);
            door::message(placed, person)
        };
        Ok(Response::new(wire::ListStaffResponse { staff: found.into_iter().map(message).collect(), next_cursor }))
    }

    async fn get_staff(&self, request: Request<wire::GetStaffRequest>) -> Result<Response<wire::StaffDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = staff_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let staff = self.show(&mut tx, &caller.scope, id).await?;
            Ok(wire::StaffDetail { staff: Some(staff), history: history::of(&mut tx, id).await? })
        });
        Ok(Response::new(detail.await?))
    }

    async fn hire_staff(&self, request: Request<wire::HireStaffRequest>) -> Result<Response<wire::Staff>, Status> {
        const METHOD: &str = "HireStaff";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let institution_id = institution_id(&request.institution_id)?;
        let row = request.staff.clone().unwrap_or_default();
        let stated = door::read_form(&row, self.bureau.clock.today()).map_err(problem_of)?;
        // The ledger of idempotency keeps requests as they came: of this one, what is no secret.
        let hashes = stated.0.documents.iter().flat_map(|document| people::keys(&self.persons, document));
        let told: Vec<wire::HireStaffRequest> = hashes.map(|hash| without_secrets(&request, hash)).collect();
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let today = self.bureau.clock.today();
            institutions::store::load(&mut tx, &caller.scope, institution_id, today).await?;
            if let Some(answer) = changes::answered_one_of(&mut tx, METHOD, &request.idempotency_key, &told).await? {
                return Ok(answer);
            }
            let documents: Vec<_> = stated.0.documents.iter().collect();
            let mut known = Known::load(&mut tx, &self.persons, Named::default(), &documents).await?;
            known.hold(&mut tx, &self.persons, &[institution_id]).await?;
            // Two people's documents swapped is another fault than somebody entered twice, and the graver.
            if let Err(differs) = known.check_name(&stated.0) {
                known.people.looked(&mut tx, &self.persons, caller.user()?).await?;
                tx.commit().await?;
                return Err(differs.into());
            }
            let hired_on = stated.1.hired_on;
            if documents.iter().any(|document| known.post(institution_id, document, hired_on).is_some()) {
                return Err(Problem::new(Kind::Exists, "STAFF_EXISTS", "此人已登记在该机构，请用“变更岗位或证书”"));
            }
            let Some(saved) = known.decide(institution_id, stated.clone(), hired_on, &author)? else {
                return Err(Problem::internal("a new post changes nothing"));
            };
            let id = saved.0.staff.id;
            import::save(&mut tx, &self.persons, &[saved], &author).await?;
            changes::bump(&mut tx).await?;
            let shown = self.show(&mut tx, &caller.scope, id).await?;
            if let Some(told) = told.last() {
                changes::remember(&mut tx, METHOD, &request.idempotency_key, told, &shown).await?;
            }
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_staff(&self, request: Request<wire::ChangeStaffRequest>) -> Result<Response<wire::Staff>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = staff_id(&request.id)?;
        let mut cells = Cells::default();
        let effective_on = cells.date("effective_on", "生效日期", &request.effective_on);
        let facts = door::facts(&mut cells, &request);
        let (Some(effective_on), Some(facts), true) = (effective_on, facts, cells.faults.is_empty()) else {
            return Err(problem_of(cells.faults).into());
        };
        let reason = harmless("reason", &request.reason)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let staff = store::load(&mut tx, &caller.scope, id).await?.staff;
            check_version(staff.version, request.version)?;
            let Some(change) = alter(&staff, facts.clone(), effective_on, reason)? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn leave_staff(&self, request: Request<wire::LeaveStaffRequest>) -> Result<Response<wire::Staff>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = staff_id(&request.id)?;
        let left_on = cells::date("left_on", "离岗日期", &request.left_on).map_err(Problem::from)?;
        let reason = harmless("reason", &request.reason)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let staff = store::load(&mut tx, &caller.scope, id).await?.staff;
            check_version(staff.version, request.version)?;
            let change = leave(&staff, left_on, reason)?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn match_staff(
        &self,
        request: Request<wire::MatchStaffRequest>,
    ) -> Result<Response<wire::MatchStaffResponse>, Status> {
        let caller = Caller::of(&request)?;
        let as_of = request.into_inner().as_of;
        let day = if as_of.is_empty() {
            self.bureau.clock.today()
        } else {
            cells::date("as_of", "日期", &as_of).map_err(Problem::from)?
        };
        Ok(Response::new(elsewhere::matched(&self.bureau, &self.persons, &caller.scope, day).await?))
    }

    type ImportStaffStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_staff(
        &self,
        request: Request<Streaming<wire::ImportStaffRequest>>,
    ) -> Result<Response<Self::ImportStaffStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let (user, author) = (caller.user()?.clone(), self.bureau.author(&caller)?);
        let intake = StaffIntake { bureau: self.bureau.clone(), persons: self.persons.clone(), user };
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportStaffRequest) -> Result<Step<wire::StaffRow>, Status> {
    use wire::import_staff_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.staff.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
