use std::collections::BTreeSet;

use super::*;
use crate::columns::message;
use crate::sheet::SheetReader;

fn all() -> Vec<Entry> {
    catalogue(&AccessRules::load().expect("every method has a rule"))
}

#[test]
fn every_method_of_the_suite_stands_in_it_once() {
    let rules = AccessRules::load().expect("every method has a rule");
    let listed: Vec<String> = all().into_iter().map(|entry| entry.path).collect();
    let once: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(once.len(), listed.len());
    assert_eq!(once, rules.methods().map(|method| method.path.as_str()).collect());
}

#[test]
fn a_method_says_who_provides_what_to_whom() {
    let entries = all();
    let of = |path: &str| entries.iter().find(|entry| entry.path == path).expect("listed");
    let classes = of("/ylyx.childcare.v1.ClassService/ListClasses");
    assert_eq!((classes.bureau.as_str(), classes.service_title.as_str()), ("childcare", "托育班级"));
    assert_eq!((classes.sharing.as_str(), classes.sharing_title.as_str()), ("UNCONDITIONAL", "无条件共享"));
    assert!(!classes.about.is_empty() && !classes.stream);
    let places = classes.fields.iter().find(|field| field.name == "places").expect("a field");
    assert_eq!((places.title.as_str(), places.unit.as_str(), places.kind), ("托位数", "个", "整数"));
    let follow = of("/ylyx.reporting.v1.PublicationService/Follow");
    assert!(follow.bureau.is_empty() && follow.stream && follow.about.starts_with("Replays every envelope"));
    for entry in &entries {
        assert!(!entry.about.is_empty() && !entry.service_title.is_empty(), "{}", entry.path);
        assert!(!entry.bureau_title.is_empty() && !entry.callers.is_empty(), "{}", entry.path);
    }
    let json = serde_json::to_string(classes).expect("plain data");
    assert!(json.starts_with(r#"{"catalogue_number":"#), "the order of fields is the contract: {json}");
}

/// Every personal field that a method's answer can carry, sought without the catalogue's own walk.
fn carried(message: &MessageDescriptor, depth: usize, found: &mut BTreeSet<String>) {
    for field in message.fields() {
        if let Some(column) = column(&field).filter(|column| column.personal != PersonalData::Unspecified) {
            found.insert(column.title);
        }
        if let Kind::Message(inner) = field.kind()
            && depth < 2
        {
            carried(&inner, depth + 1, found);
        }
    }
}

#[test]
fn personal_fields_are_named() {
    let rules = AccessRules::load().expect("every method has a rule");
    let mut seen = 0;
    for entry in all() {
        let mut expected = BTreeSet::new();
        carried(&record(rules.method(&entry.path).expect("known")), 0, &mut expected);
        let named: BTreeSet<String> =
            entry.fields.iter().filter(|field| !field.personal.is_empty()).map(|field| field.title.clone()).collect();
        assert_eq!(named, expected, "{}", entry.path);
        assert_eq!(entry.personal.is_empty(), expected.is_empty(), "{}", entry.path);
        seen += expected.len();
    }
    assert!(seen > 0, "some contract reaches personal data");
}

#[test]
fn the_record_is_what_a_list_or_a_stream_carries() {
    let record = |name: &str| record_of(&message(name).expect("known")).name().to_owned();
    assert_eq!(record("ylyx.childcare.v1.ListClassesResponse"), "Class");
    assert_eq!(record("ylyx.childcare.v1.Institution"), "Institution");
    assert_eq!(record("ylyx.trust.v1.ListAccessRightsResponse"), "AccessRight");
    assert_eq!(record("ylyx.reporting.v1.Envelope"), "Envelope", "nothing in it has a title");
}

#[test]
fn a_conditional_method_that_bureaus_call_states_its_purposes() {
    let rules = AccessRules::load().expect("every method has a rule");
    for (method, _) in conditional(&rules) {
        assert!(!method.rule.purposes.is_empty(), "{} could never be called", method.path);
    }
}

#[test]
fn the_workbook_has_every_method_and_every_field() {
    let entries = all();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalogue.xlsx");
    std::fs::write(&path, workbook(&entries).expect("a workbook")).expect("written");
    let rows: Vec<Vec<String>> =
        SheetReader::open(&path).expect("a sheet").map(|row| row.expect("a row").cells).collect();
    assert_eq!(rows[0][..3], ["目录代码", "提供部门", "服务"]);
    assert_eq!(rows.len(), entries.len() + 1);
    assert_eq!(rows[1][4], entries[0].path);
}
