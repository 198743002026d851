//! The import method of a register, as its contract describes it: every register is imported by the same steps, each
//! with messages of its own.

use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value};
use proto::contract::ImportStart;

use crate::rules::Method;

/// An `ImportXs` method and the shape of its steps.
#[derive(Clone, Debug)]
pub struct ImportMethod {
    pub method: Method,
    rows: FieldDescriptor,
    row: FieldDescriptor,
    message: MessageDescriptor,
}

impl ImportMethod {
    /// `None` when the method does not import.
    pub(super) fn of(method: &MethodDescriptor) -> Option<Self> {
        if !method.is_client_streaming() || !method.is_server_streaming() {
            return None;
        }
        let rows = inner(&method.input().get_field_by_name("batch")?)?.get_field_by_name("rows")?;
        let row = inner(&rows)?.fields().find(|field| inner(field).is_some())?;
        Some(ImportMethod { message: inner(&row)?, method: Method::of(method)?, rows, row })
    }

    /// What a row of a sheet becomes.
    pub fn row(&self) -> &MessageDescriptor {
        &self.message
    }

    pub fn start(&self, start: &ImportStart) -> DynamicMessage {
        // Every import starts with this very message, so that bytes of one are bytes of the other.
        self.step("start", |content| content.merge(start.encode_to_vec().as_slice()).unwrap_or_default())
    }

    /// `rows` with their numbers in the sheet.
    pub fn batch(&self, number: u64, rows: Vec<(u64, DynamicMessage)>) -> DynamicMessage {
        let rows = rows.into_iter().map(|(number, row)| {
            let mut numbered = empty(&self.rows);
            numbered.set_field_by_name("row", Value::U64(number));
            numbered.set_field(&self.row, Value::Message(row));
            Value::Message(numbered)
        });
        let rows = Value::List(rows.collect());
        self.step("batch", |batch| {
            batch.set_field_by_name("number", Value::U64(number));
            batch.set_field_by_name("rows", rows);
        })
    }

    pub fn finish(&self) -> DynamicMessage {
        self.step("finish", |_| {})
    }

    fn step(&self, name: &str, fill: impl FnOnce(&mut DynamicMessage)) -> DynamicMessage {
        let mut step = DynamicMessage::new(self.method.input.clone());
        if let Some(field) = self.method.input.get_field_by_name(name) {
            let mut content = empty(&field);
            fill(&mut content);
            step.set_field(&field, Value::Message(content));
        }
        step
    }
}

fn inner(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) => Some(message),
        _ => None,
    }
}

/// An empty message of the field's type; for a list, of its items'.
fn empty(field: &FieldDescriptor) -> DynamicMessage {
    DynamicMessage::new(inner(field).unwrap_or_else(|| field.parent_message().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_of_the_contract() {
        use proto::childcare::import_classes_request::Step;
        use proto::childcare::{ClassRow, ImportClassesRequest};

        let register = crate::register::register("childcare.class").expect("a register");
        let method = register.import.as_ref().expect("importable");
        assert_eq!(method.method.path, "/ylyx.childcare.v1.ClassService/ImportClasses");
        let typed = |step: DynamicMessage| step.transcode_to::<ImportClassesRequest>().expect("the same message").step;

        let start = ImportStart { region: "530402".to_owned(), complete: true, ..ImportStart::default() };
        assert_eq!(typed(method.start(&start)), Some(Step::Start(start)));
        let class = ClassRow { class_name: "托大一班".to_owned(), places: 20, ..ClassRow::default() };
        let sent = DynamicMessage::decode(method.row().clone(), class.encode_to_vec().as_slice()).expect("a row");
        let Some(Step::Batch(batch)) = typed(method.batch(7, vec![(42, sent)])) else { panic!("a batch") };
        assert_eq!((batch.number, batch.rows[0].row, batch.rows[0].class.clone()), (7, 42, Some(class)));
        assert!(matches!(typed(method.finish()), Some(Step::Finish(_))));
    }
}
