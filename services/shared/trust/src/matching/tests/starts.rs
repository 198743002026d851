//! How a conversation may begin, and what of it goes on record.

use super::*;

impl Fixture {
    async fn begin(&self, start: wire::MatchStart) -> Result<Vec<u8>, String> {
        self.converse("childcare", vec![Step::Start(start)]).await
    }
}

#[tokio::test]
async fn a_question_is_answered_of_its_days_and_of_no_other() {
    let it = fixture(1_000).await;
    let agreement = it.agreements.agreement[0].clone();
    let asked =
        |question: &str, as_of: &str| wire::MatchStart { question: question.into(), ..it.start(&agreement, as_of) };
    for (question, as_of, refused) in [
        ("REGISTERED", "2026-11-28", ""),
        ("REGISTERED", "2026-10-31", ""),
        ("REGISTERED", "2024-02-29", ""),
        ("REGISTERED", "2026-10-30", "DAY_NOT_ANSWERED"),
        ("REGISTERED", "2026-11-27", "DAY_NOT_ANSWERED"),
        ("REGISTERED", "2026-11-30", "DAY_NOT_ANSWERED"),
        ("AT_WORK", "2026-11-28", ""),
        ("AT_WORK", "2026-10-31", "DAY_NOT_ANSWERED"),
        ("REGISTERED", "20261031", "DATE_INVALID"),
        ("REGISTERED", "2026-11-28T00:00", "DATE_INVALID"),
    ] {
        let reason = it.begin(asked(question, as_of)).await.err().unwrap_or_default();
        assert_eq!(reason, refused, "{question} {as_of}");
    }
}

#[tokio::test]
async fn what_was_used_is_not_left() {
    let it = fixture(1_000).await;
    let agreement = it.agreements.agreement[0].clone();
    it.ask("one", &agreement, &[(0..300).collect()]).await.unwrap();
    let asker = Asker { consumer: "childcare".into(), purpose: None };
    let batch = step(&agreement, 1, &(0..100).collect::<Vec<u32>>());
    let mut answered = it.answers(asker, vec![Step::Start(it.start(&agreement, AS_OF)), batch]);
    assert_eq!(answered.next().await.unwrap().unwrap().tokens_left, 700);
    assert_eq!(answered.next().await.unwrap().unwrap().tokens_left, 600);
}

#[tokio::test]
async fn every_refusal_is_on_record_and_carries_nothing() {
    let it = fixture(1_000).await;
    let agreement = it.agreements.agreement[0].clone();
    let start = || it.start(&agreement, AS_OF);
    let number = "530402195001010018";
    let stranger = wire::MatchStart { agreement: number.into(), ..start() };
    assert_eq!(it.begin(stranger).await.unwrap_err(), "AGREEMENT_UNKNOWN");
    assert_eq!(it.converse("finance", vec![Step::Start(start())]).await.unwrap_err(), "AGREEMENT_UNKNOWN");
    let question = wire::MatchStart { question: format!("WHO_IS-{number}"), ..start() };
    assert_eq!(it.begin(question).await.unwrap_err(), "QUESTION_NOT_AGREED");
    let as_of = wire::MatchStart { as_of: number.into(), proof: agreement.newest().unwrap().proof(number), ..start() };
    assert_eq!(it.begin(as_of).await.unwrap_err(), "DATE_INVALID");
    let asker = Asker { consumer: "childcare".into(), purpose: Some("inclusive-subsidy".into()) };
    let refused = it.answers(asker, vec![Step::Start(start())]).next().await.unwrap().unwrap_err();
    assert_eq!(Problem::reason_of(&refused), "PURPOSE_NOT_AGREED");

    let listed = crate::matching::store::list(&it.matching.persons.db, Uuid::max(), "", true, 500).await.unwrap();
    let said: Vec<[&str; 5]> = listed
        .iter()
        .rev()
        .map(|one| [&one.refused, &one.consumer, &one.agreement, &one.question, &one.as_of].map(String::as_str))
        .collect();
    assert_eq!(
        said,
        [
            ["AGREEMENT_UNKNOWN", "childcare", "", "REGISTERED", AS_OF],
            ["AGREEMENT_UNKNOWN", "finance", "one", "REGISTERED", AS_OF],
            ["QUESTION_NOT_AGREED", "childcare", "one", "WHO_IS-", AS_OF],
            ["DATE_INVALID", "childcare", "one", "REGISTERED", ""],
            ["PURPOSE_NOT_AGREED", "childcare", "one", "REGISTERED", AS_OF],
        ]
    );
    let text = it.metrics.text();
    let counted = "ylyx_match_refused_total{agreement=\"unknown\",reason=\"AGREEMENT_UNKNOWN\"} 2";
    assert!(text.lines().any(|line| line == counted) && !text.contains(number), "{text}");
}

#[tokio::test]
async fn an_agreement_that_ends_in_mid_conversation_ends_it() {
    let it = fixture(1_000).await;
    let agreement = it.agreements.agreement[0].clone();
    let asker = Asker { consumer: "childcare".into(), purpose: None };
    let people: Vec<u32> = (0..30).collect();
    let steps =
        vec![Step::Start(it.start(&agreement, AS_OF)), step(&agreement, 1, &people), step(&agreement, 2, &people)];
    let mut answered = it.answers(asker, steps);
    assert!(answered.next().await.unwrap().is_ok() && answered.next().await.unwrap().is_ok());
    it.matching.persons.clock.move_to("2027-01-01T02:00:00Z".parse().unwrap());
    let ended = answered.next().await.unwrap().unwrap_err();
    assert_eq!(Problem::reason_of(&ended), "AGREEMENT_ENDED");
}

#[tokio::test]
async fn whoever_asks_learns_nothing_of_a_file_that_cannot_be_used() {
    let it = fixture(1_000).await;
    let agreement = it.agreements.agreement[0].clone();
    std::fs::write(&it.matching.agreements, "[[agreement]]\nid = 1\n").unwrap();
    let asker = Asker { consumer: "childcare".into(), purpose: None };
    let refused = it.answers(asker, vec![Step::Start(it.start(&agreement, AS_OF))]).next().await.unwrap().unwrap_err();
    assert_eq!(Problem::reason_of(&refused), "AGREEMENTS_UNUSABLE");
    assert!(!refused.message().contains('/'), "{}", refused.message());
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_the_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agreements.toml");
    let right = Agreement {
        id: "one".into(),
        provider: "education".into(),
        consumer: "childcare".into(),
        purpose: "staff-verification".into(),
        questions: vec!["REGISTERED".into()],
        tokens_per_day: 1_000,
        until: None,
        key: vec![Secret::make(1).unwrap()],
    };
    let said = |wrong: Vec<Agreement>| {
        Agreements { agreement: wrong }.save(&file).unwrap();
        Agreements::load(&file).err().map(|problem| problem.message).unwrap_or_default()
    };
    let ended = Agreement { id: "ended".into(), until: Some(jiff::civil::date(2026, 1, 1)), ..right.clone() };
    assert_eq!(said(vec![right.clone(), ended.clone()]), "");
    let twice = right.key[0].clone();
    let short = toml::from_str("id = \"m2\"\nsecret = \"c2hvcnQ=\"").unwrap();
    for (wrong, part) in [
        (vec![right.clone(), right.clone()], "比对协议“one”出现两次"),
        (vec![Agreement { purpose: "curiosity".into(), ..right.clone() }], "比对协议“one”的用途“curiosity”"),
        (vec![Agreement { questions: Vec::new(), ..right.clone() }], "比对协议“one”没有约定任何问题"),
        (vec![Agreement { key: vec![twice.clone(), twice], ..right.clone() }], "比对协议“one”的密钥“m1”出现两次"),
        (vec![Agreement { key: vec![short], ..right.clone() }], "比对协议“one”的密钥“m2”不是256位"),
    ] {
        let message = said(wrong);
        assert!(message.contains(part), "{message}");
    }
    std::fs::write(&file, "[[agreement]]\nid = \"one\"\nsecret = \"of the wrong place\"\n").unwrap();
    let message = Agreements::load(&file).unwrap_err().message;
    assert!(message.contains("第3行格式不对") && !message.contains("wrong place"), "{message}");

    // Asked by: the last that is in force.
    let today = jiff::civil::date(2026, 11, 28);
    let newer = Agreement { id: "newer".into(), until: Some(today), ..right.clone() };
    let all = Agreements { agreement: vec![right, newer, ended.clone()] };
    let chosen = |all: &Agreements, today| {
        let found = all.in_force("education", "staff-verification", today);
        found.map(|one| one.id.clone()).map_err(|problem| problem.reason)
    };
    assert_eq!(chosen(&all, today), Ok("newer".into()));
    assert_eq!(chosen(&all, today.tomorrow().unwrap()), Ok("one".into()));
    assert_eq!(chosen(&Agreements { agreement: vec![ended] }, today), Err("AGREEMENT_ENDED"));
    assert_eq!(chosen(&Agreements::default(), today), Err("AGREEMENT_UNKNOWN"));
}
