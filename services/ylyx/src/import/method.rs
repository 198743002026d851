//! The import method of a register, found in the contracts: the one whose batches carry the register's row message.
//! A new register is importable as soon as its contract is written.

use kit::{Problem, Result};
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use proto::contract::ImportStart;
use tonic::codegen::http::uri::PathAndQuery;

/// An `ImportXs` method and the shape of its steps.
#[derive(Clone, Debug)]
pub(super) struct ImportMethod {
    path: PathAndQuery,
    step: MessageDescriptor,
    rows: FieldDescriptor,
    row: FieldDescriptor,
}

impl ImportMethod {
    /// The method that imports `row`; REGISTER_NOT_IMPORTABLE when no contract has one.
    pub(super) fn of(row: &MessageDescriptor) -> Result<Self> {
        let methods = row.parent_pool().services().flat_map(|service| service.methods().collect::<Vec<_>>());
        methods
            .filter(|method| method.is_client_streaming() && method.is_server_streaming())
            .find_map(|method| {
                let step = method.input();
                let rows = message(&step.get_field_by_name("batch")?)?.get_field_by_name("rows")?;
                let row = message(&rows)?.fields().find(|field| message(field).as_ref() == Some(row))?;
                let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
                Some(ImportMethod { path: path.parse().ok()?, step, rows, row })
            })
            .ok_or_else(|| {
                Problem::field("register", "REGISTER_NOT_IMPORTABLE", format!("台账 {} 不支持导入", row.full_name()))
            })
    }

    pub(super) fn path(&self) -> PathAndQuery {
        self.path.clone()
    }

    pub(super) fn start(&self, start: &ImportStart) -> DynamicMessage {
        // Every import starts with this very message, so that bytes of one are bytes of the other.
        self.step("start", |content| content.merge(start.encode_to_vec().as_slice()).unwrap_or_default())
    }

    /// `rows` with their numbers in the sheet.
    pub(super) fn batch(&self, number: u64, rows: Vec<(u64, DynamicMessage)>) -> DynamicMessage {
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

    pub(super) fn finish(&self) -> DynamicMessage {
        self.step("finish", |_| {})
    }

    fn step(&self, name: &str, fill: impl FnOnce(&mut DynamicMessage)) -> DynamicMessage {
        let mut step = DynamicMessage::new(self.step.clone());
        if let Some(field) = self.step.get_field_by_name(name) {
            let mut content = empty(&field);
            fill(&mut content);
            step.set_field(&field, Value::Message(content));
        }
        step
    }
}

fn message(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) => Some(message),
        _ => None,
    }
}

/// An empty message of the field's type; for a list, of its items'.
fn empty(field: &FieldDescriptor) -> DynamicMessage {
    DynamicMessage::new(message(field).unwrap_or_else(|| field.parent_message().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_of_the_contract() {
        use proto::childcare::import_classes_request::Step;
        use proto::childcare::{ClassRow, ImportClassesRequest};

        let row = crate::import::row_message("childcare.class").unwrap();
        let method = ImportMethod::of(&row).unwrap();
        assert_eq!(method.path(), "/ylyx.childcare.v1.ClassService/ImportClasses");
        let typed = |step: DynamicMessage| ImportClassesRequest::decode(step.encode_to_vec().as_slice()).unwrap().step;

        let start = ImportStart { region: "530402".to_owned(), complete: true, ..ImportStart::default() };
        assert_eq!(typed(method.start(&start)), Some(Step::Start(start)));
        let class = ClassRow { class_name: "托大一班".to_owned(), places: 20, ..ClassRow::default() };
        let sent = DynamicMessage::decode(row, class.encode_to_vec().as_slice()).unwrap();
        let Some(Step::Batch(batch)) = typed(method.batch(7, vec![(42, sent)])) else { panic!("a batch") };
        assert_eq!((batch.number, batch.rows[0].row, batch.rows[0].class.clone()), (7, 42, Some(class)));
        assert!(matches!(typed(method.finish()), Some(Step::Finish(_))));
    }
}
