//! Classes at the door: rows of the contract become checked entries, and records become messages.

use proto::childcare as wire;
use registry::imports::stream::Draft;
use registry::{Cells, Coded, Fault};

use super::store::Placed;
use super::{Entry, Facts, check_dates};
use crate::institutions::door::optional_uscc;

/// What a row names its class by, as far as that can be read.
#[derive(Debug)]
pub struct Names {
    pub institution_uscc: Option<String>,
    pub institution_name: String,
    pub name: String,
}

/// Reads a row of a sheet.
pub fn read(row: &wire::ClassRow) -> Draft<Names, Entry> {
    read_row(row, true)
}

/// Reads what a form says of a class whose institution is already known.
pub fn read_form(row: &wire::ClassRow) -> Result<Entry, Vec<Fault>> {
    read_row(row, false).entry
}

fn read_row(row: &wire::ClassRow, names_institution: bool) -> Draft<Names, Entry> {
    let mut cells = Cells::default();
    let institution_uscc = optional_uscc(&mut cells, "institution_uscc", &row.institution_uscc);
    let institution_name = match names_institution {
        true => cells.required("institution_name", "机构名称", &row.institution_name),
        false => row.institution_name.trim().to_owned(),
    };
    let name = cells.required("class_name", "班级名称", &row.class_name);
    let kind = cells.coded("class_kind", "班型", row.class_kind().as_str_name(), "CLASS_KIND_");
    let facts = kind.and_then(|kind| cells.take(Facts::checked(kind, row.places)));
    let opened_on = cells.date("opened_on", "开班日期", &row.opened_on);
    let closed_on = cells.optional_date("closed_on", "停办日期", &row.closed_on);
    if let Some(opened_on) = opened_on {
        cells.take(check_dates(opened_on, closed_on));
    }
    let entry = match (facts, opened_on) {
        (Some(facts), Some(opened_on)) if cells.faults.is_empty() => Ok(Entry {
            institution_uscc: institution_uscc.clone(),
            institution_name: institution_name.clone(),
            name: name.clone(),
            facts,
            opened_on,
            closed_on,
        }),
        _ => Err(cells.faults),
    };
    Draft { names: Names { institution_uscc, institution_name, name }, entry }
}

/// The message of a class.
pub fn message(placed: Placed) -> wire::Class {
    let Placed { class, institution_name, region } = placed;
    wire::Class {
        id: class.id.to_string(),
        version: u64::try_from(class.version).unwrap_or_default(),
        institution_id: class.institution_id.to_string(),
        institution_name,
        name: class.name,
        kind: wire::ClassKind::from_str_name(&format!("CLASS_KIND_{}", class.facts.value.kind.code()))
            .unwrap_or_default() as i32,
        places: class.facts.value.places,
        opened_on: class.opened_on.to_string(),
        closed_on: class.closed_on.map(|on| on.to_string()).unwrap_or_default(),
        region,
        facts_since: class.facts.since.to_string(),
    }
}
