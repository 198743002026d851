//! Columns of a message and labels of an enum, read from the options in the contract.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind as FieldKind, MessageDescriptor, Value};
use proto::contract::{Format, PersonalData};

use crate::{descriptors, quantity::Quantity, text};

/// How one field appears to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Field name in the message.
    pub field: String,
    /// Chinese title.
    pub title: String,
    /// Unit such as 个; empty where there is none.
    pub unit: String,
    pub required: bool,
    pub filterable: bool,
    pub sortable: bool,
    /// 主管系统, when it is not this service; empty otherwise.
    pub system_of_record: String,
    /// Class of personal data; decides masking.
    pub personal: PersonalData,
    /// An example for templates; empty where none is given.
    pub example: String,
    /// How the value is written, as stated; what a cell holds then is in `kind`.
    pub format: Format,
    /// Shown on the record's own page, not in lists.
    pub detail_only: bool,
    /// One sentence of help for a form; empty where none is given.
    pub hint: String,
    pub kind: ColumnKind,
}

impl Column {
    /// Title with its unit, as it heads a column: 托位数（个）.
    pub fn heading(&self) -> String {
        if self.unit.is_empty() { self.title.clone() } else { format!("{}（{}）", self.title, self.unit) }
    }

    /// True for what stands right-aligned under its unit.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, ColumnKind::Integer | ColumnKind::Quantity(_))
            && !matches!(self.format, Format::Instant | Format::Year)
    }
}

/// What a cell of the column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    Integer,
    /// An integer of 分 or cm², written in the column's unit with at most two decimals.
    Quantity(Quantity),
    /// A text field of FORMAT_DATE, one called `…_on`, or one whose example is a date; ISO dates cross the door.
    Date,
    Bool,
    Enum(Vec<Choice>),
}

/// One value of an enum that people may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Chinese label, 托大班.
    pub label: String,
    pub number: i32,
    /// Value name in the contract, `CLASS_KIND_BIG`.
    pub name: String,
}

/// A name that no contract knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("契约中没有“{0}”")]
pub struct UnknownName(pub String);

/// The message of a full name such as `ylyx.childcare.v1.ClassRow`.
///
/// # Errors
/// [`UnknownName`] when no contract has it.
pub fn message(full_name: &str) -> Result<MessageDescriptor, UnknownName> {
    descriptors().get_message_by_name(full_name).ok_or_else(|| UnknownName(full_name.to_owned()))
}

/// The columns of a message by its full name, in the order of the contract.
///
/// # Errors
/// [`UnknownName`] when no contract has the message.
pub fn columns_of(full_name: &str) -> Result<Vec<Column>, UnknownName> {
    Ok(columns(&message(full_name)?))
}

/// The columns of a message: its fields that carry a title, in the order of the contract.
pub fn columns(message: &MessageDescriptor) -> Vec<Column> {
    let mut fields: Vec<FieldDescriptor> = message.fields().collect();
    fields.sort_by_key(|field| field.path().last().copied());
    fields.iter().filter_map(column).collect()
}

/// The Chinese label of an enum value; `None` for an unknown enum, number or a value without label.
pub fn label_of(enum_full_name: &str, number: i32) -> Option<String> {
    let descriptor = descriptors().get_enum_by_name(enum_full_name)?;
    choices(&descriptor).into_iter().find(|choice| choice.number == number).map(|choice| choice.label)
}

/// The column that a field carries; `None` for a field without a title.
pub fn column(field: &FieldDescriptor) -> Option<Column> {
    let extension = field.parent_pool().get_extension_by_name("ylyx.contract.v1.column")?;
    let options = field.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let value = options.get_extension(&extension);
    let stated: proto::contract::Column = value.as_message()?.transcode_to().ok()?;
    Some(Column {
        field: field.name().to_owned(),
        kind: kind(field, &stated),
        format: stated.format(),
        personal: stated.personal(),
        detail_only: stated.detail_only,
        title: stated.title,
        unit: stated.unit,
        required: stated.required,
        filterable: stated.filterable,
        sortable: stated.sortable,
        system_of_record: stated.system_of_record,
        example: stated.example,
        hint: stated.hint,
    })
}

fn kind(field: &FieldDescriptor, stated: &proto::contract::Column) -> ColumnKind {
    let is_date = || {
        stated.format() == Format::Date
            || stated.format() == Format::Unspecified
                && (field.name().ends_with("_on") || text::is_iso_date(&stated.example))
    };
    match field.kind() {
        FieldKind::Bool => ColumnKind::Bool,
        FieldKind::Enum(descriptor) => ColumnKind::Enum(choices(&descriptor)),
        FieldKind::String if is_date() => ColumnKind::Date,
        FieldKind::String | FieldKind::Bytes | FieldKind::Message(_) => ColumnKind::Text,
        _ => Quantity::of(stated.format(), &stated.unit).map_or(ColumnKind::Integer, ColumnKind::Quantity),
    }
}

/// The labelled values of an enum; `…_UNSPECIFIED` carries no label and is nobody's choice.
fn choices(descriptor: &EnumDescriptor) -> Vec<Choice> {
    let Some(extension) = descriptor.parent_pool().get_extension_by_name("ylyx.contract.v1.label") else {
        return Vec::new();
    };
    let labelled = descriptor.values().filter_map(|value| {
        let options = value.options();
        match options.get_extension(&extension).as_ref() {
            Value::String(label) if !label.is_empty() => {
                Some(Choice { label: label.clone(), number: value.number(), name: value.name().to_owned() })
            }
            _ => None,
        }
    });
    labelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_from_the_contract_in_its_order() {
        let columns = columns_of("ylyx.childcare.v1.ClassRow").expect("known");
        let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
        assert_eq!(titles, ["机构信用代码", "机构名称", "班级名称", "班型", "托位数", "开班日期", "停办日期"]);

        let places = &columns[4];
        assert_eq!((places.field.as_str(), places.unit.as_str(), &places.kind), ("places", "个", &ColumnKind::Integer));
        assert!(places.required && !columns[0].required && columns[1].filterable);
        assert_eq!((&columns[5].kind, &columns[6].kind), (&ColumnKind::Date, &ColumnKind::Date));
        let ColumnKind::Enum(kinds) = &columns[3].kind else { panic!("班型 is a choice") };
        assert_eq!(kinds.len(), 4);
        assert_eq!((kinds[2].label.as_str(), kinds[2].number, kinds[2].name.as_str()), ("托大班", 3, "CLASS_KIND_BIG"));

        let designation = columns_of("ylyx.childcare.v1.GrantDesignationRequest").expect("known");
        let ceiling = designation.iter().find(|column| column.field == "fee_ceiling_fen").expect("known");
        assert_eq!(ceiling.kind, ColumnKind::Quantity(Quantity::Yuan));
        assert_eq!((ceiling.heading().as_str(), ceiling.hint.as_str()), ("收费上限（元）", "每月，普惠认定时填写"));
        let record = columns_of("ylyx.childcare.v1.Institution").expect("known");
        assert!(record[1].detail_only && record[1].field == "uscc" && !record[0].detail_only);
        let history = columns_of("ylyx.contract.v1.HistoryEntry").expect("known");
        assert!(history[0].format == Format::Instant && !history[0].is_number() && columns[4].is_number());

        let institution = columns_of("ylyx.childcare.v1.InstitutionRow").expect("known");
        assert_eq!(institution[0].system_of_record, "托育机构备案信息系统");
        assert_eq!(institution[12].kind, ColumnKind::Bool);
        assert_eq!(columns_of("ylyx.Nothing"), Err(UnknownName("ylyx.Nothing".to_owned())));
    }

    #[test]
    fn labels_of_enum_values() {
        assert_eq!(label_of("ylyx.childcare.v1.Ownership", 2).as_deref(), Some("公建民营"));
        assert_eq!(label_of("ylyx.childcare.v1.Ownership", 0), None);
        assert_eq!(label_of("ylyx.childcare.v1.Ownership", 99), None);
    }
}
