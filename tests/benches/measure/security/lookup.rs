//! A person by the number of a document among many, beside the same among few: at the door, where every look is on record,
//! and in the store alone.

use std::time::{Duration, Instant};

use kit::Db;
use proto::contract::DocumentKind;
use proto::trust::FindPersonRequest;
use proto::trust::person_service_client::PersonServiceClient;
use suite_tests::people::{assertion, request, user};
use suite_tests::suite::{Engine, Running};
use tonic::transport::Channel;
use trust::persons::{PersonKeys, store};

use super::{beside, document, median, number, seed};
use crate::{Line, ROUNDS, Ratio, micros, quantile};

/// Looks of one round among each.
const LOOKS: usize = 500;
/// So many times as many are many.
const TIMES: usize = 40;
/// Who looks: somebody of the whole city, for the people of this register hold no post in a county.
const CLERK: &str = "reporter-childcare";

/// A service that holds people.
struct Register {
    running: Running,
    client: PersonServiceClient<Channel>,
    db: Db,
    keys: PersonKeys,
    people: usize,
}

pub(super) async fn measure(people: usize) -> Vec<Line> {
    let (mut many, mut few) = (Register::of(people).await, Register::of(people / TIMES).await);
    let (mut found, mut stored) = (Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=ROUNDS {
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        let (us, them) = (many.assertion(), few.assertion());
        for n in 0..LOOKS {
            mine.push(many.found(&us, round * LOOKS + n).await);
            theirs.push(few.found(&them, round * LOOKS + n).await);
        }
        found.push((mine, theirs));
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for n in 0..LOOKS {
            mine.push(many.stored(round * LOOKS + n).await);
            theirs.push(few.stored(round * LOOKS + n).await);
        }
        stored.push((mine, theirs));
    }
    let (found, stored) = (found.split_off(1), stored.split_off(1));
    let what = format!("one person by number over gRPC among {people}, p99");
    let door = "access rule, misses of the day counted, look durable on record";
    let more = "hashed under every key, found, unsealed";
    vec![
        line((what, "≥ 0.67 (p99 ratio ≤ 1.5)"), &found, few.people, door),
        line((format!("of that the store among {people}, p99"), "—"), &stored, few.people, more),
    ]
}

/// The times of a round among many and among few.
type Round = (Vec<Duration>, Vec<Duration>);

fn line((what, aim): (String, &'static str), rounds: &[Round], few: usize, more: &str) -> Line {
    let late = |times: &Vec<Duration>| quantile(&mut times.clone(), 99);
    let words = |half: fn(&Round) -> &Vec<Duration>| {
        let p50 = median(rounds.iter().flat_map(|round| half(round).clone()));
        let p99 = median(rounds.iter().map(|round| late(half(round))));
        format!("p50 {}, p99 {}", micros(p50), micros(p99))
    };
    let (among_many, among_few) = (words(|round| &round.0), words(|round| &round.1));
    let ratios: Vec<_> = rounds.iter().map(|(mine, theirs)| (late(mine), late(theirs))).collect();
    Line {
        what,
        limit: format!("the same among {few}"),
        figure: Ratio::of(&ratios).words(),
        aim,
        note: format!("{more}; {among_many}, among {few} {among_few}; {LOOKS} looks a round"),
    }
}

impl Register {
    async fn of(people: usize) -> Register {
        let running = Running::start(Engine::Sqlite, None).await;
        let (db, keys) = beside(&running, "childcare").await;
        seed(&db, &keys, people, running.clock.today()).await;
        let client = PersonServiceClient::new(running.channel_as("operator", "childcare"));
        Register { running, client, db, keys, people }
    }

    fn assertion(&self) -> String {
        let person = user(self.running.data(), CLERK);
        assertion(self.running.data(), &person, "530400", self.running.clock.micros())
    }

    /// Somebody else at every look, near and far.
    fn somebody(&self, look: usize) -> usize {
        look * 7_919 % self.people
    }

    async fn found(&mut self, assertion: &str, look: usize) -> Duration {
        let number = number(self.somebody(look));
        let message = FindPersonRequest { kind: DocumentKind::ResidentId as i32, number };
        let begin = Instant::now();
        let person = self.client.find_person(request(message, assertion)).await.expect("a person");
        let time = begin.elapsed();
        assert!(!person.into_inner().id.is_empty());
        time
    }

    async fn stored(&self, look: usize) -> Duration {
        let document = document(self.somebody(look), self.running.clock.today());
        let begin = Instant::now();
        let mut tx = self.db.begin().await.expect("a transaction");
        let found = store::find(&mut tx, &self.keys, &[&document]).await.expect("looked for");
        let time = begin.elapsed();
        assert_eq!(found.len(), 1);
        time
    }
}
