//! The value of a field as the text that a form or a sheet holds, and back.

use prost_reflect::{FieldDescriptor, Value};

use crate::columns::{Column, ColumnKind};
use crate::import;

/// What a text is not, as a field's value: a stable reason and its Chinese message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub reason: &'static str,
    pub message: String,
}

/// Reads a text as a sheet's cell is read; `None` where nothing was said and need not be. A list has 、 between its
/// items, or each on its line.
///
/// # Errors
/// [`Unreadable`] says what the field wants instead.
pub fn read(field: &FieldDescriptor, column: &Column, text: &str) -> Result<Option<Value>, Unreadable> {
    let item =
        |text: &str| import::read_cell(field, column, text).map_err(|(reason, message)| Unreadable { reason, message });
    if !field.is_list() {
        return item(text);
    }
    let mut items = Vec::new();
    for text in text.split(['、', '；', ';', '\n']).filter(|text| !text.trim().is_empty()) {
        items.extend(item(text)?);
    }
    if items.is_empty() { item("") } else { Ok(Some(Value::List(items))) }
}

/// The text that [`read`] takes for the value: value names of enums, digits without separators. Empty where the value
/// says nothing.
pub fn write(column: &Column, value: &Value) -> String {
    match (&column.kind, value) {
        (_, Value::List(items)) => items.iter().map(|item| write(column, item)).collect::<Vec<_>>().join("、"),
        (ColumnKind::Enum(choices), Value::EnumNumber(number)) => {
            choices.iter().find(|choice| choice.number == *number).map(|choice| choice.name.clone()).unwrap_or_default()
        }
        (ColumnKind::Quantity(quantity), value) => {
            integer(value).map(|number| quantity.write(number)).unwrap_or_default()
        }
        (_, Value::Bool(yes)) => yes.to_string(),
        (_, Value::String(text)) => text.clone(),
        (_, value) => integer(value).map(|number| number.to_string()).unwrap_or_default(),
    }
}

/// A whole number of any width; `None` for other values, and for one beyond 63 bits.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::I32(number) => Some((*number).into()),
        Value::I64(number) => Some(*number),
        Value::U32(number) => Some((*number).into()),
        Value::U64(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns;

    fn column(message: &str, field: &str) -> (FieldDescriptor, Column) {
        let field = columns::message(message).expect("known").get_field_by_name(field).expect("known");
        let column = columns::column(&field).expect("has a title");
        (field, column)
    }

    #[test]
    fn what_a_form_shows_is_what_it_reads() {
        let (field, kind) = column("ylyx.childcare.v1.ChangeClassRequest", "kind");
        let big = read(&field, &kind, "托大班").expect("a choice").expect("said");
        assert_eq!((big.clone(), write(&kind, &big)), (Value::EnumNumber(3), "CLASS_KIND_BIG".to_owned()));
        assert_eq!(read(&field, &kind, "CLASS_KIND_BIG"), Ok(Some(big)));
        assert_eq!(read(&field, &kind, "").expect_err("required").reason, "REQUIRED");

        let (field, fee) = column("ylyx.childcare.v1.GrantDesignationRequest", "fee_ceiling_fen");
        let value = read(&field, &fee, "1,850.5").expect("money").expect("said");
        assert_eq!((value.clone(), write(&fee, &value)), (Value::I64(185_050), "1850.50".to_owned()));
        let fault = read(&field, &fee, "12.345").expect_err("too fine");
        assert_eq!(fault.reason, "TOO_MANY_DECIMALS");
        assert!(fault.message.contains("元"), "{}", fault.message);
    }
}
