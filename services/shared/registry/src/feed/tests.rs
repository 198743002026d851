//! A register, its feed and copies of it, in one process on SQLite.

mod following;
mod narrowed;
mod property;
mod restored;

use std::collections::BTreeMap;
use std::path::Path;

use city::bundle::City;
use futures::StreamExt;
use kit::{Clock, Db, Shutdown};
use prost::Message;
use proto::childcare::{InstitutionEvent, InstitutionSnapshot};
use proto::contract::FollowFeedRequest;
use trust::Scope;
use uuid::Uuid;

use super::copy::{Filter, Follower, page};
use super::follow::{FollowStream, follow};
use super::{Entry, Feed, Records, append};
use crate::bureau::Bureau;
use crate::columns::Page;

pub(super) const NAME: &str = "childcare.institution";

pub(super) async fn database(path: &Path) -> Db {
    let db = Db::open(path.to_str().unwrap()).await.unwrap();
    db.migrate(&crate::migrations()).await.unwrap();
    db
}

/// A bureau on a fresh database of the folder.
pub(super) async fn bureau(folder: &Path, name: &str) -> Bureau {
    Bureau::new(City::embedded(), database(&folder.join(name)).await, Clock::system())
}

pub(super) fn follower(db: &Db) -> Follower {
    let (clock, shutdown) = (Clock::system(), Shutdown::new());
    Follower { db: db.clone(), clock, source: "childcare", feed: NAME, purpose: "", shutdown }
}

/// The n-th record, saying something.
pub(super) fn record(n: u128, name: &str) -> Entry {
    let id = Uuid::from_u128(n + 1);
    let snapshot = InstitutionSnapshot {
        id: id.to_string(),
        name: name.to_owned(),
        region: "530402001".to_owned(),
        ..Default::default()
    };
    Entry::of(id, &snapshot)
}

pub(super) async fn record_all(bureau: &Bureau, entries: Vec<Entry>) {
    let mut tx = bureau.db.begin().await.unwrap();
    append(&mut tx, NAME, entries, &bureau.clock).await.unwrap();
    bureau.commit(tx).await.unwrap();
}

pub(super) async fn ask(bureau: &Bureau, request: FollowFeedRequest) -> FollowStream<InstitutionEvent> {
    follow(bureau, NAME, request, None).await.unwrap()
}

/// The next `count` events, heads included.
pub(super) async fn some(stream: &mut FollowStream<InstitutionEvent>, count: usize) -> Vec<InstitutionEvent> {
    let mut events = Vec::new();
    while events.len() < count {
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next()).await;
        events.push(next.expect("an event is missing").unwrap().unwrap());
    }
    events
}

/// Follows from where the copy stands until it is the register.
pub(super) async fn catch_up(bureau: &Bureau, follower: &Follower) {
    let mut stream = ask(bureau, follower.request().await.unwrap()).await;
    for _ in 0..10_000 {
        follower.apply(some(&mut stream, 1).await).await.unwrap();
        let position = super::copy::store::position(&follower.db, follower.which()).await.unwrap().unwrap();
        if position.behind() == 0 && position.as_of > 0 && position.state == super::copy::State::Following {
            return;
        }
    }
    panic!("the copy never becomes the register");
}

/// What readers of the copy see: id → name.
pub(super) async fn seen(db: &Db) -> BTreeMap<Uuid, String> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let asked = Page::asked(Some(proto::common::Page { size: 7, cursor })).unwrap();
        let filter = Filter { feeds: vec![NAME], ..Default::default() };
        let (found, next) = page(db, &Scope::of_the_service(), filter, asked).await.unwrap();
        all.extend(found.iter().map(|copied| (copied.id, copied.record::<InstitutionSnapshot>().unwrap().name)));
        if next.is_empty() {
            return all;
        }
        cursor = next;
    }
}

/// A register of 1,203 records that were there before the feed.
pub(super) const OLD: Feed = Feed { name: NAME, records: old };

fn old(_: &mut kit::Tx, after: Uuid, limit: i64) -> Records<'_> {
    let after = after.as_u128();
    let last = 1_203.min(after + limit as u128);
    Box::pin(async move { Ok((after..last).map(|n| record(n, "旧")).collect()) })
}

#[test]
fn what_is_sealed_opens_as_it_was() {
    use super::{Content, FeedEvent};
    let snapshot = InstitutionSnapshot { id: "7".into(), name: "甲".into(), ..Default::default() };
    let event = InstitutionEvent::seal(3, 5, Content::Record(snapshot.clone()));
    let event = InstitutionEvent::decode(event.encode_to_vec().as_slice()).unwrap();
    assert_eq!(event.open(), (3, 5, Some(Content::Record(snapshot))));
    assert_eq!(InstitutionEvent::default().open(), (0, 0, None));
}
