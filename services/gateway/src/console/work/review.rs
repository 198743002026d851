//! 审核核定: what waits for this person's signature, form by form, with what is remarkable about each; clean ones are
//! signed together.

use askama::Template;
use kit::{Problem, Result};

use crate::console::Frame;
use crate::console::page::{Choice, Page};
use crate::console::words::period_title;

/// One report that waits.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    pub id: String,
    pub version: u64,
    pub region: String,
    pub region_name: String,
    pub due_on: String,
    pub late: bool,
    /// 零报告, 本期无变化, 代填; empty for an ordinary one.
    pub kind: &'static str,
    /// Soft findings with their explanations: a clean one has none.
    pub remarks: Vec<String>,
}

/// Reports of one form and period, all at the same step.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub bureau: String,
    pub bureau_title: String,
    pub form: String,
    pub title: String,
    pub period: String,
    /// review or publish.
    pub act: &'static str,
    pub waiting: Vec<Waiting>,
    /// Names of regions that have not handed in yet.
    pub missing: Vec<String>,
}

impl Batch {
    pub fn period_title(&self) -> String {
        period_title(&self.period)
    }

    pub fn clean(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.remarks.is_empty()).count()
    }
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Review {
    pub period: String,
    pub batches: Vec<Batch>,
    pub down: Vec<String>,
    /// What each report said to the last act: title, and why not.
    pub outcomes: Vec<(String, Option<String>)>,
    pub done: String,
}

/// The page.
pub fn page(frame: &Frame, review: &Review) -> Result<String> {
    let waiting: usize = review.batches.iter().map(|batch| batch.waiting.len()).sum();
    ReviewPage {
        page: Page::bare(Some(frame)),
        verdict: match waiting {
            0 => "没有等您签的表".to_owned(),
            _ => format!("{waiting}\u{a0}份报表等您签"),
        },
        periods: super::package::choices(&frame.period_options, &review.period),
        it: review,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage<'a> {
    page: Page,
    it: &'a Review,
    verdict: String,
    periods: Vec<Choice>,
}
