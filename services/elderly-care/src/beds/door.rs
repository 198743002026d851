//! Beds at the door: rows of the contract become checked entries, and records become messages.

use jiff::civil::Date;
use proto::elderly_care as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded, Fault};

use super::store::Placed;
use super::{Entry, Facts, check_dates};
use crate::institutions::door::{optional_uscc, past_date};

/// What a row names its bed by, as far as that can be read.
#[derive(Debug)]
pub struct Names {
    pub institution_uscc: Option<String>,
    pub institution_name: String,
    pub room_no: String,
    pub bed_no: String,
    pub code: Option<String>,
}

/// Reads a row of a sheet.
pub fn read(row: &wire::BedRow, today: Date) -> Draft<Names, Entry> {
    read_row(row, today, true)
}

/// Reads what a form says of a bed whose institution is already known.
pub fn read_form(row: &wire::BedRow, today: Date) -> Result<Entry, Vec<Fault>> {
    read_row(row, today, false).entry
}

fn read_row(row: &wire::BedRow, today: Date, names_institution: bool) -> Draft<Names, Entry> {
    let mut cells = Cells::default();
    let institution_uscc = optional_uscc(&mut cells, "institution_uscc", &row.institution_uscc);
    let institution_name = match names_institution {
        true => cells.required("institution_name", "机构名称", &row.institution_name),
        false => row.institution_name.trim().to_owned(),
    };
    let room_no = cells.required("room_no", "房间号", &row.room_no);
    let bed_no = cells.required("bed_no", "床号", &row.bed_no);
    let code = Some(row.bed_code.trim()).filter(|code| !code.is_empty()).map(str::to_owned);
    let facts = facts(&mut cells, (row.r#type(), row.nature(), row.status()), &row.recognised_on, today);
    let text = cells.required("built_on", "建成日期", &row.built_on);
    let built_on = past_date(&mut cells, "built_on", "建成日期", &text, today);
    let closed_on = cells.optional_date("closed_on", "撤销日期", &row.closed_on);
    if let Some(built_on) = built_on {
        cells.take(check_dates(built_on, closed_on));
    }
    let entry = match (facts, built_on) {
        (Some(facts), Some(built_on)) if cells.faults.is_empty() => Ok(Entry {
            room_no: room_no.clone(),
            bed_no: bed_no.clone(),
            code: code.clone(),
            facts,
            built_on,
            closed_on,
        }),
        _ => Err(cells.faults),
    };
    Draft { names: Names { institution_uscc, institution_name, room_no, bed_no, code }, entry }
}

/// Reads type, nature, status and recognition.
pub fn facts(
    cells: &mut Cells,
    (kind, nature, status): (wire::BedType, wire::BedNature, wire::BedStatus),
    recognised_on: &str,
    today: Date,
) -> Option<Facts> {
    let kind = cells.coded("type", "床位类型", kind.as_str_name(), "BED_TYPE_");
    let nature = cells.coded("nature", "保障属性", nature.as_str_name(), "BED_NATURE_");
    let status = cells.coded("status", "状态", status.as_str_name(), "BED_STATUS_");
    let recognised_on = past_date(cells, "recognised_on", "护理型认定日期", recognised_on, today);
    cells.take(Facts { kind: kind?, nature: nature?, status: status?, recognised_on }.checked())
}

/// The message of a bed.
pub fn message(placed: Placed) -> wire::Bed {
    let Placed { bed, institution_name, region } = placed;
    let facts = bed.facts.value;
    let text = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    wire::Bed {
        id: bed.id.to_string(),
        version: u64::try_from(bed.version).unwrap_or_default(),
        institution_id: bed.institution_id.to_string(),
        institution_name,
        room_no: bed.room_no,
        bed_no: bed.bed_no,
        bed_code: bed.code.unwrap_or_default(),
        r#type: wire::BedType::from_str_name(&format!("BED_TYPE_{}", facts.kind.code())).unwrap_or_default() as i32,
        nature: wire::BedNature::from_str_name(&format!("BED_NATURE_{}", facts.nature.code())).unwrap_or_default()
            as i32,
        status: wire::BedStatus::from_str_name(&format!("BED_STATUS_{}", facts.status.code())).unwrap_or_default()
            as i32,
        recognised_on: text(facts.recognised_on),
        built_on: bed.built_on.to_string(),
        closed_on: text(bed.closed_on),
        region,
        facts_since: bed.facts.since.to_string(),
    }
}
