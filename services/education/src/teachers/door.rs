//! Teachers at the door: rows of the contract become checked facts, and records become messages with masked names.

use contract::document::Document;
use contract::masking;
use jiff::civil::Date;
use proto::education as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded, people};
use trust::persons::Person;

use super::store::Placed;
use super::{Facts, Status};

/// What a row names its teacher by.
#[derive(Debug)]
pub struct Names {
    pub school: String,
    pub teacher: String,
    /// None where none is given.
    pub document: Option<Document>,
}

/// Reads a row; its school is found apart.
pub fn read(row: &wire::TeacherRow, today: Date) -> Draft<Names, Facts> {
    let mut cells = Cells::default();
    let school = cells.required("school_name", "学校名称", &row.school_name);
    let name = people::name(&mut cells, &row.name);
    let status: Option<Status> = cells.coded("status", "状态", row.status().as_str_name(), "TEACHER_STATUS_");
    let given = row.document_kind != 0 || !row.document_number.trim().is_empty();
    let kind = row.document_kind().as_str_name();
    let document = given.then(|| people::document(&mut cells, kind, &row.document_number, today)).flatten();
    let title = cells.harmless("title", "职称", &row.title, "请删去");
    let entry = match status {
        Some(status) if cells.faults.is_empty() => Ok(Facts { name: name.clone(), title, status }),
        _ => Err(cells.faults),
    };
    Draft { names: Names { school, teacher: name, document }, entry }
}

/// The message of a teacher; the name is masked.
pub fn message(placed: Placed, person: Option<&Person>) -> wire::Teacher {
    let Placed { teacher, school_name, region } = placed;
    let status = teacher.facts.status.code();
    wire::Teacher {
        id: teacher.id.to_string(),
        version: u64::try_from(teacher.version).unwrap_or_default(),
        school_id: teacher.school_id.to_string(),
        school_name,
        name: masking::name(&teacher.facts.name),
        title: teacher.facts.title,
        status: wire::TeacherStatus::from_str_name(&format!("TEACHER_STATUS_{status}")).unwrap_or_default() as i32,
        region,
        person_id: teacher.person_id.map(|id| id.to_string()).unwrap_or_default(),
        document_number: person.map(Person::masked_document).unwrap_or_default(),
    }
}
