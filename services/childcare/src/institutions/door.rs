//! Institutions at the door: rows of the contract become checked entries, and records become messages.

use contract::identifier::Uscc;
use proto::childcare as wire;
use registry::imports::stream::Draft;
use registry::legal_person::Names;
use registry::{Bureau, Cells, Coded, Fault};

use super::{Entry, Facts, Institution, InstitutionKind, LegalType, Ownership};
use crate::filing::Filed;
use crate::filing::door::state_message;

/// Reads a row; a region may be given by code or by its name within `region`.
pub fn read(bureau: &Bureau, region: &str, row: &wire::InstitutionRow) -> Draft<Names, Entry> {
    let mut cells = Cells::default();
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
    let kind = cells.coded("kind", "机构类型", row.kind().as_str_name(), "INSTITUTION_KIND_");
    let ownership = cells.coded("ownership", "举办性质", row.ownership().as_str_name(), "OWNERSHIP_");
    let legal_type = cells.coded("legal_type", "法人类型", row.legal_type().as_str_name(), "LEGAL_TYPE_");
    let place = cells.take(bureau.place(region, &row.region));
    let opened_on = cells.date("opened_on", "开业日期", &row.opened_on);
    let number = row.filing_number.trim();
    let filed_on = cells.optional_date("filed_on", "备案日期", &row.filed_on);
    if number.is_empty() && filed_on.is_some() {
        cells.faults.push(Fault::cell("filing_number", "FILING_NUMBER_MISSING", "填写了备案日期，请填写备案编号"));
    }
    if !number.is_empty() && row.filed_on.trim().is_empty() {
        cells.faults.push(Fault::cell("filed_on", "FILED_ON_MISSING", "填写了备案编号，请填写备案日期"));
    }
    let county = place.as_ref().map(|place| place.county.clone());
    let entry = match (kind, ownership, legal_type, place, opened_on) {
        (Some(kind), Some(ownership), Some(legal_type), Some(place), Some(opened_on)) if cells.faults.is_empty() => {
            let facts = Facts {
                name: name.clone(),
                kind,
                ownership,
                legal_type,
                region: place.region,
                county: place.county,
                address: row.address.trim().to_owned(),
                opened_on,
                operating: true,
                smart_pilot: row.smart_pilot,
                parent_org_uscc,
                reason_no_uscc,
                source_id: row.source_id.trim().to_owned(),
            };
            let filed = filed_on.map(|on| Filed { number: number.to_owned(), on });
            Ok(Entry { uscc: uscc.clone(), facts, filed })
        }
        _ => Err(cells.faults),
    };
    Draft { names: Names { uscc, county, name }, entry }
}

/// A checked credit code, `None` where the cell is empty or wrong.
pub fn optional_uscc(cells: &mut Cells, field: &'static str, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let read = Uscc::parse(text).map(|uscc| uscc.to_string());
    cells.take(read.map_err(|fault| Fault::cell(field, fault.reason(), fault.to_string())))
}

/// The message of an institution.
pub fn message(institution: Institution) -> wire::Institution {
    let Institution { id, version, uscc, facts, filing, places } = institution;
    wire::Institution {
        id: id.to_string(),
        version: u64::try_from(version).unwrap_or_default(),
        name: facts.value.name,
        uscc: uscc.unwrap_or_default(),
        kind: kind_message(facts.value.kind) as i32,
        ownership: ownership_message(facts.value.ownership) as i32,
        legal_type: legal_type_message(facts.value.legal_type) as i32,
        region: facts.value.region,
        county: facts.value.county,
        address: facts.value.address,
        opened_on: facts.value.opened_on.to_string(),
        operating: facts.value.operating,
        smart_pilot: facts.value.smart_pilot,
        filing_state: state_message(filing.state) as i32,
        filing_number: filing.number,
        filing_answer_due: filing.answer_due.map(|due| due.to_string()).unwrap_or_default(),
        places,
        parent_org_uscc: facts.value.parent_org_uscc,
        reason_no_uscc: facts.value.reason_no_uscc,
        facts_since: facts.since.to_string(),
    }
}

pub(super) fn kind_message(kind: InstitutionKind) -> wire::InstitutionKind {
    wire::InstitutionKind::from_str_name(&format!("INSTITUTION_KIND_{}", kind.code())).unwrap_or_default()
}

pub(super) fn ownership_message(ownership: Ownership) -> wire::Ownership {
    wire::Ownership::from_str_name(&format!("OWNERSHIP_{}", ownership.code())).unwrap_or_default()
}

fn legal_type_message(legal_type: LegalType) -> wire::LegalType {
    wire::LegalType::from_str_name(&format!("LEGAL_TYPE_{}", legal_type.code())).unwrap_or_default()
}
