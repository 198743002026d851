//! People who come, go and turn out to be one.

use proto::trust::person_service_server::PersonService;

use super::*;
use crate::persons::Holding;
use crate::persons::service::PersonDoor;
use crate::persons::tests::{asked, caller};

const HOLDING: Holding = Holding {
    regions: "SELECT '530402001' FROM person WHERE id = $1",
    live_until: "SELECT MAX('2020-12-31') FROM person WHERE id = $1",
    retention_years: 2,
    follow: |_, _| Box::pin(async { Ok(0) }),
    questions: QUESTIONS,
};

impl Fixture {
    fn door(&self) -> PersonDoor {
        PersonDoor { persons: self.matching.persons.clone(), holding: HOLDING }
    }

    async fn enter(&self, id: Uuid, n: u32) {
        let persons = &self.matching.persons;
        let identity = Identity { name: "虚".into(), documents: vec![document(n)], phone: String::new() };
        let mut tx = persons.db.begin().await.unwrap();
        store::save(&mut tx, &persons.keys, &[(id, &identity)]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn id_of(&self, n: u32) -> String {
        let mut tx = self.matching.persons.db.begin().await.unwrap();
        let found = store::find(&mut tx, &self.matching.persons.keys, &[&document(n)]).await.unwrap();
        found.into_values().next().unwrap().id.to_string()
    }

    async fn erase(&self, id: String) {
        let request = wire::ErasePersonRequest { id, reason: "期满".into(), ..wire::ErasePersonRequest::default() };
        self.door().erase_person(asked(request, &caller("clerk", "530402"))).await.unwrap();
    }

    /// The same service, started again.
    fn restarted(self) -> Fixture {
        let Matching { persons, questions, agreements, .. } = self.matching;
        Fixture { matching: Matching::new(persons, questions, agreements, self.metrics.clone()), ..self }
    }
}

#[tokio::test]
async fn nobody_is_answered_about_who_was_erased() {
    let it = fixture(1_000).await;
    // Two who came long ago: what is in memory of them is not read again.
    for n in [1, 2] {
        it.enter(Uuid::from_u128(u128::from(n)), n).await;
    }
    it.hold([0].into_iter().chain(3..40)).await;
    let agreement = it.agreements.agreement[0].clone();
    let all = [(0..40).collect::<Vec<u32>>()];
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap(), vec![1; 40]);
    it.erase(it.id_of(0).await).await;
    // 2 turns out to be 1, and is erased as that one.
    let (id, other_id) = (it.id_of(1).await, it.id_of(2).await);
    let request = wire::MergePersonsRequest { keep_id: id.clone(), other_id, reason: "同一人".into() };
    it.door().merge_persons(asked(request, &caller("clerk", "530402"))).await.unwrap();
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap()[..4], [0, 1, 2, 1]);
    it.erase(id).await;

    let expected: Vec<u8> = (0..40).map(|n| u8::from(n > 2)).collect();
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap(), expected);
    assert_eq!(it.matching.index.sizes(), [37]);
    let it = it.restarted();
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap(), expected);
    // Whoever comes again is there again.
    it.hold([0].into_iter()).await;
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap()[..3], [1, 0, 0]);
}

#[tokio::test]
async fn whoever_becomes_visible_late_is_found() {
    let it = fixture(1_000).await;
    it.hold(0..40).await;
    let agreement = it.agreements.agreement[0].clone();
    let all = [(0..60).collect::<Vec<u32>>()];
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap().iter().filter(|level| **level == 1).count(), 40);
    let persons = &it.matching.persons;
    let minutes_ago = |minutes: u128| (persons.clock.id().as_u128() >> 80) - minutes * 60_000;
    for (n, minutes) in [(40, 9), (41, 2)] {
        it.enter(Uuid::from_u128(minutes_ago(minutes) << 80 | 7 << 76 | 2 << 62), n).await;
        assert_eq!(it.ask("one", &agreement, &all).await.unwrap()[n as usize], 1, "{minutes} minutes");
    }
}

#[tokio::test]
async fn a_corrected_document_is_matched_and_the_wrong_one_is_not() {
    let it = fixture(1_000).await;
    for n in [1, 2] {
        it.enter(Uuid::from_u128(u128::from(n)), n).await;
    }
    it.hold([0].into_iter().chain(3..40)).await;
    let agreement = it.agreements.agreement[0].clone();
    let all = [(0..60).collect::<Vec<u32>>()];
    it.ask("one", &agreement, &all).await.unwrap();
    let correct = async |n: u32, by: u32| {
        let request = wire::CorrectPersonRequest {
            id: it.id_of(n).await,
            kind: proto::contract::DocumentKind::Passport.into(),
            number: document(by).number().to_owned(),
            replaces: document(n).masked(),
            reason: "录入有误".into(),
            ..Default::default()
        };
        it.door().correct_person(asked(request, &caller("clerk", "530402"))).await.unwrap();
    };
    // One who came long ago, and one who stands for another as well.
    correct(0, 41).await;
    let request =
        wire::MergePersonsRequest {
            keep_id: it.id_of(1).await, other_id: it.id_of(2).await, reason: "同一人".into()
        };
    it.door().merge_persons(asked(request, &caller("clerk", "530402"))).await.unwrap();
    correct(2, 42).await;
    let answered = it.ask("one", &agreement, &all).await.unwrap();
    assert_eq!((&answered[..4], &answered[41..43]), (&[0, 1, 0, 1][..], &[1, 1][..]));
    // Corrected first and merged then: into one who came long ago.
    correct(3, 43).await;
    let request =
        wire::MergePersonsRequest {
            keep_id: it.id_of(1).await, other_id: it.id_of(43).await, reason: "同一人".into()
        };
    it.door().merge_persons(asked(request, &caller("clerk", "530402"))).await.unwrap();
    let answered = it.ask("one", &agreement, &all).await.unwrap();
    assert_eq!((&answered[..4], &answered[41..44]), (&[0, 1, 0, 0][..], &[1, 1, 1][..]));
    let it = it.restarted();
    assert_eq!(it.ask("one", &agreement, &all).await.unwrap(), answered);
}
