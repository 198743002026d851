//! The exchange of keys: nobody is lost, nothing stops it, and it ends.

use super::*;

impl Fixture {
    /// Adds a key, and takes it up.
    fn rotate(&self) -> String {
        let new = PersonKeys::rotate(&self.file, &self.door.persons.clock).unwrap();
        self.door.persons.keys.reload().unwrap();
        new
    }

    /// Exchanges until nobody is left who can be; in few steps.
    async fn exchanged(&self) {
        for _ in 0..20 {
            if self.door.persons.exchange_some().await.unwrap() == 0 {
                return;
            }
        }
        panic!("the exchange does not end");
    }

    /// Who is under which key: sealed, hashed.
    async fn under(&self, key: &str) -> (u64, u64) {
        let caller = caller("a", "530400");
        let keys = self.door.get_person_keys(asked(wire::GetPersonKeysRequest {}, &caller)).await.unwrap().into_inner();
        keys.keys.iter().find(|listed| listed.id == key).map(|listed| (listed.persons, listed.documents)).unwrap()
    }

    async fn stored(&self, id: u128) -> super::super::Person {
        let id = Uuid::from_u128(id);
        let read = store::read(&self.door.persons.db, &self.door.persons.keys, &[id]).await.unwrap();
        read.into_values().next().unwrap()
    }

    async fn damage(&self, id: u128) {
        let mut tx = self.door.persons.db.begin().await.unwrap();
        let damaged = tx.query("UPDATE person SET sealed = $2 WHERE id = $1").bind(Uuid::from_u128(id));
        damaged.bind(vec![1u8; 40]).execute().await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn two(name: &str, one: u32, other: u32) -> Identity {
    Identity { documents: vec![document(one), document(other)], ..identity(name, one) }
}

#[tokio::test]
async fn a_key_is_exchanged_while_people_come_in() {
    let it = fixture().await;
    let old = it.door.persons.keys.clone();
    // A second process that does not know of the new key.
    let behind = PersonKeys::load_or_create(&it.file, &it.door.persons.clock).unwrap();
    let people = |range: std::ops::Range<u32>| -> Vec<(Uuid, Identity)> {
        range.map(|n| (Uuid::from_u128(u128::from(n) + 1), identity("李虚", n))).collect()
    };
    it.save(&old, &people(0..700)).await;
    let first = old.current();
    let new = PersonKeys::rotate(&it.file, &it.door.persons.clock).unwrap();
    it.door.persons.keys.reload().unwrap();
    it.save(&it.door.persons.keys, &people(700..1_000)).await;
    assert_eq!(it.found(3).await, Some(Uuid::from_u128(4)));
    // Entered once more, under the old key, by the one that is behind: nobody is lost, the two become one.
    it.save(&behind, &[(Uuid::from_u128(5_000), identity("李虚", 800))]).await;

    it.exchanged().await;
    let keys = it.door.get_person_keys(asked(wire::GetPersonKeysRequest {}, &caller("a", "530400"))).await.unwrap();
    let keys = keys.into_inner();
    let counts: Vec<_> = keys.keys.iter().map(|key| (key.id.as_str(), key.persons, key.documents)).collect();
    assert_eq!(counts, [(first.as_str(), 0, 0), (new.as_str(), 1_001, 1_000)]);
    assert_eq!(it.found(800).await, Some(Uuid::from_u128(801)));
    // The old key can go.
    let text = std::fs::read_to_string(&it.file).unwrap();
    let second = text.find(&format!("id = \"{new}\"")).unwrap();
    std::fs::write(&it.file, format!("[[key]]\n{}", &text[second..])).unwrap();
    it.door.persons.keys.reload().unwrap();
    for n in [0, 699, 700, 999] {
        assert_eq!(it.found(n).await, Some(Uuid::from_u128(u128::from(n) + 1)));
    }
    let read = store::read(&it.door.persons.db, &it.door.persons.keys, &[Uuid::from_u128(5_000)]).await.unwrap();
    assert_eq!(read[&Uuid::from_u128(5_000)].merged_into, Some(Uuid::from_u128(801)));
}

#[tokio::test]
async fn a_damaged_row_stays_behind_and_stops_nobody() {
    let it = fixture().await;
    let first = it.door.persons.keys.current();
    // More than a batch of them, before all others.
    let people: Vec<_> = (0..1_200).map(|n| (Uuid::from_u128(u128::from(n) + 1), identity("李虚", n))).collect();
    it.save(&it.door.persons.keys, &people).await;
    for id in 1..=600 {
        it.damage(id).await;
    }
    let new = it.rotate();
    it.exchanged().await;
    assert_eq!((it.under(&first).await, it.under(&new).await), ((600, 600), (600, 600)));
    assert_eq!(it.found(900).await, Some(Uuid::from_u128(901)));
}

#[tokio::test]
async fn people_who_turn_out_to_be_one_keep_all_their_documents_and_make_no_chain() {
    let it = fixture().await;
    let first = it.door.persons.keys.current();
    let behind = PersonKeys::load_or_create(&it.file, &it.door.persons.clock).unwrap();
    let new = it.rotate();
    let now = it.door.persons.keys.clone();
    it.save(&now, &[(Uuid::from_u128(1), identity("李虚", 1)), (Uuid::from_u128(2), identity("李虚", 2))]).await;
    // Both once more under the old key as one with two documents, and again with a third.
    it.save(&behind, &[(Uuid::from_u128(3), two("李虚", 1, 2))]).await;
    it.save(&behind, &[(Uuid::from_u128(4), two("李虚", 2, 3))]).await;
    it.exchanged().await;
    for n in 1..=3 {
        assert_eq!(it.found(n).await, Some(Uuid::from_u128(1)), "document {n}");
    }
    assert_eq!((it.under(&first).await, it.under(&new).await), ((0, 0), (4, 3)));
    let keep = it.stored(1).await;
    assert_eq!((keep.merged_into, keep.identity.unwrap().documents.len()), (None, 3));
    for gone in 2..=4 {
        assert_eq!(it.stored(gone).await.merged_into, Some(Uuid::from_u128(1)));
    }
    // The next exchange moves all of them again.
    let newer = it.rotate();
    it.exchanged().await;
    assert_eq!((it.under(&new).await, it.under(&newer).await), ((0, 0), (4, 3)));
}

#[tokio::test]
async fn a_document_that_its_person_does_not_state_ends_the_exchange_too() {
    let it = fixture().await;
    let first = it.door.persons.keys.current();
    it.save(&it.door.persons.keys, &[(Uuid::from_u128(1), two("李虚", 1, 2))]).await;
    let mut tx = it.door.persons.db.begin().await.unwrap();
    store::seal(&mut tx, &it.door.persons.keys, &[(Uuid::from_u128(1), &identity("李虚", 1))]).await.unwrap();
    tx.commit().await.unwrap();
    it.rotate();
    it.exchanged().await;
    assert_eq!(it.under(&first).await, (0, 1));
    assert_eq!(it.found(2).await, Some(Uuid::from_u128(1)), "still found");
}
