//! The gRPC door of the register of classes.

use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::civil::Date;
use kit::{Kind, Problem, Result, Tx, retry};
use proto::childcare as wire;
use proto::childcare::class_service_server::ClassService;
use proto::contract::ImportAcknowledgement;
use registry::changes::{self, check_version};
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Author, Bureau, Cells, Coded, Fault, cells, history, problem_of};
use tonic::{Request, Response, Status, Streaming};
use trust::{Caller, Scope};
use uuid::Uuid;

use super::import::ClassIntake;
use super::store::{self, Filter};
use super::{Change, Class, Facts, alter, close, door, open, places_on};
use crate::institutions::service::institution_id;
use crate::institutions::{self, Institution, InstitutionKind, check_family_point};

/// Serves the register of classes.
#[derive(Clone, Debug)]
pub struct Classes {
    pub bureau: Bureau,
}

impl Classes {
    async fn institution(&self, tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<Institution> {
        institutions::store::load(tx, scope, id, self.bureau.clock.today()).await
    }

    /// A 家庭托育点 stays within its places on the day a change takes effect.
    async fn check_places(&self, tx: &mut Tx, institution: &Institution, class: &Class, day: Date) -> Result<()> {
        if institution.facts.value.kind != InstitutionKind::FamilyPoint {
            return Ok(());
        }
        let classes = store::of_institutions(tx, &[institution.id]).await?;
        let others = classes.values().flatten().filter(|other| other.id != class.id);
        Ok(check_family_point(places_on(others.chain([class]), day))?)
    }

    async fn save_and_show(&self, tx: &mut Tx, scope: &Scope, change: Change, author: &Author) -> Result<wire::Class> {
        let id = change.class.id;
        store::save(tx, &[change], author).await?;
        changes::bump(tx).await?;
        Ok(door::message(store::show(tx, scope, id, self.bureau.clock.today()).await?))
    }
}

fn class_id(text: &str) -> Result<Uuid> {
    id(text, "CLASS_UNKNOWN", "班级")
}

#[tonic::async_trait]
impl ClassService for Classes {
    async fn list_classes(
        &self,
        request: Request<wire::ListClassesRequest>,
    ) -> Result<Response<wire::ListClassesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let institution_id = match request.institution_id.as_str() {
            "" => None,
            text => Some(institution_id(text)?),
        };
        let filter = Filter {
            institution_id,
            region: self.bureau.region_filter("region", &request.region)?,
            kind: request.kind().as_str_name().strip_prefix("CLASS_KIND_").and_then(Coded::from_code),
            include_closed: request.include_closed,
        };
        let page = Page::asked(request.page)?;
        let today = self.bureau.clock.today();
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page, today).await?;
        let classes = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListClassesResponse { classes, next_cursor }))
    }

    async fn get_class(&self, request: Request<wire::GetClassRequest>) -> Result<Response<wire::ClassDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = class_id(&request.into_inner().id)?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let placed = store::show(&mut tx, &caller.scope, id, self.bureau.clock.today()).await?;
            let history = history::of(&mut tx, placed.class.institution_id).await?;
            Ok(wire::ClassDetail { class: Some(door::message(placed)), history })
        });
        Ok(Response::new(detail.await?))
    }

    async fn open_class(&self, request: Request<wire::OpenClassRequest>) -> Result<Response<wire::Class>, Status> {
        const METHOD: &str = "OpenClass";
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let institution_id = institution_id(&request.institution_id)?;
        let entry = door::read_form(&request.class.clone().unwrap_or_default()).map_err(problem_of)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let institution = self.institution(&mut tx, &caller.scope, institution_id).await?;
            if let Some(answer) = changes::answered(&mut tx, METHOD, &request.idempotency_key, &request).await? {
                return Ok(answer);
            }
            let classes = store::of_institutions(&mut tx, &[institution_id]).await?;
            if super::meant(classes.values().flatten(), &entry).is_some() {
                let message = format!("该机构已有名为“{}”的班级", entry.name);
                return Err(Problem::new(Kind::Exists, "CLASS_EXISTS", message).and_field("class_name", "已有同名班级"));
            }
            let change = open(self.bureau.clock.id(), institution_id, entry.clone());
            self.check_places(&mut tx, &institution, &change.class, entry.opened_on).await?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            changes::remember(&mut tx, METHOD, &request.idempotency_key, &request, &shown).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn change_class(&self, request: Request<wire::ChangeClassRequest>) -> Result<Response<wire::Class>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = class_id(&request.id)?;
        let mut cells = Cells::default();
        let effective_on = cells.date("effective_on", "生效日期", &request.effective_on);
        let kind = cells.coded("kind", "班型", request.kind().as_str_name(), "CLASS_KIND_");
        let facts = kind.and_then(|kind| cells.take(Facts::checked(kind, request.places)));
        let (Some(effective_on), Some(facts)) = (effective_on, facts) else {
            return Err(problem_of(cells.faults).into());
        };
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let class = store::load(&mut tx, &caller.scope, id).await?.class;
            check_version(class.version, request.version)?;
            let Some(change) = alter(&class, facts, effective_on, request.reason.trim())? else {
                return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更").into());
            };
            let institution = self.institution(&mut tx, &caller.scope, class.institution_id).await?;
            self.check_places(&mut tx, &institution, &change.class, effective_on).await?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    async fn close_class(&self, request: Request<wire::CloseClassRequest>) -> Result<Response<wire::Class>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = class_id(&request.id)?;
        let closed_on = cells::date("closed_on", "停办日期", &request.closed_on).map_err(Problem::from)?;
        let author = self.bureau.author(&caller)?;
        let shown = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let class = store::load(&mut tx, &caller.scope, id).await?.class;
            check_version(class.version, request.version)?;
            let change = close(&class, closed_on, request.reason.trim())?;
            let shown = self.save_and_show(&mut tx, &caller.scope, change, &author).await?;
            tx.commit().await?;
            Ok(shown)
        });
        Ok(Response::new(shown.await?))
    }

    type ImportClassesStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_classes(
        &self,
        request: Request<Streaming<wire::ImportClassesRequest>>,
    ) -> Result<Response<Self::ImportClassesStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = ClassIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportClassesRequest) -> Result<Step<wire::ClassRow>, Status> {
    use wire::import_classes_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.class.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
