//! Two replicas of a follower share one database: whatever one does while the other waits, what readers see is a state of
//! the register, and in the end the register.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proto::childcare::InstitutionEvent;
use proto::childcare::institution_event::Item;
use uuid::Uuid;

use super::{ask, bureau, catch_up, database, follower, is_complete, record, record_all, seen, some};
use crate::feed::Entry;
use crate::feed::copy::MOVED;
use crate::feed::follow::FollowStream;

#[derive(Clone, Debug)]
enum Step {
    /// A record takes a name, or goes.
    Change(u8, Option<u8>),
    /// A replica takes so many events, and asks first when it has no connection.
    Take(usize, u8),
    /// A replica believes that its connection was reset.
    BeginAgain(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..6, prop::option::weighted(0.7, any::<u8>())).prop_map(|(n, name)| Step::Change(n, name)),
        6 => (0usize..2, 1u8..5).prop_map(|(who, count)| Step::Take(who, count)),
        1 => (0usize..2).prop_map(Step::BeginAgain),
    ]
}

/// A connection of a replica, and where it left the position.
type Connection = Option<(FollowStream<InstitutionEvent>, i64)>;

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let provider = bureau(folder.path(), "provider.db").await;
    let copy = database(&folder.path().join("copy.db")).await;
    let replicas = [follower(&copy), follower(&copy)];
    let mut connections: [Connection; 2] = [None, None];
    let mut register: BTreeMap<Uuid, String> = (0..6).map(|n| (record(n, "").id, "初".to_owned())).collect();
    record_all(&provider, (0..6).map(|n| record(n, "初")).collect()).await;
    let mut states = vec![register.clone()];
    for step in steps {
        match step {
            Step::Change(n, name) => {
                let entry = match name {
                    Some(name) => record(n.into(), &format!("第{name}")),
                    None => Entry::removed(record(n.into(), "").id),
                };
                match name {
                    Some(name) => drop(register.insert(entry.id, format!("第{name}"))),
                    None => drop(register.remove(&entry.id)),
                }
                record_all(&provider, vec![entry]).await;
                states.push(register.clone());
            }
            Step::Take(who, count) => {
                let (mut stream, moves) = match connections[who].take() {
                    Some(connection) => connection,
                    None => {
                        let (request, moves) = replicas[who].request().await.unwrap();
                        (ask(&provider, request).await, moves)
                    }
                };
                let mut events: Vec<InstitutionEvent> = Vec::new();
                for _ in 0..count {
                    let next = tokio::time::timeout(std::time::Duration::from_millis(20), some(&mut stream, 1));
                    let Ok(next) = next.await else { break };
                    events.extend(next);
                }
                let at_its_end = events.last().is_some_and(|event| matches!(event.item, Some(Item::Head(_))));
                match replicas[who].apply(moves, events).await {
                    Ok(moves) => connections[who] = Some((stream, moves)),
                    Err(problem) => assert_eq!(problem.reason, MOVED),
                }
                if at_its_end && is_complete(&replicas[who].position().await.unwrap()) {
                    let seen = seen(&copy).await;
                    assert!(states.contains(&seen), "no state of the register: {seen:?}");
                }
            }
            Step::BeginAgain(who) => {
                let moves = match connections[who].take() {
                    Some((_, moves)) => moves,
                    None => replicas[who].request().await.unwrap().1,
                };
                replicas[who].begin_again(moves).await.unwrap();
            }
        }
    }
    catch_up(&provider, &replicas[1]).await;
    assert_eq!(seen(&copy).await, register);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_followers_on_one_database_make_one_copy(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
