//! Two bureaus that know some people in common, and what each learns.

use contract::document::{Document, DocumentKind};
use futures::StreamExt;
use kit::{Clock, Db, Problem};
use proto::trust as wire;
use proto::trust::match_request::Step;
use uuid::Uuid;

use super::agreement::Secret;
use super::service::{Matching, answers};
use super::{Agreement, Agreements, Question, TOKEN};
use crate::grants;
use crate::persons::{Identity, PersonKeys, Persons, store};

const QUESTIONS: &[Question] = &[Question {
    code: "REGISTERED",
    titles: &["未登记", "在岗", "已离岗"],
    sql: "SELECT id, CASE WHEN merged_into IS NULL THEN 1 ELSE 2 END FROM person WHERE $1 <> ''",
}];

struct Fixture {
    matching: Matching,
    agreements: Agreements,
    _folder: tempfile::TempDir,
}

async fn fixture(tokens_per_day: u32) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("people.db").to_str().unwrap()).await.unwrap();
    grants::migrate(&db).await.unwrap();
    let clock = Clock::set_to("2026-11-28T02:00:00Z".parse().unwrap());
    let keys = PersonKeys::load_or_create(&folder.path().join("persons.keys"), &clock).unwrap();
    let agreement = |id: &str| Agreement {
        id: id.into(),
        provider: "education".into(),
        consumer: "childcare".into(),
        purpose: "staff-verification".into(),
        questions: vec!["REGISTERED".into()],
        tokens_per_day,
        until: Some(jiff::civil::date(2026, 12, 31)),
        key: vec![Secret::make(1).unwrap()],
    };
    let agreements = Agreements { agreement: vec![agreement("one"), agreement("two")] };
    let file = folder.path().join("agreements.toml");
    agreements.save(&file).unwrap();
    let matching = Matching::new(Persons { db, keys, clock }, QUESTIONS, file);
    Fixture { matching, agreements, _folder: folder }
}

fn document(n: u32) -> Document {
    Document::parse(DocumentKind::Passport, &format!("E{n:08}"), jiff::civil::date(2026, 11, 28)).unwrap()
}

impl Fixture {
    async fn hold(&self, numbers: impl Iterator<Item = u32>) {
        let persons = &self.matching.persons;
        let people: Vec<(Uuid, Identity)> = numbers
            .map(|n| {
                let identity = Identity { name: "虚".into(), documents: vec![document(n)], phone: String::new() };
                (persons.clock.id(), identity)
            })
            .collect();
        let people: Vec<(Uuid, &Identity)> = people.iter().map(|(id, identity)| (*id, identity)).collect();
        let mut tx = persons.db.begin().await.unwrap();
        store::save(&mut tx, &persons.keys, &people).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Asks as the agreement says, with the secrets that `with` holds.
    async fn ask(&self, id: &str, with: &Agreement, batches: &[Vec<u32>]) -> Result<Vec<u8>, String> {
        let key = with.newest().unwrap();
        let mut steps = vec![Step::Start(wire::MatchStart {
            agreement: id.into(),
            key_id: key.id.clone(),
            proof: key.proof("2026-10-31"),
            question: "REGISTERED".into(),
            as_of: "2026-10-31".into(),
        })];
        steps.extend((1..).zip(batches).map(|(number, batch)| {
            let tokens = batch.iter().flat_map(|n| key.token(&document(*n))).collect();
            Step::Batch(wire::MatchBatch { number, tokens })
        }));
        self.converse("childcare", steps).await
    }

    async fn converse(&self, consumer: &str, steps: Vec<Step>) -> Result<Vec<u8>, String> {
        let steps = futures::stream::iter(steps.into_iter().map(|step| Ok(wire::MatchRequest { step: Some(step) })));
        let mut answered = answers(self.matching.clone(), consumer.into(), steps.boxed());
        let mut levels = Vec::new();
        while let Some(answer) = answered.next().await {
            levels.extend(answer.map_err(|status| Problem::reason_of(&status))?.levels);
        }
        Ok(levels)
    }

    async fn recorded(&self) -> Vec<(i64, i64, String)> {
        let listed = super::store::list(&self.matching.persons.db, Uuid::max(), "", false, 500).await.unwrap();
        listed.into_iter().rev().map(|batch| (batch.tokens, batch.hits, batch.refused)).collect()
    }
}

#[tokio::test]
async fn a_level_for_each_token_and_nothing_else() {
    let it = fixture(1_000_000).await;
    it.hold((0..600).map(|n| n * 2)).await;
    let agreement = it.agreements.agreement[0].clone();
    let asked: Vec<u32> = (0..1_500).collect();
    let expected: Vec<u8> = asked.iter().map(|n| u8::from(n % 2 == 0 && *n < 1_200)).collect();
    let batches: Vec<Vec<u32>> = asked.chunks(500).map(<[u32]>::to_vec).collect();
    assert_eq!(it.ask("one", &agreement, &batches).await.unwrap(), expected);
    // Whoever comes later is found as well.
    it.hold([1].into_iter()).await;
    assert_eq!(it.ask("one", &agreement, &[(1..30).collect()]).await.unwrap()[0], 1);
    assert_eq!(it.recorded().await[..2], [(500, 250, String::new()), (500, 250, String::new())]);
}

#[tokio::test]
async fn tokens_of_another_agreement_or_secret_are_refused_and_say_nothing() {
    let mut it = fixture(1_000).await;
    it.hold(0..40).await;
    let [one, two] = [it.agreements.agreement[0].clone(), it.agreements.agreement[1].clone()];
    let all = [(0..40).collect::<Vec<u32>>()];
    assert_eq!(it.ask("two", &one, &all).await.unwrap_err(), "MATCH_KEY_UNKNOWN");
    assert_eq!(it.ask("three", &one, &all).await.unwrap_err(), "AGREEMENT_UNKNOWN");
    let (ours, theirs) = (one.newest().unwrap(), two.newest().unwrap());
    assert!((0..40).all(|n| ours.token(&document(n)) != theirs.token(&document(n))));
    // Another bureau's agreement is none of theirs.
    let start = wire::MatchStart { agreement: "one".into(), ..Default::default() };
    let refused = it.converse("finance", vec![Step::Start(start)]).await.unwrap_err();
    assert_eq!(refused, "AGREEMENT_UNKNOWN");
    // Exchange of a secret: both are valid, then only the new one.
    it.agreements.agreement[0].key.push(Secret::make(2).unwrap());
    it.agreements.save(&it.matching.agreements).unwrap();
    let newer = it.agreements.agreement[0].clone();
    assert_eq!(it.ask("one", &one, &all).await.unwrap(), vec![1; 40]);
    assert_eq!(it.ask("one", &newer, &all).await.unwrap(), vec![1; 40]);
    it.agreements.agreement[0].key.remove(0);
    it.agreements.agreement[0].until = Some(jiff::civil::date(2026, 11, 28));
    it.agreements.save(&it.matching.agreements).unwrap();
    assert_eq!(it.ask("one", &one, &all).await.unwrap_err(), "MATCH_KEY_UNKNOWN");
    assert_eq!(it.ask("one", &newer, &all).await.unwrap(), vec![1; 40]);
    it.matching.persons.clock.move_to("2026-11-29T02:00:00Z".parse().unwrap());
    assert_eq!(it.ask("one", &newer, &all).await.unwrap_err(), "AGREEMENT_ENDED");
}

#[tokio::test]
async fn whoever_asks_for_one_after_the_other_is_stopped_and_remembered() {
    let it = fixture(1_000).await;
    it.hold(0..100).await;
    let agreement = it.agreements.agreement[0].clone();
    let mut answers = Vec::new();
    for n in 0..15 {
        answers.push(it.ask("one", &agreement, &[vec![n]]).await);
    }
    assert!(answers[..10].iter().all(|answer| answer.as_deref() == Ok(&[1])));
    assert!(answers[10..].iter().all(|answer| answer.as_ref().unwrap_err() == "MATCH_ENUMERATION"));
    // Registers may still be matched, up to the day's cap.
    assert!(it.ask("one", &agreement, &[(0..900).collect()]).await.is_ok());
    assert_eq!(it.ask("one", &agreement, &[(0..100).collect()]).await.unwrap_err(), "MATCH_CAP_REACHED");
    let refused = it.recorded().await.into_iter().filter(|(.., refused)| !refused.is_empty()).count();
    assert_eq!(refused, 6);
    it.matching.persons.clock.move_to("2026-11-29T03:00:00Z".parse().unwrap());
    assert!(it.ask("one", &agreement, &[(0..100).collect()]).await.is_ok());
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let it = fixture(1_000).await;
    let key = it.agreements.agreement[0].newest().unwrap();
    let start = || {
        Step::Start(wire::MatchStart {
            agreement: "one".into(),
            key_id: "m1".into(),
            proof: key.proof("2026-10-31"),
            question: "REGISTERED".into(),
            as_of: "2026-10-31".into(),
        })
    };
    let batch = |number, bytes: usize| Step::Batch(wire::MatchBatch { number, tokens: vec![7; bytes] });
    for (steps, reason) in [
        (vec![batch(1, TOKEN)], "MATCH_NOT_STARTED"),
        (vec![start(), start()], "MATCH_NOT_STARTED"),
        (vec![start(), batch(1, 0)], "TOKENS_INVALID"),
        (vec![start(), batch(1, TOKEN + 1)], "TOKENS_INVALID"),
        (vec![start(), batch(1, TOKEN * 10_001)], "TOKENS_INVALID"),
        (vec![start(), batch(2, TOKEN)], "BATCH_OUT_OF_ORDER"),
    ] {
        assert_eq!(it.converse("childcare", steps).await.unwrap_err(), reason);
    }
    let other = wire::MatchStart {
        question: "ALIVE".into(),
        ..match start() {
            Step::Start(start) => start,
            Step::Batch(_) => unreachable!(),
        }
    };
    assert_eq!(it.converse("childcare", vec![Step::Start(other)]).await.unwrap_err(), "QUESTION_NOT_AGREED");
}
