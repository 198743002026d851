//! The feeds say what the registers say, whoever changed them: sheets, forms, designations.

use std::collections::BTreeMap;

use kit::Clock;
use prost::Message;
use proto::childcare as wire;
use proto::childcare::{DesignationSnapshot, InstitutionSnapshot};
use proto::contract::ImportMode::Commit;
use registry::imports::stream::Step;
use registry::{Author, Feed};
use uuid::Uuid;

use crate::filing::{self, Designation, DesignationKind, DesignationLevel, State};
use crate::institutions::{self, InstitutionKind, Ownership};
use crate::testing::{Fixture, batch, bureau, institution, start};

const OF_FEED: &str = "SELECT record_id, payload FROM feed_event WHERE feed = $1 AND NOT removed";

type Records = BTreeMap<Uuid, Vec<u8>>;

/// What the feed tells, after checking that it is what the register holds.
async fn told(fixture: &Fixture, feed: Feed) -> Records {
    let db = &fixture.bureau.db;
    let told: Vec<(Uuid, Vec<u8>)> = db.read(OF_FEED).bind(feed.name).all().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let held = (feed.records)(&mut tx, Uuid::nil(), fixture.bureau.clock.today(), 500).await.unwrap();
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

    // And another one ahead: it is told with its day, and nothing else of today.
    let rows = vec![institution(1, "甲又一名")];
    fixture.institutions(vec![Step::Start(start(3, Commit, "2025-12-01", false)), batch(1, rows)]).await;
    let ahead = told(&fixture, institutions::feed::FEED).await;
    let told_now = InstitutionSnapshot::decode(ahead.values().next().unwrap().as_slice()).unwrap();
    assert_eq!(told_now.name, "甲新名");
    let later: Vec<_> = told_now.later.iter().map(|one| (one.facts_since.as_str(), one.name.as_str())).collect();
    assert_eq!(later, [("2025-12-01", "甲又一名")]);
    let one = told(&fixture, filing::feed::FEED).await;
    let told_now = DesignationSnapshot::decode(one[&designation.id].as_slice()).unwrap();
    assert_eq!(told_now.institution_name, "甲新名");
    let later: Vec<_> = told_now.later.iter().map(|one| (&*one.facts_since, &*one.institution_name)).collect();
    assert_eq!(later, [("2025-12-01", "甲又一名")]);
}

#[tokio::test]
async fn a_snapshot_says_every_state_kind_and_ownership_as_the_contract_has_it() {
    use wire::{FilingState as F, InstitutionKind as K, Ownership as O};
    let fixture = bureau("2025-11-05").await;
    let cases = [
        (State::Registered, F::Registered, InstitutionKind::Standalone, K::Standalone),
        (State::Submitted, F::Submitted, InstitutionKind::KindergartenClass, K::KindergartenClass),
        (State::Filed, F::Filed, InstitutionKind::Community, K::Community),
        (State::NotConforming, F::NotConforming, InstitutionKind::Employer, K::Employer),
        (State::Resubmitted, F::Resubmitted, InstitutionKind::FamilyPoint, K::FamilyPoint),
        (State::ChangePending, F::ChangePending, InstitutionKind::Other, K::Other),
        (State::Deregistered, F::Deregistered, InstitutionKind::Standalone, K::Standalone),
    ];
    let owners = [
        (Ownership::Public, O::Public),
        (Ownership::PublicBuiltPrivateRun, O::PublicBuiltPrivateRun),
        (Ownership::Private, O::Private),
    ];
    let mut changes = Vec::new();
    let mut expected = Vec::new();
    for (n, (state, filing_state, kind, told_kind)) in cases.into_iter().enumerate() {
        let (ownership, told_ownership) = owners[n % owners.len()];
        let mut entry = institutions::tests::entry(&format!("第{n}园"));
        (entry.facts.kind, entry.facts.ownership, entry.facts.operating) = (kind, ownership, n % 2 == 0);
        entry.uscc = (n > 0).then(|| crate::testing::uscc(n));
        let id = Uuid::from_u128(n as u128 + 1);
        let mut change = institutions::register(id, entry, fixture.bureau.clock.today());
        (change.institution.filing.state, change.institution.filing.number) = (state, format!("5304-{n}"));
        expected.push(InstitutionSnapshot {
            id: id.to_string(),
            name: format!("第{n}园"),
            uscc: if n > 0 { crate::testing::uscc(n) } else { String::new() },
            kind: told_kind as i32,
            ownership: told_ownership as i32,
            region: "530402001".to_owned(),
            county: "530402".to_owned(),
            opened_on: "2025-03-01".to_owned(),
            operating: n % 2 == 0,
            filing_state: filing_state as i32,
            filing_number: format!("5304-{n}"),
            facts_since: "2025-03-01".to_owned(),
            later: Vec::new(),
        });
        changes.push(change);
    }
    let author = Author { by: "李红".into(), clock: fixture.bureau.clock.clone() };
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    institutions::store::save(&mut tx, &changes, &author).await.unwrap();
    tx.commit().await.unwrap();
    let told = told(&fixture, institutions::feed::FEED).await;
    let told: Vec<_> = told.values().map(|bytes| InstitutionSnapshot::decode(bytes.as_slice()).unwrap()).collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_designation_says_its_kind_and_level_as_the_contract_has_them() {
    use wire::{DesignationKind as K, DesignationLevel as L};
    let fixture = bureau("2025-11-05").await;
    fixture
        .institutions(vec![Step::Start(start(1, Commit, "2025-11-05", false)), batch(1, vec![institution(1, "甲")])])
        .await;
    let holder = *told(&fixture, institutions::feed::FEED).await.keys().next().unwrap();
    let cases = [
        (DesignationKind::Inclusive, K::Inclusive, DesignationLevel::Unstated, L::Unspecified),
        (DesignationKind::Demonstration, K::Demonstration, DesignationLevel::National, L::National),
        (DesignationKind::Demonstration, K::Demonstration, DesignationLevel::Province, L::Province),
        (DesignationKind::Demonstration, K::Demonstration, DesignationLevel::City, L::City),
        (DesignationKind::Demonstration, K::Demonstration, DesignationLevel::County, L::County),
    ];
    let mut tx = fixture.bureau.db.begin().await.unwrap();
    let mut expected = Vec::new();
    for (n, (kind, told_kind, level, told_level)) in cases.into_iter().enumerate() {
        let designation = Designation {
            id: Uuid::from_u128(n as u128 + 1),
            institution_id: holder,
            kind,
            level,
            valid_from: "2025-09-15".parse().unwrap(),
            valid_to: Some("2028-09-14".parse().unwrap()),
            revoked_on: None,
            places: 15,
            fee_ceiling_fen: 200_000,
            document_number: "玉卫〔2025〕1号".to_owned(),
        };
        filing::store::insert(&mut tx, &designation, &fixture.bureau.clock).await.unwrap();
        expected.push(DesignationSnapshot {
            id: designation.id.to_string(),
            institution_id: holder.to_string(),
            institution_name: "甲".to_owned(),
            region: "530402001".to_owned(),
            kind: told_kind as i32,
            level: told_level as i32,
            valid_from: "2025-09-15".to_owned(),
            valid_to: "2028-09-14".to_owned(),
            revoked_on: String::new(),
            places: 15,
            fee_ceiling_fen: 200_000,
            document_number: "玉卫〔2025〕1号".to_owned(),
            facts_since: "2025-03-01".to_owned(),
            later: Vec::new(),
        });
    }
    tx.commit().await.unwrap();
    let told = told(&fixture, filing::feed::FEED).await;
    let told: Vec<_> = told.values().map(|bytes| DesignationSnapshot::decode(bytes.as_slice()).unwrap()).collect();
    assert_eq!(told, expected);
}
