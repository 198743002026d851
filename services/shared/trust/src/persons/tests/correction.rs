//! What was entered wrongly is put right, and nobody becomes somebody else by it.

use super::*;

fn request(id: Uuid) -> wire::CorrectPersonRequest {
    wire::CorrectPersonRequest { id: id.to_string(), reason: "录入有误".into(), ..Default::default() }
}

fn numbered(id: Uuid, n: u32, replaces: &str) -> wire::CorrectPersonRequest {
    let number = document(n).number().to_owned();
    wire::CorrectPersonRequest { kind: WireKind::ResidentId.into(), number, replaces: replaces.into(), ..request(id) }
}

impl Fixture {
    async fn correct(&self, request: wire::CorrectPersonRequest) -> Result<wire::Person, String> {
        let corrected = self.door.correct_person(asked(request, &caller("clerk", "530402"))).await;
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
    let looks = it.looks(id).await;
    assert_eq!(looks, [("更正".to_owned(), "证件号码".to_owned()), ("更正".to_owned(), "增加证件".to_owned())]);
    // The number that was wrong is free for whoever has it.
    let owner = it.person("张虚", 7, "530402001", "9999-12-31").await;
    assert_eq!(it.found(7).await, Some(owner));
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
