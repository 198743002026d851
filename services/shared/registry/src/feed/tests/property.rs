//! Whatever happens to a register, and wherever its follower stops, dies and comes back, the copy is the register.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::{ask, bureau, catch_up, database, follower, record, record_all, seen, some};
use crate::feed::Entry;

#[derive(Clone, Debug)]
enum Step {
    /// A transaction that changes records: number, and a name or nothing for a removal.
    Change(Vec<(u8, Option<u8>)>),
    /// The follower comes back, takes batches of these sizes, and dies before the last one is durable.
    Follow(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let change = (0u8..12, prop::option::weighted(0.7, any::<u8>()));
    prop_oneof![
        prop::collection::vec(change, 1..9).prop_map(Step::Change),
        prop::collection::vec(1u8..6, 1..4).prop_map(Step::Follow),
    ]
}

async fn run(steps: Vec<Step>) -> (BTreeMap<Uuid, String>, BTreeMap<Uuid, String>) {
    let folder = tempfile::tempdir().unwrap();
    let provider = bureau(folder.path(), "provider.db").await;
    let copy = database(&folder.path().join("copy.db")).await;
    let follower = follower(&copy);
    let mut register = BTreeMap::new();
    record_all(&provider, vec![record(0, "初")]).await;
    register.insert(Uuid::from_u128(1), "初".to_owned());
    for step in steps {
        match step {
            Step::Change(changes) => {
                let mut entries = Vec::new();
                for (n, name) in changes {
                    let entry = match name {
                        Some(name) => record(n.into(), &format!("第{name}")),
                        None => Entry::removed(record(n.into(), "").id),
                    };
                    match name {
                        Some(name) => drop(register.insert(entry.id, format!("第{name}"))),
                        None => drop(register.remove(&entry.id)),
                    }
                    entries.push(entry);
                }
                record_all(&provider, entries).await;
            }
            Step::Follow(sizes) => {
                let (request, mut moves) = follower.request().await.unwrap();
                let mut stream = ask(&provider, request).await;
                let last = sizes.len() - 1;
                for (n, size) in sizes.into_iter().enumerate() {
                    // The stream waits for news once everything was sent: it is not asked for more than is there.
                    let mut events = Vec::new();
                    for _ in 0..size {
                        let next = tokio::time::timeout(std::time::Duration::from_millis(20), some(&mut stream, 1));
                        let Ok(next) = next.await else { break };
                        events.extend(next);
                    }
                    if n < last {
                        moves = follower.apply(moves, events).await.unwrap();
                    }
                }
            }
        }
    }
    catch_up(&provider, &follower).await;
    (register, seen(&copy).await)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_copy_is_the_register(steps in prop::collection::vec(step(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (register, copy) = runtime.block_on(run(steps));
        prop_assert_eq!(register, copy);
    }
}
