//! The import wizard: a file is received, checked, shown, and written when the person says so.

use std::sync::Arc;

use axum::Router;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use contract::register::Register;
use kit::{Kind, Problem, Result};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tonic::Request;
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use super::{answered, workbook};
use crate::console::registers::{Control, JobPage, LARGEST, Reach, UploadPage, home};
use crate::http::{Front, pages};
use crate::registers;
use crate::registers::import::conversation::Sign;
use crate::registers::import::jobs::{Imports, Job, Terms, Way};
use crate::registers::import::sheet::profiles;
use crate::registers::words::Words;
use crate::session::door::{from_here, see_other};
use crate::session::{Fields, Posted, SignedIn};
use contract::bureau::title as bureau_title;

/// The file and the fields around it.
const BODY: usize = LARGEST + (1 << 20);
/// Longest field beside the file, in bytes.
const LONGEST_FIELD: usize = 4096;

pub(super) fn router() -> Router<Front> {
    Router::new()
        .route("/registers/{name}/import", get(ask).post(receive))
        .route("/registers/{name}/import/{id}", get(show))
        .route("/registers/{name}/import/{id}/commit", post(commit))
        .route("/registers/{name}/import/{id}/rejected", get(rejected))
        .layer(DefaultBodyLimit::max(BODY))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resumed {
    resume: String,
}

/// A register that the person may import into.
fn open(person: &SignedIn, name: &str) -> Result<&'static Register> {
    let register = registers::open(person, name)?;
    let import = register
        .import
        .as_ref()
        .ok_or_else(|| Problem::not_found("REGISTER_NOT_IMPORTABLE", format!("“{}”不支持导入", register.title)))?;
    registers::demand(person, register, &import.method)?;
    Ok(register)
}

async fn ask(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path(name): Path<String>,
    Query(Resumed { resume }): Query<Resumed>,
) -> Response {
    let terms = Terms { effective_on: front.state.clock().today().to_string(), ..Terms::default() };
    match open(&person, &name) {
        Ok(register) => upload_page(&front, &person, &uri, register, terms, resume, None),
        Err(problem) => pages::problem(&front, Some(&person), &uri, &problem),
    }
}

fn upload_page(
    front: &Front,
    person: &SignedIn,
    uri: &Uri,
    register: &'static Register,
    terms: Terms,
    resume: String,
    problem: Option<&Problem>,
) -> Response {
    let city = &front.state.customs().city;
    let regions = person.regions(&register.bureau);
    let fault = problem.and_then(|problem| problem.fields.iter().find(|(field, _)| field == "region"));
    let fault = fault.map_or("", |(_, said)| said);
    let response = pages::page(front, Some(person), uri, |frame| {
        let mut page = UploadPage::new(frame, register);
        page.bureau = bureau_title(&register.bureau);
        let chosen = if terms.region.is_empty() && regions.len() == 1 { regions[0] } else { &terms.region };
        page.region = Control::region("region", "表格所属地区", chosen, fault, &Words(city), Reach(&regions));
        let own = ("template".to_owned(), "本平台导入模板".to_owned());
        let known = profiles(city, register).map(|profile| (profile.code.clone(), profile.title.clone()));
        page.profiles = known.chain([own]).collect();
        (page.terms, page.resume, page.problem) = (terms.clone(), resume, problem);
        page.html()
    });
    match problem {
        None => response,
        Some(problem) => (StatusCode::from_u16(problem.kind.codes().1).unwrap_or_default(), response).into_response(),
    }
}

/// What was sent, in the order it came.
#[derive(Debug, Default)]
struct Received {
    terms: Terms,
    resume: String,
    file: Option<TempDir>,
}

async fn receive(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    headers: HeaderMap,
    Path(name): Path<String>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Response {
    let register = match open(&person, &name) {
        Ok(register) => register,
        Err(problem) => return pages::problem(&front, Some(&person), &uri, &problem),
    };
    if from_here(&headers) == Some(false) {
        let foreign = Problem::forbidden("CSRF_INVALID", "这次提交来自别的网站，没有生效");
        return pages::problem(&front, Some(&person), &uri, &foreign);
    }
    let mut received = Received::default();
    let taken = async {
        let multipart = multipart.map_err(|_| Problem::new(Kind::Invalid, "FORM_UNREADABLE", "提交的不是表单"))?;
        read(multipart, &person, &front.imports, &mut received).await?;
        begin(&front, &person, register, &mut received)
    };
    let taken: Result<Uuid> = taken.await;
    match taken {
        Ok(id) => see_other(&format!("{}/import/{id}", home(register))),
        Err(problem) => {
            let Received { terms, resume, .. } = received;
            upload_page(&front, &person, &uri, register, terms, resume, Some(&problem))
        }
    }
}

/// Reads the form as it comes. The token stands before the file, so that nobody else's file is ever written.
async fn read(mut multipart: Multipart, person: &SignedIn, imports: &Imports, received: &mut Received) -> Result<()> {
    let broken = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(Kind::Invalid, "UPLOAD_BROKEN", "上传中断，没有收全，请重新上传"),
    };
    let mut checked = false;
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if !checked {
                person.check_csrf("")?;
            }
            let file_name = field.file_name().unwrap_or_default().chars().take(120).collect::<String>();
            if file_name.is_empty() {
                continue;
            }
            received.terms.file_name = file_name;
            let folder = imports.folder()?;
            let mut file = tokio::fs::File::create(Imports::file(&folder)).await.map_err(Problem::internal)?;
            let mut length = 0;
            while let Some(chunk) = field.chunk().await.map_err(broken)? {
                length += chunk.len();
                if length > LARGEST {
                    return Err(too_large());
                }
                file.write_all(&chunk).await.map_err(Problem::internal)?;
            }
            file.flush().await.map_err(Problem::internal)?;
            received.file = Some(folder);
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST_FIELD {
                return Err(Problem::new(Kind::Invalid, "FORM_TOO_LARGE", "提交的内容过大"));
            }
        }
        let text = String::from_utf8(bytes).unwrap_or_default();
        match name.as_str() {
            "csrf" => {
                person.check_csrf(&text)?;
                checked = true;
            }
            "resume" => received.resume = text,
            "region" => received.terms.region = text,
            "effective_on" => received.terms.effective_on = text,
            "profile" => received.terms.profile = text,
            "complete" => received.terms.complete = text == "1",
            _ => {}
        }
    }
    if checked { Ok(()) } else { person.check_csrf("") }
}

fn too_large() -> Problem {
    Problem::field("file", "FILE_TOO_LARGE", "文件超过 50 MB，请分成几个文件上传")
}

/// Checks what was stated and begins: IMPORT_REGION, IMPORT_DATE, FILE_MISSING.
fn begin(front: &Front, person: &SignedIn, register: &'static Register, received: &mut Received) -> Result<Uuid> {
    let terms = &received.terms;
    if front.state.customs().city.regions.get(&terms.region).is_none() {
        return Err(Problem::field("region", "IMPORT_REGION", "请选择表格所属地区"));
    }
    if !contract::text::is_iso_date(&terms.effective_on) {
        return Err(Problem::field("effective_on", "IMPORT_DATE", "请填写变更生效日期，如 2025-09-01"));
    }
    let id = match received.resume.as_str() {
        "" => front.state.clock().id(),
        id => id.parse().map_err(|_| Problem::field("resume", "IMPORT_ID", "导入编号有误"))?,
    };
    let way = way(front, person, register)?;
    let missing = || Problem::field("file", "FILE_MISSING", "请选择要上传的文件");
    let folder = received.file.take().ok_or_else(missing)?;
    front.imports.take(id, register, &person.id, received.terms.clone(), folder, way)?;
    Ok(id)
}

/// The way to the bureau in the person's name, with a fresh assertion whenever one is needed.
fn way(front: &Front, person: &SignedIn, register: &Register) -> Result<Way> {
    let (bureaus, person) = (front.bureaus.clone(), person.clone());
    let channel = bureaus.require(&register.bureau)?;
    let sign: Sign = Arc::new(move |metadata: &mut MetadataMap| {
        let signed: Request<()> = bureaus.request(&person, ());
        if let Some(assertion) = signed.metadata().get(trust::ASSERTION_HEADER) {
            metadata.insert(trust::ASSERTION_HEADER, assertion.clone());
        }
        Ok(())
    });
    Ok(Way { channel, sign, city: front.state.customs().city.clone(), clock: front.state.clock().clone() })
}

/// The job of an address. A lost one is `Ok(None)`: the same file under the same id takes it up again.
fn find(person: &SignedIn, imports: &Imports, name: &str, id: &str) -> Result<(&'static Register, Option<Arc<Job>>)> {
    let register = open(person, name)?;
    let id: Uuid = id.parse().map_err(|_| Problem::not_found("IMPORT_UNKNOWN", "没有这次导入"))?;
    Ok((register, imports.find(id, name, &person.id)))
}

async fn show(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let (register, job) = match find(&person, &front.imports, &name, &id) {
        Ok((register, Some(job))) => (register, job),
        Ok((register, None)) => {
            return see_other(&format!("{}/import?resume={}", home(register), crate::console::escaped(&id)));
        }
        Err(problem) => return pages::problem(&front, Some(&person), &uri, &problem),
    };
    let standing = job.standing();
    let mut response = pages::page(&front, Some(&person), &uri, |frame| {
        let mut page = JobPage::new(frame, register, &id, &job.terms, &standing);
        page.bureau = bureau_title(&register.bureau);
        page.region = Words(&front.state.customs().city).region(&job.terms.region);
        page.html()
    });
    if standing.phase.is_moving() {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    response
}

async fn commit(
    Shared(front): Shared<Front>,
    uri: Uri,
    Path((name, id)): Path<(String, String)>,
    posted: Posted<Fields>,
) -> Response {
    let person = posted.person;
    let made = find(&person, &front.imports, &name, &id).and_then(|(register, job)| {
        if let Some(job) = job {
            job.commit(way(&front, &person, register)?);
        }
        Ok(see_other(&format!("{}/import/{}", home(register), crate::console::escaped(&id))))
    });
    answered(&front, &person, &uri, made)
}

async fn rejected(
    Shared(front): Shared<Front>,
    person: SignedIn,
    uri: Uri,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let made = async {
        let (register, job) = find(&person, &front.imports, &name, &id)?;
        let gone = || Problem::not_found("IMPORT_UNKNOWN", "这次导入的工作簿已不在，请重新上传同一个文件预检");
        let job = job.filter(|job| job.standing().rejected).ok_or_else(gone)?;
        let bytes = tokio::fs::read(job.rejected()).await.map_err(|_| gone())?;
        Ok(workbook(&format!("{}-未采用的行", register.title), bytes))
    };
    answered(&front, &person, &uri, made.await)
}
