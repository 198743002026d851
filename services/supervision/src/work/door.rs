//! Work entries at the door: rows of the contract become checked facts, and entries become messages.

use proto::supervision as wire;
use registry::{Bureau, Cells, Coded, Fault, Place};

use super::{Entry, Facts, tasks_of, type_of};
use crate::tasks::unit_of;

/// Reads a row of a sheet or of a form. Every fault at once: TYPE_UNKNOWN, FIELD_MISSING, UNIT_UNKNOWN,
/// REGION_UNKNOWN, QUANTITY_TOO_SMALL, DATE_INVALID, DATE_IN_FUTURE, TASK_NOT_OF_TYPE.
pub fn read(bureau: &Bureau, within: &str, row: &wire::WorkRow) -> Result<Facts, Vec<Fault>> {
    let mut cells = Cells::default();
    let types = &bureau.city.plan.work_types;
    let work_type = cells.take(
        type_of(types, &row.r#type)
            .ok_or_else(|| Fault::cell("type", "TYPE_UNKNOWN", format!("工作类型名录中没有“{}”", row.r#type.trim()))),
    );
    let title = cells.required("title", "名称", &row.title);
    let unit = cells
        .take(unit_of(&bureau.city, &row.unit).map_err(|problem| Fault::cell("unit", problem.reason, problem.message)));
    let place = cells.take(place(bureau, within, &row.region));
    if row.quantity < 1 {
        cells.faults.push(Fault::cell("quantity", "QUANTITY_TOO_SMALL", "数量应为不小于1的整数"));
    }
    let dated_on = cells.date("dated_on", "日期", &row.dated_on);
    if dated_on.is_some_and(|on| on > bureau.clock.today()) {
        cells.faults.push(Fault::cell("dated_on", "DATE_IN_FUTURE", "日期晚于今天"));
    }
    if let Some(kind) = work_type.filter(|kind| row.task_number != 0 && !kind.tasks.contains(&row.task_number)) {
        let message = format!("“{}”不是任务{}的工作类型", kind.title, row.task_number);
        cells.faults.push(Fault::cell("task_number", "TASK_NOT_OF_TYPE", message));
    }
    match (work_type, unit, place, dated_on) {
        (Some(kind), Some(unit), Some(place), Some(dated_on)) if cells.faults.is_empty() => Ok(Facts {
            work_type: kind.code.clone(),
            title,
            unit,
            place,
            quantity: row.quantity,
            dated_on,
            document_number: row.document_number.trim().to_owned(),
            task_number: row.task_number,
        }),
        _ => Err(cells.faults),
    }
}

/// As every register, but the city itself is a place too: its own work belongs to no county.
fn place(bureau: &Bureau, within: &str, cell: &str) -> Result<Place, Fault> {
    let city = bureau.city.regions.city();
    let text = cell.trim();
    if text == city.code || text == city.name {
        return Ok(Place { region: city.code.clone(), county: String::new() });
    }
    bureau.place(within, cell)
}

/// The message of an entry.
pub fn message(bureau: &Bureau, entry: Entry) -> wire::WorkEntry {
    let types = &bureau.city.plan.work_types;
    let kind = types.iter().find(|one| one.code == entry.facts.work_type);
    let tasks = tasks_of(types, &entry.facts);
    let Facts { work_type, title, unit, place, quantity, dated_on, document_number, task_number } = entry.facts;
    wire::WorkEntry {
        id: entry.id.to_string(),
        version: u64::try_from(entry.version).unwrap_or_default(),
        type_title: kind.map_or_else(|| work_type.clone(), |kind| kind.title.clone()),
        quantity_unit: kind.map(|kind| kind.unit.clone()).unwrap_or_default(),
        r#type: work_type,
        title,
        unit,
        region: place.region,
        quantity,
        dated_on: dated_on.to_string(),
        document_number,
        task_number,
        tasks,
        state: wire::WorkState::from_str_name(&format!("WORK_STATE_{}", entry.state.code())).unwrap_or_default() as i32,
        written_by: entry.written_by,
    }
}
