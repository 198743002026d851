//! A register, its feed and copies of it, in one process on SQLite.

mod following;
mod narrowed;
mod property;
mod replicas;
mod restored;

use std::collections::BTreeMap;
use std::path::Path;

use city::bundle::City;
use futures::StreamExt;
use jiff::civil::Date;
use kit::{Clock, Db, Shutdown};
use prost::Message;
use proto::childcare::{InstitutionEvent, InstitutionSnapshot};
use proto::contract::{CopyFreshness, FollowFeedRequest};
use trust::Scope;
use uuid::Uuid;

use super::copy::{Filter, Follower, Found, Position, Source, State, page};
use super::follow::{FollowStream, follow};
use super::{Entry, Feed, Records, append, store};
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

/// True when a copy is the register, as far as its source has told.
pub(super) fn is_complete(position: &Position) -> bool {
    position.behind() == 0 && position.as_of > 0 && position.state == State::Following
}

/// Follows from where the copy stands until it is the register.
pub(super) async fn catch_up(bureau: &Bureau, follower: &Follower) {
    let reached = async {
        let (request, mut moves) = follower.request().await.unwrap();
        let mut stream = ask(bureau, request).await;
        loop {
            moves = follower.apply(moves, some(&mut stream, 1).await).await.unwrap();
            if is_complete(&follower.position().await.unwrap()) {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), reached).await.expect("the copy becomes the register");
}

/// Where the feed stands.
pub(super) async fn head(bureau: &Bureau) -> store::Head {
    let head = store::head(&bureau.db, NAME, 0).await.unwrap();
    store::head(&bureau.db, NAME, head.last_sequence).await.unwrap()
}

pub(super) static SOURCE: Source =
    Source { bureau: "childcare", feed: NAME, purpose: "", follow: |_, _| Box::pin(std::future::ready(())) };

/// The first page of a copy, as readers are answered.
pub(super) async fn read(db: &Db, clock: &Clock, filter: Filter, cursor: String) -> Found {
    let asked = Page::asked(Some(proto::common::Page { size: 7, cursor })).unwrap();
    let reader = Bureau::new(City::embedded(), db.clone(), clock.clone());
    page(&reader, &Scope::of_the_service(), Filter { sources: vec![SOURCE], ..filter }, asked).await.unwrap()
}

/// What readers of the copy see: id → name.
pub(super) async fn seen(db: &Db) -> BTreeMap<Uuid, String> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let found = read(db, &Clock::system(), Filter::default(), cursor).await;
        let named = |copied: &super::copy::Copied| (copied.id, copied.record::<InstitutionSnapshot>().unwrap().name);
        all.extend(found.records.iter().map(named));
        if found.next_cursor.is_empty() {
            return all;
        }
        cursor = found.next_cursor;
    }
}

/// What readers are told of the copy's freshness.
pub(super) async fn freshness(db: &Db) -> CopyFreshness {
    read(db, &Clock::system(), Filter::default(), String::new()).await.sources.remove(0)
}

/// A register of 103 records that were there before the feed.
pub(super) const OLD: Feed = Feed { name: NAME, version: 1, records: old };

fn old(_: &mut kit::Tx, after: Uuid, _: Date, limit: i64) -> Records<'_> {
    let after = after.as_u128();
    let last = 103.min(after + limit as u128);
    Box::pin(async move { Ok((after..last).map(|n| record(n, "旧")).collect()) })
}

#[test]
fn what_is_sealed_opens_as_it_was() {
    use super::{Content, FeedEvent, Stamp};
    let snapshot = InstitutionSnapshot { id: "7".into(), name: "甲".into(), ..Default::default() };
    let stamp = Stamp { sequence: 3, batch: Uuid::from_u128(9), at_micros: 5 };
    let event = InstitutionEvent::seal(stamp, Content::Record(snapshot.clone()));
    let event = InstitutionEvent::decode(event.encode_to_vec().as_slice()).unwrap();
    assert_eq!(event.open(), (stamp, Some(Content::Record(snapshot))));
    assert_eq!(InstitutionEvent::default().open(), (Stamp::default(), None));
}
