//! Reads the files of a bundle. `city.toml` names the others.

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{BundleError, City, check, work};
use crate::answer::AnswerWithin;
use crate::calendar::Calendar;
use crate::form::Form;
use crate::import_profile::ImportProfile;
use crate::indicator::Indicator;
use crate::organisation::{Organisation, OrganisationName};
use crate::plan::{AnnexItem, LampRules, Plan, Project, Task};
use crate::region::{Edition, Level, Region, RegionTree};

pub(super) type Files<'f> = &'f dyn Fn(&str) -> Option<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CityFile {
    code: String,
    name: String,
    region_edition: EditionHead,
    /// Folder of the plan in force.
    plan: String,
    forms: Vec<String>,
    import_profiles: Vec<String>,
    /// Files of printed observations.
    printed: Vec<String>,
    #[serde(default)]
    answer_within: AnswerWithin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditionHead {
    id: String,
    title: String,
    valid_from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanHead {
    id: String,
    title: String,
    document_no: String,
    issuer: String,
    issued_on: String,
    period: String,
    source_note: String,
    lamp: LampRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Indicators {
    indicator: Vec<Indicator>,
}

#[derive(Deserialize)]
struct RegionRow {
    code: String,
    name: String,
    short_name: String,
    parent: String,
    level: Level,
    kind: String,
    mca_code: String,
    administered_by: String,
    aliases: String,
}

#[derive(Deserialize)]
struct OrganisationRow {
    code: String,
    name_in_plan: String,
    full_name: String,
    kind: String,
    service: String,
    names: String,
}

#[derive(Deserialize)]
struct HolidayRow {
    date: Date,
    kind: String,
}

#[derive(Deserialize)]
struct TaskRow {
    number: u32,
    code: String,
    group: u32,
    group_name: String,
    content: String,
    organisations: String,
}

#[derive(Deserialize)]
struct ProjectRow {
    number: u32,
    category: String,
    name: String,
    project_type: String,
    start_year: u32,
    end_year: u32,
    location: String,
    content: String,
    total_wan_yuan: i64,
    central_applied_wan_yuan: i64,
    responsible: String,
    flags: String,
}

#[derive(Deserialize)]
struct ListRow {
    annex: u32,
    annex_title: String,
    number: u32,
    title: String,
    content: String,
    responsible: String,
}

pub(super) fn city(files: Files<'_>) -> Result<City, BundleError> {
    let head: CityFile = toml(files, "city.toml")?;
    let regions: Vec<RegionRow> = csv(files, "regions.csv")?;
    let edition = Edition {
        id: head.region_edition.id,
        title: head.region_edition.title,
        valid_from: head.region_edition.valid_from,
        regions: regions.into_iter().map(region).collect(),
    };
    let regions = RegionTree::new(edition).map_err(|error| BundleError::new("regions.csv", "", error))?;
    let organisations: Vec<OrganisationRow> = csv(files, "organisations.csv")?;
    let holidays: Vec<HolidayRow> = csv(files, "holidays.csv")?;
    let mut printed = Vec::new();
    for file in &head.printed {
        printed.extend(csv(files, file)?);
    }
    let city = City {
        code: head.code,
        name: head.name,
        regions,
        organisations: organisations.into_iter().map(organisation).collect(),
        calendar: Calendar::new(holidays.into_iter().map(|row| (row.date, row.kind == "working"))),
        elements: csv(files, "elements.csv")?,
        forms: head.forms.iter().map(|file| toml::<Form>(files, file)).collect::<Result<_, _>>()?,
        profiles: head
            .import_profiles
            .iter()
            .map(|file| toml::<ImportProfile>(files, file))
            .collect::<Result<_, _>>()?,
        plan: plan(files, &head.plan)?,
        tiles: if files("tiles.csv").is_some() { csv(files, "tiles.csv")? } else { Vec::new() },
        printed,
        answer_within: head.answer_within,
    };
    check::city(&city)?;
    work::check(&city)?;
    Ok(city)
}

fn plan(files: Files<'_>, folder: &str) -> Result<Plan, BundleError> {
    let head: PlanHead = toml(files, &format!("{folder}/plan.toml"))?;
    let indicators: Indicators = toml(files, &format!("{folder}/indicators.toml"))?;
    let tasks: Vec<TaskRow> = csv(files, &format!("{folder}/tasks.csv"))?;
    let projects: Vec<ProjectRow> = csv(files, &format!("{folder}/projects.csv"))?;
    let lists: Vec<ListRow> = csv(files, &format!("{folder}/lists.csv"))?;
    Ok(Plan {
        id: head.id,
        title: head.title,
        document_no: head.document_no,
        issuer: head.issuer,
        issued_on: head.issued_on,
        period: head.period,
        source_note: head.source_note,
        lamp: head.lamp,
        indicators: indicators.indicator,
        tasks: tasks
            .into_iter()
            .map(|row| Task {
                number: row.number,
                code: row.code,
                group: row.group,
                group_name: row.group_name,
                content: row.content,
                organisations: split(&row.organisations),
            })
            .collect(),
        projects: projects
            .into_iter()
            .map(|row| Project {
                number: row.number,
                category: row.category,
                name: row.name,
                project_type: row.project_type,
                start_year: row.start_year,
                end_year: row.end_year,
                location: row.location,
                content: row.content,
                total_wan_yuan: row.total_wan_yuan,
                central_applied_wan_yuan: row.central_applied_wan_yuan,
                responsible: row.responsible,
                flags: split(&row.flags),
            })
            .collect(),
        lists: lists
            .into_iter()
            .map(|row| AnnexItem {
                annex: row.annex,
                annex_title: row.annex_title,
                number: row.number,
                title: row.title,
                content: row.content,
                responsible: split(&row.responsible),
            })
            .collect(),
        task_goals: work::goals(files, folder)?,
        work_types: work::types(files, folder)?,
    })
}

fn region(row: RegionRow) -> Region {
    Region {
        code: row.code,
        name: row.name,
        short_name: row.short_name,
        parent: row.parent,
        level: row.level,
        kind: row.kind,
        mca_code: row.mca_code,
        administered_by: row.administered_by,
        aliases: split(&row.aliases),
    }
}

/// `name@from~to|name@from~`, oldest first.
fn organisation(row: OrganisationRow) -> Organisation {
    let names = split(&row.names)
        .iter()
        .map(|text| {
            let (name, span) = text.split_once('@').unwrap_or((text, "~"));
            let (from, to) = span.split_once('~').unwrap_or((span, ""));
            OrganisationName { name: name.to_owned(), valid_from: from.to_owned(), valid_to: to.to_owned() }
        })
        .collect();
    Organisation {
        code: row.code,
        name_in_plan: row.name_in_plan,
        full_name: row.full_name,
        kind: row.kind,
        service: row.service,
        names,
    }
}

pub(super) fn split(text: &str) -> Vec<String> {
    text.split('|').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn text(files: Files<'_>, file: &str) -> Result<String, BundleError> {
    files(file).ok_or_else(|| BundleError::new(file, "", "文件不存在或不是 UTF-8"))
}

fn toml<T: DeserializeOwned>(files: Files<'_>, file: &str) -> Result<T, BundleError> {
    ::toml::from_str(&text(files, file)?).map_err(|error| {
        let line = error.span().map(|span| text(files, file).map_or(0, |all| all[..span.start].lines().count()));
        BundleError::new(file, line.map_or(String::new(), |line| format!(" 第 {line} 行")), error.message())
    })
}

pub(super) fn csv<T: DeserializeOwned>(files: Files<'_>, file: &str) -> Result<Vec<T>, BundleError> {
    let text = text(files, file)?;
    let mut reader = ::csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    reader
        .deserialize()
        .enumerate()
        .map(|(at, row)| row.map_err(|error| BundleError::new(file, format!(" 第 {} 行", at + 2), error)))
        .collect()
}
