//! Teachers at the door: rows of the contract become checked facts, and records become messages with masked names.

use contract::masking;
use proto::education as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded};

use super::store::Placed;
use super::{Facts, Status};

/// What a row names its teacher by.
#[derive(Debug)]
pub struct Names {
    pub school: String,
    pub teacher: String,
}

/// Reads a row; its school is found apart.
pub fn read(row: &wire::TeacherRow) -> Draft<Names, Facts> {
    let mut cells = Cells::default();
    let school = cells.required("school_name", "学校名称", &row.school_name);
    let name = cells.required("name", "姓名", &row.name);
    let status: Option<Status> = cells.coded("status", "状态", row.status().as_str_name(), "TEACHER_STATUS_");
    let entry = match status {
        Some(status) if cells.faults.is_empty() => {
            Ok(Facts { name: name.clone(), title: row.title.trim().to_owned(), status })
        }
        _ => Err(cells.faults),
    };
    Draft { names: Names { school, teacher: name }, entry }
}

/// The message of a teacher; the name is masked.
pub fn message(placed: Placed) -> wire::Teacher {
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
    }
}
