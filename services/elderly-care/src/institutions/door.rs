//! Institutions at the door: rows of the contract become checked entries, and records become messages.

use contract::identifier::Uscc;
use jiff::civil::Date;
use proto::elderly_care as wire;
use registry::imports::stream::Draft;
use registry::legal_person::Names;
use registry::{Bureau, Cells, Coded, Fault};

use super::grade::{Rating, level_on, standing};
use super::operation::Filed;
use super::{Entry, Facts, Institution};
use crate::beds::Totals;

/// Reads a row; a region may be given by code or by its name within `region`.
pub fn read(bureau: &Bureau, region: &str, row: &wire::InstitutionRow) -> Draft<Names, Entry> {
    let mut cells = Cells::default();
    let today = bureau.clock.today();
    let name = cells.required("name", "机构名称", &row.name);
    let uscc = optional_uscc(&mut cells, "uscc", &row.uscc);
    let parent_org_uscc = optional_uscc(&mut cells, "parent_org_uscc", &row.parent_org_uscc).unwrap_or_default();
    let reason_no_uscc = row.reason_no_uscc.trim().to_owned();
    if row.uscc.trim().is_empty() {
        if reason_no_uscc.is_empty() {
            let message = "请填写统一社会信用代码；确无代码的，填写举办单位信用代码和无信用代码原因";
            cells.faults.push(Fault::cell("uscc", "USCC_MISSING", message));
        } else if row.parent_org_uscc.trim().is_empty() {
            let message = "无信用代码的机构，请填写举办单位信用代码";
            cells.faults.push(Fault::cell("parent_org_uscc", "PARENT_USCC_MISSING", message));
        }
    }
    let ownership = cells.coded("ownership", "举办运营", row.ownership().as_str_name(), "OWNERSHIP_");
    let legal_type = cells.coded("legal_type", "法人类型", row.legal_type().as_str_name(), "LEGAL_TYPE_");
    let profit_nature = cells.coded("profit_nature", "营利性质", row.profit_nature().as_str_name(), "PROFIT_NATURE_");
    let medical_mode = cells.coded("medical_mode", "医养方式", row.medical_mode().as_str_name(), "MEDICAL_MODE_");
    let place = cells.take(bureau.place(region, &row.region));
    if row.is_regional_centre && place.as_ref().is_some_and(|place| place.region == place.county) {
        let message = "区域性养老服务中心的所在地区须具体到乡（镇）、街道";
        cells.faults.push(Fault::cell("region", "REGION_TOO_WIDE", message));
    }
    let established_on = past_date(&mut cells, "established_on", "成立日期", &row.established_on, today);
    let opened_on = past_date(&mut cells, "opened_on", "开始收住日期", &row.opened_on, today);
    let filed = filed(&mut cells, row, today);
    let rating = rating(&mut cells, row);
    at_least_zero(&mut cells, "beds_approved", "核定床位", row.beds_approved);
    at_least_zero(&mut cells, "building_area_cm2", "建筑面积", row.building_area_cm2);
    let county = place.as_ref().map(|place| place.county.clone());
    let entry = match (ownership, legal_type, profit_nature, medical_mode, place) {
        (Some(ownership), Some(legal_type), Some(profit_nature), Some(medical_mode), Some(place))
            if cells.faults.is_empty() =>
        {
            let facts = Facts {
                name: name.clone(),
                ownership,
                legal_type,
                profit_nature,
                region: place.region,
                county: place.county,
                address: row.address.trim().to_owned(),
                established_on,
                medical_mode,
                is_regional_centre: row.is_regional_centre,
                is_county_disabled_care: row.is_county_disabled_care,
                smart_pilot: row.smart_pilot,
                building_area_cm2: row.building_area_cm2,
                beds_approved: row.beds_approved,
                parent_org_uscc,
                reason_no_uscc,
                source_id: row.source_id.trim().to_owned(),
            };
            Ok(Entry { uscc: uscc.clone(), facts, opened_on, filed, rating })
        }
        _ => Err(cells.faults),
    };
    Draft { names: Names { uscc, county, name }, entry }
}

/// A filing has a number and a day, or is not told of at all.
fn filed(cells: &mut Cells, row: &wire::InstitutionRow, today: Date) -> Option<Filed> {
    let number = row.filing_number.trim();
    let on = past_date(cells, "filed_on", "备案日期", &row.filed_on, today);
    if number.is_empty() && on.is_some() {
        cells.faults.push(Fault::cell("filing_number", "FILING_NUMBER_MISSING", "填写了备案日期，请填写备案编号"));
    }
    if !number.is_empty() && row.filed_on.trim().is_empty() {
        cells.faults.push(Fault::cell("filed_on", "FILED_ON_MISSING", "填写了备案编号，请填写备案日期"));
    }
    on.filter(|_| !number.is_empty()).map(|on| Filed { number: number.to_owned(), on })
}

/// A grade has both days of its validity, or is not told of at all.
fn rating(cells: &mut Cells, row: &wire::InstitutionRow) -> Option<Rating> {
    let silent = row.grade() == wire::Grade::Unspecified
        && row.graded_on.trim().is_empty()
        && row.grade_until_on.trim().is_empty();
    if silent {
        return None;
    }
    read_rating(cells, row.grade(), &row.graded_on, &row.grade_until_on)
}

/// Reads a grade with its validity.
pub fn read_rating(cells: &mut Cells, grade: wire::Grade, from: &str, until: &str) -> Option<Rating> {
    let grade = cells.coded("grade", "评定等级", grade.as_str_name(), "GRADE_");
    let from = cells.date("graded_on", "等级有效期起", from);
    let until = cells.date("grade_until_on", "等级有效期止", until);
    cells.take(Rating::checked(grade?, from?, until?))
}

/// A day that has come, where one is stated: DATE_INVALID, DATE_IN_FUTURE.
pub fn past_date(cells: &mut Cells, field: &'static str, title: &str, text: &str, today: Date) -> Option<Date> {
    let date = cells.optional_date(field, title, text)?;
    if date > today {
        cells.faults.push(Fault::cell(field, "DATE_IN_FUTURE", format!("{title}{date}晚于今天")));
        return None;
    }
    Some(date)
}

/// A count or a measure is never negative: NUMBER_NEGATIVE.
pub fn at_least_zero(cells: &mut Cells, field: &'static str, title: &str, value: i64) {
    if value < 0 {
        cells.faults.push(Fault::cell(field, "NUMBER_NEGATIVE", format!("{title}不能为负，现为{value}")));
    }
}

/// A checked credit code, `None` where the cell is empty or wrong.
pub fn optional_uscc(cells: &mut Cells, field: &'static str, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let read = Uscc::parse(text).map(|uscc| uscc.to_string());
    cells.take(read.map_err(|fault| Fault::cell(field, fault.reason(), fault.to_string())))
}

/// The message of an institution with its beds, as both stand on a day.
pub fn message(institution: Institution, beds: Totals, day: Date) -> wire::Institution {
    let Institution { id, version, uscc, facts, operation, rating } = institution;
    let (since, facts) = (facts.since, facts.value);
    let text = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let filed_on = text(operation.filed.as_ref().map(|filed| filed.on));
    let grade = rating.map(|rating| format!("GRADE_{}", rating.grade.code()));
    let grade_standing = format!("GRADE_STANDING_{}", standing(rating.as_ref(), day).code());
    wire::Institution {
        id: id.to_string(),
        version: u64::try_from(version).unwrap_or_default(),
        name: facts.name,
        uscc: uscc.unwrap_or_default(),
        ownership: wire::Ownership::from_str_name(&format!("OWNERSHIP_{}", facts.ownership.code())).unwrap_or_default()
            as i32,
        legal_type: wire::LegalType::from_str_name(&format!("LEGAL_TYPE_{}", facts.legal_type.code()))
            .unwrap_or_default() as i32,
        profit_nature: wire::ProfitNature::from_str_name(&format!("PROFIT_NATURE_{}", facts.profit_nature.code()))
            .unwrap_or_default() as i32,
        region: facts.region,
        county: facts.county,
        address: facts.address,
        established_on: text(facts.established_on),
        opened_on: text(operation.opened_on),
        state: wire::OperatingState::from_str_name(&format!("OPERATING_STATE_{}", operation.state.code()))
            .unwrap_or_default() as i32,
        state_since: operation.since.to_string(),
        filing_number: operation.filed.map(|filed| filed.number).unwrap_or_default(),
        filed_on,
        medical_mode: wire::MedicalMode::from_str_name(&format!("MEDICAL_MODE_{}", facts.medical_mode.code()))
            .unwrap_or_default() as i32,
        is_regional_centre: facts.is_regional_centre,
        is_county_disabled_care: facts.is_county_disabled_care,
        smart_pilot: facts.smart_pilot,
        building_area_cm2: facts.building_area_cm2,
        grade: grade.and_then(|name| wire::Grade::from_str_name(&name)).unwrap_or_default() as i32,
        grade_standing: wire::GradeStanding::from_str_name(&grade_standing).unwrap_or_default() as i32,
        grade_level: level_on(rating.as_ref(), day),
        graded_on: text(rating.map(|rating| rating.from)),
        grade_until_on: text(rating.map(|rating| rating.until)),
        beds_approved: facts.beds_approved,
        beds_built: beds.built,
        beds_nursing: beds.nursing,
        beds_open: beds.open,
        beds_over_approved: facts.beds_approved > 0 && beds.built > facts.beds_approved,
        parent_org_uscc: facts.parent_org_uscc,
        reason_no_uscc: facts.reason_no_uscc,
        source_id: facts.source_id,
        facts_since: since.to_string(),
    }
}
