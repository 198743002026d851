//! What was entered wrongly is put right, and nobody becomes somebody else by it.

use futures::FutureExt;
use futures::future::BoxFuture;
use kit::{Problem, Tx};

use super::*;
use crate::persons::Corrected;

/// The register of these tests keeps the name of a person beside the person.
pub(super) fn follow<'a>(tx: &'a mut Tx, it: Corrected<'a>) -> BoxFuture<'a, kit::Result<u64>> {
    async move {
        let Some(name) = it.name else { return Ok(0) };
        let taken = tx.query("SELECT name FROM record WHERE person_id <> $1 AND name = $2").bind(it.person);
        if taken.bind(name.to_owned()).optional::<(String,)>().await?.is_some() {
            return Err(Problem::field("name", "NAME_TAKEN", "有同名的人"));
        }
        let update = tx.query("UPDATE record SET name = $2 WHERE person_id = $1 AND name <> $2").bind(it.person);
        update.bind(name.to_owned()).execute().await
    }
    .boxed()
}

fn request(id: Uuid) -> wire::CorrectPersonRequest {
    wire::CorrectPersonRequest { id: id.to_string(), reason: "录入有误".into(), ..Default::default() }
}

fn numbered(id: Uuid, n: u32, replaces: &str) -> wire::CorrectPersonRequest {
    let number = document(n).number().to_owned();
    wire::CorrectPersonRequest { kind: WireKind::ResidentId.into(), number, replaces: replaces.into(), ..request(id) }
}

impl Fixture {
    async fn correct(&self, request: wire::CorrectPersonRequest) -> Result<wire::Person, String> {
        self.correct_as("clerk", request).await
    }

    async fn correct_as(&self, user: &str, request: wire::CorrectPersonRequest) -> Result<wire::Person, String> {
        let corrected = self.door.correct_person(asked(request, &caller(user, "530402"))).await;
        corrected.map(tonic::Response::into_inner).map_err(|status| reason(&status))
    }

    /// Acts and fields of the looks at a person, oldest first.
    async fn looks(&self, id: Uuid) -> Vec<(String, String)> {
        let db = &self.door.persons.db;
        let mut looks = crate::persons::access::of_person(db, id, Uuid::max(), 100).await.unwrap();
        looks.reverse();
        looks.into_iter().map(|look| (look.act, look.fields)).collect()
    }

    /// The register keeps the name of a person beside the person.
    async fn register(&self, id: Uuid, name: &str) {
        let mut tx = self.door.persons.db.begin().await.unwrap();
        let update = tx.query("UPDATE record SET name = $2 WHERE person_id = $1").bind(id).bind(name.to_owned());
        update.execute().await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn registered_name(&self, id: Uuid) -> String {
        let mut tx = self.door.persons.db.begin().await.unwrap();
        let (name,): (String,) = tx.query("SELECT name FROM record WHERE person_id = $1").bind(id).one().await.unwrap();
        name
    }
}

#[tokio::test]
async fn a_name_and_a_phone_are_put_right_and_the_register_follows() {
    let it = fixture().await;
    let id = it.person("李虚名", 7, "530402001", "9999-12-31").await;
    it.register(id, "李虚名").await;
    let right = wire::CorrectPersonRequest { name: "李虚明".into(), phone: "0877-2020001".into(), ..request(id) };
    let corrected = it.correct(right.clone()).await.unwrap();
    assert_eq!((corrected.name.as_str(), corrected.documents.len()), ("李*明", 1));
    assert_eq!(it.registered_name(id).await, "李虚明");
    assert_eq!(it.looks(id).await, [("更正".to_owned(), "姓名、电话".to_owned())]);
    assert_eq!(it.found(7).await, Some(id));
    assert_eq!(it.correct(right).await.unwrap_err(), "NOTHING_CHANGED");
    // Another record of the place has the name.
    let other = it.person("王虚", 8, "530402001", "9999-12-31").await;
    it.register(other, "王虚").await;
    let taken = wire::CorrectPersonRequest { name: "王虚".into(), ..request(id) };
    assert_eq!(it.correct(taken).await.unwrap_err(), "NAME_TAKEN");
    assert_eq!(it.registered_name(id).await, "李虚明");
    assert_eq!(it.looks(id).await.len(), 1);
}

#[tokio::test]
async fn a_document_is_put_right_or_added_and_is_never_somebody_else_s() {
    let it = fixture().await;
    let id = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let other = it.person("王虚", 8, "530402001", "9999-12-31").await;
    let masked = document(7).masked();
    assert_eq!(it.correct(numbered(id, 9, "110***********0011")).await.unwrap_err(), "DOCUMENT_NOT_THEIRS");
    it.correct(numbered(id, 9, &masked)).await.unwrap();
    assert_eq!((it.found(9).await, it.found(7).await), (Some(id), None));
    // A further one is another document of the same person, and can be put right as well.
    it.correct(numbered(id, 10, "")).await.unwrap();
    assert_eq!((it.found(9).await, it.found(10).await), (Some(id), Some(id)));
    assert_eq!(it.correct(numbered(id, 10, "")).await.unwrap_err(), "NOTHING_CHANGED");
    // Somebody else's stays theirs, and they learn of the search.
    assert_eq!(it.correct(numbered(id, 8, &document(9).masked())).await.unwrap_err(), "DOCUMENT_TAKEN");
    assert_eq!((it.found(8).await, it.found(9).await), (Some(other), Some(id)));
    assert_eq!(it.looks(other).await, [("按证件查询".to_owned(), "证件号码".to_owned())]);
    let looks: Vec<String> = it.looks(id).await.into_iter().map(|(act, fields)| format!("{act} {fields}")).collect();
    assert_eq!(looks, ["更正 证件号码", "更正 增加证件", "按证件查询 证件号码"]);
    // Where the right one is there already, the wrong one goes.
    let corrected = it.correct(numbered(id, 10, &document(9).masked())).await.unwrap();
    assert_eq!(corrected.documents.len(), 1);
    assert_eq!((it.found(9).await, it.found(10).await), (None, Some(id)));
    // The number that was wrong is free for whoever has it.
    let owner = it.person("张虚", 7, "530402001", "9999-12-31").await;
    assert_eq!(it.found(7).await, Some(owner));
}

#[tokio::test]
async fn guesses_at_a_number_are_on_record_and_counted_however_they_are_refused() {
    let it = fixture().await;
    let id = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    it.register(id, "李虚明").await;
    let far = it.person("赵虚", 11, "530403001", "9999-12-31").await;
    let misses = async || {
        let mut tx = it.door.persons.db.begin().await.unwrap();
        crate::persons::access::count(&mut tx, "clerk", crate::persons::access::Act::NotFound, 0).await.unwrap()
    };
    // The right guess at a number is a look at the person, whatever document is said to be wrong.
    assert_eq!(it.correct(numbered(id, 7, "x")).await.unwrap_err(), "DOCUMENT_NOT_THEIRS");
    assert_eq!(it.looks(id).await, [("按证件查询".to_owned(), "证件号码".to_owned())]);
    assert_eq!(it.correct(numbered(id, 8, "x")).await.unwrap_err(), "DOCUMENT_NOT_THEIRS");
    assert_eq!(misses().await, 1);
    // Somebody of another county learns of it, and it counts as a miss.
    assert_eq!(it.correct(numbered(id, 11, "")).await.unwrap_err(), "DOCUMENT_TAKEN");
    assert_eq!(it.looks(far).await, [("按证件查询，无此人".to_owned(), "证件号码".to_owned())]);
    assert_eq!(misses().await, 2);
}

#[tokio::test]
async fn nobody_makes_one_person_into_another_alone() {
    let it = fixture().await;
    let id = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let renamed = wire::CorrectPersonRequest { name: "张三".into(), ..request(id) };
    it.correct(renamed).await.unwrap();
    let number = numbered(id, 9, &document(7).masked());
    assert_eq!(it.correct(number.clone()).await.unwrap_err(), "CORRECTION_TOO_WIDE");
    // A further document is added, and the old one does not go by the same hand.
    it.correct(numbered(id, 9, "")).await.unwrap();
    assert_eq!(it.correct(number.clone()).await.unwrap_err(), "CORRECTION_TOO_WIDE");
    it.correct_as("colleague", number).await.unwrap();
    let name = wire::CorrectPersonRequest { name: "张四".into(), ..request(id) };
    assert_eq!(it.correct_as("colleague", name.clone()).await.unwrap_err(), "CORRECTION_TOO_WIDE");
    it.correct(name.clone()).await.unwrap();
    // Nor by merging: the other record would bring its number.
    let other = it.person("张四", 10, "530402001", "9999-12-31").await;
    let merge = |user: &'static str, other: Uuid| {
        let request =
            wire::MergePersonsRequest {
                keep_id: id.to_string(), other_id: other.to_string(), reason: "同一人".into()
            };
        it.door.merge_persons(asked(request, &caller(user, "530402")))
    };
    assert_eq!(reason(&merge("clerk", other).await.unwrap_err()), "CORRECTION_TOO_WIDE");
    let named_otherwise = it.person("李四", 12, "530402001", "9999-12-31").await;
    assert_eq!(reason(&merge("approver", named_otherwise).await.unwrap_err()), "PERSON_NAME_DIFFERS");
    merge("approver", other).await.unwrap();
    // A month later it is another matter.
    it.door.persons.clock.move_to("2027-01-05T02:00:00Z".parse().unwrap());
    it.correct_as("colleague", wire::CorrectPersonRequest { name: "张三".into(), ..name }).await.unwrap();
}

#[tokio::test]
async fn what_would_be_somebody_else_or_says_nothing_is_refused() {
    let it = fixture().await;
    let id = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let masked = document(7).masked();
    let refused = |request: wire::CorrectPersonRequest| async { it.correct(request).await.unwrap_err() };
    let renamed = wire::CorrectPersonRequest { name: "张三".into(), ..numbered(id, 9, &masked) };
    assert_eq!(refused(renamed).await, "CORRECTION_TOO_WIDE");
    assert_eq!(refused(request(id)).await, "CORRECTION_EMPTY");
    let unnumbered = wire::CorrectPersonRequest { replaces: masked.clone(), ..request(id) };
    assert_eq!(refused(unnumbered).await, "FIELD_MISSING");
    let wrong = document(9).number().replace("530499", "530498");
    let wrong = wire::CorrectPersonRequest { number: wrong, ..numbered(id, 9, &masked) };
    assert_eq!(refused(wrong).await, "DOCUMENT_CHECK_DIGIT");
    let phone = wire::CorrectPersonRequest { phone: "120".into(), ..request(id) };
    assert_eq!(refused(phone).await, "PHONE_INVALID");
    let named = wire::CorrectPersonRequest { name: format!("李{}", document(9).number()), ..request(id) };
    assert_eq!(refused(named).await, "PERSONAL_DATA_IN_TEXT");
    let long = wire::CorrectPersonRequest { name: "李".repeat(51), ..request(id) };
    assert_eq!(refused(long).await, "NAME_INVALID");
    let said = wire::CorrectPersonRequest { name: "李明".into(), reason: " ".into(), ..request(id) };
    assert_eq!(refused(said).await, "FIELD_MISSING");
    let elsewhere = it.person("赵虚", 11, "530403001", "9999-12-31").await;
    let theirs = wire::CorrectPersonRequest { name: "赵明".into(), ..request(elsewhere) };
    assert_eq!(refused(theirs).await, "REGION_OUT_OF_SCOPE");
    // Nor is somebody who has a record in another county too.
    let both = it.person("钱虚", 12, "530402001", "9999-12-31").await;
    let mut tx = it.door.persons.db.begin().await.unwrap();
    tx.query("INSERT INTO record (person_id, region) VALUES ($1, '530403001')").bind(both).execute().await.unwrap();
    tx.commit().await.unwrap();
    let shared = wire::CorrectPersonRequest { name: "钱明".into(), ..request(both) };
    assert_eq!(refused(shared).await, "REGION_OUT_OF_SCOPE");
    let masked_name = wire::CorrectPersonRequest { name: "李*明".into(), ..request(id) };
    assert_eq!(refused(masked_name).await, "NAME_INVALID");
    assert!(it.looks(id).await.is_empty());
    let stored = it.door.get_person(asked(wire::GetPersonRequest { id: id.to_string() }, &caller("clerk", "530402")));
    assert_eq!(stored.await.unwrap().into_inner().name, "李*明");
    // Whoever tries numbers out by correcting meets the cap of searches.
    for n in 0..50 {
        it.correct(numbered(id, 100 + n, &document(if n == 0 { 7 } else { 99 + n }).masked())).await.unwrap();
    }
    assert_eq!(refused(numbered(id, 200, &document(149).masked())).await, "LOOKUP_CAP_REACHED");
    assert_eq!(it.found(149).await, Some(id));
}

#[tokio::test]
async fn a_person_who_was_merged_or_erased_is_not_corrected() {
    let it = fixture().await;
    let keep = it.person("李虚明", 7, "530402001", "2020-12-31").await;
    let gone = it.person("李虚明", 8, "530402001", "2020-12-31").await;
    let clerk = caller("clerk", "530402");
    let merge =
        wire::MergePersonsRequest { keep_id: keep.to_string(), other_id: gone.to_string(), reason: "同一人".into() };
    it.door.merge_persons(asked(merge, &clerk)).await.unwrap();
    assert_eq!(it.correct(numbered(gone, 9, "")).await.unwrap_err(), "PERSON_MERGED");
    // Of two documents the one that is meant.
    it.correct(numbered(keep, 9, &document(8).masked())).await.unwrap();
    assert_eq!((it.found(7).await, it.found(8).await, it.found(9).await), (Some(keep), None, Some(keep)));
    let erase = wire::ErasePersonRequest { id: keep.to_string(), reason: "期满".into(), ..Default::default() };
    it.door.erase_person(asked(erase, &clerk)).await.unwrap();
    assert_eq!(it.correct(numbered(keep, 10, "")).await.unwrap_err(), "PERSON_ERASED");
}
