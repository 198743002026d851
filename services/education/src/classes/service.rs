//! The gRPC door of the register of classes.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, retry};
use proto::contract::ImportAcknowledgement;
use proto::education as wire;
use proto::education::class_service_server::ClassService;
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Bureau, Coded, history};
use tonic::{Request, Response, Status, Streaming};
use trust::Caller;

use super::door;
use super::import::ClassIntake;
use super::store::{self, Filter};
use crate::schools::service::school_id;

/// Serves the register of classes.
#[derive(Clone, Debug)]
pub struct Classes {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl ClassService for Classes {
    async fn list_classes(
        &self,
        request: Request<wire::ListClassesRequest>,
    ) -> Result<Response<wire::ListClassesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let school_id = match request.school_id.as_str() {
            "" => None,
            text => Some(school_id(text)?),
        };
        let filter = Filter {
            school_id,
            region: self.bureau.region_filter("region", &request.region)?,
            term: request.term.trim().to_owned(),
            state: request.state().as_str_name().strip_prefix("CLASS_STATE_").and_then(Coded::from_code),
        };
        let page = Page::asked(request.page)?;
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page).await?;
        let classes = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListClassesResponse { classes, next_cursor }))
    }

    async fn get_class(&self, request: Request<wire::GetClassRequest>) -> Result<Response<wire::ClassDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = id(&request.into_inner().id, "CLASS_UNKNOWN", "教学班")?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let placed = store::load(&mut tx, &caller.scope, id).await?;
            let history = history::of(&mut tx, id).await?;
            Ok(wire::ClassDetail { class: Some(door::message(placed)), history })
        });
        Ok(Response::new(detail.await?))
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
