//! The plan's projects: every project of annex 3 is in the register from the start. Loading is done at each start and
//! adds only what is missing, so that nothing a person changed is ever overwritten.
//!
//! The plan is evidence that a project is listed and of the amount applied for, and of nothing later: each begins in
//! 储备 on the day the plan was issued, with the printed application as an APPLIED entry that cites the plan.

use std::collections::HashSet;

use city::plan;
use jiff::civil::Date;
use kit::{Kind, Problem, Result, retry};
use registry::{Author, Bureau, Event, changes};

use super::stages::{Stage, Stages};
use super::{Category, Change, Course, Facts, Printed, Project, store};
use crate::funds::{self, Entry, Source, Step};

/// Fen in 万元, the unit in which the plan prints.
const WAN_YUAN: i64 = 1_000_000;

/// Who is named in the history of what the plan says.
const AUTHOR: &str = "方案附件3（系统载入）";

/// Adds the projects of the city's plan that are not registered yet. Fails with PLAN_PROJECT_INVALID when the bundle
/// states a project that cannot be placed in a county.
pub async fn load(bureau: &Bureau) -> Result<()> {
    let plan = &bureau.city.plan;
    let issued_on: Date = plan.issued_on.parse().map_err(|_| invalid(format!("方案日期“{}”有误", plan.issued_on)))?;
    let author = Author { by: AUTHOR.to_owned(), clock: bureau.clock.clone() };
    retry(|| async {
        let mut tx = bureau.db.begin().await?;
        let known: HashSet<i64> = store::numbers(&mut tx, &plan.id).await?.into_iter().collect();
        let mut listed = Vec::new();
        let mut applied = Vec::new();
        for printed in plan.projects.iter().filter(|printed| !known.contains(&i64::from(printed.number))) {
            let project = project(bureau, printed, issued_on)?;
            if project.facts.central_planned_fen > 0 {
                applied.push(Entry {
                    id: bureau.clock.id(),
                    project_id: project.id,
                    source: Source::CentralBudgetInvest,
                    step: Step::Applied,
                    amount_fen: project.facts.central_planned_fen,
                    on: issued_on,
                    document_number: plan.title.clone(),
                    note: "方案附件3所列申请数".to_owned(),
                    recorded_by: AUTHOR.to_owned(),
                    reverses: None,
                });
            }
            let event = Event::step(issued_on, "", Stage::Reserve.label(), "列入方案附件3");
            let event = Event { document_number: plan.title.clone(), ..event };
            listed.push(Change { project, withdrawn: None, events: vec![event] });
        }
        if listed.is_empty() {
            return Ok(());
        }
        store::save(&mut tx, &listed, &author).await?;
        funds::store::append(&mut tx, &applied).await?;
        changes::bump(&mut tx).await?;
        tx.commit().await
    })
    .await
}

fn invalid(message: String) -> Problem {
    Problem::new(Kind::Invalid, "PLAN_PROJECT_INVALID", message)
}

fn project(bureau: &Bureau, printed: &plan::Project, issued_on: Date) -> Result<Project> {
    let plan = &bureau.city.plan;
    let wrong = |what: &str| invalid(format!("方案项目{}“{}”{what}", printed.number, printed.name));
    let county = county(bureau, printed).ok_or_else(|| wrong("的建设地点不在任何县（市、区）"))?;
    let category = match printed.category.as_str() {
        "养老" => Category::Elderly,
        "托育" => Category::Childcare,
        _ => return Err(wrong("的类别既非养老也非托育")),
    };
    let year = |year: u32| i16::try_from(year).map_err(|_| wrong("的起止年份有误"));
    Ok(Project {
        id: bureau.clock.id(),
        version: 1,
        printed: Some(Printed {
            plan_id: plan.id.clone(),
            number: printed.number.into(),
            flags: printed.flags.join("；"),
        }),
        code: None,
        facts: Facts {
            name: printed.name.clone(),
            category,
            project_type: printed.project_type.clone(),
            region: county.clone(),
            county,
            location: printed.location.clone(),
            content: printed.content.clone(),
            start_year: year(printed.start_year)?,
            end_year: year(printed.end_year)?,
            planned_complete_on: None,
            total_fen: printed.total_wan_yuan * WAN_YUAN,
            central_planned_fen: printed.central_applied_wan_yuan * WAN_YUAN,
            responsible: printed.responsible.clone(),
            beds: 0,
            nursing_beds: 0,
            places: 0,
            area_cm2: 0,
            land: String::new(),
        },
        stages: Stages::listed(issued_on, &plan.title),
        course: Course::Running,
        course_since: issued_on,
        adjusted: false,
    })
}

/// The county of the location; failing that, the county whose government is responsible. A project of a bureau of the
/// city has its county from the location alone.
fn county(bureau: &Bureau, printed: &plan::Project) -> Option<String> {
    let regions = &bureau.city.regions;
    let of = |name: &str| {
        let region = regions.find(bureau.city_code(), name.trim())?;
        regions.county_of(&region.code).map(|county| county.code.clone())
    };
    of(&printed.location).or_else(|| of(printed.responsible.trim_end_matches("人民政府")))
}
