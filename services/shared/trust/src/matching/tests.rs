//! Two bureaus that know some people in common, and what each learns.

use contract::document::{Document, DocumentKind};
use futures::StreamExt;
use futures::stream::BoxStream;
use kit::metrics::Metrics;
use kit::{Clock, Db, Problem};
use proto::trust as wire;
use proto::trust::match_request::Step;
use tonic::Status;
use uuid::Uuid;

use super::asked::Asker;
use super::secret::Secret;
use super::service::{Matching, answers};
use super::{Agreement, Agreements, Days, Question, TOKEN};
use crate::grants;
use crate::persons::{Identity, PersonKeys, Persons, store};

mod attacks;
mod over_the_wire;
mod people;
mod starts;

const AS_OF: &str = "2026-10-31";

const QUESTIONS: &[Question] = &[
    Question {
        code: "REGISTERED",
        titles: &["未登记", "在岗", "已离岗"],
        days: Days::MonthEnds,
        sql: "SELECT id, CASE WHEN merged_into IS NULL THEN 1 ELSE 2 END FROM person WHERE $1 <> ''",
    },
    Question {
        code: "AT_WORK",
        titles: &["否", "是"],
        days: Days::Today,
        sql: "SELECT id, 1 FROM person WHERE $1 <> ''",
    },
];

struct Fixture {
    matching: Matching,
    agreements: Agreements,
    metrics: Metrics,
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
        questions: vec!["REGISTERED".into(), "AT_WORK".into()],
        tokens_per_day,
        until: Some(jiff::civil::date(2026, 12, 31)),
        key: vec![Secret::make(1).unwrap()],
    };
    let agreements = Agreements { agreement: vec![agreement("one"), agreement("two")] };
    let file = folder.path().join("agreements.toml");
    agreements.save(&file).unwrap();
    let metrics = Metrics::default();
    let matching = Matching::new(Persons { db, keys, clock }, QUESTIONS, file, metrics.clone());
    Fixture { matching, agreements, metrics, _folder: folder }
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

    /// How a conversation by an agreement begins.
    fn start(&self, with: &Agreement, as_of: &str) -> wire::MatchStart {
        let key = with.newest().unwrap();
        wire::MatchStart {
            agreement: with.id.clone(),
            key_id: key.id.clone(),
            proof: key.proof(as_of),
            question: "REGISTERED".into(),
            as_of: as_of.into(),
        }
    }

    /// Asks by an agreement, with the secrets that `with` holds.
    async fn ask(&self, id: &str, with: &Agreement, batches: &[Vec<u32>]) -> Result<Vec<u8>, String> {
        let start = wire::MatchStart { agreement: id.into(), ..self.start(with, AS_OF) };
        let mut steps = vec![Step::Start(start)];
        steps.extend((1..).zip(batches).map(|(number, batch)| step(with, number, batch)));
        self.converse("childcare", steps).await
    }

    async fn converse(&self, consumer: &str, steps: Vec<Step>) -> Result<Vec<u8>, String> {
        let mut answered = self.answers(Asker { consumer: consumer.into(), purpose: None }, steps);
        let mut levels = Vec::new();
        while let Some(answer) = answered.next().await {
            levels.extend(answer.map_err(|status| Problem::reason_of(&status))?.levels);
        }
        Ok(levels)
    }

    fn answers(&self, asker: Asker, steps: Vec<Step>) -> BoxStream<'static, Result<wire::MatchResponse, Status>> {
        let steps = futures::stream::iter(steps.into_iter().map(|step| Ok(wire::MatchRequest { step: Some(step) })));
        answers(self.matching.clone(), asker, steps.boxed())
    }

    async fn recorded(&self) -> Vec<(i64, i64, String)> {
        let listed = super::store::list(&self.matching.persons.db, Uuid::max(), "", false, 500).await.unwrap();
        listed.into_iter().rev().map(|batch| (batch.tokens, batch.hits, batch.refused)).collect()
    }
}

/// A batch of the people of these numbers.
fn step(with: &Agreement, number: u64, people: &[u32]) -> Step {
    let key = with.newest().unwrap();
    let tokens = people.iter().flat_map(|n| key.token(&document(*n))).collect();
    Step::Batch(wire::MatchBatch { number, tokens })
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
