//! A door of its own: a contract whose data is shared on conditions, its gate, and the people who decide.

use std::path::PathBuf;

use city::bundle::City;
use contract::rules::AccessRules;
use kit::{Clock, Db};
use proptest::prelude::*;
use prost_reflect::{DescriptorPool, ReflectMessage, Value};
use proto::trust as wire;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

use super::seed::Seeds;
use super::service::AccessRights;
use super::state::Act;
use super::*;
use crate::caller::{Caller, Scope, User};
use crate::dsse::KeyRing;
use crate::gate::Gate;
use crate::grants::Grant;
use crate::identity::{Identity, IdentityKind};

pub(super) const FOLLOW: &str = "/ylyx.door.v1.Feed/Follow";
pub(super) const OPEN: &str = "/ylyx.door.v1.Feed/Open";

const CONTRACT: &str = r#"syntax = "proto3";
package ylyx.door.v1;
import "ylyx/contract/v1/options.proto";
message Ask {}
message Elder {
  string id = 1 [(ylyx.contract.v1.column) = { title: "标识" }];
  string name = 2 [(ylyx.contract.v1.column) = { title: "姓名" personal: PERSONAL_DATA_NAME }];
  int64 level = 3 [(ylyx.contract.v1.column) = { title: "等级" required: true }];
  repeated string notes = 4 [(ylyx.contract.v1.column) = { title: "备注" }];
}
message Head { uint64 at = 1; }
message Item { oneof item { Elder elder = 1; Head head = 2; } }
service Feed {
  rpc Follow(Ask) returns (stream Item) {
    option (ylyx.contract.v1.access) = {
      callers: ["gateway", "operator", "door", "finance", "childcare"] sharing: SHARING_CONDITIONAL
      purposes: ["津贴核发", "STATISTICS"]
    };
  }
  rpc Open(Ask) returns (Ask) {
    option (ylyx.contract.v1.access) = { callers: ["finance"] sharing: SHARING_UNCONDITIONAL };
  }
}"#;

struct Source(&'static str);
impl FileResolver for Source {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == "door.proto" { File::from_source(name, self.0) } else { Err(protox::Error::file_not_found(name)) }
    }
}

/// The rules of a contract's text.
pub(super) fn compiled(contract: &'static str) -> AccessRules {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Source(contract));
    resolver.add(IncludeFileResolver::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../proto").into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file("door.proto").unwrap();
    AccessRules::of(&DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()).unwrap()
}

pub(super) fn rules() -> AccessRules {
    compiled(CONTRACT)
}

pub(super) struct Door {
    pub(super) gate: Gate,
    pub(super) service: AccessRights,
    pub(super) clock: Clock,
    users: PathBuf,
    _folder: tempfile::TempDir,
}

/// 2026-11-05 is a Thursday.
pub(super) async fn door() -> Door {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users.toml");
    std::fs::write(&users, "").unwrap();
    let db = Db::open(folder.path().join("door.db").to_str().unwrap()).await.unwrap();
    let clock = Clock::set_to("2026-11-05T04:00:00Z".parse().unwrap());
    let gate = Gate::judging_by(rules(), "door", City::embedded(), db, KeyRing::default(), clock.clone());
    gate.seed(&users).await.unwrap();
    let service = AccessRights { rights: gate.rights().clone(), city: City::embedded() };
    Door { gate, service, clock, users, _folder: folder }
}

pub(super) fn person(id: &str) -> Caller {
    let city = City::embedded();
    let grants = vec![Grant { role: "CITY_BUREAU_APPROVER".into(), region: city.code.clone() }];
    Caller {
        identity: Identity { city: city.code.clone(), kind: IdentityKind::Bureau("gateway".into()) },
        user: Some(User { id: id.into(), name: id.into(), unit: "民政局".into() }),
        scope: Scope::of_grants(city.clone(), &grants),
        grants,
        right: None,
        city,
    }
}

pub(super) fn wanted(purpose: &str, fields: &[&str]) -> wire::ApplyAccessRightRequest {
    wire::ApplyAccessRightRequest {
        method: FOLLOW.into(),
        consumer: "finance".into(),
        purpose: purpose.into(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        basis: "津贴发放办法".into(),
        ..Default::default()
    }
}

pub(super) fn said(id: &str, reason: &str) -> wire::JudgeAccessRightRequest {
    wire::JudgeAccessRightRequest { id: id.into(), reason: reason.into() }
}

impl Door {
    pub(super) async fn granted(&self, purpose: &str, fields: &[&str]) -> wire::AccessRight {
        self.granted_as(wanted(purpose, fields)).await
    }

    pub(super) fn wanted(&self, purpose: &str) -> wire::ApplyAccessRightRequest {
        wanted(purpose, &[])
    }

    pub(super) async fn granted_as(&self, request: wire::ApplyAccessRightRequest) -> wire::AccessRight {
        let right = self.service.apply(&person("a"), request).await.unwrap();
        self.grant(&right.id).await
    }

    /// The rights as another process with the same database holds them.
    pub(super) fn replica(&self) -> Rights {
        let rights = &self.service.rights;
        Rights::new("door", rights.db().clone(), self.clock.clone(), std::sync::Arc::new(rules()))
    }

    async fn grant(&self, id: &str) -> wire::AccessRight {
        self.service.judge(&person("b"), said(id, ""), Act::Check).await.unwrap();
        self.service.judge(&person("c"), said(id, ""), Act::Review).await.unwrap();
        let numbers = wire::GrantAccessRightRequest {
            id: id.into(),
            catalogue_number: "530400-MZ-0001".into(),
            authorisation_number: "玉数授〔2026〕1号".into(),
            reason: String::new(),
        };
        self.service.grant(&person("b"), numbers).await.unwrap()
    }

    pub(super) async fn judge(&self, id: &str, act: Act) -> wire::AccessRight {
        self.service.judge(&person("c"), said(id, "核查"), act).await.unwrap()
    }

    fn seeds(&self, text: &str) {
        std::fs::write(self.users.with_file_name(SEED_FILE), text).unwrap();
    }

    async fn states(&self) -> Vec<(String, String, bool)> {
        let rights = self.service.list(wire::ListAccessRightsRequest::default()).await.unwrap().rights;
        let state = |right: &wire::AccessRight| {
            right.state().as_str_name().trim_start_matches("ACCESS_RIGHT_STATE_").to_owned()
        };
        rights.iter().map(|right| (right.purpose.clone(), state(right), right.seeded)).collect()
    }
}

#[tokio::test]
async fn a_right_goes_through_three_hands_and_reaches_no_further_than_the_contract() {
    let door = door().await;
    let refused = async |request| door.service.apply(&person("a"), request).await.unwrap_err().reason;
    assert_eq!(refused(wanted("好奇", &[])).await, "PURPOSE_UNKNOWN");
    assert_eq!(refused(wanted("津贴核发", &["level", "phone"])).await, "FIELD_UNKNOWN");
    let without = door.service.apply(&person("a"), wanted("津贴核发", &["name"])).await.unwrap_err();
    assert!(without.reason == "FIELD_NEEDED" && without.message.contains("等级"), "{without}");
    assert_eq!(
        refused(wire::ApplyAccessRightRequest { method: OPEN.into(), ..wanted("津贴核发", &[]) }).await,
        "NOT_CONDITIONAL"
    );
    assert_eq!(
        refused(wire::ApplyAccessRightRequest { method: "/x".into(), ..wanted("津贴核发", &[]) }).await,
        "METHOD_UNKNOWN"
    );
    for consumer in ["education", "gateway", "door"] {
        let request = wire::ApplyAccessRightRequest { consumer: consumer.into(), ..wanted("津贴核发", &[]) };
        assert_eq!(refused(request).await, "CONSUMER_NOT_LISTED");
    }
    let late = wire::ApplyAccessRightRequest { valid_until: "2026-11-04".into(), ..wanted("津贴核发", &[]) };
    assert_eq!(refused(late).await, "DATE_PAST");

    let keyed =
        wire::ApplyAccessRightRequest { idempotency_key: "k".into(), ..wanted("津贴核发", &["level", "id"]) };
    let right = door.service.apply(&person("a"), keyed.clone()).await.unwrap();
    assert_eq!(door.service.apply(&person("a"), keyed).await.unwrap().id, right.id);
    assert_eq!(refused(wanted("津贴核发", &[])).await, "ACCESS_RIGHT_PENDING");
    assert_eq!((right.due_on.as_str(), right.overdue, right.in_force), ("2026-11-10", false, false));
    let own = async |act| door.service.judge(&person("a"), said(&right.id, ""), act).await.unwrap_err().reason;
    assert_eq!(own(Act::Check).await, "SAME_PERSON");
    door.clock.move_to("2026-11-11T04:00:00Z".parse().unwrap());
    assert!(door.service.get(&right.id).await.unwrap().right.unwrap().overdue);

    door.service.judge(&person("b"), said(&right.id, ""), Act::Check).await.unwrap();
    assert_eq!(own(Act::Review).await, "SAME_PERSON", "who applied reviews nothing, whoever checked");
    let reviewed = door.service.judge(&person("c"), said(&right.id, ""), Act::Review).await.unwrap();
    assert!(!reviewed.overdue);
    let bare = wire::GrantAccessRightRequest { id: right.id.clone(), ..Default::default() };
    assert_eq!(door.service.grant(&person("b"), bare.clone()).await.unwrap_err().reason, "NUMBER_MISSING");
    let numbers =
        wire::GrantAccessRightRequest { catalogue_number: "1".into(), authorisation_number: "2".into(), ..bare };
    assert_eq!(door.service.grant(&person("a"), numbers.clone()).await.unwrap_err().reason, "SAME_PERSON");
    let granted = door.service.grant(&person("b"), numbers).await.unwrap();
    assert!(granted.in_force && granted.due_on.is_empty() && granted.fields == ["id", "level"]);
    let history = door.service.get(&right.id).await.unwrap().history;
    assert_eq!(history.len(), 4);
    assert_eq!(history[3].by, "b（民政局）");
    let no_reason = door.service.judge(&person("c"), said(&right.id, " "), Act::Suspend).await.unwrap_err();
    assert_eq!(no_reason.reason, "REASON_MISSING");

    // A new one replaces it.
    let next = door.granted("津贴核发", &["level"]).await;
    assert!(!door.service.get(&right.id).await.unwrap().right.unwrap().in_force && next.in_force);
}

#[tokio::test]
async fn lists_page_and_filter() {
    let door = door().await;
    for _ in 0..5 {
        assert!(door.granted("津贴核发", &[]).await.in_force);
    }
    let ask = |size, cursor, state: wire::AccessRightState| wire::ListAccessRightsRequest {
        page: Some(proto::common::Page { size, cursor }),
        state: state.into(),
        consumer: "finance".into(),
        ..Default::default()
    };
    let ended = wire::AccessRightState::Ended;
    let first = door.service.list(ask(3, String::new(), ended)).await.unwrap();
    assert_eq!((first.rights.len(), first.next_cursor.is_empty()), (3, false));
    let second = door.service.list(ask(3, first.next_cursor, ended)).await.unwrap();
    assert_eq!((second.rights.len(), second.next_cursor.as_str()), (1, ""));
    let none = wire::ListAccessRightsRequest { consumer: "childcare".into(), ..Default::default() };
    assert!(door.service.list(none).await.unwrap().rights.is_empty());
}

#[tokio::test]
async fn the_file_grants_and_a_person_overrules_it_for_good() {
    let door = door().await;
    let seeds = Seeds::of_the_contracts(&rules(), &["door", "finance", "childcare", "gateway"]);
    let listed: Vec<(&str, &str)> =
        seeds.right.iter().map(|seed| (seed.consumer.as_str(), seed.purpose.as_str())).collect();
    let every = ["finance", "childcare"].map(|consumer| [(consumer, "津贴核发"), (consumer, "STATISTICS")]).concat();
    assert_eq!(listed, every);
    let text = seeds.text().unwrap();
    door.seeds(&text);
    for _ in 0..2 {
        door.gate.seed(&door.users).await.unwrap();
        assert_eq!(door.states().await.len(), 4);
    }
    let rights = door.service.list(wire::ListAccessRightsRequest::default()).await.unwrap().rights;
    assert!(rights.iter().all(|right| right.seeded && right.in_force));
    door.judge(&rights[0].id, Act::End).await;
    door.judge(&rights[1].id, Act::Suspend).await;
    door.gate.seed(&door.users).await.unwrap();
    let states = door.states().await;
    assert_eq!(states.len(), 4);
    assert_eq!((states[0].1.as_str(), states[1].1.as_str()), ("ENDED", "SUSPENDED"));

    // What is gone from the file ends, and what comes again is granted again; what a person has ended is not.
    door.seeds("");
    door.gate.seed(&door.users).await.unwrap();
    assert!(door.states().await.iter().all(|(_, state, _)| state == "ENDED"));
    door.seeds(&text);
    door.gate.seed(&door.users).await.unwrap();
    let states = door.states().await;
    assert_eq!(states.iter().filter(|(_, state, _)| state == "GRANTED").count(), 3);
    assert_eq!((states[0].1.as_str(), states[0].2), ("ENDED", true));
}

#[tokio::test]
async fn a_file_that_reaches_beyond_the_contract_stops_the_start() {
    let door = door().await;
    let seed = |provider: &str, method: &str, purpose: &str| {
        format!(
            "[[right]]\nprovider = \"{provider}\"\nmethod = \"{method}\"\nconsumer = \"finance\"\npurpose = \"{purpose}\"\n"
        )
    };
    for wrong in [seed("door", "/ylyx.door.v1.Feed/Gone", "STATISTICS"), seed("door", FOLLOW, "好奇"), "x".to_owned()]
    {
        door.seeds(&wrong);
        assert_eq!(door.gate.seed(&door.users).await.unwrap_err().reason, "ACCESS_RIGHTS_UNREADABLE");
    }
    door.seeds(&seed("elsewhere", "/ylyx.door.v1.Feed/Gone", "STATISTICS"));
    door.gate.seed(&door.users).await.unwrap();
    assert!(door.states().await.is_empty());
}

const NAMES: [&str; 4] = ["id", "name", "level", "notes"];

proptest! {
    #[test]
    fn narrowing_never_widens(
        named in proptest::collection::btree_set(proptest::sample::select(&["id", "name", "level", "notes", "gone"][..]), 0..5),
        id in "[a-z]{0,4}", name in "[a-z]{0,4}", level in -2i64..3, notes in proptest::collection::vec("[a-z]{0,3}", 0..3),
    ) {
        static RULES: std::sync::LazyLock<AccessRules> = std::sync::LazyLock::new(rules);
        let record = contract::catalogue::record(RULES.method(FOLLOW).unwrap());
        prop_assert_eq!(record.name(), "Elder");
        let mut whole = DynamicMessage::new(record.clone());
        whole.set_field_by_name("id", Value::String(id));
        whole.set_field_by_name("name", Value::String(name));
        whole.set_field_by_name("level", Value::I64(level));
        whole.set_field_by_name("notes", Value::List(notes.into_iter().map(Value::String).collect()));
        let fields: BTreeSet<String> = named.iter().map(|name| (*name).to_owned()).collect();
        let right = AccessRight { id: Uuid::nil(), purpose: String::new(), fields, record };
        let kept = right.narrowed(&whole);
        for field in NAMES {
            let allowed = named.is_empty() || field == "id" || named.contains(field);
            let (before, after) = (whole.get_field_by_name(field).unwrap(), kept.get_field_by_name(field).unwrap());
            if allowed {
                prop_assert_eq!(before, after);
            } else {
                prop_assert!(!kept.has_field_by_name(field));
            }
        }
        prop_assert_eq!(right.narrowed(&kept), kept.clone(), "narrowing again changes nothing");
        prop_assert_eq!(kept.descriptor(), whole.descriptor());
    }
}

#[test]
fn a_right_to_one_record_narrows_no_other() {
    let record = contract::columns::message("ylyx.childcare.v1.Class").unwrap();
    let right = AccessRight { id: Uuid::nil(), purpose: String::new(), fields: ["name".to_owned()].into(), record };
    let mut other = proto::childcare::InstitutionEvent::default();
    let refused = right.narrow(&mut other).unwrap_err();
    assert_eq!(refused.kind, Kind::Internal);
}

#[test]
fn a_generated_message_is_narrowed_in_place_and_unknown_fields_do_not_slip_through() {
    let record = contract::columns::message("ylyx.childcare.v1.Class").unwrap();
    let whole = proto::childcare::Class { id: "7".into(), version: 3, name: "小班".into(), ..Default::default() };
    let mut right = AccessRight { id: Uuid::nil(), purpose: String::new(), fields: BTreeSet::new(), record };
    let mut kept = whole.clone();
    right.narrow(&mut kept).unwrap();
    assert_eq!(kept, whole);
    right.fields = ["name".to_owned()].into();
    right.narrow(&mut kept).unwrap();
    assert_eq!(kept, proto::childcare::Class { id: "7".into(), name: "小班".into(), ..Default::default() });

    let mut bytes = whole.encode_to_vec();
    // Field 900, a varint, which this contract does not know.
    bytes.extend([0xA0, 0x38, 1]);
    let read = DynamicMessage::decode(right.record.clone(), bytes.as_slice()).unwrap();
    assert_eq!(right.narrowed(&read).encode_to_vec(), kept.encode_to_vec());
}
