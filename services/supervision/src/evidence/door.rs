//! Files at the door: uploads are checked, files are handed out in parts.

use futures::stream::{self, BoxStream, StreamExt};
use kit::{Clock, Result};
use proto::supervision as wire;
use registry::{Cells, Fault, problem_of};
use tonic::Status;
use uuid::Uuid;

use super::{Evidence, LARGEST, bare_name, sha256};

/// Bytes of one part: well below what a client takes in one message.
const PART: usize = 1024 * 1024;

/// Reads an upload. FIELD_MISSING, DATE_INVALID, DATE_IN_FUTURE, FILE_EMPTY, FILE_TOO_LARGE.
pub fn read(file: &wire::EvidenceFile, record: Uuid, region: &str, added_by: &str, clock: &Clock) -> Result<Evidence> {
    let mut cells = Cells::default();
    let title = cells.required("title", "佐证名称", &file.title);
    let file_name = cells.required("file_name", "文件名", &file.file_name);
    let dated_on = cells.date("dated_on", "日期", &file.dated_on);
    if dated_on.is_some_and(|on| on > clock.today()) {
        cells.faults.push(Fault::cell("dated_on", "DATE_IN_FUTURE", "日期晚于今天"));
    }
    if file.content.is_empty() {
        cells.faults.push(Fault::cell("content", "FILE_EMPTY", "请选择文件，文件不能为空"));
    }
    if file.content.len() > LARGEST {
        cells.faults.push(Fault::cell("content", "FILE_TOO_LARGE", "文件不超过5 MB，请压缩或拆分后上传"));
    }
    let Some(dated_on) = dated_on.filter(|_| cells.faults.is_empty()) else { return Err(problem_of(cells.faults)) };
    Ok(Evidence {
        id: clock.id(),
        record,
        region: region.to_owned(),
        title,
        document_number: file.document_number.trim().to_owned(),
        dated_on,
        file_name: bare_name(&file_name),
        sha256: sha256(&file.content),
        size: file.content.len() as i64,
        added_by: added_by.to_owned(),
    })
}

/// The message of a file.
pub fn message(evidence: Evidence) -> wire::Evidence {
    wire::Evidence {
        id: evidence.id.to_string(),
        title: evidence.title,
        document_number: evidence.document_number,
        dated_on: evidence.dated_on.to_string(),
        file_name: evidence.file_name,
        size: evidence.size,
        sha256: evidence.sha256,
        added_by: evidence.added_by,
    }
}

/// A file in parts, its name on the first.
pub fn parts(file_name: String, content: Vec<u8>) -> BoxStream<'static, Result<wire::FilePart, Status>> {
    let mut parts: Vec<_> = content
        .chunks(PART)
        .map(|part| Ok(wire::FilePart { file_name: String::new(), content: part.to_vec() }))
        .collect();
    if let Some(Ok(first)) = parts.first_mut() {
        first.file_name = file_name;
    }
    stream::iter(parts).boxed()
}
