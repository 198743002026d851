//! Facilities at the door: rows of the contract become checked facts, and records become messages.

use std::collections::BTreeSet;

use city::region::Level;
use proto::elderly_care as wire;
use registry::imports::stream::Draft;
use registry::{Bureau, Cells, Coded, Fault, Place};

use super::{Facility, Facts, Kind, Offer, Operator, State};
use crate::institutions::door::{at_least_zero, past_date};

/// What a row names its facility by: where it stands and its name.
#[derive(Debug)]
pub struct Names {
    pub region: Option<String>,
    pub name: String,
}

/// Reads a row; regions may be given by code or by name.
pub fn read(bureau: &Bureau, region: &str, row: &wire::FacilityRow) -> Draft<Names, Facts> {
    let mut cells = Cells::default();
    let name = cells.required("name", "设施名称", &row.name);
    let kind: Option<Kind> = cells.coded("type", "设施类型", row.r#type().as_str_name(), "FACILITY_TYPE_");
    let place = cells.take(bureau.place(region, &row.region).and_then(|place| below_county(bureau, place)));
    let operator: Option<Operator> =
        cells.coded("operator_type", "运营主体", row.operator_type().as_str_name(), "OPERATOR_TYPE_");
    let offers = cells.take(offers(&row.services));
    for (field, title, number) in [
        ("day_beds", "日间床位", row.day_beds),
        ("full_beds", "全托床位", row.full_beds),
        ("area_cm2", "建筑面积", row.area_cm2),
    ] {
        at_least_zero(&mut cells, field, title, number);
    }
    let state: Option<State> = cells.coded("state", "状态", row.state().as_str_name(), "FACILITY_STATE_");
    let opened_on = past_date(&mut cells, "opened_on", "投用日期", &row.opened_on, bureau.clock.today());
    let service_area = match &place {
        Some(place) => cells.take(service_area(bureau, place, &row.service_area)),
        None => None,
    };
    let region = place.as_ref().map(|place| place.region.clone());
    let entry = match (kind, place, operator, offers, state, service_area) {
        (Some(kind), Some(place), Some(operator), Some(offers), Some(state), Some(service_area))
            if cells.faults.is_empty() =>
        {
            let facts = Facts {
                name: name.clone(),
                kind,
                region: place.region,
                county: place.county,
                operator_org: row.operator_org.trim().to_owned(),
                operator,
                offers,
                has_day_care: row.has_day_care,
                day_beds: row.day_beds,
                full_beds: row.full_beds,
                area_cm2: row.area_cm2,
                state,
                opened_on,
                service_area,
            };
            let faults = facts.check();
            if faults.is_empty() { Ok(facts) } else { Err(faults) }
        }
        _ => Err(cells.faults),
    };
    Draft { names: Names { region, name }, entry }
}

/// A facility stands in a township or a village: FACILITY_REGION_LEVEL.
fn below_county(bureau: &Bureau, place: Place) -> Result<Place, Fault> {
    match bureau.city.regions.get(&place.region).map(|region| region.level) {
        Some(Level::Township | Level::Village) => Ok(place),
        _ => Err(Fault::cell("region", "FACILITY_REGION_LEVEL", "所在地区须填到乡（镇）、街道或村（社区）")),
    }
}

/// The words of a cell, however they are set apart.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', '，', ',', '；', ';', '\n']).map(str::trim).filter(|word| !word.is_empty())
}

/// 服务内容: OFFER_UNKNOWN.
fn offers(text: &str) -> Result<BTreeSet<Offer>, Fault> {
    let read = words(text).map(|word| {
        Offer::named(word).ok_or_else(|| {
            let known: Vec<&str> = Offer::NAMES.into_iter().map(|(_, name)| name).collect();
            let message = format!("没有“{word}”这项服务内容，可填：{}", known.join("、"));
            Fault::cell("services", "OFFER_UNKNOWN", message)
        })
    });
    read.collect()
}

/// The villages of a service area, by code or by name: first within the facility's township, then within its county.
/// VILLAGE_UNKNOWN names the first that is none, or that several bear; a village of another county is none here.
fn service_area(bureau: &Bureau, place: &Place, text: &str) -> Result<BTreeSet<String>, Fault> {
    let regions = &bureau.city.regions;
    let township = place.region.get(..9).unwrap_or(&place.region);
    let read = words(text).map(|word| {
        let found =
            regions.get(word).or_else(|| regions.find(township, word)).or_else(|| regions.find(&place.county, word));
        let village =
            found.filter(|region| region.level == Level::Village && regions.is_within(&region.code, &place.county));
        village.map(|village| village.code.clone()).ok_or_else(|| {
            let county = bureau.name_of(&place.county);
            let message = format!("{county}没有名称或代码为“{word}”的村（社区），或有多个同名，请填写12位代码");
            Fault::cell("service_area", "VILLAGE_UNKNOWN", message)
        })
    });
    read.collect()
}

/// The message of a facility.
pub fn message(facility: &Facility) -> wire::Facility {
    let Facility { id, version, facts } = facility;
    let value = &facts.value;
    let offers: Vec<&str> = value.offers.iter().map(|offer| offer.label()).collect();
    wire::Facility {
        id: id.to_string(),
        version: u64::try_from(*version).unwrap_or_default(),
        name: value.name.clone(),
        r#type: wire::FacilityType::from_str_name(&format!("FACILITY_TYPE_{}", value.kind.code())).unwrap_or_default()
            as i32,
        region: value.region.clone(),
        county: value.county.clone(),
        operator_org: value.operator_org.clone(),
        operator_type: wire::OperatorType::from_str_name(&format!("OPERATOR_TYPE_{}", value.operator.code()))
            .unwrap_or_default() as i32,
        services: offers.join("、"),
        has_day_care: value.has_day_care,
        day_beds: value.day_beds,
        full_beds: value.full_beds,
        area_cm2: value.area_cm2,
        state: wire::FacilityState::from_str_name(&format!("FACILITY_STATE_{}", value.state.code())).unwrap_or_default()
            as i32,
        opened_on: value.opened_on.map(|day| day.to_string()).unwrap_or_default(),
        villages_served: value.service_area.len() as i64,
        facts_since: facts.since.to_string(),
    }
}

/// The villages of a facility's service area.
pub fn villages(facility: &Facility) -> Vec<wire::ServedVillage> {
    let served = facility.facts.value.service_area.iter();
    served.map(|village| wire::ServedVillage { village: village.clone() }).collect()
}
