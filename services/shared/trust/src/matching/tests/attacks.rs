//! Whoever asks for more than an agreement gives.

use super::*;
use crate::matching::seats::SEATS;

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
    let start = || Step::Start(it.start(&it.agreements.agreement[0], AS_OF));
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
    let start = it.start(&it.agreements.agreement[0], AS_OF);
    let other = wire::MatchStart { question: "ALIVE".into(), ..start };
    assert_eq!(it.converse("childcare", vec![Step::Start(other)]).await.unwrap_err(), "QUESTION_NOT_AGREED");
    let refused: Vec<(i64, String)> =
        it.recorded().await.into_iter().map(|(tokens, _, refused)| (tokens, refused)).collect();
    let on_record = [
        (0, "MATCH_NOT_STARTED"),
        (0, "MATCH_NOT_STARTED"),
        (0, "TOKENS_INVALID"),
        (1, "TOKENS_INVALID"),
        (10_001, "TOKENS_INVALID"),
        (1, "BATCH_OUT_OF_ORDER"),
        (0, "QUESTION_NOT_AGREED"),
    ];
    assert_eq!(refused, on_record.map(|(tokens, reason)| (tokens, reason.to_owned())));
    let counted = "ylyx_match_refused_total{agreement=\"one\",reason=\"TOKENS_INVALID\"} 3";
    assert!(it.metrics.text().lines().any(|line| line == counted), "{}", it.metrics.text());
}

#[tokio::test]
async fn a_batch_that_is_filled_up_asks_about_one_person_all_the_same() {
    let it = fixture(1_000).await;
    it.hold(0..100).await;
    let agreement = it.agreements.agreement[0].clone();
    assert_eq!(it.ask("one", &agreement, &[vec![7; 20]]).await.unwrap_err(), "TOKENS_INVALID");
    // One after the other, each among nineteen who are nobody.
    let padded = |n: u32| std::iter::once(n).chain((0..19).map(move |m| 1_000 + n * 19 + m)).collect::<Vec<u32>>();
    let mut answers = Vec::new();
    for n in 0..25 {
        answers.push(it.ask("one", &agreement, &[padded(n)]).await);
    }
    assert!(answers[..20].iter().all(|answer| answer.as_ref().unwrap()[0] == 1));
    assert!(answers[20..].iter().all(|answer| answer.as_ref().unwrap_err() == "MATCH_ENUMERATION"));
}

#[tokio::test]
async fn few_conversations_are_open_at_once() {
    let it = fixture(1_000).await;
    let asker = || Asker { consumer: "childcare".into(), purpose: None };
    let open = async |agreement: usize| {
        let start = it.start(&it.agreements.agreement[agreement], AS_OF);
        let mut answered = it.answers(asker(), vec![Step::Start(start)]);
        let first = answered.next().await.unwrap().map_err(|status| Problem::reason_of(&status));
        first.map(|_| answered)
    };
    let mut held = Vec::new();
    for _ in 0..SEATS {
        held.push(open(0).await.ok().unwrap());
    }
    assert_eq!(open(0).await.err().unwrap(), "MATCH_BUSY");
    assert!(open(1).await.is_ok(), "another agreement has seats of its own");
    held.pop();
    assert!(open(0).await.is_ok());
    assert_eq!(it.recorded().await, [(0, 0, "MATCH_BUSY".to_owned())]);
}

#[tokio::test]
async fn a_secret_that_is_replaced_under_its_id_is_another_one() {
    let mut it = fixture(1_000).await;
    it.hold(0..40).await;
    let all = [(0..40).collect::<Vec<u32>>()];
    let before = it.agreements.agreement[0].clone();
    assert_eq!(it.ask("one", &before, &all).await.unwrap(), vec![1; 40]);
    it.agreements.agreement[0].key = vec![Secret::make(1).unwrap()];
    it.agreements.save(&it.matching.agreements).unwrap();
    let after = it.agreements.agreement[0].clone();
    assert_eq!(it.ask("one", &before, &all).await.unwrap_err(), "MATCH_KEY_UNKNOWN");
    assert_eq!(it.ask("one", &after, &all).await.unwrap(), vec![1; 40]);
    assert_eq!(it.matching.index.sizes(), [40], "the secret that is gone takes no memory");
}
