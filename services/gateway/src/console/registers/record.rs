//! One record: everything its contract tells about it, further lists, what happened to it, and what can be done.

use askama::Template;
use contract::leaf::{Leaf, Table};
use contract::register::{Get, Register, text};
use kit::{Problem, Result};
use prost_reflect::{DynamicMessage, ReflectMessage, Value};
use proto::contract::{Format, HistoryEntry};

use super::list::{Cell, label};
use super::{Link, home};
use crate::console::page::Page;
use crate::console::persons::Identity;
use crate::console::{Frame, escaped};
use crate::registers::words::{Words, instant};

/// A list that belongs to the record.
struct Further {
    title: String,
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// One line of the history.
struct Event {
    at: String,
    /// 已备案 → 已注销, or empty.
    change: String,
    since: String,
    by: String,
    reason: String,
    document: String,
}

/// A record.
#[derive(Template)]
#[template(path = "register_record.html")]
pub(crate) struct RecordPage<'a> {
    page: Page,
    register: &'a Register,
    pub(crate) bureau: &'a str,
    home: String,
    title: String,
    pub(crate) done: String,
    facts: Vec<(String, String)>,
    further: Vec<Further>,
    history: Vec<Event>,
    pub(crate) acts: Vec<Link>,
    /// Lists of other registers that belong to the record, and new records for it.
    pub(crate) related: Vec<Link>,
    /// Who the record is about; `None` where it names nobody.
    pub(crate) identity: Option<Identity>,
    /// Where the form that asks for plain text is posted.
    pub(crate) reveal: String,
    /// Where a doubt about the record is told.
    pub(crate) doubt: String,
}

impl<'a> RecordPage<'a> {
    /// `answer` is what the register's `GetX` said.
    pub(crate) fn new(
        frame: &Frame,
        register: &'a Register,
        get: &Get,
        answer: &DynamicMessage,
        words: &Words<'_>,
    ) -> Self {
        let record = get.record(answer);
        let facts = register.list.columns.iter().map(|leaf| (leaf, &record));
        let facts = facts.chain(get.further.iter().map(|leaf| (leaf, answer)));
        RecordPage {
            page: Page::bare(Some(frame)),
            bureau: "",
            home: home(register),
            title: words.title(register, &record),
            done: String::new(),
            facts: facts.map(|(leaf, message)| (label(leaf), words.shown(leaf, message))).collect(),
            further: get.tables.iter().map(|table| further(table, [answer, &record], words)).collect(),
            history: get.history.as_ref().map(|field| events(list(answer, field))).unwrap_or_default(),
            acts: Vec::new(),
            related: Vec::new(),
            identity: None,
            reveal: String::new(),
            doubt: String::new(),
            register,
        }
    }

    pub(crate) fn html(self) -> Result<String> {
        self.render().map_err(Problem::internal)
    }
}

fn further(table: &Table, messages: [&DynamicMessage; 2], words: &Words<'_>) -> Further {
    let shown: Vec<&Leaf> =
        table.columns.iter().filter(|leaf| leaf.column.format != Format::Record && !leaf.column.detail_only).collect();
    // A table is the answer's own or the record's.
    let owner = messages.into_iter().find(|message| message.descriptor() == *table.field.parent_message());
    let items = owner.map(|message| list(message, &table.field)).unwrap_or_default();
    let row = |item: &DynamicMessage| {
        let cell = |leaf: &&Leaf| {
            let mut cell = Cell::new(words.shown(leaf, item), &leaf.column);
            if leaf.column.format == Format::File {
                cell.href = format!("/evidence/{}", escaped(&text(item, "id")));
            }
            cell
        };
        shown.iter().map(cell).collect()
    };
    Further {
        title: table.title.clone(),
        head: shown.iter().map(|leaf| Cell::new(label(leaf), &leaf.column)).collect(),
        rows: items.iter().map(row).collect(),
    }
}

fn list(message: &DynamicMessage, field: &prost_reflect::FieldDescriptor) -> Vec<DynamicMessage> {
    if message.descriptor() != *field.parent_message() {
        return Vec::new();
    }
    let value = message.get_field(field);
    value.as_list().unwrap_or_default().iter().filter_map(Value::as_message).cloned().collect()
}

/// The latest first.
fn events(entries: Vec<DynamicMessage>) -> Vec<Event> {
    let mut entries: Vec<HistoryEntry> =
        entries.iter().filter_map(|entry| entry.transcode_to::<HistoryEntry>().ok()).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at_micros));
    let event = |entry: HistoryEntry| Event {
        at: instant(entry.at_micros),
        change: match (entry.from_state.as_str(), entry.to_state.as_str()) {
            ("", to) => to.to_owned(),
            (from, to) if from == to => to.to_owned(),
            (from, "") => from.to_owned(),
            (from, to) => format!("{from} → {to}"),
        },
        since: entry.effective_on,
        by: entry.by,
        reason: entry.reason,
        document: entry.document_number,
    };
    entries.into_iter().map(event).collect()
}
