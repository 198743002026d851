//! The form of an act: what stands in its fields, the message it becomes, what is wrong with it, and what somebody else
//! changed meanwhile. Pure.

use std::collections::BTreeMap;

use contract::leaf::{Leaf, leaves};
use contract::register::{Act, Register, Target};
use contract::value::{self, Unreadable};
use jiff::civil::Date;
use kit::Problem;
use prost_reflect::{DynamicMessage, Kind, Value};
use proto::contract::{Format, PersonalData};

use super::words::{NOTHING, Words};
use crate::session::{Fields, Upload};

/// Field path → what stands in the field.
pub(crate) type Typed = BTreeMap<String, String>;

/// Dates on which an act usually happens today.
const TODAY: [&str; 2] = ["effective_on", "on"];

/// Records that fields of a form may refer to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices(BTreeMap<String, (Vec<(String, String)>, bool)>);

impl Choices {
    /// `more`: there are others that are not offered.
    pub(crate) fn insert(&mut self, path: &str, records: Vec<(String, String)>, more: bool) {
        self.0.insert(path.to_owned(), (records, more));
    }

    /// Ids and titles, and whether there are others.
    pub(crate) fn of(&self, path: &str) -> Option<(&[(String, String)], bool)> {
        self.0.get(path).map(|(records, more)| (records.as_slice(), *more))
    }
}

/// What a person fills in. A nested row of an import names the record it belongs to, `institution_uscc` and
/// `institution_name`; where the act names that record itself, by its `institution_id`, nobody is asked for it twice.
pub(crate) fn asked(act: &Act) -> impl Iterator<Item = &Leaf> {
    act.fields.iter().filter(|leaf| !named_already(act, leaf))
}

fn named_already(act: &Act, leaf: &Leaf) -> bool {
    let name = leaf.field().name();
    let Some(record) = name.strip_suffix("_uscc").or_else(|| name.strip_suffix("_name")) else { return false };
    let id = format!("{record}_id");
    let own = |other: &Leaf| other.path == id && other.column.format == Format::Record;
    leaf.path != name && (act.target == Target::Record(id.clone()) || act.fields.iter().any(own))
}

/// What was posted.
pub(crate) fn posted(act: &Act, fields: &Fields) -> Typed {
    asked(act).map(|leaf| (leaf.path.clone(), fields.get(&leaf.path).to_owned())).collect()
}

/// What a fresh form holds: what is recorded, where the act changes a record by its id; today, where it begins to hold.
/// Personal data is typed again, for a form is no place to read it.
pub(crate) fn prefilled(register: &Register, act: &Act, record: Option<&DynamicMessage>, today: Date) -> Typed {
    let mut typed = Typed::new();
    for leaf in asked(act) {
        if TODAY.contains(&leaf.path.as_str()) {
            typed.insert(leaf.path.clone(), today.to_string());
        } else if let Some((recorded, record)) = recorded(register, act, leaf).zip(record)
            && leaf.column.personal == PersonalData::Unspecified
        {
            typed.insert(leaf.path.clone(), recorded_text(&recorded, record));
        }
    }
    typed
}

/// The record's column that a field of the form restates.
fn recorded(register: &Register, act: &Act, leaf: &Leaf) -> Option<Leaf> {
    if act.target != Target::Record("id".to_owned()) || leaf.column.format == Format::Record {
        return None;
    }
    let same = |other: &Leaf| other.path == leaf.field().name() && other.column.kind == leaf.column.kind;
    leaves(&register.list.record).into_iter().find(same)
}

fn recorded_text(leaf: &Leaf, record: &DynamicMessage) -> String {
    leaf.get(record).map(|value| value::write(&leaf.column, &value)).unwrap_or_default()
}

/// What the form becomes.
pub(crate) struct Request<'a> {
    /// Id of the record; empty for a new one.
    pub(crate) id: &'a str,
    pub(crate) version: u64,
    pub(crate) idempotency_key: &'a str,
    /// What was chosen for the field that takes a file.
    pub(crate) file: Option<Upload>,
}

/// The field takes a file.
pub(crate) fn is_file(leaf: &Leaf) -> bool {
    leaf.field().kind() == Kind::Bytes
}

/// The field says what the file beside it is called; nobody types that.
pub(crate) fn is_file_name(act: &Act, leaf: &Leaf) -> bool {
    leaf.column.format == Format::File && act.fields.iter().any(|other| is_file(other) && other.group == leaf.group)
}

/// The message of a form, or the fields at fault with what is wrong.
pub(crate) fn message(act: &Act, typed: &Typed, request: &Request<'_>) -> Result<DynamicMessage, Problem> {
    let mut message = DynamicMessage::new(act.method.input.clone());
    let mut problem: Option<Problem> = None;
    for leaf in asked(act) {
        let text = match &request.file {
            Some(file) if is_file_name(act, leaf) => &file.name,
            None if is_file_name(act, leaf) => continue,
            _ => typed.get(&leaf.path).map_or("", String::as_str),
        };
        let read = match &request.file {
            _ if !is_file(leaf) => value::read(leaf.field(), &leaf.column, text),
            Some(file) if !file.content.is_empty() => Ok(Some(Value::Bytes(file.content.clone()))),
            Some(_) => Err(Unreadable { reason: "FILE_EMPTY", message: "文件是空的，请另选".to_owned() }),
            None if leaf.column.required => {
                Err(Unreadable { reason: "REQUIRED", message: "请选择文件".to_owned() })
            }
            None => Ok(None),
        };
        match read {
            Ok(Some(value)) => leaf.set(&mut message, value),
            Ok(None) => {}
            Err(unreadable) => {
                let first = problem.take();
                problem = Some(match first {
                    None => Problem::field(&leaf.path, unreadable.reason, unreadable.message),
                    Some(problem) => problem.and_field(&leaf.path, unreadable.message),
                });
            }
        }
    }
    if let Some(problem) = problem {
        return Err(problem);
    }
    // A contract without one of these fields does not need it.
    if let Target::Record(field) = &act.target {
        let _ = message.try_set_field_by_name(field, Value::String(request.id.to_owned()));
    }
    let _ = message.try_set_field_by_name("version", Value::U64(request.version));
    let _ = message.try_set_field_by_name("idempotency_key", Value::String(request.idempotency_key.to_owned()));
    Ok(message)
}

/// What is wrong with each field; what names no field of the form is wrong with the whole.
pub(crate) fn faults(act: &Act, problem: &Problem) -> (BTreeMap<String, String>, Vec<String>) {
    let mut by_field: BTreeMap<String, String> = BTreeMap::new();
    let mut whole = Vec::new();
    for (field, said) in &problem.fields {
        let exact = asked(act).find(|leaf| leaf.path == *field);
        let last = field.rsplit('.').next().unwrap_or_default();
        match exact.or_else(|| asked(act).find(|leaf| leaf.field().name() == last)) {
            Some(leaf) => {
                let told = by_field.entry(leaf.path.clone()).or_default();
                if !told.is_empty() {
                    told.push('；');
                }
                told.push_str(said);
            }
            None => whole.push(said.clone()),
        }
    }
    (by_field, whole)
}

/// One field that was typed otherwise than is recorded now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) title: String,
    pub(crate) recorded: String,
    pub(crate) typed: String,
}

/// What was typed beside what is recorded now, for the fields in which they differ.
pub(crate) fn differences(
    register: &Register,
    act: &Act,
    typed: &Typed,
    now: &DynamicMessage,
    words: &Words<'_>,
) -> Vec<Difference> {
    let differing = |leaf: &Leaf| {
        let recorded = recorded(register, act, leaf)?;
        let text = typed.get(&leaf.path).map_or("", String::as_str);
        if recorded_text(&recorded, now) == text || leaf.column.personal != PersonalData::Unspecified {
            return None;
        }
        let mut read = DynamicMessage::new(act.method.input.clone());
        if let Ok(Some(value)) = value::read(leaf.field(), &leaf.column, text) {
            leaf.set(&mut read, value);
        }
        let shown = words.shown(leaf, &read);
        Some(Difference {
            title: leaf.column.heading(),
            recorded: words.shown(&recorded, now),
            typed: if shown == NOTHING && !text.is_empty() { text.to_owned() } else { shown },
        })
    };
    asked(act).filter_map(differing).collect()
}
