//! The columns of a message, those of nested messages included: a form or a record as one flat row of fields.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::columns::{Column, column};

/// One column, and where it is in its message.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Field names from the outermost, `institution.name`.
    pub path: String,
    /// Title of the message it is nested in; empty for the outermost.
    pub group: String,
    pub column: Column,
    fields: Vec<FieldDescriptor>,
}

impl Leaf {
    /// The field itself.
    pub fn field(&self) -> &FieldDescriptor {
        &self.fields[self.fields.len() - 1]
    }

    /// The value in a message; `None` where a message around it is absent, or the field is and can be.
    pub fn get<'m>(&self, message: &'m DynamicMessage) -> Option<Cow<'m, Value>> {
        let (last, around) = self.fields.split_last()?;
        let mut inner = message;
        for field in around {
            if !inner.has_field(field) {
                return None;
            }
            inner = match inner.get_field(field) {
                Cow::Borrowed(Value::Message(next)) => next,
                _ => return None,
            };
        }
        (!last.supports_presence() || inner.has_field(last)).then(|| inner.get_field(last))
    }

    /// Puts the value into a message; messages around it come into being. A value of another type is left out.
    pub fn set(&self, message: &mut DynamicMessage, value: Value) {
        let Some((last, around)) = self.fields.split_last() else { return };
        let mut inner = message;
        for field in around {
            let Value::Message(next) = inner.get_field_mut(field) else { return };
            inner = next;
        }
        let _ = inner.try_set_field(last, value);
    }
}

/// A list of messages inside a message, with its title.
#[derive(Debug, Clone)]
pub struct Table {
    pub title: String,
    pub field: FieldDescriptor,
    pub columns: Vec<Leaf>,
}

/// The columns of a message in the order of the contract. Lists of messages are [`tables`], not columns.
pub fn leaves(message: &MessageDescriptor) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(message, &[], "", &mut found);
    found
}

/// The titled lists of messages in a message.
pub fn tables(message: &MessageDescriptor) -> Vec<Table> {
    in_order(message)
        .into_iter()
        .filter_map(|field| {
            let Kind::Message(inner) = field.kind() else { return None };
            let title = column(&field).filter(|_| field.is_list())?.title;
            Some(Table { title, columns: leaves(&inner), field })
        })
        .collect()
}

/// The fields in the order of the contract's text.
pub(crate) fn in_order(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let mut fields: Vec<FieldDescriptor> = message.fields().collect();
    fields.sort_by_key(|field| field.path().last().copied());
    fields
}

fn collect(message: &MessageDescriptor, around: &[FieldDescriptor], group: &str, found: &mut Vec<Leaf>) {
    for field in in_order(message) {
        let Some(column) = column(&field) else { continue };
        let fields = [around, std::slice::from_ref(&field)].concat();
        match field.kind() {
            Kind::Message(_) if field.is_list() || field.is_map() => {}
            // A message within itself would never end.
            Kind::Message(inner) if around.len() < 4 => collect(&inner, &fields, &column.title, found),
            Kind::Message(_) => {}
            _ => {
                let path = fields.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join(".");
                found.push(Leaf { path, group: group.to_owned(), column, fields });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::message;

    #[test]
    fn a_nested_row_is_flat() {
        let request = message("ylyx.childcare.v1.ChangeInstitutionRequest").expect("known");
        let leaves = leaves(&request);
        let paths: Vec<&str> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
        assert_eq!(paths[..3], ["effective_on", "institution.name", "institution.uscc"]);
        assert_eq!((leaves[1].group.as_str(), leaves[0].group.as_str()), ("登记事项", ""));

        let mut change = DynamicMessage::new(request);
        assert_eq!(leaves[1].get(&change), None, "no institution is stated yet");
        leaves[1].set(&mut change, Value::String("阳光托育园".to_owned()));
        assert_eq!(leaves[1].get(&change).as_deref().and_then(Value::as_str), Some("阳光托育园"));
        assert_eq!(leaves[2].get(&change).as_deref().and_then(Value::as_str), Some(""));
    }

    #[test]
    fn lists_are_tables() {
        let tables = tables(&message("ylyx.childcare.v1.InstitutionDetail").expect("known"));
        let titles: Vec<&str> = tables.iter().map(|table| table.title.as_str()).collect();
        assert_eq!(titles, ["称号与认定", "沿革"]);
        assert_eq!(tables[0].columns[0].column.title, "类别");
    }
}
