//! The main navigation: what a person can use, and nothing else. What is shown here opens nothing; every bureau judges
//! every call itself.

use crate::http::persons::may_ask;
use crate::http::sharing::SHARERS;
use crate::session::SignedIn;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub href: &'static str,
    pub title: &'static str,
    /// The page that is shown belongs to this entry.
    pub here: bool,
}

/// Who is shown an entry.
enum For {
    /// Whoever may look at the views.
    All,
    /// Whoever holds one of these roles at some bureau.
    Roles(&'static [&'static str]),
    Whoever(fn(&SignedIn) -> bool),
}

const REPORTERS: &[&str] = &["COUNTY_REPORTER", "CITY_BUREAU_REPORTER"];
const JUDGES: &[&str] = &["COUNTY_REVIEWER", "CITY_BUREAU_APPROVER"];
const WORKERS: &[&str] =
    &["COUNTY_REPORTER", "COUNTY_REVIEWER", "CITY_BUREAU_REPORTER", "CITY_BUREAU_APPROVER", "TASKFORCE_ADMIN"];
const READERS: &[&str] = &[
    "COUNTY_REPORTER",
    "COUNTY_REVIEWER",
    "CITY_BUREAU_REPORTER",
    "CITY_BUREAU_APPROVER",
    "TASKFORCE_ADMIN",
    "AUDITOR",
];
const ADMINISTRATORS: &[&str] = &["SYS_ADMIN", "COUNTY_ADMIN"];

/// In the order people see them.
const ENTRIES: [(&str, &str, For); 12] = [
    ("/", "总览", For::All),
    ("/work", "我的工作", For::Roles(WORKERS)),
    ("/filling", "套表填报", For::Roles(REPORTERS)),
    ("/review", "审核核定", For::Roles(JUDGES)),
    ("/registers", "登记册", For::Roles(READERS)),
    ("/tasks", "任务", For::All),
    ("/projects", "项目", For::All),
    ("/cuts", "定版通报", For::All),
    ("/status", "数据状态", For::All),
    ("/sharing", "数据共享", For::Roles(&SHARERS)),
    ("/persons", "人员", For::Whoever(|person| !person.holds_any(&SHARERS) && may_ask(person))),
    ("/accounts", "账号", For::Roles(ADMINISTRATORS)),
];

/// The entries for whoever looks at `path`.
pub fn entries(person: Option<&SignedIn>, path: &str) -> Vec<Entry> {
    let shown = |who: &For| match who {
        For::All => true,
        For::Roles(roles) => person.is_some_and(|person| person.holds_any(roles)),
        For::Whoever(may) => person.is_some_and(may),
    };
    ENTRIES
        .iter()
        .filter(|(_, _, who)| shown(who))
        .map(|(href, title, _)| Entry { href, title, here: holds(href, path) })
        .collect()
}

/// `/registers` holds `/registers/childcare.class`; the front page holds itself and the indicators' pages, 数据共享 those
/// about people, of whom clerks have an entry of its own.
fn holds(href: &str, path: &str) -> bool {
    match href {
        "/" => path == "/" || path.starts_with("/indicators/"),
        "/sharing" if path.starts_with("/persons") => true,
        "/persons" if path.starts_with("/sharing/matching") => true,
        _ => path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}
