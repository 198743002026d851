//! 解锁: requests to open a locked period for one form and region, and what was decided.

use askama::Template;
use kit::{Problem, Result};
use proto::reporting::{Unlock, UnlockState};

use crate::console::Frame;
use crate::console::page::{Choice, Page};
use crate::console::words::period_title;

/// One request.
#[derive(Clone, Debug)]
pub struct Line {
    pub bureau: String,
    pub bureau_title: String,
    pub form_title: String,
    pub region_name: String,
    pub requested_at: String,
    pub unlock: Unlock,
    /// This person may decide it.
    pub may_decide: bool,
}

impl Line {
    pub fn period(&self) -> String {
        period_title(&self.unlock.period)
    }

    pub fn state(&self) -> (&'static str, &'static str) {
        match self.unlock.state() {
            UnlockState::Granted => ("已解锁", "ok"),
            UnlockState::Refused => ("未同意", "grey"),
            _ => ("待批", "ask"),
        }
    }

    pub fn waits(&self) -> bool {
        self.unlock.state() == UnlockState::Requested
    }
}

/// A form for which a request can be made, at a bureau.
#[derive(Clone, Debug)]
pub struct Askable {
    /// `bureau/form`.
    pub value: String,
    pub title: String,
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Unlocks {
    pub lines: Vec<Line>,
    pub more: bool,
    pub down: Vec<String>,
    /// Empty where the person fills no forms.
    pub askable: Vec<Askable>,
    pub regions: Vec<(String, String)>,
    pub done: String,
    pub refused: Option<Problem>,
    pub typed: Typed,
}

/// A request as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub form: String,
    pub region: String,
    pub period: String,
    pub reason: String,
}

/// The page.
pub fn page(frame: &Frame, it: &Unlocks) -> Result<String> {
    let waiting = it.lines.iter().filter(|line| line.waits()).count();
    UnlocksPage {
        page: Page::bare(Some(frame)),
        verdict: match (waiting, it.lines.len()) {
            (0, 0) => "没有解锁申请".to_owned(),
            (0, all) => format!("{all}\u{a0}件解锁申请都已办结"),
            (waiting, _) => format!("{waiting}\u{a0}件解锁申请待批"),
        },
        regions: super::package::choices(&it.regions, &it.typed.region),
        it,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "unlocks.html")]
struct UnlocksPage<'a> {
    page: Page,
    it: &'a Unlocks,
    verdict: String,
    regions: Vec<Choice>,
}
