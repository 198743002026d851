//! Projects at the door: rows of the contract become checked entries, and records become messages.

use jiff::civil::Date;
use proto::finance as wire;
use registry::imports::stream::Draft;
use registry::{Bureau, Cells, Coded, Fault};

use super::stages::{Reached, Stage};
use super::store::Viewed;
use super::{Category, Entry, Facts, central_above_total, code};
use crate::money;

/// What a row names its project by, as far as that can be read.
#[derive(Debug)]
pub struct Names {
    pub code: Option<String>,
    pub county: Option<String>,
    pub name: String,
}

impl Names {
    /// The keys by which a file names a project.
    pub fn keys(&self) -> Vec<String> {
        let code = self.code.iter().map(|code| format!("c:{code}"));
        let name =
            self.county.iter().filter(|_| !self.name.is_empty()).map(|county| format!("n:{county}/{}", self.name));
        code.chain(name).collect()
    }
}

/// Reads a row; a region may be given by code or by its name within `region`.
pub fn read(bureau: &Bureau, region: &str, row: &wire::ProjectRow) -> Draft<Names, Entry> {
    let mut cells = Cells::default();
    let text = |text: &str| text.trim().to_owned();
    let name = cells.required("name", "项目名称", &row.name);
    let code = match row.code.trim() {
        "" => None,
        written => cells.take(code::parse(written)),
    };
    let category: Option<Category> = cells.coded("category", "类别", row.category().as_str_name(), "PROJECT_CATEGORY_");
    let project_type = cells.required("project_type", "项目类型", &row.project_type);
    let place = cells.take(bureau.place(region, &row.region));
    let responsible = cells.required("responsible", "责任单位", &row.responsible);
    let start_year = cells.take(year("start_year", "计划开工年份", row.start_year));
    let end_year = cells.take(year("end_year", "计划竣工年份", row.end_year));
    let planned_complete_on = cells.optional_date("planned_complete_on", "计划竣工日期", &row.planned_complete_on);
    if row.start_year > row.end_year {
        cells.faults.push(Fault::cell("end_year", "DATES_REVERSED", "计划竣工年份早于计划开工年份"));
    }
    if let (Some(on), Some(year)) = (planned_complete_on, start_year)
        && on.year() < year
    {
        cells.faults.push(Fault::cell("planned_complete_on", "DATES_REVERSED", "计划竣工日期早于计划开工年份"));
    }
    let total_fen = cells.take(money::positive("total_fen", "总投资", row.total_fen));
    let central = money::not_negative("central_planned_fen", "拟申请中央投资", row.central_planned_fen);
    let central_planned_fen = cells.take(central);
    if let (Some(total), Some(central)) = (total_fen, central_planned_fen)
        && central > total
    {
        cells.faults.push(central_above_total("central_planned_fen", "拟申请中央投资", central, total));
    }
    let quantities = [
        ("beds", "建设床位", row.beds),
        ("nursing_beds", "其中护理型床位", row.nursing_beds),
        ("places", "建设托位", row.places),
        ("area_cm2", "建筑面积", row.area_cm2),
    ];
    for (field, title, _) in quantities.into_iter().filter(|(_, _, quantity)| *quantity < 0) {
        cells.faults.push(Fault::cell(field, "QUANTITY_NEGATIVE", format!("{title}不能为负")));
    }
    if row.nursing_beds > row.beds {
        let message = format!("其中护理型床位{}张多于建设床位{}张", row.nursing_beds, row.beds);
        cells.faults.push(Fault::cell("nursing_beds", "NURSING_ABOVE_BEDS", message));
    }
    let listed_on = cells.optional_date("listed_on", "入库日期", &row.listed_on);
    let today = bureau.clock.today();
    if let Some(on) = listed_on.filter(|on| *on > today) {
        cells.faults.push(Fault::cell("listed_on", "DATE_IN_FUTURE", format!("入库日期{on}晚于今天")));
    }
    let county = place.as_ref().map(|place| place.county.clone());
    let entry = match (category, place, start_year, end_year, total_fen, central_planned_fen) {
        (Some(category), Some(place), Some(start_year), Some(end_year), Some(total_fen), Some(central_planned_fen))
            if cells.faults.is_empty() =>
        {
            let facts = Facts {
                name: name.clone(),
                category,
                project_type,
                region: place.region,
                county: place.county,
                location: text(&row.location),
                content: text(&row.content),
                start_year,
                end_year,
                planned_complete_on,
                total_fen,
                central_planned_fen,
                responsible,
                beds: row.beds,
                nursing_beds: row.nursing_beds,
                places: row.places,
                area_cm2: row.area_cm2,
                land: text(&row.land),
            };
            Ok(Entry { code: code.clone(), facts, listed_on })
        }
        _ => Err(cells.faults),
    };
    Draft { names: Names { code, county, name }, entry }
}

fn year(field: &'static str, title: &str, year: i64) -> Result<i16, Fault> {
    match i16::try_from(year) {
        Ok(year @ 2000..=2100) => Ok(year),
        _ if year == 0 => Err(Fault::cell(field, "FIELD_MISSING", format!("请填写{title}"))),
        _ => Err(Fault::cell(field, "YEAR_INVALID", format!("{title}“{year}”不是2000至2100之间的年份"))),
    }
}

/// The message of a project as it stands on a day.
pub fn message(viewed: Viewed, day: Date) -> wire::Project {
    let Viewed { project, central_applied_fen, central_released_fen, central_received_fen, central_paid_fen, .. } =
        viewed;
    let (standing, late_days) = project.standing(day);
    let central = project.facts.central_planned_fen.max(central_applied_fen).max(central_released_fen);
    let flags = project.flags(central).join("；");
    let newest = project.stages.newest();
    let (stage, stage_on) = (stage_message(newest.stage), newest.on.to_string());
    let listed_on = project.stages.on(Stage::Reserve).map(|on| on.to_string()).unwrap_or_default();
    let facts = project.facts;
    wire::Project {
        id: project.id.to_string(),
        version: u64::try_from(project.version).unwrap_or_default(),
        number: project.printed.map(|printed| printed.number).unwrap_or_default(),
        name: facts.name,
        category: wire::ProjectCategory::from_str_name(&format!("PROJECT_CATEGORY_{}", facts.category.code()))
            .unwrap_or_default() as i32,
        project_type: facts.project_type,
        region: facts.region,
        county: facts.county,
        stage,
        stage_on,
        standing: wire::ProjectStanding::from_str_name(&format!("PROJECT_STANDING_{}", standing.code()))
            .unwrap_or_default() as i32,
        late_days,
        total_fen: facts.total_fen,
        invested_fen: viewed.invested_fen,
        central_applied_fen,
        central_released_fen,
        central_received_fen,
        central_paid_fen,
        progress_period: viewed.progress_period,
        progress_text: viewed.progress_text,
        flags,
        code: project.code.unwrap_or_default(),
        location: facts.location,
        content: facts.content,
        start_year: facts.start_year.into(),
        end_year: facts.end_year.into(),
        planned_complete_on: facts.planned_complete_on.map(|on| on.to_string()).unwrap_or_default(),
        central_planned_fen: facts.central_planned_fen,
        responsible: facts.responsible,
        beds: facts.beds,
        nursing_beds: facts.nursing_beds,
        places: facts.places,
        area_cm2: facts.area_cm2,
        land: facts.land,
        listed_on,
        adjusted: project.adjusted,
    }
}

/// The message of a stage that was reached.
pub fn stage_reached(reached: &Reached) -> wire::StageReached {
    wire::StageReached {
        stage: stage_message(reached.stage),
        on: reached.on.to_string(),
        document_number: reached.document_number.clone(),
    }
}

fn stage_message(stage: Stage) -> i32 {
    wire::ProjectStage::from_str_name(&format!("PROJECT_STAGE_{}", stage.code())).unwrap_or_default() as i32
}
