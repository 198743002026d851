//! All registers, and the list of one.

use askama::Template;
use contract::columns::{Column, ColumnKind};
use contract::register::{Register, text};
use kit::{Problem, Result};
use prost_reflect::DynamicMessage;
use proto::contract::{CopyFreshness, Format};

use super::{Control, Link, home, record_address};
use crate::console::Frame;
use crate::console::page::Page;
use crate::registers::export::MOST;
use crate::registers::listing::Look;
use crate::registers::words::{Words, instant};
use contract::bureau::title as bureau_title;

/// The registers of one bureau.
#[derive(Clone, Debug)]
pub(crate) struct Group<'r> {
    pub(crate) bureau: &'r str,
    pub(crate) registers: Vec<&'r Register>,
}

/// 登记册.
#[derive(Template)]
#[template(path = "register_index.html")]
pub(crate) struct IndexPage<'a> {
    page: Page,
    groups: &'a [Group<'a>],
    /// The person may ask about people.
    persons: bool,
}

impl<'a> IndexPage<'a> {
    pub(crate) fn html(frame: &Frame, groups: &'a [Group<'a>], persons: bool) -> Result<String> {
        IndexPage { page: Page::bare(Some(frame)), groups, persons }.render().map_err(Problem::internal)
    }

    fn address(&self, register: &Register) -> String {
        home(register)
    }

    fn count(&self) -> usize {
        self.groups.iter().map(|group| group.registers.len()).sum()
    }
}

/// A cell: its text, and whether it is right-aligned.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) number: bool,
    /// A date, a state, a place: nothing that is broken over lines.
    pub(crate) tight: bool,
    /// Where it leads; empty for most.
    pub(crate) href: String,
}

impl Cell {
    pub(super) fn new(text: String, column: &Column) -> Cell {
        let tight = !matches!(column.kind, ColumnKind::Text) || column.format == Format::Region;
        let tight = tight && text.chars().count() <= 12;
        Cell { text, number: column.is_number(), tight, href: String::new() }
    }

    /// Of the table's cell.
    pub(crate) fn class(&self) -> &'static str {
        match (self.number, self.tight) {
            (true, _) => "num",
            (false, true) => "nb",
            (false, false) => "",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Empty where the register shows no single record.
    href: String,
    title: String,
    cells: Vec<Cell>,
}

/// The list of a register.
#[derive(Template)]
#[template(path = "register_list.html")]
pub(crate) struct ListPage<'a> {
    page: Page,
    register: &'a Register,
    pub(crate) bureau: &'a str,
    home: String,
    /// What was done before the page was shown; empty otherwise.
    pub(crate) done: String,
    pub(crate) controls: Vec<Control>,
    /// The first column heads the row.
    head: Vec<Cell>,
    rows: Vec<Row>,
    /// Filters that could not be read.
    pub(crate) faults: Vec<String>,
    /// Why there are no records to show.
    pub(crate) problem: Option<Problem>,
    filtered: bool,
    /// Where the records come from, for a register that is a copy.
    pub(crate) sources: Vec<CopyFreshness>,
    pub(crate) anew: Vec<Link>,
    pub(crate) import: bool,
    previous: Option<String>,
    next: Option<String>,
    /// Not the first page, and no way back one by one.
    first: Option<String>,
    export_page: String,
    export_all: String,
    most: usize,
}

impl<'a> ListPage<'a> {
    /// A page of records; without any it says why, or that nothing fits.
    pub(crate) fn new(
        frame: &Frame,
        register: &'a Register,
        look: &Look,
        (records, next): (&[DynamicMessage], &str),
        words: &Words<'_>,
    ) -> Self {
        let home = home(register);
        let mut shown: Vec<_> = register.list.columns.iter().filter(|leaf| !leaf.column.detail_only).collect();
        // What people call a record leads to it.
        let title = register.title_column().map(|leaf| leaf.path.as_str());
        shown.sort_by_key(|leaf| Some(leaf.path.as_str()) != title);
        let row = |record: &DynamicMessage| {
            let id = text(record, "id");
            let mut cells = shown.iter().map(|leaf| Cell::new(words.shown(leaf, record), &leaf.column));
            Row {
                href: if register.get.is_some() { record_address(register, &id) } else { String::new() },
                title: cells.next().map(|cell| cell.text).unwrap_or_default(),
                cells: cells.collect(),
            }
        };
        let export = |look: &Look, all: bool| {
            let query = look.address();
            let joint = if query.is_empty() { "?" } else { "&" };
            format!("{home}/export{query}{}", if all { format!("{joint}all=1") } else { String::new() })
        };
        let previous = look.previous().map(|before| format!("{home}{}", before.address()));
        ListPage {
            page: Page::bare(Some(frame)),
            bureau: "",
            done: String::new(),
            controls: Vec::new(),
            head: shown.iter().map(|leaf| Cell::new(label(leaf), &leaf.column)).collect(),
            rows: records.iter().map(row).collect(),
            faults: Vec::new(),
            problem: None,
            filtered: !look.filters.is_empty(),
            sources: Vec::new(),
            anew: Vec::new(),
            import: false,
            first: (previous.is_none() && !look.cursor.is_empty()).then(|| format!("{home}{}", look.query())),
            previous,
            next: (!next.is_empty()).then(|| format!("{home}{}", look.next(next).address())),
            export_page: export(look, false),
            export_all: export(&Look { filters: look.filters.clone(), ..Look::default() }, true),
            most: MOST,
            register,
            home,
        }
    }

    pub(crate) fn html(self) -> Result<String> {
        self.render().map_err(Problem::internal)
    }

    fn source(&self, source: &CopyFreshness) -> String {
        let CopyFreshness { bureau, as_of_micros, words } = source;
        let until = match as_of_micros {
            0 => String::new(),
            at => format!("，数据截至{}", instant(*at)),
        };
        format!("{}：{words}{until}", bureau_title(bureau))
    }

    /// A copy that never was holds nothing, and says nothing of the register.
    fn lacks_a_copy(&self) -> bool {
        self.sources.iter().any(|source| source.as_of_micros == 0)
    }
}

/// The heading of a column, with the title of what it is nested in.
pub(super) fn label(leaf: &contract::leaf::Leaf) -> String {
    if leaf.group.is_empty() { leaf.column.heading() } else { format!("{} · {}", leaf.group, leaf.column.heading()) }
}
