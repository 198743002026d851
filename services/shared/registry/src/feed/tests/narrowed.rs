//! Followers whose right gives them some of a record: over the contracts as they are.

use std::collections::BTreeSet;

use contract::catalogue;
use contract::columns::columns;
use contract::rules::{AccessRules, Method};
use futures::StreamExt;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};
use proto::{childcare, elderly_care};
use trust::AccessRight;

use super::*;
use crate::feed::event::{Content, FeedEvent};

const CHILDCARE: &str = "/ylyx.childcare.v1.InstitutionFeedService/FollowInstitutions";
const DESIGNATIONS: &str = "/ylyx.childcare.v1.InstitutionFeedService/FollowDesignations";
const ELDERLY: &str = "/ylyx.elderly_care.v1.InstitutionFeedService/FollowInstitutions";

fn rules() -> AccessRules {
    AccessRules::load().unwrap()
}

fn right(path: &str, fields: &BTreeSet<String>) -> AccessRight {
    AccessRight::to(rules().method(path).unwrap(), Uuid::nil(), String::new(), fields.clone())
}

/// The fewest fields that a right may name.
fn needed(method: &Method) -> BTreeSet<String> {
    let columns = columns(&catalogue::record(method)).into_iter();
    columns.filter(|column| column.required).map(|column| column.field).collect()
}

/// A record of a method that says something in every field, and once more what it will be.
fn full(method: &Method) -> DynamicMessage {
    let mut record = stretch(method, "2025-01-01");
    let ahead = record.descriptor().get_field_by_name("later").unwrap();
    record.set_field(&ahead, Value::List(vec![Value::Message(stretch(method, "2099-01-01"))]));
    record
}

fn stretch(method: &Method, since: &str) -> DynamicMessage {
    let mut record = DynamicMessage::new(catalogue::record(method));
    for field in record.descriptor().fields() {
        let value = match field.kind() {
            Kind::Message(_) => continue,
            Kind::String if field.name() == "facts_since" => Value::String(since.to_owned()),
            Kind::String if field.name() == "id" => Value::String(Uuid::from_u128(7).to_string()),
            Kind::String => Value::String(format!("说{}", field.name())),
            Kind::Bool => Value::Bool(true),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Int64 => Value::I64(15),
            kind => panic!("{kind:?} is new in a feed"),
        };
        record.set_field(&field, value);
    }
    record
}

/// Everything up to the head, as a follower by a right is told it: the names of the fields that say something.
async fn given<E: FeedEvent>(method: &Method, right: AccessRight) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    let record: E::Record = full(method).transcode_to().unwrap();
    record_all(&bureau, vec![Entry::of(Uuid::from_u128(7), &record)]).await;
    let mut stream = follow::<E>(&bureau, NAME, FollowFeedRequest::default(), Some(right)).await.unwrap();
    loop {
        let event = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next()).await;
        if let (_, Some(Content::Record(record))) = event.unwrap().unwrap().unwrap().open() {
            let key = E::key(&record);
            assert!(!key.title.is_empty() && !key.region.is_empty(), "a copy finds it by nothing");
            let mut told = DynamicMessage::new(catalogue::record(method));
            told.transcode_from(&record).unwrap();
            let names = |record: &DynamicMessage| -> BTreeSet<String> {
                record.fields().map(|(field, _)| field.name().to_owned()).collect()
            };
            let mut found = names(&told);
            assert!(found.remove("later"), "what is recorded ahead travels with it");
            let ahead = told.get_field_by_name("later").unwrap().as_list().unwrap().to_vec();
            assert_eq!(names(ahead[0].as_message().unwrap()), found, "and no more of it than of the record");
            return found;
        }
    }
}

async fn of_path(path: &str, method: &Method, right: AccessRight) -> BTreeSet<String> {
    match path {
        CHILDCARE => given::<childcare::InstitutionEvent>(method, right).await,
        DESIGNATIONS => given::<childcare::DesignationEvent>(method, right).await,
        ELDERLY => given::<elderly_care::InstitutionEvent>(method, right).await,
        other => panic!("{other} is a new feed: say which event it has"),
    }
}

#[tokio::test]
async fn every_feed_of_the_suite_gives_what_a_right_names_and_the_id() {
    let rules = rules();
    let feeds = catalogue::conditional(&rules).map(|(method, _)| method);
    let feeds: Vec<&Method> = feeds.filter(|method| method.server_streaming && !method.client_streaming).collect();
    assert_eq!(feeds.len(), 3);
    for method in feeds {
        let path = method.path.as_str();
        let all: BTreeSet<String> =
            stretch(method, "2025-01-01").fields().map(|(field, _)| field.name().to_owned()).collect();
        assert_eq!(of_path(path, method, right(path, &BTreeSet::new())).await, all, "{path}");
        let mut named = needed(method);
        let mut expected = named.clone();
        expected.insert("id".to_owned());
        assert_eq!(of_path(path, method, right(path, &named)).await, expected, "{path}");
        let more = all.iter().find(|name| !expected.contains(*name)).unwrap();
        named.insert(more.clone());
        expected.insert(more.clone());
        assert_eq!(of_path(path, method, right(path, &named)).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_right_to_another_record_gives_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    record_all(&bureau, vec![record(0, "甲")]).await;
    let foreign = right(ELDERLY, &needed(rules().method(ELDERLY).unwrap()));
    let request = FollowFeedRequest::default();
    let mut stream = follow::<InstitutionEvent>(&bureau, NAME, request, Some(foreign)).await.unwrap();
    let end = loop {
        match stream.next().await.unwrap() {
            Ok(event) => assert!(!matches!(event.open().1, Some(Content::Record(_)))),
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), tonic::Code::Internal);
}

/// Follows by a right until the copy is the register; false when it has to begin again.
async fn caught_up(bureau: &Bureau, follower: &Follower, right: &AccessRight) -> bool {
    let (request, mut moves) = follower.request().await.unwrap();
    let mut stream = match follow::<InstitutionEvent>(bureau, NAME, request, Some(right.clone())).await {
        Ok(stream) => stream,
        Err(problem) => {
            assert_eq!(problem.reason, crate::feed::RESET);
            return false;
        }
    };
    loop {
        moves = follower.apply(moves, some(&mut stream, 1).await).await.unwrap();
        if is_complete(&follower.position().await.unwrap()) {
            return true;
        }
    }
}

#[tokio::test]
async fn a_right_with_other_fields_begins_a_fresh_copy_and_nothing_of_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let bureau = bureau(folder.path(), "provider.db").await;
    let record: InstitutionSnapshot = full(rules().method(CHILDCARE).unwrap()).transcode_to().unwrap();
    record_all(&bureau, vec![Entry::of(Uuid::from_u128(7), &record)]).await;
    let copy = database(&folder.path().join("copy.db")).await;
    let follower = follower(&copy);
    let uscc = async || {
        let found = read(&copy, &Clock::system(), Filter::default(), String::new()).await;
        found.records[0].record::<InstitutionSnapshot>().unwrap().uscc
    };
    let needed = needed(rules().method(CHILDCARE).unwrap());
    let (whole, narrowed) = (right(CHILDCARE, &BTreeSet::new()), right(CHILDCARE, &needed));
    assert!(caught_up(&bureau, &follower, &whole).await);
    assert_eq!(uscc().await, "说uscc");

    for (right, told) in [(&narrowed, ""), (&whole, "说uscc")] {
        let before = uscc().await;
        assert!(!caught_up(&bureau, &follower, right).await, "nobody goes on from rows with other fields");
        follower.begin_again(follower.request().await.unwrap().1).await.unwrap();
        assert_eq!(uscc().await, before, "readers see the old copy until the fresh one is whole");
        assert!(caught_up(&bureau, &follower, right).await);
        assert_eq!(uscc().await, told);
        assert!(caught_up(&bureau, &follower, right).await, "the same fields go on where they were");
    }
}
