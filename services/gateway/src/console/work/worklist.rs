//! 我的工作: what waits for this person today, the most urgent first.

use askama::Template;
use kit::{Problem, Result};

use crate::console::Frame;
use crate::console::page::Page;

/// Something to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// How loud: red, ask, now, ok.
    pub tone: &'static str,
    pub title: String,
    pub text: String,
    pub href: String,
    pub button: &'static str,
}

/// Items under one heading.
#[derive(Clone, Debug, Default)]
pub struct Pile {
    pub title: &'static str,
    pub items: Vec<Item>,
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Worklist {
    pub name: String,
    pub today: String,
    pub piles: Vec<Pile>,
    pub down: Vec<String>,
    /// Pages that a person needs now and then: address and title.
    pub links: Vec<(&'static str, &'static str)>,
}

/// The page.
pub fn page(frame: &Frame, list: &Worklist) -> Result<String> {
    let all = || list.piles.iter().flat_map(|pile| &pile.items);
    let (count, urgent) = (all().count(), all().filter(|item| item.tone == "red" || item.tone == "ask").count());
    WorklistPage {
        page: Page::bare(Some(frame)),
        verdict: match count {
            0 => "今天没有等您办的事".to_owned(),
            _ => format!("{count}\u{a0}件事等您办"),
        },
        hit: if urgent > 0 { format!("{urgent}\u{a0}件已逾期或被退回") } else { String::new() },
        it: list,
    }
    .render()
    .map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "worklist.html")]
struct WorklistPage<'a> {
    page: Page,
    it: &'a Worklist,
    verdict: String,
    hit: String,
}
