//! Pages of the registers. They are derived: whatever follows the pattern of `options.proto` is listed, shown, changed
//! and imported here without a line of its own.

mod act;
mod control;
mod import;
mod list;
mod record;

pub(crate) use act::{ActPage, Conflict};
pub(crate) use control::{Control, Reach, filters};
pub(crate) use import::{JobPage, LARGEST, UploadPage};
pub(crate) use list::{Group, IndexPage, ListPage};
pub(crate) use record::RecordPage;

use contract::register::Register;

use super::escaped;

/// A link with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) title: String,
}

/// `/registers/childcare.class`
pub(crate) fn home(register: &Register) -> String {
    format!("/registers/{}", escaped(&register.name))
}

/// The page of a record.
pub(crate) fn record_address(register: &Register, id: &str) -> String {
    format!("{}/{}", home(register), escaped(id))
}

/// The form of an act on a record; without an id, of one that makes a record.
pub(crate) fn act_address(register: &Register, id: &str, method: &str) -> String {
    match id {
        "" => format!("{}/new/{}", home(register), escaped(method)),
        id => format!("{}/acts/{}", record_address(register, id), escaped(method)),
    }
}
