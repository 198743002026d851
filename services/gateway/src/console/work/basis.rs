//! 数字口径: for every figure that a register computes, which value counts in which region, the two values side by side
//! in the last published periods, and the signature that lets one of them count (practice §3).

use askama::Template;
use kit::{Problem, Result};
use proto::reporting::{Basis, BasisLine};

use super::cells::read;
use crate::console::Frame;
use crate::console::page::{Choice, Page};
use crate::console::words::period_title;

/// The lines of one element, region by region.
#[derive(Clone, Debug, Default)]
pub struct Element {
    pub code: String,
    pub name: String,
    pub unit: String,
    pub lines: Vec<Line>,
}

/// One element in one region.
#[derive(Clone, Debug)]
pub struct Line {
    pub region: String,
    pub region_name: String,
    pub line: BasisLine,
}

impl Line {
    /// The basis that counts, in a word, and its tone.
    pub fn basis(&self) -> (&'static str, &'static str) {
        match self.line.basis() {
            Basis::Register => ("台账", "ok"),
            Basis::Reported => ("上报", "grey"),
            _ => ("双轨", "now"),
        }
    }

    /// Who signed the last change, and from when it holds.
    pub fn signed(&self) -> String {
        self.line.history.first().map_or_else(String::new, |change| {
            format!("{}自{}起，{}", change.user_name, period_title(&change.effective_period), change.reason)
        })
    }

    /// The last published periods, newest first, two at most.
    pub fn compared(&self) -> Vec<Compared> {
        let unit = &self.line.unit;
        let both = |one: &proto::reporting::Comparison| Compared {
            period: period_title(&one.period),
            reported: read(one.reported, unit),
            computed: read(one.computed, unit),
            difference: one.difference_hundredths.map_or_else(|| "—".to_owned(), per_cent),
            within: one.within_limit,
        };
        self.line.comparisons.iter().take(2).map(both).collect()
    }
}

/// Both values of a period.
#[derive(Clone, Debug)]
pub struct Compared {
    pub period: String,
    pub reported: String,
    pub computed: String,
    pub difference: String,
    pub within: bool,
}

/// Hundredths of a per cent with sign: `+3.20%`.
fn per_cent(hundredths: i64) -> String {
    let sign = match hundredths {
        0 => "",
        more if more > 0 => "+",
        _ => "−",
    };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}%", size / 100, size % 100)
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Bases {
    /// Bureaus to choose from: name and title.
    pub bureaus: Vec<(String, String)>,
    pub bureau: String,
    /// Months to choose the beginning from.
    pub periods: Vec<(String, String)>,
    pub elements: Vec<Element>,
    pub may_sign: bool,
    /// What was done, or why it was not.
    pub done: String,
    pub refused: Option<Problem>,
    /// What was typed into the form that was refused.
    pub typed: Typed,
}

/// A form as it was posted.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub element: String,
    pub regions: Vec<String>,
    pub basis: String,
    pub period: String,
    pub reason: String,
    pub document_number: String,
    pub explanation: String,
}

/// The page.
pub fn page(frame: &Frame, it: &Bases) -> Result<String> {
    let lines = || it.elements.iter().flat_map(|element| &element.lines);
    let ready = lines().filter(|one| one.line.ready && one.line.basis() != Basis::Register).count();
    let settled = lines().filter(|one| one.line.basis() == Basis::Register).count();
    BasisPage {
        page: Page::bare(Some(frame)),
        verdict: match lines().count() {
            0 => "还没有由登记册计算的数".to_owned(),
            all => format!("{all}\u{a0}个数中 {settled}\u{a0}个已改用台账"),
        },
        hit: if ready > 0 { format!("{ready}\u{a0}个可以改用台账") } else { String::new() },
        bureaus: super::package::choices(&it.bureaus, &it.bureau),
        periods: super::package::choices(&it.periods, &it.typed.period),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "basis.html")]
struct BasisPage<'a> {
    page: Page,
    it: &'a Bases,
    verdict: String,
    hit: String,
    bureaus: Vec<Choice>,
    periods: Vec<Choice>,
}
