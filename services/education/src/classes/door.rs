//! Classes at the door: rows of the contract become checked facts, and records become messages with masked names.

use contract::masking;
use proto::education as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded};

use super::store::Placed;
use super::{Facts, State, Term};

/// What a row names its class by.
#[derive(Debug)]
pub struct Names {
    pub school: String,
    pub course_code: String,
    pub term: Option<Term>,
    pub class: String,
}

/// Reads a row; its school and course are found apart.
pub fn read(row: &wire::ClassRow) -> Draft<Names, Facts> {
    let mut cells = Cells::default();
    let school = cells.required("school_name", "学校名称", &row.school_name);
    let course_code = cells.required("course_code", "课程代码", &row.course_code);
    let term = cells.take(Term::read(&row.term));
    let class = cells.required("name", "班级名称", &row.name);
    let state: Option<State> = cells.coded("state", "状态", row.state().as_str_name(), "CLASS_STATE_");
    let facts = Facts {
        capacity: row.capacity,
        enrolled: row.enrolled,
        teacher_name: row.teacher_name.trim().to_owned(),
        schedule: row.schedule.trim().to_owned(),
        state: state.unwrap_or(State::Planned),
    };
    cells.take(facts.check());
    let entry = if cells.faults.is_empty() { Ok(facts) } else { Err(cells.faults) };
    Draft { names: Names { school, course_code, term, class }, entry }
}

/// The message of a class; the teacher's name is masked.
pub fn message(placed: Placed) -> wire::Class {
    let Placed { class, school_name, region, course_code, course_name } = placed;
    let state = class.facts.state.code();
    wire::Class {
        id: class.id.to_string(),
        version: u64::try_from(class.version).unwrap_or_default(),
        school_id: class.school_id.to_string(),
        school_name,
        course_code,
        course_name,
        term: class.identity.term.code().to_owned(),
        name: class.identity.name,
        capacity: class.facts.capacity,
        enrolled: class.facts.enrolled,
        teacher_name: masking::name(&class.facts.teacher_name),
        schedule: class.facts.schedule,
        state: wire::ClassState::from_str_name(&format!("CLASS_STATE_{state}")).unwrap_or_default() as i32,
        region,
    }
}
