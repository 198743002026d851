//! The feeds say what the registers say, whoever changed them: sheets, forms, designations.

use std::collections::BTreeMap;

use kit::Clock;
use prost::Message;
use proto::childcare::{DesignationSnapshot, InstitutionSnapshot};
use proto::contract::ImportMode::Commit;
use registry::Feed;
use registry::imports::stream::Step;
use uuid::Uuid;

use crate::filing::{self, Designation, DesignationKind, DesignationLevel};
use crate::institutions;
use crate::testing::{Fixture, batch, bureau, institution, start};

const OF_FEED: &str = "SELECT record_id, payload FROM feed_event WHERE feed = $1 AND NOT removed";

type Records = BTreeMap<Uuid, Vec<u8>>;

/// What the feed tells, after checking that it is what the register holds.
async fn told(fixture: &Fixture, feed: Feed) -> Records {
    let db = &fixture.bureau.db;
    let told: Vec<(Uuid, Vec<u8>)> = db.read(OF_FEED).bind(feed.name).all().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let held = (feed.records)(&mut tx, Uuid::nil(), 500).await.unwrap();
    let held: Records = held.into_iter().map(|entry| (entry.id, entry.payload.unwrap())).collect();
    let told: Records = told.into_iter().collect();
    assert_eq!(told, held, "{}", feed.name);
    told
}

#[tokio::test]
async fn a_feed_is_its_register() {
    let fixture = bureau("2025-11-05").await;
    let rows = vec![institution(1, "甲"), institution(2, "乙")];
    fixture.institutions(vec![Step::Start(start(1, Commit, "2025-11-05", false)), batch(1, rows)]).await;
    let institutions = told(&fixture, institutions::feed::FEED).await;
    assert_eq!(institutions.len(), 2);

    let clock: &Clock = &fixture.bureau.clock;
    let mut designation = Designation {
        id: clock.id(),
        institution_id: *institutions.keys().next().unwrap(),
        kind: DesignationKind::Inclusive,
        level: DesignationLevel::Unstated,
        valid_from: "2025-09-15".parse().unwrap(),
        valid_to: None,
        revoked_on: None,
        places: 15,
        fee_ceiling_fen: 200_000,
        document_number: "玉卫〔2025〕1号".to_owned(),
    };
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    filing::store::insert(&mut tx, &designation, clock).await.unwrap();
    tx.commit().await.unwrap();
    let one = told(&fixture, filing::feed::FEED).await;
    let snapshot = DesignationSnapshot::decode(one[&designation.id].as_slice()).unwrap();
    assert_eq!((snapshot.institution_name.as_str(), snapshot.places, snapshot.revoked_on.as_str()), ("甲", 15, ""));

    designation.revoke("2025-11-01".parse().unwrap()).unwrap();
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    filing::store::revoke(&mut tx, &designation, clock).await.unwrap();
    tx.commit().await.unwrap();
    let one = told(&fixture, filing::feed::FEED).await;
    assert_eq!(DesignationSnapshot::decode(one[&designation.id].as_slice()).unwrap().revoked_on, "2025-11-01");

    // The institution takes another name: its designations tell so too.
    let rows = vec![institution(1, "甲新名")];
    fixture.institutions(vec![Step::Start(start(2, Commit, "2025-11-05", false)), batch(1, rows)]).await;
    let renamed = told(&fixture, institutions::feed::FEED).await;
    let names: Vec<String> =
        renamed.values().map(|bytes| InstitutionSnapshot::decode(bytes.as_slice()).unwrap().name).collect();
    assert_eq!(names, ["甲新名", "乙"]);
    let one = told(&fixture, filing::feed::FEED).await;
    assert_eq!(DesignationSnapshot::decode(one[&designation.id].as_slice()).unwrap().institution_name, "甲新名");
}
