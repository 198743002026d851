//! The registers of all bureaus, found in the contracts: what a register is called, how it is listed, read and
//! imported, and what can be done with a record. The pattern is in `options.proto`; a register that follows it has its
//! pages, template and export as soon as its contract is written.

mod import;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use proto::contract::{CopyFreshness, Format};

pub use import::ImportMethod;

use crate::leaf::{Leaf, Table, in_order, leaves, tables};
use crate::rules::Method;
use crate::{bureau, descriptors};

/// A register and its methods.
#[derive(Debug, Clone)]
pub struct Register {
    /// Stable name, `childcare.class`.
    pub name: String,
    /// The bureau that keeps it, `childcare`: that of the contract's package.
    pub bureau: String,
    pub title: String,
    pub summary: String,
    /// 主管系统; empty where the records are mastered here.
    pub system_of_record: String,
    pub legal_basis: String,
    pub list: List,
    pub get: Option<Get>,
    pub import: Option<ImportMethod>,
    pub acts: Vec<Act>,
}

/// `ListXs`.
#[derive(Debug, Clone)]
pub struct List {
    pub method: Method,
    pub filters: Vec<Leaf>,
    pub record: MessageDescriptor,
    /// Everything a record shows; ids of other records are not among it.
    pub columns: Vec<Leaf>,
    records: FieldDescriptor,
    /// Where the answer says how fresh the copies are that it was found in; none where nothing is copied.
    sources: Option<FieldDescriptor>,
}

/// `GetX`.
#[derive(Debug, Clone)]
pub struct Get {
    pub method: Method,
    /// The record in the answer.
    pub record: FieldDescriptor,
    /// What the answer says beside the record and its lists.
    pub further: Vec<Leaf>,
    /// Further lists of the answer and of the record, the history not among them.
    pub tables: Vec<Table>,
    pub history: Option<FieldDescriptor>,
}

/// A method that changes a record or makes one.
#[derive(Debug, Clone)]
pub struct Act {
    /// 停业.
    pub title: String,
    pub method: Method,
    pub target: Target,
    /// What a person fills in, and the references to records of other registers.
    pub fields: Vec<Leaf>,
}

/// Which record an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It makes a new one.
    New,
    /// The field that names it: `id`, or `<record>_id`.
    Record(String),
}

impl Register {
    /// An act by the name of its method.
    pub fn act(&self, method: &str) -> Option<&Act> {
        self.acts.iter().find(|act| act.method.name() == method)
    }

    /// What records of this register are called by in other messages: `institution_id`.
    pub fn reference(&self) -> String {
        format!("{}_id", snake(self.list.record.name()))
    }

    /// The register whose records a FORMAT_RECORD field of this register's messages names, in the same bureau.
    pub fn referred(&self, leaf: &Leaf) -> Option<&'static Register> {
        let field = leaf.field().name();
        (leaf.column.format == Format::Record)
            .then(|| registers().iter().find(|other| other.bureau == self.bureau && other.reference() == field))?
    }

    /// Registers whose lists can be narrowed to one record of this one, each with the filter that does it.
    pub fn dependants(&self) -> impl Iterator<Item = (&'static Register, &'static Leaf)> {
        registers().iter().filter(|other| other.bureau == self.bureau && other.name != self.name).filter_map(|other| {
            let filter =
                other.list.filters.iter().find(|filter| {
                    filter.column.format == Format::Record && filter.field().name() == self.reference()
                })?;
            Some((other, filter))
        })
    }

    /// What people call a record: its `name`, failing that the first thing it shows.
    pub fn title_column(&self) -> Option<&Leaf> {
        let named = self.list.columns.iter().find(|leaf| leaf.path == "name");
        named.or_else(|| self.list.columns.first())
    }
}

impl List {
    /// Asks for a page: `filters` are already set. `size` rows after `cursor`.
    pub fn page(&self, mut request: DynamicMessage, size: u32, cursor: &str) -> DynamicMessage {
        if let Some(field) = self.method.input.get_field_by_name("page")
            && let Value::Message(page) = request.get_field_mut(&field)
        {
            page.set_field_by_name("size", Value::U32(size));
            page.set_field_by_name("cursor", Value::String(cursor.to_owned()));
        }
        request
    }

    /// The records of an answer, and the cursor of the next page (empty at the end).
    pub fn records(&self, answer: &DynamicMessage) -> (Vec<DynamicMessage>, String) {
        let records = answer.get_field(&self.records);
        let records = records.as_list().unwrap_or_default().iter().filter_map(Value::as_message).cloned().collect();
        (records, text(answer, "next_cursor"))
    }

    /// How fresh the copies are that the records were found in; empty for a register that is no copy.
    pub fn sources(&self, answer: &DynamicMessage) -> Vec<CopyFreshness> {
        let Some(field) = &self.sources else { return Vec::new() };
        let sources = answer.get_field(field);
        let sources = sources.as_list().unwrap_or_default().iter().filter_map(Value::as_message);
        sources.filter_map(|source| source.transcode_to().ok()).collect()
    }
}

impl Get {
    /// Asks for a record.
    pub fn request(&self, id: &str) -> DynamicMessage {
        let mut request = DynamicMessage::new(self.method.input.clone());
        let _ = request.try_set_field_by_name("id", Value::String(id.to_owned()));
        request
    }

    /// The record of an answer.
    pub fn record(&self, answer: &DynamicMessage) -> DynamicMessage {
        let record = answer.get_field(&self.record);
        record.as_message().cloned().unwrap_or_else(|| answer.clone())
    }
}

/// The text of a field; empty when the message has none of the name.
pub fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The version of a record; 0 where it has none.
pub fn version(record: &DynamicMessage) -> u64 {
    record.get_field_by_name("version").and_then(|value| value.as_u64()).unwrap_or_default()
}

/// The registers of the contracts this program was built with, by bureau and in the order of the contracts.
pub fn registers() -> &'static [Register] {
    static REGISTERS: LazyLock<Vec<Register>> = LazyLock::new(|| of(descriptors()));
    &REGISTERS
}

/// A register by its name.
pub fn register(name: &str) -> Option<&'static Register> {
    registers().iter().find(|register| register.name == name)
}

/// The registers of a set of contracts. A service without a list adds its acts to the register that it names.
fn of(pool: &DescriptorPool) -> Vec<Register> {
    let mut services: BTreeMap<(String, String), Vec<Service>> = BTreeMap::new();
    let mut order = Vec::new();
    for service in pool.services() {
        let Some(stated) = stated(pool, &service.options()) else { continue };
        let key = (bureau::name(service.package_name()), stated.name.clone());
        if !order.contains(&key) {
            order.push(key.clone());
        }
        services.entry(key).or_default().push((stated, service.methods().collect()));
    }
    let mut found: Vec<Register> = order.into_iter().filter_map(|key| assemble(&key.0, services.get(&key)?)).collect();
    // Registers that others' records belong to come before those.
    let belongs = |register: &Register| register.list.filters.iter().any(|leaf| leaf.column.format == Format::Record);
    found.sort_by_key(|register| (bureau::rank(&register.bureau), belongs(register)));
    found
}

/// What a service states of its register, and its methods.
type Service = (proto::contract::Register, Vec<MethodDescriptor>);

fn assemble(bureau: &str, services: &[Service]) -> Option<Register> {
    let methods: Vec<&MethodDescriptor> = services.iter().flat_map(|(_, methods)| methods).collect();
    let list = methods.iter().find_map(|method| list(method))?;
    let (stated, _) = services.iter().find(|(stated, _)| !stated.title.is_empty())?;
    let reference = format!("{}_id", snake(list.record.name()));
    Some(Register {
        name: stated.name.clone(),
        bureau: bureau.to_owned(),
        title: stated.title.clone(),
        summary: stated.summary.clone(),
        system_of_record: stated.system_of_record.clone(),
        legal_basis: stated.legal_basis.clone(),
        get: methods.iter().find_map(|method| get(method, &list.record)),
        import: methods.iter().find_map(|method| ImportMethod::of(method)),
        acts: methods.iter().filter_map(|method| act(method, &reference)).collect(),
        list,
    })
}

fn list(method: &MethodDescriptor) -> Option<List> {
    let output = method.output();
    if !method.name().starts_with("List") || method.is_server_streaming() {
        return None;
    }
    output.get_field_by_name("next_cursor")?;
    let records = output.fields().find(|field| field.is_list() && matches!(field.kind(), Kind::Message(_)))?;
    let Kind::Message(record) = records.kind() else { return None };
    record.get_field_by_name("id")?;
    let columns = leaves(&record).into_iter().filter(|leaf| leaf.column.format != Format::Record).collect();
    let is_source =
        |kind: Kind| matches!(kind, Kind::Message(it) if it.full_name() == "ylyx.contract.v1.CopyFreshness");
    let sources = output.fields().find(|field| field.is_list() && is_source(field.kind()));
    Some(List { filters: leaves(&method.input()), columns, record, records, sources, method: Method::of(method)? })
}

fn get(method: &MethodDescriptor, record: &MessageDescriptor) -> Option<Get> {
    if !method.name().starts_with("Get") || method.input().get_field_by_name("id").is_none() {
        return None;
    }
    let output = method.output();
    let is_record = |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(inner) if inner == *record);
    let field = in_order(&output).into_iter().find(|field| !field.is_list() && is_record(field))?;
    let (history, lists): (Vec<Table>, Vec<Table>) = tables(&output)
        .into_iter()
        .chain(tables(record))
        .partition(|table| matches!(table.field.kind(), Kind::Message(item) if item.name() == "HistoryEntry"));
    let within = format!("{}.", field.name());
    let further = leaves(&output)
        .into_iter()
        .filter(|leaf| !leaf.path.starts_with(&within) && leaf.column.format != Format::Record);
    Some(Get {
        further: further.collect(),
        tables: lists,
        history: history.into_iter().next().map(|table| table.field),
        record: field,
        method: Method::of(method)?,
    })
}

fn act(method: &MethodDescriptor, reference: &str) -> Option<Act> {
    if method.is_client_streaming() || method.is_server_streaming() {
        return None;
    }
    let extension = method.parent_pool().get_extension_by_name("ylyx.contract.v1.act")?;
    let title = method.options().get_extension(&extension).as_str().unwrap_or_default().to_owned();
    if title.is_empty() {
        return None;
    }
    let input = method.input();
    let target = ["id", reference].into_iter().find(|name| input.get_field_by_name(name).is_some());
    let target = target.map_or(Target::New, |field| Target::Record(field.to_owned()));
    let named = |leaf: &Leaf| matches!(&target, Target::Record(field) if leaf.path == *field);
    let fields = leaves(&input).into_iter().filter(|leaf| !named(leaf)).collect();
    Some(Act { title, fields, target, method: Method::of(method)? })
}

fn stated(pool: &DescriptorPool, options: &DynamicMessage) -> Option<proto::contract::Register> {
    let extension = pool.get_extension_by_name("ylyx.contract.v1.register")?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message()?.transcode_to().ok()
}

/// `CommunityFacility` → `community_facility`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(leaves: &[Leaf]) -> Vec<&str> {
        leaves.iter().map(|leaf| leaf.column.title.as_str()).collect()
    }

    #[test]
    fn institutions_gather_the_acts_of_two_services() {
        let register = register("childcare.institution").expect("a register");
        assert_eq!((register.bureau.as_str(), register.title.as_str()), ("childcare", "托育机构"));
        assert!(register.legal_basis.contains("25号") && !register.system_of_record.is_empty());
        assert_eq!(titles(&register.list.filters), ["地区", "机构类型", "举办性质", "备案状态", "运营", "名称含"]);
        assert_eq!(titles(&register.list.columns)[..2], ["机构名称", "统一社会信用代码"]);
        assert_eq!(register.title_column().map(|leaf| leaf.path.as_str()), Some("name"));

        let acts: Vec<&str> = register.acts.iter().map(|act| act.title.as_str()).collect();
        assert_eq!(acts[..4], ["新登记", "变更登记", "停业", "复业"]);
        assert!(acts.contains(&"发备案回执") && acts.contains(&"授予认定或称号"));
        assert_eq!(register.act("RegisterInstitution").map(|act| &act.target), Some(&Target::New));
        let suspend = register.act("SuspendInstitution").expect("an act");
        assert_eq!(
            (titles(&suspend.fields), &suspend.target),
            (vec!["生效日期", "原因"], &Target::Record("id".into()))
        );
        let grant = register.act("GrantDesignation").expect("an act");
        assert_eq!(grant.target, Target::Record("institution_id".to_owned()));
        assert_eq!(titles(&grant.fields)[0], "类别", "the institution is where the act was begun");
        assert_eq!(grant.method.rule.roles, ["COUNTY_REVIEWER", "CITY_BUREAU_APPROVER"]);

        let get = register.get.as_ref().expect("a detail");
        assert_eq!(get.tables.iter().map(|table| table.title.as_str()).collect::<Vec<_>>(), ["称号与认定"]);
        assert!(get.history.is_some() && get.further.is_empty());
        let import = register.import.as_ref().expect("importable");
        assert_eq!(import.row().full_name(), "ylyx.childcare.v1.InstitutionRow");
    }

    #[test]
    fn a_class_refers_to_its_institution() {
        let class = register("childcare.class").expect("a register");
        let open = class.act("OpenClass").expect("an act");
        assert_eq!(open.target, Target::New);
        let referred = class.referred(&open.fields[0]).expect("another register");
        assert_eq!((open.fields[0].path.as_str(), referred.name.as_str()), ("institution_id", "childcare.institution"));
        assert!(class.referred(&open.fields[1]).is_none());
        let dependants: Vec<&str> = referred.dependants().map(|(register, _)| register.name.as_str()).collect();
        assert_eq!(dependants, ["childcare.class", "childcare.staff"]);
    }

    #[test]
    fn a_page_is_asked_for_and_read() {
        let list = &register("childcare.class").expect("a register").list;
        let request = DynamicMessage::new(list.method.input.clone());
        let request: proto::childcare::ListClassesRequest =
            list.page(request, 50, "abc").transcode_to().expect("the same message");
        assert_eq!(request.page.map(|page| (page.size, page.cursor)), Some((50, "abc".to_owned())));

        let class = proto::childcare::Class { id: "7".into(), version: 3, ..Default::default() };
        let mut answer = DynamicMessage::new(list.method.output.clone());
        let sent = proto::childcare::ListClassesResponse { classes: vec![class], next_cursor: "next".into() };
        answer.transcode_from(&sent).expect("the same message");
        let (records, next) = list.records(&answer);
        assert_eq!((records.len(), text(&records[0], "id"), version(&records[0])), (1, "7".to_owned(), 3));
        assert_eq!(next, "next");
        assert!(list.sources(&answer).is_empty());
    }

    #[test]
    fn a_copied_register_says_how_fresh_it_is() {
        let list = &register("supervision.institution").expect("a register").list;
        let source = CopyFreshness { bureau: "childcare".into(), as_of_micros: 5, words: "同步".into() };
        let mut answer = DynamicMessage::new(list.method.output.clone());
        let sent = proto::supervision::ListSupervisedInstitutionsResponse {
            sources: vec![source.clone()],
            ..Default::default()
        };
        answer.transcode_from(&sent).expect("the same message");
        assert_eq!((list.records(&answer).0.len(), list.sources(&answer)), (0, vec![source]));
    }

    #[test]
    fn bureaus_and_references_by_name() {
        assert_eq!(snake("CommunityFacility"), "community_facility");
        for register in registers() {
            assert!(!register.title.is_empty() && !register.list.columns.is_empty(), "{}", register.name);
        }
    }
}
