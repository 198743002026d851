//! A posted form that may bring one file: `multipart/form-data`, where a plain form is as good.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use kit::{Kind, Problem, Result};

use super::door::{from_here, held_up, person};
use super::{Fields, Posted, SignedIn};
use crate::http::{Front, pages};

/// Largest file that is taken, in bytes: what the bureaus take as evidence.
pub const LARGEST_FILE: usize = 5 << 20;
/// Longest text of a field beside it.
const LONGEST_FIELD: usize = 64 << 10;

/// A file as it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Without folders, as the browser says.
    pub name: String,
    pub content: Bytes,
}

/// The form, and its file. Take it as [`Posted`] is taken.
#[derive(Debug)]
pub struct Uploaded {
    pub posted: Posted<Fields>,
    pub file: Option<Upload>,
}

impl FromRequest<Front> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, front: &Front) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            return Posted::from_request(request, front).await.map(|posted| Uploaded { posted, file: None });
        }
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        let refuse = |person: Option<&SignedIn>, problem: Problem| pages::problem(front, person, &uri, &problem);
        if from_here(&headers) == Some(false) {
            return Err(refuse(None, Problem::forbidden("CSRF_INVALID", "这次提交来自别的网站，没有生效")));
        }
        let Some(person) = person(front, &headers).await.map_err(|problem| refuse(None, problem))? else {
            let message = "登录已过期，文件没有提交。请重新登录后再传。";
            return Err(refuse(None, Problem::new(Kind::Unauthenticated, "SIGNIN_REQUIRED", message)));
        };
        if held_up(front, &person, uri.path()) {
            return Err(crate::http::signin::password_page(front, &person, &uri, None, None));
        }
        let unreadable = |_| Problem::new(Kind::Invalid, "FORM_UNREADABLE", "提交的不是表单");
        let read = async {
            let multipart = Multipart::from_request(request, &()).await.map_err(unreadable)?;
            read(multipart, &person).await
        };
        let (form, file) = read.await.map_err(|problem: Problem| refuse(Some(&person), problem))?;
        let idempotency_key = form.get("idempotency_key").to_owned();
        Ok(Uploaded { posted: Posted { person, form, idempotency_key }, file })
    }
}

/// Reads the form as it comes. The token stands before the file, so that nobody else's file is ever held.
async fn read(mut multipart: Multipart, person: &SignedIn) -> Result<(Fields, Option<Upload>)> {
    let (mut fields, mut file) = (Vec::new(), None);
    let mut checked = false;
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let chosen = field.file_name().map(|name| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned());
        if chosen.is_some() && !checked {
            person.check_csrf("")?;
        }
        let limit = if chosen.is_some() { LARGEST_FILE } else { LONGEST_FIELD };
        let mut content = BytesMut::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            if content.len() + chunk.len() > limit {
                return Err(too_large());
            }
            content.extend_from_slice(&chunk);
        }
        match chosen {
            Some(name) if !name.is_empty() => file = Some(Upload { name, content: content.freeze() }),
            Some(_) => {}
            None => {
                let text = String::from_utf8(content.into()).unwrap_or_default();
                if name == "csrf" {
                    person.check_csrf(&text)?;
                    checked = true;
                }
                fields.push((name, text));
            }
        }
    }
    if !checked {
        person.check_csrf("")?;
    }
    Ok((Fields(fields), file))
}

fn broken(error: MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(Kind::Invalid, "UPLOAD_BROKEN", "上传中断，没有收全，请重新上传"),
    }
}

fn too_large() -> Problem {
    Problem::new(Kind::Invalid, "FILE_TOO_LARGE", "文件超过 5 MB，没有提交；请压缩后再传")
}
