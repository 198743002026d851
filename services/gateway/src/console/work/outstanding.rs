//! 未报清单: who has not handed in what, since when, and the text that asks for it.

use askama::Template;
use kit::{Problem, Result};

use crate::console::Frame;
use crate::console::page::{Choice, Page};
use crate::console::words::period_title;

/// One form that a region owes.
#[derive(Clone, Debug, Default)]
pub struct Owed {
    pub bureau: String,
    pub bureau_title: String,
    pub form: String,
    pub title: String,
    pub period: String,
    pub due_on: String,
    pub days_late: u32,
    pub state: (&'static str, &'static str),
    /// Who filled it last, as far as is known.
    pub contact: String,
    /// This person may fill it in the region's stead.
    pub on_behalf: bool,
}

impl Owed {
    pub fn period_title(&self) -> String {
        period_title(&self.period)
    }
}

/// A region with what it owes and the text to send.
#[derive(Clone, Debug, Default)]
pub struct Debtor {
    pub region: String,
    pub region_name: String,
    pub owed: Vec<Owed>,
    pub text: String,
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Outstanding {
    pub period: String,
    pub debtors: Vec<Debtor>,
    pub down: Vec<String>,
    /// Why a 代填 was not opened.
    pub refused: Option<Problem>,
}

impl Outstanding {
    /// This person may fill one of these forms in a region's stead.
    pub fn on_behalf(&self) -> bool {
        self.debtors.iter().flat_map(|debtor| &debtor.owed).any(|owed| owed.on_behalf)
    }
}

/// The page.
pub fn page(frame: &Frame, list: &Outstanding) -> Result<String> {
    let forms: usize = list.debtors.iter().map(|debtor| debtor.owed.len()).sum();
    let late = list.debtors.iter().flat_map(|debtor| &debtor.owed).filter(|owed| owed.days_late > 0).count();
    OutstandingPage {
        page: Page::bare(Some(frame)),
        verdict: match list.debtors.len() {
            0 => format!("{}应报的都已报来", period_title(&list.period)),
            regions => format!("{}还有 {regions}\u{a0}个地区 {forms}\u{a0}张表未报", period_title(&list.period)),
        },
        hit: if late > 0 { format!("{late}\u{a0}张已逾期") } else { String::new() },
        periods: super::package::choices(&frame.period_options, &list.period),
        it: list,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "outstanding.html")]
struct OutstandingPage<'a> {
    page: Page,
    it: &'a Outstanding,
    verdict: String,
    hit: String,
    periods: Vec<Choice>,
}
