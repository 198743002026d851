//! One cell: its text becomes the value of its field, or a reason why not.

use std::collections::BTreeMap;

use prost_reflect::{Kind, Value};
use proto::contract::PersonalData;

use super::Target;
use crate::{
    columns::{Column, ColumnKind},
    quantity::QuantityFault,
    text::{self, NumberFault},
};

/// Reason code and Chinese message.
pub(crate) type Fault = (&'static str, String);

/// The value of a cell; `None` for an empty cell that may be empty.
pub(super) fn value(target: &Target, cell: &str) -> Result<Option<Value>, Fault> {
    let title = &target.column.title;
    if is_blank(cell) {
        return if target.required { Err(("REQUIRED", format!("“{title}”必填"))) } else { Ok(None) };
    }
    let shown = shown(target.column.personal, cell);
    if is_formula_error(cell) {
        return Err(("CELL_ERROR", format!("“{title}”的公式出错（{shown}），请改为数值或文字")));
    }
    let value = match &target.column.kind {
        ColumnKind::Text => Value::String(text::clean(cell)),
        ColumnKind::Integer => number(target, cell, &shown)?,
        ColumnKind::Quantity(quantity) => {
            let unit = quantity.unit();
            let parsed = quantity.parse(cell).map_err(|fault| match fault {
                QuantityFault::NotNumber => ("NOT_NUMBER", format!("“{title}”应为数字（单位：{unit}），现为“{shown}”")),
                QuantityFault::TooFine => {
                    ("TOO_MANY_DECIMALS", format!("“{title}”以{unit}为单位，最多两位小数，现为“{shown}”"))
                }
                QuantityFault::OutOfRange => ("NOT_IN_RANGE", format!("“{title}”的数值超出范围：“{shown}”")),
            })?;
            sized(target, parsed).ok_or_else(|| ("NOT_IN_RANGE", format!("“{title}”的数值超出范围：“{shown}”")))?
        }
        ColumnKind::Date => {
            let date = text::date(cell)
                .ok_or_else(|| ("DATE_INVALID", format!("“{title}”应为日期，如 2025-09-01，现为“{shown}”")))?;
            Value::String(date.to_string())
        }
        ColumnKind::Bool => Value::Bool(
            text::yes_no(cell).ok_or_else(|| ("CHOICE_UNKNOWN", format!("“{title}”应为：是、否，现为“{shown}”")))?,
        ),
        ColumnKind::Enum(choices) => {
            let number = target.choices.get(&choice_key(cell)).ok_or_else(|| {
                let labels: Vec<&str> = choices.iter().map(|choice| choice.label.as_str()).collect();
                ("CHOICE_UNKNOWN", format!("“{title}”应为：{}，现为“{shown}”", labels.join("、")))
            })?;
            Value::EnumNumber(*number)
        }
    };
    Ok(Some(value))
}

fn number(target: &Target, cell: &str, shown: &str) -> Result<Value, Fault> {
    let Column { title, unit, .. } = &target.column;
    let range = || ("NOT_IN_RANGE", format!("“{title}”的数值超出范围：“{shown}”"));
    let number = text::integer(cell).map_err(|fault| match fault {
        NumberFault::NotInteger => ("NOT_INTEGER", format!("“{title}”应为整数，现为“{shown}”")),
        NumberFault::Ratio => {
            let unit = if unit.is_empty() { "数量".to_owned() } else { format!("数量（单位：{unit}）") };
            ("RATIO_NOT_ACCEPTED", format!("“{title}”应填{unit}，不接受比例或小数“{shown}”"))
        }
        NumberFault::OutOfRange => range(),
    })?;
    sized(target, number).ok_or_else(range)
}

/// The number as the field's own type; `None` when it does not fit.
fn sized(target: &Target, number: i64) -> Option<Value> {
    match target.field.kind() {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => i32::try_from(number).ok().map(Value::I32),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(number).ok().map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(number).ok().map(Value::U64),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Some(Value::I64(number)),
        // No contract has fractions; a field that had could not be filled from a sheet.
        _ => None,
    }
}

/// A cell with nothing in it, or with one of the strokes people put where nothing is to be said.
fn is_blank(cell: &str) -> bool {
    matches!(text::plain(cell).as_str(), "" | "-" | "--" | "/")
}

fn is_formula_error(cell: &str) -> bool {
    matches!(cell.trim(), "#DIV/0!" | "#N/A" | "#NAME?" | "#NULL!" | "#NUM!" | "#REF!" | "#VALUE!" | "#DATA!")
}

/// What an error message may repeat of a cell: nothing personal, and not a whole essay.
fn shown(personal: PersonalData, cell: &str) -> String {
    if personal == PersonalData::Unspecified { cell.trim().chars().take(40).collect() } else { "***".to_owned() }
}

/// Labels and value names of the column's enum, by key.
pub(super) fn own_choices(column: &Column) -> BTreeMap<String, i32> {
    let ColumnKind::Enum(choices) = &column.kind else { return BTreeMap::new() };
    choices
        .iter()
        .flat_map(|choice| [(choice_key(&choice.label), choice.number), (choice_key(&choice.name), choice.number)])
        .collect()
}

/// Choices are compared without blanks, width or case.
pub(super) fn choice_key(text: &str) -> String {
    text::plain(text).chars().filter(|c| *c != ' ').collect::<String>().to_lowercase()
}
