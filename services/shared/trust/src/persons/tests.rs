//! People on a real database: found by any form of their number, sealed, exchanged between keys, and seen by whom.

mod correction;
mod keys;
mod rotation;

use std::path::PathBuf;

use city::bundle::City;
use contract::document::{Document, DocumentKind};
use kit::{Clock, Db};
use proto::contract::DocumentKind as WireKind;
use proto::trust as wire;
use proto::trust::person_service_server::PersonService;
use uuid::Uuid;

use super::service::PersonDoor;
use super::{Holding, Identity, PersonKeys, Persons, store};
use crate::caller::{Caller, Scope, User};
use crate::grants::{self, Grant};
use crate::identity;

const HOLDING: Holding = Holding {
    regions: "\
SELECT region FROM record WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)",
    live_until: "\
SELECT MAX(until) FROM record WHERE person_id IN (SELECT id FROM person WHERE id = $1 OR merged_into = $1)",
    retention_years: 2,
    follow: correction::follow,
    questions: &[],
};

struct Fixture {
    door: PersonDoor,
    file: PathBuf,
    folder: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("people.db").to_str().unwrap()).await.unwrap();
    grants::migrate(&db).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.query("CREATE TABLE record (person_id BLOB, name TEXT, region TEXT, until TEXT)").execute().await.unwrap();
    tx.commit().await.unwrap();
    let clock = Clock::set_to("2026-11-28T02:00:00Z".parse().unwrap());
    let file = folder.path().join("persons.keys");
    let keys = PersonKeys::load_or_create(&file, &clock).unwrap();
    Fixture { door: PersonDoor { persons: Persons { db, keys, clock }, holding: HOLDING }, file, folder }
}

/// The n-th person who does not exist: no number begins with 530499.
fn document(n: u32) -> Document {
    let body = format!("530499{}{:02}{:02}{:03}", 1950 + n / 300 % 60, 1 + n / 25 % 12, 1 + n % 25, n % 997);
    let today = jiff::civil::date(2026, 11, 28);
    let candidates = "0123456789X".chars().map(|check| format!("{body}{check}"));
    candidates.into_iter().find_map(|text| Document::parse(DocumentKind::ResidentId, &text, today).ok()).unwrap()
}

fn identity(name: &str, n: u32) -> Identity {
    Identity { name: name.into(), documents: vec![document(n)], phone: format!("138{:08}", 11_110_000 + n) }
}

impl Fixture {
    async fn save(&self, keys: &PersonKeys, people: &[(Uuid, Identity)]) {
        let mut tx = self.door.persons.db.begin().await.unwrap();
        let people: Vec<(Uuid, &Identity)> = people.iter().map(|(id, identity)| (*id, identity)).collect();
        store::save(&mut tx, keys, &people).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn person(&self, name: &str, n: u32, region: &str, until: &str) -> Uuid {
        let id = self.door.persons.clock.id();
        self.save(&self.door.persons.keys, &[(id, identity(name, n))]).await;
        let mut tx = self.door.persons.db.begin().await.unwrap();
        let insert = tx.query("INSERT INTO record (person_id, region, until) VALUES ($1, $2, $3)").bind(id);
        insert.bind(region.to_owned()).bind(until.to_owned()).execute().await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn found(&self, n: u32) -> Option<Uuid> {
        let document = document(n);
        let mut tx = self.door.persons.db.begin().await.unwrap();
        let found = store::find(&mut tx, &self.door.persons.keys, &[&document]).await.unwrap();
        found.into_values().next().map(|person| person.id)
    }
}

pub(crate) fn caller(user: &str, region: &str) -> Caller {
    let city = City::embedded();
    let grants = vec![Grant { role: "COUNTY_REPORTER".into(), region: region.into() }];
    Caller {
        identity: identity::Identity {
            city: city.code.clone(),
            kind: identity::IdentityKind::Bureau("gateway".into()),
        },
        user: Some(User { id: user.into(), name: "赵一".into(), unit: "红塔区".into() }),
        scope: Scope::of_grants(city.clone(), &grants),
        grants,
        right: None,
        city,
    }
}

pub(crate) fn asked<T>(message: T, caller: &Caller) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.extensions_mut().insert(caller.clone());
    request
}

fn reason(status: &tonic::Status) -> String {
    kit::Problem::reason_of(status)
}

#[tokio::test]
async fn one_person_whatever_the_form_of_the_number_and_nothing_readable_on_disk() {
    let it = fixture().await;
    let id = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let number = document(7).number().to_owned();
    // The 15 digits of an old card are the same person.
    let old = format!("{}{}", &number[..6], &number[8..17]);
    let old = Document::parse(DocumentKind::ResidentId, &old, jiff::civil::date(2026, 11, 28)).unwrap();
    let mut tx = it.door.persons.db.begin().await.unwrap();
    let found = store::find(&mut tx, &it.door.persons.keys, &[&old]).await.unwrap();
    assert_eq!(found[&old.key()].id, id);
    assert_eq!(found[&old.key()].masked_name(), "李*明");
    drop(tx);
    it.door.persons.db.close().await;
    let phone = identity("", 7).phone;
    for entry in std::fs::read_dir(it.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in ["李虚明", &number, &phone] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is readable");
        }
    }
}

#[tokio::test]
async fn plain_text_needs_a_purpose_and_a_region_and_is_written_down() {
    let it = fixture().await;
    let id = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let (clerk, stranger) = (caller("clerk", "530402"), caller("stranger", "530403"));
    let ask = |purpose: wire::Purpose| wire::RevealPersonRequest {
        id: id.to_string(),
        purpose: purpose as i32,
        reason: "核验育婴员证".into(),
        documents: true,
        ..Default::default()
    };
    let refused = it.door.reveal_person(asked(ask(wire::Purpose::Unspecified), &clerk)).await.unwrap_err();
    assert_eq!(reason(&refused), "PURPOSE_MISSING");
    let refused = it.door.reveal_person(asked(ask(wire::Purpose::CertificateCheck), &stranger)).await.unwrap_err();
    assert_eq!(reason(&refused), "REGION_OUT_OF_SCOPE");
    let shown = it.door.reveal_person(asked(ask(wire::Purpose::CertificateCheck), &clerk)).await.unwrap().into_inner();
    assert_eq!((shown.documents[0].number.as_str(), shown.name.as_str()), (document(7).number(), ""));

    let find = wire::FindPersonRequest { kind: WireKind::ResidentId as i32, number: document(7).number().into() };
    let refused = it.door.find_person(asked(find.clone(), &stranger)).await.unwrap_err();
    assert_eq!(reason(&refused), "PERSON_UNKNOWN", "a search tells nothing of other counties");
    let person = it.door.find_person(asked(find.clone(), &clerk)).await.unwrap().into_inner();
    assert_eq!((person.name.as_str(), person.id), ("李*明", id.to_string()));

    let list = wire::ListAccessesRequest { kind: find.kind, number: find.number, ..Default::default() };
    let seen = it.door.list_accesses(asked(list, &clerk)).await.unwrap().into_inner().accesses;
    let acts: Vec<_> = seen.iter().map(|access| (access.user.as_str(), access.act.as_str())).collect();
    let stranger = ("stranger", "按证件查询，无此人");
    // The last search is the one that asks for the list.
    assert_eq!(acts, [("clerk", "按证件查询"), ("clerk", "按证件查询"), stranger, ("clerk", "查看明文")]);
    assert_eq!((seen[3].fields.as_str(), seen[3].reason.as_str()), ("证件号码", "核验育婴员证"));
    assert_eq!(shown.access_id, seen[3].id);
}

#[tokio::test]
async fn whoever_tries_numbers_out_is_stopped() {
    let it = fixture().await;
    let clerk = caller("clerk", "530402");
    let mut reasons = Vec::new();
    it.person("王虚", 99, "530403001", "9999-12-31").await;
    for n in 0..60 {
        let number = if n < 55 { document(n) } else { document(99) }.number().to_owned();
        let kind = WireKind::ResidentId as i32;
        // Whoever saw a person is asked for by number too, and somebody of another county is nobody there as well.
        let refused = if n % 2 == 0 {
            it.door.find_person(asked(wire::FindPersonRequest { kind, number }, &clerk)).await.unwrap_err()
        } else {
            let list = wire::ListAccessesRequest { kind, number, ..Default::default() };
            it.door.list_accesses(asked(list, &clerk)).await.unwrap_err()
        };
        reasons.push(reason(&refused));
    }
    assert!(reasons[..50].iter().all(|reason| reason == "PERSON_UNKNOWN"));
    assert!(reasons[50..].iter().all(|reason| reason == "LOOKUP_CAP_REACHED"));
}

fn merge(keep: Uuid, other: Uuid) -> wire::MergePersonsRequest {
    let reason = "护照与身份证为同一人".into();
    wire::MergePersonsRequest { keep_id: keep.to_string(), other_id: other.to_string(), reason }
}

#[tokio::test]
async fn two_documents_of_one_person_and_the_end_of_a_record() {
    let it = fixture().await;
    let kept = it.person("李虚明", 7, "530402001", "2024-11-27").await;
    let other = it.person("李虚明", 8, "530402001", "2024-11-29").await;
    let city = caller("city", "530400");
    assert_eq!(reason(&it.door.merge_persons(asked(merge(kept, kept), &city)).await.unwrap_err()), "PERSON_SAME");
    let merged = it.door.merge_persons(asked(merge(kept, other), &city)).await.unwrap().into_inner();
    assert_eq!(merged.documents.len(), 2);
    assert_eq!((it.found(7).await, it.found(8).await), (Some(kept), Some(kept)));
    assert_eq!(reason(&it.door.merge_persons(asked(merge(other, kept), &city)).await.unwrap_err()), "PERSON_SAME");

    let erase = |id: Uuid| wire::ErasePersonRequest {
        id: id.to_string(),
        reason: "本人申请".into(),
        document_number: String::new(),
    };
    // One person's records are held as long as the last of them, whichever record it was entered under.
    let refused = it.door.erase_person(asked(erase(kept), &city)).await.unwrap_err();
    assert_eq!(reason(&refused), "RETENTION_HOLDS");
    assert!(refused.message().contains("2026-11-29"), "{}", refused.message());
    let refused = it.door.erase_person(asked(erase(other), &city)).await.unwrap_err();
    assert_eq!(reason(&refused), "PERSON_MERGED");
    assert!(refused.message().contains(&kept.to_string()) && !refused.message().contains("李虚明"));
    let mut tx = it.door.persons.db.begin().await.unwrap();
    tx.query("UPDATE record SET until = '2024-11-28'").execute().await.unwrap();
    tx.commit().await.unwrap();
    let gone = it.door.erase_person(asked(erase(kept), &city)).await.unwrap().into_inner();
    assert!(gone.erased && gone.name.is_empty());
    assert_eq!((it.found(7).await, it.found(8).await), (None, None));
    let sql = "SELECT CAST(COUNT(*) AS BIGINT), CAST(SUM(LENGTH(sealed)) AS BIGINT) FROM person";
    assert_eq!(it.door.persons.db.read(sql).one::<(i64, i64)>().await.unwrap(), (2, 0), "nobody's identity is left");
    assert_eq!(reason(&it.door.erase_person(asked(erase(kept), &city)).await.unwrap_err()), "PERSON_ERASED");
    let live = it.person("王虚", 9, "530402001", "9999-12-31").await;
    assert_eq!(reason(&it.door.erase_person(asked(erase(live), &city)).await.unwrap_err()), "RETENTION_HOLDS");
    // Whoever is erased waits for no key.
    let keys = it.door.get_person_keys(asked(wire::GetPersonKeysRequest {}, &city)).await.unwrap().into_inner();
    assert_eq!((keys.persons, keys.keys[0].persons, keys.keys[0].documents), (1, 1, 1));
}

#[tokio::test]
async fn people_of_two_counties_who_turn_out_to_be_one_are_one_in_both() {
    let it = fixture().await;
    let (city, jiangchuan) = (caller("city", "530400"), caller("clerk", "530403"));
    let kept = it.person("李虚明", 7, "530402001", "9999-12-31").await;
    let other = it.person("李虚明", 8, "530403001", "9999-12-31").await;
    let reveal = async |id: Uuid| {
        let request = wire::RevealPersonRequest {
            id: id.to_string(),
            purpose: wire::Purpose::IdentityCheck as i32,
            reason: "核对".into(),
            documents: true,
            ..Default::default()
        };
        it.door.reveal_person(asked(request, &jiangchuan)).await.map(|shown| shown.into_inner().documents.len())
    };
    let seen = async |id: Uuid| -> Vec<String> {
        let request = wire::ListAccessesRequest { id: id.to_string(), ..Default::default() };
        let seen = it.door.list_accesses(asked(request, &jiangchuan)).await.unwrap().into_inner();
        seen.accesses.into_iter().map(|access| access.act).collect()
    };
    assert_eq!(reveal(other).await.unwrap(), 1);
    assert_eq!(reason(&reveal(kept).await.unwrap_err()), "REGION_OUT_OF_SCOPE");
    it.door.merge_persons(asked(merge(kept, other), &city)).await.unwrap();
    for n in [7, 8] {
        let find = wire::FindPersonRequest { kind: WireKind::ResidentId as i32, number: document(n).number().into() };
        let found = it.door.find_person(asked(find, &jiangchuan)).await.unwrap().into_inner();
        assert_eq!((found.id, found.documents.len()), (kept.to_string(), 2));
    }
    assert_eq!((reveal(kept).await.unwrap(), reveal(other).await.unwrap()), (2, 2));
    let acts = ["查看明文", "查看明文", "按证件查询", "按证件查询", "合并", "合并", "查看明文"];
    assert_eq!(seen(kept).await, acts);
    assert_eq!(seen(other).await, acts);

    // Whoever was merged into somebody goes along when that one turns out to be a third.
    let third = it.person("李虚明", 9, "530402001", "9999-12-31").await;
    it.door.merge_persons(asked(merge(third, kept), &city)).await.unwrap();
    assert_eq!([it.found(7).await, it.found(8).await, it.found(9).await], [Some(third); 3]);
    assert_eq!((reveal(third).await.unwrap(), reveal(kept).await.unwrap(), reveal(other).await.unwrap()), (3, 3, 3));
    assert_eq!((seen(third).await.len(), seen(other).await.len()), (12, 12));
    assert_eq!(reason(&it.door.merge_persons(asked(merge(third, other), &city)).await.unwrap_err()), "PERSON_SAME");
}

#[tokio::test]
async fn whoever_has_no_record_is_shown_to_the_whole_city_alone() {
    let it = fixture().await;
    let id = Uuid::from_u128(9);
    it.save(&it.door.persons.keys, &[(id, identity("李虚明", 7))]).await;
    let ask = wire::RevealPersonRequest {
        id: id.to_string(),
        purpose: wire::Purpose::IdentityCheck as i32,
        reason: "核对身份".into(),
        name: true,
        ..Default::default()
    };
    let refused = it.door.reveal_person(asked(ask.clone(), &caller("clerk", "530402"))).await.unwrap_err();
    assert_eq!(reason(&refused), "REGION_OUT_OF_SCOPE");
    let shown = it.door.reveal_person(asked(ask, &caller("city", "530400"))).await.unwrap().into_inner();
    assert_eq!(shown.name, "李虚明");
}
