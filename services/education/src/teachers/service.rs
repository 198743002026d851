//! The gRPC door of the register of teachers.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, retry};
use proto::contract::ImportAcknowledgement;
use proto::education as wire;
use proto::education::teacher_service_server::TeacherService;
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Bureau, Coded, history};
use tonic::{Request, Response, Status, Streaming};
use trust::Caller;
use trust::persons::{Persons, store as persons_store};
use uuid::Uuid;

use super::door;
use super::import::TeacherIntake;
use super::store::{self, Filter, Placed};
use crate::schools::service::school_id;

/// Serves the register of teachers.
#[derive(Clone, Debug)]
pub struct Teachers {
    pub bureau: Bureau,
    pub persons: Persons,
}

#[tonic::async_trait]
impl TeacherService for Teachers {
    async fn list_teachers(
        &self,
        request: Request<wire::ListTeachersRequest>,
    ) -> Result<Response<wire::ListTeachersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let school_id = match request.school_id.as_str() {
            "" => None,
            text => Some(school_id(text)?),
        };
        let filter = Filter {
            school_id,
            region: self.bureau.region_filter("region", &request.region)?,
            status: request.status().as_str_name().strip_prefix("TEACHER_STATUS_").and_then(Coded::from_code),
            person_id: match request.person_id.as_str() {
                "" => None,
                text => Some(id(text, "PERSON_UNKNOWN", "人")?),
            },
        };
        let page = Page::asked(request.page)?;
        let (found, next_cursor) = store::page(&self.bureau.db, &caller.scope, filter, page).await?;
        let ids: Vec<Uuid> = found.iter().filter_map(|placed| placed.teacher.person_id).collect();
        let people = persons_store::read(&self.bureau.db, &self.persons.keys, &ids).await?;
        let message = |placed: Placed| {
            let person = placed.teacher.person_id.and_then(|id| people.get(&id));
            door::message(placed, person)
        };
        let teachers = found.into_iter().map(message).collect();
        Ok(Response::new(wire::ListTeachersResponse { teachers, next_cursor }))
    }

    async fn get_teacher(
        &self,
        request: Request<wire::GetTeacherRequest>,
    ) -> Result<Response<wire::TeacherDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = id(&request.into_inner().id, "TEACHER_UNKNOWN", "教师")?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let placed = store::load(&mut tx, &caller.scope, id).await?;
            let history = history::of(&mut tx, id).await?;
            let ids: Vec<Uuid> = placed.teacher.person_id.into_iter().collect();
            let people = persons_store::load(&mut tx, &self.persons.keys, &ids).await?;
            Ok(wire::TeacherDetail { teacher: Some(door::message(placed, people.values().next())), history })
        });
        Ok(Response::new(detail.await?))
    }

    type ImportTeachersStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_teachers(
        &self,
        request: Request<Streaming<wire::ImportTeachersRequest>>,
    ) -> Result<Response<Self::ImportTeachersStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let (user, author) = (caller.user()?.clone(), self.bureau.author(&caller)?);
        let intake = TeacherIntake { bureau: self.bureau.clone(), persons: self.persons.clone(), user };
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportTeachersRequest) -> Result<Step<wire::TeacherRow>, Status> {
    use wire::import_teachers_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.teacher.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
