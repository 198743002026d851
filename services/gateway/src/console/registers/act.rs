//! The form of an act, with what was typed, what is wrong with it, and what somebody else recorded meanwhile.

use std::collections::BTreeMap;

use askama::Template;
use contract::register::{Act, Register};
use kit::{Problem, Result};

use super::{Control, Reach, act_address, home, record_address};
use crate::console::Frame;
use crate::console::page::Page;
use crate::registers::form::{self, Choices, Difference, Typed};
use crate::registers::words::Words;

/// Somebody changed the record after the form was opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conflict {
    pub(crate) differences: Vec<Difference>,
}

/// Fields under the title of the message they are nested in.
struct Section {
    title: String,
    controls: Vec<Control>,
}

/// An act.
#[derive(Template)]
#[template(path = "register_act.html")]
pub(crate) struct ActPage<'a> {
    page: Page,
    register: &'a Register,
    act: &'a Act,
    pub(crate) bureau: &'a str,
    home: String,
    /// Where the form goes.
    action: String,
    /// Where to go without doing anything.
    back: String,
    /// What the record is called; empty for a new one.
    pub(crate) title: String,
    pub(crate) version: u64,
    sections: Vec<Section>,
    /// The form brings a file.
    uploads: bool,
    /// What is wrong with no single field.
    whole: Vec<String>,
    pub(crate) problem: Option<&'a Problem>,
    pub(crate) conflict: Option<Conflict>,
}

impl<'a> ActPage<'a> {
    /// The form of an act on the record `id`; empty: it makes a new one.
    pub(crate) fn new(
        frame: &Frame,
        (register, act, id): (&'a Register, &'a Act, &str),
        typed: &Typed,
        choices: &Choices,
        problem: Option<&'a Problem>,
        (words, reach): (&Words<'_>, Reach<'_>),
    ) -> Self {
        let (faults, whole) = problem.map_or_else(Default::default, |problem| form::faults(act, problem));
        ActPage {
            uploads: act.fields.iter().any(form::is_file),
            page: Page::bare(Some(frame)),
            bureau: "",
            home: home(register),
            action: act_address(register, id, act.method.name()),
            back: if id.is_empty() { home(register) } else { record_address(register, id) },
            title: String::new(),
            version: 0,
            sections: sections(act, typed, &faults, choices, words, reach),
            whole,
            problem,
            conflict: None,
            register,
            act,
        }
    }

    pub(crate) fn html(self) -> Result<String> {
        self.render().map_err(Problem::internal)
    }
}

fn sections(
    act: &Act,
    typed: &Typed,
    faults: &BTreeMap<String, String>,
    choices: &Choices,
    words: &Words<'_>,
    reach: Reach<'_>,
) -> Vec<Section> {
    let text = |map: &BTreeMap<String, String>, path: &str| map.get(path).cloned().unwrap_or_default();
    let mut sections: Vec<Section> = Vec::new();
    for leaf in form::asked(act).filter(|leaf| !form::is_file_name(act, leaf)) {
        let (value, fault) = (text(typed, &leaf.path), text(faults, &leaf.path));
        let control = Control::field(leaf, &value, &fault, choices.of(&leaf.path), words, reach);
        match sections.last_mut().filter(|section| section.title == leaf.group) {
            Some(section) => section.controls.push(control),
            None => sections.push(Section { title: leaf.group.clone(), controls: vec![control] }),
        }
    }
    sections
}
