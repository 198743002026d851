//! The import wizard: what to send, what came of checking it, and how the writing goes.

use askama::Template;
use contract::register::Register;
use kit::{Problem, Result};

use super::{Control, home};
use crate::console::Frame;
use crate::console::grouped;
use crate::console::page::Page;
use crate::registers::import::jobs::{Phase, SHOWN, Standing, Terms};

/// Largest file, in bytes.
pub(crate) const LARGEST: usize = 50 << 20;

/// The form that asks for a file.
#[derive(Template)]
#[template(path = "register_import.html")]
pub(crate) struct UploadPage<'a> {
    page: Page,
    register: &'a Register,
    pub(crate) bureau: &'a str,
    home: String,
    pub(crate) terms: Terms,
    pub(crate) region: Control,
    /// Code and title of the profiles.
    pub(crate) profiles: Vec<(String, String)>,
    /// Id of an import to take up again; empty for a new one.
    pub(crate) resume: String,
    pub(crate) problem: Option<&'a Problem>,
}

impl<'a> UploadPage<'a> {
    pub(crate) fn new(frame: &Frame, register: &'a Register) -> Self {
        UploadPage {
            page: Page::bare(Some(frame)),
            bureau: "",
            home: home(register),
            terms: Terms::default(),
            region: Control::default(),
            profiles: Vec::new(),
            resume: String::new(),
            problem: None,
            register,
        }
    }

    pub(crate) fn html(self) -> Result<String> {
        self.render().map_err(Problem::internal)
    }

    fn fault(&self, field: &str) -> &str {
        let fields = self.problem.map(|problem| problem.fields.as_slice()).unwrap_or_default();
        fields.iter().find(|(at, _)| at == field).map_or("", |(_, said)| said)
    }
}

/// A count of the check, with the words for it.
struct Count {
    number: String,
    title: &'static str,
    /// Wants attention.
    hit: bool,
}

/// A job.
#[derive(Template)]
#[template(path = "register_job.html")]
pub(crate) struct JobPage<'a> {
    page: Page,
    register: &'a Register,
    pub(crate) bureau: &'a str,
    home: String,
    /// Address of this job.
    here: String,
    id: String,
    terms: &'a Terms,
    pub(crate) region: String,
    standing: &'a Standing,
    counts: Vec<Count>,
    steps: [(&'static str, &'static str, &'static str); 4],
    shown: usize,
}

impl<'a> JobPage<'a> {
    pub(crate) fn new(
        frame: &Frame,
        register: &'a Register,
        id: &str,
        terms: &'a Terms,
        standing: &'a Standing,
    ) -> Self {
        let home = home(register);
        JobPage {
            page: Page::bare(Some(frame)),
            bureau: "",
            here: format!("{home}/import/{id}"),
            home,
            id: id.to_owned(),
            terms,
            region: String::new(),
            counts: counts(standing),
            steps: steps(&standing.phase),
            shown: SHOWN,
            standing,
            register,
        }
    }

    pub(crate) fn html(self) -> Result<String> {
        self.render().map_err(Problem::internal)
    }

    fn is(&self, phase: &str) -> bool {
        match &self.standing.phase {
            Phase::Checking => phase == "checking",
            Phase::Checked => phase == "checked",
            Phase::Writing => phase == "writing",
            Phase::Written => phase == "written",
            Phase::Stopped { writing: true, .. } => phase == "stopped-writing",
            Phase::Stopped { .. } => phase == "stopped-checking",
        }
    }

    fn problem(&self) -> Option<&Problem> {
        match &self.standing.phase {
            Phase::Stopped { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Rows that would be, or were, taken.
    fn taken(&self) -> String {
        let totals = self.standing.totals;
        grouped(&(totals.added + totals.changed + totals.unchanged).to_string())
    }

    fn rows(&self) -> String {
        grouped(&self.standing.rows.to_string())
    }

    fn of(&self) -> String {
        grouped(&self.standing.of.to_string())
    }
}

fn counts(standing: &Standing) -> Vec<Count> {
    let totals = standing.totals;
    [
        ("新增", totals.added, false),
        ("变更", totals.changed, false),
        ("无变化", totals.unchanged, false),
        ("消失", totals.disappeared, totals.disappeared > 0),
        ("冲突", totals.conflicting, totals.conflicting > 0),
        ("不合格", totals.rejected, totals.rejected > 0),
    ]
    .into_iter()
    .map(|(title, number, hit)| Count { number: grouped(&number.to_string()), title, hit })
    .collect()
}

/// Title, class and words of the four steps.
fn steps(phase: &Phase) -> [(&'static str, &'static str, &'static str); 4] {
    let now = match phase {
        Phase::Checking | Phase::Stopped { writing: false, .. } => 1,
        Phase::Checked => 2,
        Phase::Writing | Phase::Stopped { .. } => 3,
        Phase::Written => 4,
    };
    let class = |at: usize| match at.cmp(&now) {
        std::cmp::Ordering::Less => "past",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "",
    };
    [
        ("上传", class(0), "已收到"),
        ("预检", class(1), "不写入"),
        ("核对", class(2), "由您确认"),
        ("写入", class(3), "分批落库"),
    ]
}
