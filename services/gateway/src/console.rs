//! The console: two pages and an error page, as HTML made on the server (design/console). Pure: what a page shows is
//! what it is given, so the same views give the same page.
//!
//! A page needs no script (the wall renews itself by one) and nothing from elsewhere; charts are SVG that takes its colours from the stylesheet.

mod board;
mod bullet;
mod card;
mod counties;
pub(crate) mod cuts;
mod facts;
mod gantt;
mod indicator;
mod labels;
pub mod nav;
mod overview;
mod page;
mod people;
pub(crate) mod persons;
mod plan;
mod readings;
pub(crate) mod registers;
mod series;
pub(crate) mod sharing;
#[cfg(test)]
mod tests;
mod verdict;
mod wall;
mod words;
pub mod work;

use std::sync::LazyLock;

use askama::Template;
use kit::{Problem, Result};

use crate::view::{BureauList, IndicatorDetail, IndicatorList, ProjectList, TaskList};
use page::Page;

pub use board::{Board, board};
pub use gantt::{Gantt, gantt};
pub use nav::Entry;
pub use overview::{CutLink, Map};
pub use people::{
    AccountList, AccountRow, AccountView, GrantRow, Kept, NewForm, SignIn, account, accounts, first_password,
    new_account, password, resume, signin,
};
pub use plan::{projects, status, tasks};
pub use wall::{WALL_SCRIPT, Wall, wall};
pub use words::period_title;
pub(crate) use words::{escaped, grouped};

/// What `/assets/console.css` serves.
pub const STYLESHEET: &str = include_str!("../assets/console.css");

/// Where the stylesheet is: another address with every content, so that a browser may keep it for ever.
pub fn stylesheet_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| {
        let hash = ring::digest::digest(&ring::digest::SHA256, STYLESHEET.as_bytes());
        let version: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("/assets/console.css?v={version}")
    });
    &ADDRESS
}

/// Who is signed in, as every page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub unit: String,
    pub csrf_token: String,
    /// The password was set by somebody else.
    pub must_change: bool,
    /// Titles of bureaus whose grants are not known now.
    pub unknown: Vec<String>,
}

/// What every page carries around its content.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Name of the whole, such as 玉溪市“一老一小”协同平台.
    pub city_title: String,
    /// Demonstration data: every page says so.
    pub synthetic: bool,
    pub plan_title: String,
    /// Code and name, in official order, the city first.
    pub region_options: Vec<(String, String)>,
    /// Period as the interface writes it, and as people read it.
    pub period_options: Vec<(String, String)>,
    pub nav: Vec<Entry>,
    /// None: nobody is signed in.
    pub person: Option<Person>,
    /// Where to sign in and come back; empty on the sign-in page itself.
    pub signin: String,
    /// Fresh with every page; the idempotency keys of its forms begin with it.
    pub form_key: String,
}

/// 总览: the verdict, the core indicators, further targets, tasks, projects and the freshness of the data.
pub fn overview(
    frame: &Frame,
    list: &IndicatorList,
    bureaus: &BureauList,
    tasks: &TaskList,
    projects: &ProjectList,
    map: Option<Map<'_>>,
) -> Result<String> {
    overview::Overview::new(frame, list, bureaus, tasks, projects, map).render().map_err(Problem::internal)
}

/// One indicator: value, path, parts, counties, revisions, definition; `proof_url` is where its 数据溯源单 is.
/// `doubted_at`: bureaus whose figures the person may doubt.
pub fn indicator(
    frame: &Frame,
    detail: &IndicatorDetail,
    bureaus: &BureauList,
    proof_url: &str,
    doubted_at: &[String],
) -> Result<String> {
    indicator::IndicatorPage::new(frame, detail, bureaus, proof_url, doubted_at).render().map_err(Problem::internal)
}

/// A page that says what went wrong. Without a frame the city is not known yet.
pub fn error(frame: Option<&Frame>, status: u16, message: &str, reason: &str) -> String {
    let page = ErrorPage { page: Page::bare(frame), status, message, reason, advice: advice(status) };
    page.render().unwrap_or_else(|_| "页面暂时无法显示".to_owned())
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: Page,
    status: u16,
    message: &'a str,
    reason: &'a str,
    advice: &'static str,
}

/// What is safe and what to do.
fn advice(status: u16) -> &'static str {
    match status {
        400..=499 => "数据没有变动。请核对地址中的指标代码、地区和报告期，或回到总览重新选择。",
        503 => "各部门已签名发布的数据都在，没有丢失。平台正在与部门服务建立联系，请稍后刷新。",
        _ => "各部门已签名发布的数据都在，没有丢失。故障已记录，请稍后重试；仍不行，请把下面的代码告诉运维人员。",
    }
}
