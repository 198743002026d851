//! 疑义校核: tickets about data, one of them, and the form of a new one.

use askama::Template;
use kit::{Problem, Result};
use proto::trust::{Correction, CorrectionAct, CorrectionDetail, CorrectionState};

use super::{Tabs, at, or_nothing};
use crate::console::page::{Choice, Page};
use crate::console::people::{Faults, chosen};
use crate::console::{Frame, escaped};
use crate::session::Fields;
use crate::sharing::{Walked, label, labels};
use contract::bureau::title as bureau_title;

/// What a doubt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    Record,
    Figure,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Figure, Kind::Record, Kind::Method];

    pub(crate) fn of(code: &str) -> Kind {
        Kind::ALL.into_iter().find(|kind| kind.code() == code).unwrap_or(Kind::Figure)
    }

    fn code(self) -> &'static str {
        match self {
            Kind::Method => "method",
            Kind::Record => "record",
            Kind::Figure => "figure",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Kind::Method => "接口",
            Kind::Record => "登记记录",
            Kind::Figure => "报表数据",
        }
    }
}

/// The page of a ticket.
pub(crate) fn href(bureau: &str, id: &str) -> String {
    format!("/sharing/corrections/{}/{}", escaped(bureau), escaped(id))
}

fn named(state: i32) -> String {
    label("ylyx.trust.v1.CorrectionState", state)
}

fn state(one: &Correction) -> (String, &'static str) {
    let class = match one.state() {
        CorrectionState::Open => "ask",
        CorrectionState::Accepted => "ok",
        _ => "grey",
    };
    (named(one.state), class)
}

/// A page of tickets.
pub(crate) struct TicketsView {
    pub(crate) tabs: Tabs,
    pub(crate) walked: Walked<Correction>,
    /// What each of them is about.
    pub(crate) subjects: Vec<String>,
    pub(crate) states: Vec<(String, String)>,
    pub(crate) bureaus: Vec<(String, String)>,
    /// State, bureau, due.
    pub(crate) chosen: [String; 3],
    pub(crate) first: String,
    pub(crate) next: String,
}

/// The list.
pub(crate) fn list(frame: &Frame, it: &TicketsView) -> Result<String> {
    let filtered = it.chosen.iter().any(|one| !one.is_empty());
    TicketsPage {
        page: Page::bare(Some(frame)),
        states: chosen(&it.states, &it.chosen[0]),
        bureaus: chosen(&it.bureaus, &it.chosen[1]),
        filtered,
        nothing: it.walked.nothing("数据疑义", filtered),
        overdue: it.walked.rows.iter().filter(|(_, one)| one.overdue).count(),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_corrections.html")]
struct TicketsPage<'a> {
    page: Page,
    states: Vec<Choice>,
    bureaus: Vec<Choice>,
    filtered: bool,
    /// What an empty list says.
    nothing: String,
    overdue: usize,
    it: &'a TicketsView,
}

impl TicketsPage<'_> {
    fn rows(&self) -> impl Iterator<Item = (&String, &str, &Correction)> {
        let rows = self.it.subjects.iter().zip(&self.it.walked.rows);
        rows.map(|(subject, (bureau, one))| (subject, bureau.as_str(), one))
    }

    fn href(&self, bureau: &str, one: &Correction) -> String {
        href(bureau, &one.id)
    }

    fn bureau<'b>(&self, name: &'b str) -> &'b str {
        bureau_title(name)
    }

    fn state(&self, one: &Correction) -> (String, &'static str) {
        state(one)
    }

    fn opened(&self, one: &Correction) -> String {
        at(one.opened_at_micros)
    }

    fn or_nothing<'t>(&self, text: &'t str) -> &'t str {
        or_nothing(text)
    }
}

/// One ticket.
pub(crate) struct TicketView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) bureau: &'a str,
    pub(crate) subject: Vec<String>,
    /// The record's page; empty where it is about none, or the person may not open it.
    pub(crate) record_href: String,
    pub(crate) one: &'a Correction,
    pub(crate) detail: &'a CorrectionDetail,
    pub(crate) may_answer: bool,
    pub(crate) may_close: bool,
    pub(crate) may_reopen: bool,
    pub(crate) typed: &'a Fields,
    pub(crate) done: &'a str,
    pub(crate) problem: Option<&'a Problem>,
}

/// The page of one ticket.
pub(crate) fn show(frame: &Frame, it: &TicketView<'_>) -> Result<String> {
    let one = it.one;
    let said = |who: &str, micros: i64| match micros {
        0 => String::new(),
        micros => format!("{who}，{}", at(micros)),
    };
    let facts = [
        ("保管部门", bureau_title(it.bureau).to_owned()),
        ("疑义", one.wrong.clone()),
        ("建议值", one.proposed.clone()),
        ("提出", said(&one.opened_by, one.opened_at_micros)),
        ("答复", one.answer.clone()),
        ("答复人", said(&one.answered_by, one.answered_at_micros)),
    ];
    TicketPage {
        page: Page::bare(Some(frame)),
        state: state(one),
        facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        answers: chosen(&labels("ylyx.trust.v1.CorrectionAnswer"), it.typed.get("choice")),
        faults: Faults(it.problem),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_correction.html")]
struct TicketPage<'a> {
    page: Page,
    state: (String, &'static str),
    facts: Vec<(&'static str, String)>,
    answers: Vec<Choice>,
    faults: Faults<'a>,
    it: &'a TicketView<'a>,
}

impl TicketPage<'_> {
    fn action(&self) -> String {
        href(self.it.bureau, &self.it.one.id)
    }

    /// The latest first.
    fn history(&self) -> Vec<(String, String, &CorrectionAct)> {
        let change = |act: &CorrectionAct| match (named(act.from_state), named(act.to_state)) {
            (from, to) if from.is_empty() || from == to => to,
            (from, to) => format!("{from} → {to}"),
        };
        self.it.detail.history.iter().rev().map(|act| (at(act.at_micros), change(act), act)).collect()
    }
}

/// A new ticket.
pub(crate) struct OpenView<'a> {
    pub(crate) tabs: Tabs,
    pub(crate) kind: Kind,
    pub(crate) bureaus: Vec<(String, String)>,
    pub(crate) methods: Vec<(String, String)>,
    pub(crate) registers: Vec<(String, String)>,
    /// `bureau/form` and title.
    pub(crate) forms: Vec<(String, String)>,
    /// Code and name.
    pub(crate) elements: Vec<(String, String)>,
    pub(crate) regions: Vec<(String, String)>,
    pub(crate) typed: &'a Fields,
    pub(crate) problem: Option<&'a Problem>,
}

/// The form of a new ticket.
pub(crate) fn open(frame: &Frame, it: &OpenView<'_>) -> Result<String> {
    OpenPage {
        page: Page::bare(Some(frame)),
        bureaus: chosen(&it.bureaus, it.typed.get("bureau")),
        methods: chosen(&it.methods, it.typed.get("method")),
        registers: chosen(&it.registers, it.typed.get("register")),
        forms: chosen(&it.forms, it.typed.get("form")),
        regions: chosen(&it.regions, it.typed.get("region")),
        faults: Faults(it.problem),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "sharing_doubt.html")]
struct OpenPage<'a> {
    page: Page,
    bureaus: Vec<Choice>,
    methods: Vec<Choice>,
    registers: Vec<Choice>,
    forms: Vec<Choice>,
    regions: Vec<Choice>,
    faults: Faults<'a>,
    it: &'a OpenView<'a>,
}

impl OpenPage<'_> {
    fn kinds(&self) -> [(Kind, &'static str, bool); 3] {
        Kind::ALL.map(|kind| (kind, kind.title(), kind == self.it.kind))
    }

    fn is(&self, code: &str) -> bool {
        self.it.kind.code() == code
    }
}
