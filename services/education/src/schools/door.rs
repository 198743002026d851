//! Schools at the door: rows of the contract become checked facts, and records become messages.

use city::region::Level;
use proto::education as wire;
use registry::imports::stream::Draft;
use registry::{Bureau, Cells, Coded, Fault};

use super::demonstration::Demonstration;
use super::store::Shown;
use super::{Checklist, Facts, State};

/// What a row names its school by, as far as that can be read.
#[derive(Debug)]
pub struct Names {
    pub county: Option<String>,
    pub name: String,
}

/// Reads a row; a region may be given by code or by its name within `region`.
pub fn read(bureau: &Bureau, region: &str, row: &wire::SchoolRow) -> Draft<Names, Facts> {
    let mut cells = Cells::default();
    let name = cells.required("name", "名称", &row.name);
    let tier = cells.coded::<super::Tier>("tier", "层级", row.tier().as_str_name(), "TIER_");
    let place = cells.take(bureau.place(region, &row.region));
    if let (Some(tier), Some(place)) = (tier, &place) {
        let level = bureau.city.regions.get(&place.region).map_or(Level::City, |region| region.level);
        cells.take(tier.check_region(level));
    }
    let opened_on = cells.date("opened_on", "开办日期", &row.opened_on);
    for (field, title, number) in
        [("area_cm2", "校舍面积", row.area_cm2), ("activities", "本年活动次数", row.activities)]
    {
        if number < 0 {
            cells.faults.push(Fault::cell(field, "NUMBER_NEGATIVE", format!("{title}不能小于0")));
        }
    }
    let host_kind = row.host_kind().as_str_name().strip_prefix("HOST_KIND_").and_then(Coded::from_code);
    let county = place.as_ref().map(|place| place.county.clone());
    let entry = match (tier, place, opened_on, host_kind) {
        (Some(tier), Some(place), Some(opened_on), Some(host_kind)) if cells.faults.is_empty() => Ok(Facts {
            name: name.clone(),
            tier,
            region: place.region,
            county: place.county,
            host_org: row.host_org.trim().to_owned(),
            host_kind,
            address: row.address.trim().to_owned(),
            area_cm2: row.area_cm2,
            opened_on,
            state: State::Open,
            checklist: Checklist {
                sign: row.has_sign,
                place: row.has_place,
                teacher: row.has_teacher,
                course: row.has_course,
                activities: row.activities,
            },
        }),
        _ => Err(cells.faults),
    };
    Draft { names: Names { county, name }, entry }
}

/// The message of a school as of a day.
pub fn message(shown: Shown) -> wire::School {
    let Shown { school, demonstration } = shown;
    let established = school.facts.value.established();
    let facts = school.facts.value;
    wire::School {
        id: school.id.to_string(),
        version: u64::try_from(school.version).unwrap_or_default(),
        name: facts.name,
        tier: wire::Tier::from_str_name(&format!("TIER_{}", facts.tier.code())).unwrap_or_default() as i32,
        region: facts.region,
        county: facts.county,
        state: wire::SchoolState::from_str_name(&format!("SCHOOL_STATE_{}", facts.state.code())).unwrap_or_default()
            as i32,
        established,
        host_org: facts.host_org,
        host_kind: wire::HostKind::from_str_name(&format!("HOST_KIND_{}", facts.host_kind.code())).unwrap_or_default()
            as i32,
        address: facts.address,
        area_cm2: facts.area_cm2,
        opened_on: facts.opened_on.to_string(),
        has_sign: facts.checklist.sign,
        has_place: facts.checklist.place,
        has_teacher: facts.checklist.teacher,
        has_course: facts.checklist.course,
        activities: facts.checklist.activities,
        demonstration: demonstration.map_or(wire::DemonstrationLevel::Unspecified, |level| {
            wire::DemonstrationLevel::from_str_name(&format!("DEMONSTRATION_LEVEL_{}", level.code()))
                .unwrap_or_default()
        }) as i32,
        facts_since: school.facts.since.to_string(),
    }
}

/// The message of a designation.
pub fn demonstration_message(one: Demonstration) -> wire::Demonstration {
    wire::Demonstration {
        level: wire::DemonstrationLevel::from_str_name(&format!("DEMONSTRATION_LEVEL_{}", one.level.code()))
            .unwrap_or_default() as i32,
        valid_from: one.valid_from.to_string(),
        valid_to: one.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        revoked_on: one.revoked_on.map(|day| day.to_string()).unwrap_or_default(),
        document_number: one.document_number,
    }
}
