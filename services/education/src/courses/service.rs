//! The gRPC door of the register of courses.

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::{Kind, Problem, Result, retry};
use proto::contract::ImportAcknowledgement;
use proto::education as wire;
use proto::education::course_service_server::CourseService;
use registry::columns::{Page, id};
use registry::imports::stream::{Step, answers};
use registry::{Bureau, Coded, history};
use tonic::{Request, Response, Status, Streaming};
use trust::Caller;

use super::door;
use super::import::CourseIntake;
use super::store::{self, Filter};

/// Serves the register of courses.
#[derive(Clone, Debug)]
pub struct Courses {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl CourseService for Courses {
    async fn list_courses(
        &self,
        request: Request<wire::ListCoursesRequest>,
    ) -> Result<Response<wire::ListCoursesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        // The city's courses are taught in every county, so every county sees them beside its own.
        let seen = caller.scope.prefixes().map(|own| [own, &[self.bureau.city_code().to_owned()]].concat());
        let filter = Filter {
            seen,
            region: self.bureau.region_filter("region", &request.region)?,
            category: request.category().as_str_name().strip_prefix("CATEGORY_").and_then(Coded::from_code),
            mode: request.mode().as_str_name().strip_prefix("MODE_").and_then(Coded::from_code),
            name_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let (found, next_cursor) = store::page(&self.bureau.db, filter, page).await?;
        let courses = found.into_iter().map(door::message).collect();
        Ok(Response::new(wire::ListCoursesResponse { courses, next_cursor }))
    }

    async fn get_course(
        &self,
        request: Request<wire::GetCourseRequest>,
    ) -> Result<Response<wire::CourseDetail>, Status> {
        let caller = Caller::of(&request)?;
        let id = id(&request.into_inner().id, "COURSE_UNKNOWN", "课程")?;
        let detail = retry(|| async {
            let mut tx = self.bureau.db.begin().await?;
            let course = store::load(&mut tx, id).await?;
            if course.region != self.bureau.city_code() {
                caller.scope.check(&course.region)?;
            }
            let history = history::of(&mut tx, id).await?;
            Ok(wire::CourseDetail { course: Some(door::message(course)), history })
        });
        Ok(Response::new(detail.await?))
    }

    type ImportCoursesStream = BoxStream<'static, Result<ImportAcknowledgement, Status>>;

    async fn import_courses(
        &self,
        request: Request<Streaming<wire::ImportCoursesRequest>>,
    ) -> Result<Response<Self::ImportCoursesStream>, Status> {
        let caller = Caller::of(&request)?;
        let steps = request.into_inner().map(|message| message.and_then(step));
        let intake = CourseIntake { bureau: self.bureau.clone() };
        let author = self.bureau.author(&caller)?;
        Ok(Response::new(answers(self.bureau.clone(), caller.scope, author, intake, steps)))
    }
}

fn step(message: wire::ImportCoursesRequest) -> Result<Step<wire::CourseRow>, Status> {
    use wire::import_courses_request::Step as Wire;
    match message.step {
        Some(Wire::Start(start)) => Ok(Step::Start(start)),
        Some(Wire::Batch(batch)) => {
            let rows = batch.rows.into_iter().map(|row| (row.row, row.course.unwrap_or_default())).collect();
            Ok(Step::Batch { number: batch.number, rows })
        }
        Some(Wire::Finish(_)) => Ok(Step::Finish),
        None => Err(Problem::new(Kind::Invalid, "STEP_MISSING", "导入消息为空").into()),
    }
}
