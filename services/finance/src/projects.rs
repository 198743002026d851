//! 重大项目 (dictionary §5.5, E37–E39): what a project is, what may be done to it, when it is late and what about it is
//! odd. Rules only: no SQL, no contract, no clock.

pub mod code;
pub mod door;
pub mod import;
pub mod plan;
pub mod service;
pub mod stages;
pub mod store;

#[cfg(test)]
mod rules_test;

use jiff::civil::{Date, date};
use registry::{Coded, Event, Fault};
use uuid::Uuid;

use crate::money::wan_yuan;
use stages::{Reached, Stage, Stages};

/// A central share above this many per cent of the total is a 疑点 (V20; the rule for the west of the country).
pub const CENTRAL_SHARE_PERCENT: i64 = 80;

/// 中央预算内投资 per new 普惠托位: 1万元, in fen (dictionary §5.5, V20).
pub const INCLUSIVE_PLACE_FEN: i64 = 1_000_000;

/// The type to which [`INCLUSIVE_PLACE_FEN`] applies.
pub const INCLUSIVE_CHILDCARE: &str = "普惠托育";

/// 类别.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Elderly,
    Childcare,
}

impl Coded for Category {
    const CODES: &'static [(Self, &'static str)] = &[(Self::Elderly, "ELDERLY"), (Self::Childcare, "CHILDCARE")];
}

/// What is registered of a project; corrected by 变更登记, its total by 调整 only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    pub category: Category,
    pub project_type: String,
    /// County, township or village.
    pub region: String,
    /// The county that counts it.
    pub county: String,
    /// 建设地点 as written.
    pub location: String,
    pub content: String,
    pub start_year: i16,
    pub end_year: i16,
    pub planned_complete_on: Option<Date>,
    pub total_fen: i64,
    /// 拟申请中央投资, as the plan prints it or the registration states it.
    pub central_planned_fen: i64,
    pub responsible: String,
    pub beds: i64,
    pub nursing_beds: i64,
    pub places: i64,
    pub area_cm2: i64,
    pub land: String,
}

impl Facts {
    /// A sheet's empty cell says nothing: what it leaves out stays as known.
    pub fn silent_as(mut self, known: &Facts) -> Facts {
        let texts =
            [(&mut self.location, &known.location), (&mut self.content, &known.content), (&mut self.land, &known.land)];
        for (own, known) in texts {
            if own.is_empty() {
                own.clone_from(known);
            }
        }
        let numbers = [
            (&mut self.central_planned_fen, known.central_planned_fen),
            (&mut self.beds, known.beds),
            (&mut self.nursing_beds, known.nursing_beds),
            (&mut self.places, known.places),
            (&mut self.area_cm2, known.area_cm2),
        ];
        for (own, known) in numbers {
            if *own == 0 {
                *own = known;
            }
        }
        self.planned_complete_on = self.planned_complete_on.or(known.planned_complete_on);
        self
    }

    /// The last day on which the project may begin and still be on time.
    pub fn start_due(&self) -> Date {
        date(self.start_year, 12, 31)
    }

    /// The last day on which it may be completed and still be on time.
    pub fn complete_due(&self) -> Date {
        self.planned_complete_on.unwrap_or(date(self.end_year, 12, 31))
    }
}

/// Whether work goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Running,
    Stopped,
    Cancelled,
}

impl Coded for Course {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Running, "RUNNING"), (Self::Stopped, "STOPPED"), (Self::Cancelled, "CANCELLED")];
}

impl Course {
    fn label(self) -> &'static str {
        match self {
            Course::Running => "正常",
            Course::Stopped => "停工",
            Course::Cancelled => "已取消",
        }
    }
}

/// How a project stands on a day beside its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    OnTime,
    NotStartedLate,
    NotCompletedLate,
    Stopped,
    Cancelled,
}

impl Coded for Standing {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::OnTime, "ON_TIME"),
        (Self::NotStartedLate, "NOT_STARTED_LATE"),
        (Self::NotCompletedLate, "NOT_COMPLETED_LATE"),
        (Self::Stopped, "STOPPED"),
        (Self::Cancelled, "CANCELLED"),
    ];
}

/// Where a project is printed: the plan and the number in its annex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    pub plan_id: String,
    pub number: i64,
    /// Where the printed figures are odd.
    pub flags: String,
}

/// One project as last recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: Uuid,
    pub version: i64,
    pub printed: Option<Printed>,
    pub code: Option<String>,
    pub facts: Facts,
    pub stages: Stages,
    pub course: Course,
    /// The day since which the course holds; for a running project the day of its last 复工 or its listing.
    pub course_since: Date,
    pub adjusted: bool,
}

/// What a sheet row or a form states of a project, every cell checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub code: Option<String>,
    pub facts: Facts,
    pub listed_on: Option<Date>,
}

/// What to save.
#[derive(Clone, Debug)]
pub struct Change {
    pub project: Project,
    /// A stage that was taken back.
    pub withdrawn: Option<Stage>,
    pub events: Vec<Event>,
}

impl Change {
    fn of(project: Project, event: Event) -> Self {
        Change { project, withdrawn: None, events: vec![event] }
    }
}

/// Lists a project.
pub fn register(id: Uuid, entry: Entry, today: Date) -> Change {
    let on = entry.listed_on.unwrap_or(today);
    let project = Project {
        id,
        version: 1,
        printed: None,
        code: entry.code,
        facts: entry.facts,
        stages: Stages::listed(on, ""),
        course: Course::Running,
        course_since: on,
        adjusted: false,
    };
    Change::of(project, Event::step(on, "", Stage::Reserve.label(), "项目入库"))
}

/// Brings a project to what the entry states; `None` when it states nothing new. COUNTY_FIXED, TOTAL_BY_ADJUSTMENT,
/// CODE_DIFFERS, STAGE_DATE_ORDER.
pub fn revise(known: &Project, entry: Entry, today: Date, reason: &str) -> Result<Option<Change>, Fault> {
    if entry.facts.county != known.facts.county {
        return Err(Fault::cell("region", "COUNTY_FIXED", "项目所属县（市、区）不能变更"));
    }
    if entry.facts.total_fen != known.facts.total_fen {
        let message = format!(
            "登记的总投资为{}，与所填{}不同；总投资的变更请办理“调整”",
            wan_yuan(known.facts.total_fen),
            wan_yuan(entry.facts.total_fen)
        );
        return Err(Fault { field: "total_fen", ..Fault::conflict("TOTAL_BY_ADJUSTMENT", message) });
    }
    if let (Some(ours), Some(theirs)) = (&known.code, &entry.code)
        && ours != theirs
    {
        let message = format!("已登记的项目代码为 {ours}，与所填不同");
        return Err(Fault { field: "code", ..Fault::conflict("CODE_DIFFERS", message) });
    }
    let mut project = Project { facts: entry.facts, code: entry.code.or(known.code.clone()), ..known.clone() };
    if let Some(on) = entry.listed_on
        && known.stages.on(Stage::Reserve) != Some(on)
    {
        let document_number = known.stages.all()[0].document_number.clone();
        project.stages.reach(Reached { stage: Stage::Reserve, on, document_number })?;
    }
    Ok((project != *known).then(|| Change::of(project, Event::note(today, reason))))
}

/// Registers that a stage was reached. PROJECT_CANCELLED, PROJECT_STOPPED, and those of [`Stages::reach`].
pub fn advance(known: &Project, reached: Reached, reason: &str) -> Result<Change, Fault> {
    known.check_not_cancelled()?;
    let before = known.stages.newest().stage;
    if known.course == Course::Stopped && reached.stage > before {
        return Err(Fault::conflict("PROJECT_STOPPED", "项目停工，复工后才能登记新的阶段"));
    }
    let mut project = known.clone();
    project.stages.reach(reached.clone())?;
    let reason = match (reached.stage > before, reason) {
        (true, reason) => reason.to_owned(),
        (false, "") => format!("补登或更正“{}”", reached.stage.label()),
        (false, reason) => format!("补登或更正“{}”：{reason}", reached.stage.label()),
    };
    let event = Event::step(reached.on, before.label(), project.stages.newest().stage.label(), reason);
    Ok(Change::of(project, Event { document_number: reached.document_number, ..event }))
}

/// Takes back the newest stage. PROJECT_CANCELLED, STAGE_RESERVE_STAYS.
pub fn withdraw(known: &Project, today: Date, reason: &str) -> Result<Change, Fault> {
    known.check_not_cancelled()?;
    let mut project = known.clone();
    let taken = project.stages.withdraw()?.stage;
    if !project.under_construction() && project.course == Course::Stopped {
        return Err(Fault::conflict("PROJECT_STOPPED", "项目停工，复工后才能撤回开工"));
    }
    let event = Event::step(today, taken.label(), project.stages.newest().stage.label(), reason);
    Ok(Change { withdrawn: Some(taken), ..Change::of(project, event) })
}

/// 调整, as approved: a new total, and a new completion where one is given. `central_released_fen` is what the central
/// sources have released. PROJECT_CANCELLED, CENTRAL_ABOVE_TOTAL, NOTHING_CHANGED.
pub fn adjust(
    known: &Project,
    total_fen: i64,
    planned_complete_on: Option<Date>,
    central_released_fen: i64,
    event: Event,
) -> Result<Change, Fault> {
    known.check_not_cancelled()?;
    if central_released_fen > total_fen {
        return Err(central_above_total("total_fen", "累计下达中央资金", central_released_fen, total_fen));
    }
    let mut project = Project { adjusted: true, ..known.clone() };
    project.facts.total_fen = total_fen;
    project.facts.planned_complete_on = planned_complete_on.or(known.facts.planned_complete_on);
    if project.facts == known.facts {
        return Err(Fault::conflict("NOTHING_CHANGED", "所填内容与登记一致，没有变更"));
    }
    let (before, after) = (wan_yuan(known.facts.total_fen), wan_yuan(total_fen));
    let reason = format!("调整：总投资{before}→{after}；{}", event.reason);
    Ok(Change::of(project, Event { reason, ..event }))
}

/// 停工, 复工 or 取消 from a day on. PROJECT_CANCELLED, NOT_UNDER_CONSTRUCTION, ALREADY_STOPPED, NOT_STOPPED,
/// PROJECT_COMPLETED, DATES_REVERSED.
pub fn set_course(known: &Project, course: Course, event: Event) -> Result<Change, Fault> {
    known.check_not_cancelled()?;
    let refused = match (course, known.course) {
        (Course::Running, Course::Running) => Some(("NOT_STOPPED", "项目没有停工")),
        (Course::Stopped, Course::Stopped) => Some(("ALREADY_STOPPED", "项目已停工")),
        (Course::Stopped, _) if !known.under_construction() => {
            Some(("NOT_UNDER_CONSTRUCTION", "项目不在开工至竣工之间，不能登记停工"))
        }
        (Course::Cancelled, _) if known.stages.is_at_least(Stage::Completed) => {
            Some(("PROJECT_COMPLETED", "项目已竣工，不能取消"))
        }
        _ => None,
    };
    if let Some((reason, message)) = refused {
        return Err(Fault::conflict(reason, message));
    }
    let earliest = known.course_since.max(known.stages.newest().on);
    if event.effective_on < earliest {
        let message = format!("日期早于已登记的{earliest}");
        return Err(Fault::cell("on", "DATES_REVERSED", message));
    }
    let project = Project { course, course_since: event.effective_on, ..known.clone() };
    let event = Event { from_state: known.course.label(), to_state: course.label(), ..event };
    Ok(Change::of(project, event))
}

impl Project {
    /// PROJECT_CANCELLED.
    pub fn check_not_cancelled(&self) -> Result<(), Fault> {
        match self.course {
            Course::Cancelled => {
                let message = format!("项目“{}”已于{}取消", self.facts.name, self.course_since);
                Err(Fault::conflict("PROJECT_CANCELLED", message))
            }
            Course::Running | Course::Stopped => Ok(()),
        }
    }

    fn under_construction(&self) -> bool {
        self.stages.is_at_least(Stage::Started) && !self.stages.is_at_least(Stage::Completed)
    }

    /// How it stands on a day, and how many days it is late.
    pub fn standing(&self, day: Date) -> (Standing, i64) {
        let past = |due: Date| (day - due).get_days().max(0).into();
        match self.course {
            Course::Cancelled => (Standing::Cancelled, 0),
            Course::Stopped => (Standing::Stopped, past(self.facts.complete_due())),
            Course::Running if self.stages.is_at_least(Stage::Completed) => (Standing::OnTime, 0),
            Course::Running => {
                let (due, late) = match self.stages.is_at_least(Stage::Started) {
                    true => (self.facts.complete_due(), Standing::NotCompletedLate),
                    false => (self.facts.start_due(), Standing::NotStartedLate),
                };
                if day > due { (late, past(due)) } else { (Standing::OnTime, 0) }
            }
        }
    }

    /// 疑点: what the plan prints as odd, and what is odd by V20. `central_fen`: the most that is planned, applied for
    /// or released of 中央预算内投资.
    pub fn flags(&self, central_fen: i64) -> Vec<String> {
        let printed = self.printed.iter().filter(|printed| !printed.flags.is_empty());
        let mut flags: Vec<String> = printed.map(|printed| format!("方案：{}", printed.flags)).collect();
        let total = self.facts.total_fen;
        if central_fen * 100 > total * CENTRAL_SHARE_PERCENT {
            let (central, total) = (wan_yuan(central_fen), wan_yuan(total));
            flags.push(format!("中央投资{central}超过总投资{total}的{CENTRAL_SHARE_PERCENT}%"));
        }
        let Facts { places, central_planned_fen: planned, .. } = self.facts;
        if self.facts.project_type == INCLUSIVE_CHILDCARE && places > 0 && planned != places * INCLUSIVE_PLACE_FEN {
            flags.push(format!(
                "拟申请{}与{places}个托位按每个{}不符",
                wan_yuan(planned),
                wan_yuan(INCLUSIVE_PLACE_FEN)
            ));
        }
        flags
    }
}

/// V19: central money above the project's total.
pub fn central_above_total(field: &'static str, what: &str, central_fen: i64, total_fen: i64) -> Fault {
    let message = format!("{what}{}超过项目总投资{}", wan_yuan(central_fen), wan_yuan(total_fen));
    Fault::cell(field, "CENTRAL_ABOVE_TOTAL", message)
}
