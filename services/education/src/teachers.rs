//! 教师 (dictionary §5.4): who teaches at a school, named by name within it, and by a document
//! where one is given. Rules only: no SQL, no contract, no clock.

pub mod correction;
pub mod door;
pub mod import;
pub mod service;
pub mod store;

use jiff::civil::Date;
use registry::{Coded, Event, Fault};
use uuid::Uuid;

/// 状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Left,
}

impl Coded for Status {
    const CODES: &'static [(Self, &'static str)] = &[(Self::Active, "ACTIVE"), (Self::Left, "LEFT")];
}

impl Status {
    pub fn label(self) -> &'static str {
        match self {
            Status::Active => "在岗",
            Status::Left => "离岗",
        }
    }
}

/// What a row states of a teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    /// 职称; empty where there is none.
    pub title: String,
    pub status: Status,
}

/// One teacher of one school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teacher {
    pub id: Uuid,
    pub version: i64,
    pub school_id: Uuid,
    /// Who this is; none where no document was given.
    pub person_id: Option<Uuid>,
    pub facts: Facts,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub teacher: Teacher,
    pub event: Event,
}

/// Enters a teacher of a school.
pub fn enter(id: Uuid, school_id: Uuid, person_id: Option<Uuid>, facts: Facts, on: Date) -> Change {
    let event = Event::step(on, "", facts.status.label(), "登记");
    Change { teacher: Teacher { id, version: 1, school_id, person_id, facts }, event }
}

/// Brings a teacher to what a row states; `None` when it states nothing new. A row without a document takes none away; another
/// document is another person's (TEACHER_DOCUMENT_DIFFERS).
pub fn revise(known: &Teacher, person_id: Option<Uuid>, facts: Facts, on: Date) -> Result<Option<Change>, Fault> {
    if let (Some(ours), Some(theirs)) = (known.person_id, person_id)
        && ours != theirs
    {
        let message = "该校同名教师已登记另一证件，请核对是否同一人";
        return Err(Fault::conflict("TEACHER_DOCUMENT_DIFFERS", message));
    }
    let person_id = person_id.or(known.person_id);
    if known.facts == facts && known.person_id == person_id {
        return Ok(None);
    }
    let (before, after) = (known.facts.status, facts.status);
    let event = if before != after {
        Event::step(on, before.label(), after.label(), "导入变更")
    } else if known.person_id == person_id {
        Event::note(on, "变更职称")
    } else {
        Event::note(on, "登记证件")
    };
    Ok(Some(Change { teacher: Teacher { facts, person_id, ..known.clone() }, event }))
}
