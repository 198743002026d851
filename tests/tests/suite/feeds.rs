//! A register that four writers change at once is copied as it is, on both engines.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::{Clock, Db, retry};
use proto::childcare::InstitutionSnapshot;
use proto::childcare::institution_event::Item;
use proto::childcare::institution_feed_service_client::InstitutionFeedServiceClient;
use proto::common::Page;
use proto::contract::feed_status_service_client::FeedStatusServiceClient;
use proto::contract::{FeedState, FollowFeedRequest, ListFeedsRequest};
use proto::finance::ListInclusivePlacesRequest;
use proto::finance::inclusive_place_service_client::InclusivePlaceServiceClient;
use proto::supervision::ListSupervisedInstitutionsRequest;
use proto::supervision::supervised_institution_service_client::SupervisedInstitutionServiceClient;
use registry::feed::{Entry, append};
use suite_tests::people::{assertion, request, user};
use suite_tests::suite::{Engine, Running};
use tonic::Request;
use uuid::Uuid;

const FEED: &str = "childcare.institution";
const CITY: &str = "530400";
const WRITERS: u128 = 4;
const RECORDS: u128 = 8;
const ROUNDS: u128 = 12;

fn by<T>(running: &Running, id: &str, message: T) -> Request<T> {
    request(message, &assertion(running.data(), &user(running.data(), id), CITY, running.clock.micros()))
}

/// The name that a writer gives to a record in a round; in every third it goes.
fn name(writer: u128, record: u128, round: u128) -> Option<String> {
    (!(record + round).is_multiple_of(3)).then(|| format!("第{writer}写{record}园{round}"))
}

fn id(writer: u128, record: u128) -> Uuid {
    Uuid::from_u128(1 + writer * RECORDS + record)
}

/// Changes its own records round by round, a few in each transaction.
async fn write(db: Db, clock: Clock, writer: u128) {
    for round in 0..ROUNDS {
        retry(|| async {
            let entries = (0..RECORDS).map(|record| match name(writer, record, round) {
                None => Entry::removed(id(writer, record)),
                Some(name) => {
                    let id = id(writer, record);
                    let region = "530402001".to_owned();
                    Entry::of(id, &InstitutionSnapshot { id: id.to_string(), name, region, ..Default::default() })
                }
            });
            let mut tx = db.begin().await?;
            append(&mut tx, FEED, entries.collect(), &clock).await?;
            tx.commit().await
        })
        .await
        .expect("written");
    }
}

/// Reads a feed until it holds this many changes, and returns what it says in the end.
async fn followed(running: &Running, changes: u64) -> BTreeMap<Uuid, String> {
    let mut client = InstitutionFeedServiceClient::new(running.channel_as("supervision", "childcare"));
    let mut ask = Request::new(FollowFeedRequest::default());
    trust::state_purpose(&mut ask, "institution-register");
    let mut stream = client.follow_institutions(ask).await.expect("a feed").into_inner();
    let (mut held, mut last) = (BTreeMap::new(), 0);
    loop {
        let event = stream.message().await.expect("an event").expect("more");
        let sequence = event.sequence;
        match event.item.expect("content") {
            Item::Head(head) if last == changes => {
                assert_eq!(head.sequence, changes);
                return held;
            }
            Item::Head(head) => {
                assert!(head.sequence >= last, "a head behind its events");
                continue;
            }
            Item::Record(record) => drop(held.insert(record.id.parse().expect("an id"), record.name)),
            Item::RemovedId(id) => drop(held.remove(&id.parse().expect("an id"))),
        }
        assert!(sequence > last, "{sequence} after {last}");
        last = sequence;
    }
}

async fn a_register_with_four_writers_is_copied(engine: Engine) {
    let running = Running::start(engine, None).await;
    let db = running.database("childcare").await;
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(db.clone(), running.clock.clone(), writer))).collect();
    let changes = u64::try_from(WRITERS * RECORDS * ROUNDS).expect("few");
    let followed = tokio::time::timeout(Duration::from_secs(120), followed(&running, changes));
    let followed = followed.await.expect("the feed reaches its head");
    for writer in writers {
        writer.await.expect("no panic");
    }
    let register: BTreeMap<Uuid, String> = (0..WRITERS)
        .flat_map(|writer| (0..RECORDS).map(move |record| (writer, record)))
        .filter_map(|(writer, record)| Some((id(writer, record), name(writer, record, ROUNDS - 1)?)))
        .collect();
    assert_eq!(followed, register);

    running
        .eventually("the copy is the register", async || {
            let mut client = FeedStatusServiceClient::new(running.channel_as("operator", "supervision"));
            let asked = by(&running, "auditor", ListFeedsRequest {});
            let feeds = client.list_feeds(asked).await.expect("feeds").into_inner().feeds;
            feeds.iter().any(|one| {
                let whole = one.records == register.len() as u64 && one.sequence == changes;
                one.feed == FEED && whole && one.state() == FeedState::Current
            })
        })
        .await;
    let mut client = SupervisedInstitutionServiceClient::new(running.channel_as("operator", "supervision"));
    let page = Some(Page { size: 100, cursor: String::new() });
    let asked = by(&running, "taskforce", ListSupervisedInstitutionsRequest { page, ..Default::default() });
    let found = client.list_supervised_institutions(asked).await.expect("institutions").into_inner();
    let seen = found.institutions.into_iter().map(|one| (one.id.parse().expect("an id"), one.name));
    assert_eq!(seen.collect::<BTreeMap<Uuid, String>>(), register);
    assert_eq!(found.sources.iter().map(|one| one.bureau.as_str()).collect::<Vec<_>>(), ["childcare", "elderly-care"]);
    assert_eq!(found.sources[0].words, "同步");

    let mut client = InclusivePlaceServiceClient::new(running.channel_as("operator", "finance"));
    let asked = by(&running, "taskforce", ListInclusivePlacesRequest::default());
    let found = client.list_inclusive_places(asked).await.expect("places").into_inner();
    assert_eq!((found.places.len(), found.sources.len()), (0, 1));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_writers_and_one_copy_on_sqlite() {
    a_register_with_four_writers_is_copied(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_writers_and_one_copy_on_postgresql() {
    a_register_with_four_writers_is_copied(Engine::Postgres).await;
}
