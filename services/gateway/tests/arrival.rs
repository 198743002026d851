//! What arrives at the gateway: only the next envelope, whole, from whom it claims, about what is theirs.

use city::bundle::City;
use gateway::arrival::{Customs, PAYLOAD_TYPE, next_in_chain, payload_hash};
use gateway::store::Position;
use prost::Message;
use proto::reporting::publication::Body;
use proto::reporting::{Document, Envelope, Figures, Observation, Publication, PublicationKind, RegionFigures};
use trust::{KeyRing, SigningKey};

struct World {
    customs: Customs,
    childcare: SigningKey,
    supervision: SigningKey,
    _folder: tempfile::TempDir,
}

fn world(accept_synthetic: bool) -> World {
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str| {
        let key = SigningKey::load_or_create(&folder.path().join(format!("{name}.key"))).unwrap();
        key.public().save(folder.path(), name).unwrap();
        key
    };
    let (childcare, supervision) = (key("childcare"), key("supervision"));
    let keys = KeyRing::load(folder.path()).unwrap();
    let customs = Customs { city: City::embedded(), keys, accept_synthetic };
    World { customs, childcare, supervision, _folder: folder }
}

fn publication(bureau: &str, element: &str) -> Publication {
    let observation = Observation {
        element: element.into(),
        region: "530402".into(),
        period: "2026-10".into(),
        value: Some(1),
        ..Observation::default()
    };
    let region = RegionFigures { region: "530402".into(), observations: vec![observation], ..RegionFigures::default() };
    Publication {
        city: "530400".into(),
        bureau: bureau.into(),
        stream_id: "s".into(),
        sequence: 1,
        kind: PublicationKind::Flash as i32,
        body: Some(Body::Figures(Figures { regions: vec![region] })),
        ..Publication::default()
    }
}

fn signed(key: &SigningKey, publication: &Publication) -> Envelope {
    key.sign(PAYLOAD_TYPE, publication.encode_to_vec())
}

#[test]
fn only_its_own_elements_by_its_own_key_and_every_bit_of_them() {
    let world = world(false);
    let places = publication("childcare", "childcare.places");
    let envelope = signed(&world.childcare, &places);
    assert_eq!(world.customs.open("childcare", &envelope).unwrap(), places);
    for at in 0..envelope.payload.len() {
        let mut payload = envelope.payload.to_vec();
        payload[at] ^= 1;
        let flipped = Envelope { payload: payload.into(), ..envelope.clone() };
        assert_eq!(world.customs.open("childcare", &flipped).unwrap_err().reason, "SIGNATURE_INVALID", "byte {at}");
    }
    let refused = |key: &SigningKey, bureau: &str, publication: &Publication| {
        world.customs.open(bureau, &signed(key, publication)).unwrap_err().reason
    };
    assert_eq!(refused(&world.supervision, "childcare", &places), "KEY_OF_OTHER_BUREAU");
    let claimed = publication("childcare", "population.resident");
    assert_eq!(refused(&world.childcare, "childcare", &claimed), "ELEMENT_FOREIGN");
    let unknown = publication("childcare", "childcare.nothing");
    assert_eq!(refused(&world.childcare, "childcare", &unknown), "ELEMENT_FOREIGN");
    let printed = Publication { kind: PublicationKind::Plan as i32, ..publication("childcare", "population.births") };
    assert_eq!(
        refused(&world.childcare, "childcare", &printed),
        "ELEMENT_FOREIGN",
        "the plan speaks through its keeper"
    );
    let printed = Publication { kind: PublicationKind::Plan as i32, ..publication("supervision", "childcare.places") };
    world.customs.open("supervision", &signed(&world.supervision, &printed)).expect("what the plan prints");
    let document = Publication { body: Some(Body::Document(Document::default())), ..places.clone() };
    assert_eq!(refused(&world.childcare, "childcare", &document), "DOCUMENT_FOREIGN");
    let elsewhere = Publication { city: "530500".into(), ..places.clone() };
    assert_eq!(refused(&world.childcare, "childcare", &elsewhere), "PUBLICATION_FOREIGN");
    let other = world.childcare.sign("text/plain", places.encode_to_vec());
    assert_eq!(world.customs.open("childcare", &other).unwrap_err().reason, "PAYLOAD_TYPE_UNKNOWN");
}

#[test]
fn demonstration_data_stays_out_of_a_real_gateway() {
    let demo = Publication { synthetic: true, ..publication("childcare", "childcare.places") };
    let real = world(false);
    let envelope = signed(&real.childcare, &demo);
    assert_eq!(real.customs.open("childcare", &envelope).unwrap_err().reason, "SYNTHETIC_REFUSED");
    let demonstration = world(true);
    demonstration.customs.open("childcare", &signed(&demonstration.childcare, &demo)).expect("where it belongs");
}

#[test]
fn lost_repeated_reordered_and_rewritten_are_seen() {
    let world = world(false);
    let first = publication("childcare", "childcare.places");
    next_in_chain(None, &first).unwrap();
    let late_start = Publication { sequence: 2, ..first.clone() };
    assert_eq!(next_in_chain(None, &late_start).unwrap_err().reason, "SEQUENCE_BROKEN");
    let position = Position {
        bureau: "childcare".into(),
        stream_id: "s".into(),
        sequence: 1,
        hash: payload_hash(&signed(&world.childcare, &first)),
        published_at: 10,
        last_contact: 0,
        diverged: String::new(),
    };
    let second = Publication {
        sequence: 2,
        previous_hash: position.hash.clone().into(),
        published_at_micros: 10,
        ..first.clone()
    };
    next_in_chain(Some(&position), &second).unwrap();
    let reason = |publication: Publication| next_in_chain(Some(&position), &publication).unwrap_err().reason;
    assert_eq!(reason(first.clone()), "SEQUENCE_BROKEN", "replayed");
    assert_eq!(reason(Publication { sequence: 3, ..second.clone() }), "SEQUENCE_BROKEN", "one was skipped");
    assert_eq!(reason(Publication { previous_hash: vec![0; 32].into(), ..second.clone() }), "CHAIN_BROKEN");
    assert_eq!(reason(Publication { stream_id: "t".into(), ..second.clone() }), "STREAM_DIVERGED", "another stream");
    assert_eq!(reason(Publication { published_at_micros: 9, ..second }), "TIME_BACKWARDS");
}
