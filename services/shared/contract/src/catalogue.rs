//! The sharing catalogue (政务数据共享目录), generated from the contracts: every method, who may call it for what, and what
//! it answers. Nothing in it is typed twice, so it cannot say other than what the gates do.

mod workbook;

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor};
use proto::contract::{Format, PersonalData, Sharing};
use serde::Serialize;

use crate::columns::{column, label_of};
use crate::leaf::{in_order, leaves};
use crate::rules::{AccessRules, Method};
use crate::{bureau, descriptors, register};

pub use workbook::workbook;

/// One method of one service. The order of the fields is that of the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// 目录代码; empty until the data authority has given one.
    pub catalogue_number: String,
    /// The bureau that provides it; empty where every bureau does.
    pub bureau: String,
    pub bureau_title: String,
    /// `ylyx.childcare.v1.ClassService`.
    pub service: String,
    pub service_title: String,
    /// `ListClasses`.
    pub method: String,
    pub path: String,
    /// What it is: the contract's own words, failing that what it does to the register.
    pub about: String,
    /// 共享属性: `CONDITIONAL`, 有条件共享.
    pub sharing: String,
    pub sharing_title: String,
    pub purposes: Vec<String>,
    /// Who may call: names of bureaus, or "operator".
    pub callers: Vec<String>,
    pub caller_titles: Vec<String>,
    /// Roles of which the person must hold one; empty where the bureau itself calls.
    pub roles: Vec<String>,
    /// The answer is a stream.
    pub stream: bool,
    /// Classes of personal data among the fields, each once.
    pub personal: Vec<String>,
    pub fields: Vec<Field>,
}

/// One field of what a method answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Path within the record, `institution.name`.
    pub name: String,
    /// 中文名称; empty for what no person reads.
    pub title: String,
    /// 数据类型: 文本, 整数, 日期, ….
    pub kind: &'static str,
    pub unit: String,
    /// 个人信息类别; empty where it is none.
    pub personal: String,
    /// The master system (主管系统) when it is another.
    pub system_of_record: String,
}

/// The whole catalogue, by bureau in the order of plans, then by service and method as the contracts have them.
pub fn catalogue(rules: &AccessRules) -> Vec<Entry> {
    let mut entries: Vec<(u32, Entry)> = Vec::new();
    for service in descriptors().services() {
        let title = title_of(&service);
        let bureau = provider(&service);
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let Some(known) = rules.method(&path) else { continue };
            let rank = bureau.as_deref().map_or(u32::MAX, bureau::rank);
            entries.push((rank, entry(&service, &method, known, bureau.as_deref(), &title)));
        }
    }
    entries.sort_by_key(|(rank, _)| *rank);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// The message that a method's callers are after: the one record of a list or of a stream, failing that the answer
/// itself. An access right names columns of it; where it has none, as an answer in levels, nothing can be named.
pub fn record(method: &Method) -> MessageDescriptor {
    record_of(&method.output)
}

fn record_of(output: &MessageDescriptor) -> MessageDescriptor {
    let titled = |message: &MessageDescriptor| message.fields().any(|field| column(&field).is_some());
    let only = |wanted: &dyn Fn(&FieldDescriptor) -> bool| {
        let mut found = output.fields().filter(wanted).filter_map(|field| match field.kind() {
            Kind::Message(inner) if titled(&inner) => Some(inner),
            _ => None,
        });
        match (found.next(), found.next()) {
            (Some(record), None) => Some(record),
            _ => None,
        }
    };
    if titled(output) {
        return output.clone();
    }
    let list = only(&|field| field.is_list());
    list.or_else(|| only(&|field| !field.is_list())).unwrap_or_else(|| output.clone())
}

/// The bureau whose package it is; `None` where every bureau serves it, and for what no bureau has taken as its own.
fn provider(service: &ServiceDescriptor) -> Option<String> {
    let name = bureau::name(service.package_name());
    (name == "gateway" || bureau::title(&name) != name).then_some(name)
}

fn entry(
    service: &ServiceDescriptor,
    method: &MethodDescriptor,
    known: &Method,
    bureau: Option<&str>,
    service_title: &str,
) -> Entry {
    let rule = &known.rule;
    let fields = fields(&record(known));
    let personal: BTreeSet<&str> =
        fields.iter().map(|field| field.personal.as_str()).filter(|class| !class.is_empty()).collect();
    let comment = comment(method.parent_file().file_descriptor_proto(), method.path());
    Entry {
        catalogue_number: rule.catalogue_number.clone(),
        bureau: bureau.unwrap_or_default().to_owned(),
        bureau_title: bureau.map_or_else(|| "各部门".to_owned(), title_of_caller),
        service: service.full_name().to_owned(),
        service_title: service_title.to_owned(),
        method: method.name().to_owned(),
        path: known.path.clone(),
        about: if comment.is_empty() { about(service_title, method.name()) } else { comment },
        sharing: rule.sharing.as_str_name().trim_start_matches("SHARING_").to_owned(),
        sharing_title: label_of("ylyx.contract.v1.Sharing", rule.sharing as i32).unwrap_or_else(|| "未定".to_owned()),
        purposes: rule.purposes.clone(),
        callers: rule.callers.clone(),
        caller_titles: rule.callers.iter().map(|caller| title_of_caller(caller)).collect(),
        roles: rule.roles.clone(),
        stream: known.server_streaming,
        personal: personal.into_iter().map(str::to_owned).collect(),
        fields,
    }
}

/// Every field of the record, nested ones by their path, the untitled as well: what is sent is what is listed.
fn fields(record: &MessageDescriptor) -> Vec<Field> {
    let mut found: Vec<Field> = leaves(record)
        .into_iter()
        .map(|leaf| Field {
            kind: kind(leaf.field(), leaf.column.format),
            personal: personal(leaf.column.personal),
            name: leaf.path,
            title: leaf.column.title,
            unit: leaf.column.unit,
            system_of_record: leaf.column.system_of_record,
        })
        .collect();
    let within: BTreeSet<String> =
        found.iter().map(|field| field.name.split('.').next().unwrap_or_default().to_owned()).collect();
    for field in in_order(record).into_iter().filter(|field| !within.contains(field.name())) {
        let column = column(&field);
        found.push(Field {
            name: field.name().to_owned(),
            kind: kind(&field, column.as_ref().map_or(Format::Unspecified, |column| column.format)),
            title: column.as_ref().map(|column| column.title.clone()).unwrap_or_default(),
            unit: column.as_ref().map(|column| column.unit.clone()).unwrap_or_default(),
            personal: column.as_ref().map(|column| personal(column.personal)).unwrap_or_default(),
            system_of_record: column.map(|column| column.system_of_record).unwrap_or_default(),
        });
        // A list of records inside: what is personal in it is named too.
        if let Kind::Message(inner) = field.kind()
            && !field.is_map()
            && inner != *record
        {
            let inside = leaves(&inner).into_iter().filter(|leaf| leaf.column.personal != PersonalData::Unspecified);
            found.extend(inside.map(|leaf| Field {
                name: format!("{}.{}", field.name(), leaf.path),
                kind: kind(leaf.field(), leaf.column.format),
                personal: personal(leaf.column.personal),
                title: leaf.column.title,
                unit: leaf.column.unit,
                system_of_record: leaf.column.system_of_record,
            }));
        }
    }
    found
}

fn personal(class: PersonalData) -> String {
    label_of("ylyx.contract.v1.PersonalData", class as i32).unwrap_or_default()
}

fn kind(field: &FieldDescriptor, format: Format) -> &'static str {
    match format {
        Format::Date => return "日期",
        Format::Instant => return "日期时间",
        Format::Money => return "金额",
        Format::Area => return "面积",
        Format::Region => return "区划代码",
        Format::Organisation => return "机构代码",
        Format::Record => return "标识",
        Format::Prose => return "长文本",
        Format::File => return "文件",
        Format::Year => return "年份",
        Format::Unspecified => {}
    }
    match field.kind() {
        Kind::String if field.name().ends_with("_on") => "日期",
        Kind::String => "文本",
        Kind::Bool => "是否",
        Kind::Enum(_) => "代码",
        Kind::Bytes => "二进制",
        Kind::Message(_) if field.is_list() => "子表",
        Kind::Message(_) => "组",
        _ => "整数",
    }
}

/// A register's title, failing that the service's own comment up to its first full stop, failing that its name.
fn title_of(service: &ServiceDescriptor) -> String {
    let paths: BTreeMap<String, &str> = register::registers()
        .iter()
        .flat_map(|register| {
            let acts = register.acts.iter().map(|act| &act.method);
            let methods = [&register.list.method].into_iter().chain(acts);
            methods.map(|method| (service_of(&method.path).to_owned(), register.title.as_str())).collect::<Vec<_>>()
        })
        .collect();
    if let Some(title) = paths.get(service.full_name()) {
        return (*title).to_owned();
    }
    let comment = comment(service.parent_file().file_descriptor_proto(), service.path());
    let first = comment.split(['.', '。']).next().unwrap_or_default();
    if first.is_empty() { service.name().to_owned() } else { first.to_owned() }
}

fn service_of(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// 养老机构：ListInstitutions reads, ImportInstitutions takes in.
fn about(title: &str, method: &str) -> String {
    let does = ["List", "Get", "Import", "Follow"].into_iter().find(|verb| method.starts_with(verb));
    let does = match does {
        Some("List") => "查询",
        Some("Get") => "查看",
        Some("Import") => "导入",
        Some("Follow") => "订阅",
        _ => "办理",
    };
    format!("{title}：{does}")
}

fn title_of_caller(name: &str) -> String {
    match name {
        "operator" => "持证个人".to_owned(),
        "gateway" => "工作协调机制办公室（网关）".to_owned(),
        bureau => bureau::title(bureau).to_owned(),
    }
}

/// The words before a service or a method in its file, on one line.
fn comment(file: &prost_types::FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let words =
        locations.filter(|location| location.path == path).find_map(|location| location.leading_comments.as_ref());
    words.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// The methods that other bureaus call for themselves, and that need an access right: sharing is conditional, and a bureau
/// is among the callers.
pub fn conditional(rules: &AccessRules) -> impl Iterator<Item = (&Method, Vec<&str>)> {
    rules.methods().filter(|method| method.rule.sharing == Sharing::Conditional).filter_map(|method| {
        let consumers: Vec<&str> =
            method.rule.callers.iter().map(String::as_str).filter(|caller| !bureau::calls_for_people(caller)).collect();
        (!consumers.is_empty()).then_some((method, consumers))
    })
}

#[cfg(test)]
mod tests;
