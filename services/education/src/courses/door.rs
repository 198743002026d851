//! Courses at the door: rows of the contract become checked facts, and records become messages.

use proto::education as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded, Fault};

use super::{Category, Course, Facts, Mode};

/// Reads a row; it names its course by the code.
pub fn read(row: &wire::CourseRow) -> Draft<String, Facts> {
    let mut cells = Cells::default();
    let code = cells.required("code", "课程代码", &row.code);
    let name = cells.required("name", "课程名称", &row.name);
    let category: Option<Category> = cells.coded("category", "门类", row.category().as_str_name(), "CATEGORY_");
    let mode: Option<Mode> = cells.coded("mode", "授课方式", row.mode().as_str_name(), "MODE_");
    if row.hours < 1 {
        cells.faults.push(Fault::cell("hours", "HOURS_MISSING", "学时须为1以上的整数"));
    }
    let entry = match (category, mode) {
        (Some(category), Some(mode)) if cells.faults.is_empty() => {
            Ok(Facts { code: code.clone(), name, category, mode, hours: row.hours })
        }
        _ => Err(cells.faults),
    };
    Draft { names: code, entry }
}

/// The message of a course.
pub fn message(course: Course) -> wire::Course {
    let Course { id, version, region, facts } = course;
    wire::Course {
        id: id.to_string(),
        version: u64::try_from(version).unwrap_or_default(),
        code: facts.code,
        name: facts.name,
        category: wire::Category::from_str_name(&format!("CATEGORY_{}", facts.category.code())).unwrap_or_default()
            as i32,
        mode: wire::Mode::from_str_name(&format!("MODE_{}", facts.mode.code())).unwrap_or_default() as i32,
        hours: facts.hours,
        region,
    }
}
