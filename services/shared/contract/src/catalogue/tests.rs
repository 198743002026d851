use std::collections::BTreeSet;

use super::*;
use crate::columns::{columns, message};
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
    assert_eq!(record("ylyx.childcare.v1.DesignationEvent"), "DesignationSnapshot");
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
fn a_feed_lists_the_items_of_its_record() {
    let entries = all();
    let follow = "/ylyx.elderly_care.v1.InstitutionFeedService/FollowInstitutions";
    let feed = entries.iter().find(|entry| entry.path == follow).expect("listed");
    let titles: Vec<&str> = feed.fields.iter().map(|field| field.title.as_str()).collect();
    assert_eq!(titles[..3], ["机构名称", "统一社会信用代码", "举办运营"]);
    let names: BTreeSet<&str> = feed.fields.iter().map(|field| field.name.as_str()).collect();
    assert!(names.contains("id") && !names.contains("record") && !names.contains("head"), "{names:?}");
}

/// What is not sent reads as false or 0, and a copy would say so.
#[test]
fn a_feed_can_be_narrowed_and_never_so_that_a_number_or_a_yes_is_made_up() {
    let rules = AccessRules::load().expect("every method has a rule");
    let feeds: Vec<&Method> = conditional(&rules)
        .map(|(method, _)| method)
        .filter(|method| method.server_streaming && !method.client_streaming)
        .collect();
    assert_eq!(feeds.len(), 3);
    for feed in feeds {
        let record = record(feed);
        assert_ne!(record, feed.output, "{}: no record inside the event has a title", feed.path);
        let columns = columns(&record);
        assert!(columns.iter().any(|column| column.required) && columns.iter().any(|column| !column.required));
        for field in record.fields() {
            let column = column(&field);
            // What is recorded ahead is the record once more, narrowed with it.
            if field.kind().as_message() == Some(&record) {
                continue;
            }
            assert!(column.is_some() || field.name() == "id", "{}: nobody can be given {}", feed.path, field.name());
            let made_up = !field.supports_presence() && !matches!(field.kind(), Kind::String | Kind::Enum(_));
            let needed = column.is_some_and(|column| column.required);
            assert!(needed || !made_up, "{}: {} would read as false or 0", feed.path, field.name());
        }
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
