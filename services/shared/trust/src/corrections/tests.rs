use city::bundle::City;
use contract::rules::AccessRules;
use kit::{Clock, Db};
use proto::trust as wire;
use proto::trust::correction_subject::About;
use tonic::Request;

use super::service::Corrections;
use super::store::Actor;
use crate::caller::{Caller, Scope, User};
use crate::grants;
use crate::identity::{Identity, IdentityKind};
use crate::users::{GrantEntry, UserEntry, Users};

async fn service() -> (Corrections, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path().join("tickets.db").to_str().unwrap()).await.unwrap();
    grants::migrate(&db).await.unwrap();
    let grant =
        |role: &str, region: &str| GrantEntry { service: "childcare".into(), role: role.into(), region: region.into() };
    let user =
        |id: &str, grant| UserEntry {
            id: id.into(), name: "赵某".into(), unit: "卫健委".into(), grant: vec![grant]
        };
    let user = [
        user("owner", grant("CITY_BUREAU_APPROVER", "530400")),
        user("county", grant("CITY_BUREAU_REPORTER", "530402")),
    ];
    grants::seed(&db, "childcare", &Users { user: user.into() }).await.unwrap();
    let corrections = Corrections {
        bureau: "childcare".into(),
        city: City::embedded(),
        db,
        clock: Clock::set_to("2026-11-05T04:00:00Z".parse().unwrap()),
        rules: AccessRules::load().unwrap().into(),
    };
    (corrections, folder)
}

fn actor(id: &str) -> Actor {
    Actor { key: format!("user:{id}"), name: "钱某（财政局）".into() }
}

fn owner(id: &str) -> User {
    User { id: id.into(), name: "赵某".into(), unit: "卫健委".into() }
}

fn doubt(about: About, wrong: &str) -> wire::OpenCorrectionRequest {
    let subject = Some(wire::CorrectionSubject { about: Some(about) });
    wire::OpenCorrectionRequest { subject, wrong: wrong.into(), proposed: "24".into(), idempotency_key: "k".into() }
}

fn record(id: &str) -> About {
    About::Record(wire::RecordSubject { register: "childcare.class".into(), record_id: id.into() })
}

fn figure(form: &str, region: &str, period: &str, element: &str) -> About {
    let [form, region, period, element] = [form, region, period, element].map(str::to_owned);
    About::Figure(wire::FigureSubject { form, region, period, element })
}

fn answer(id: &str, answer: wire::CorrectionAnswer, text: &str) -> wire::AnswerCorrectionRequest {
    wire::AnswerCorrectionRequest { id: id.into(), answer: answer.into(), text: text.into() }
}

fn close(id: &str, closing: wire::CorrectionClosing, reason: &str) -> wire::CloseCorrectionRequest {
    wire::CloseCorrectionRequest { id: id.into(), closing: closing.into(), reason: reason.into() }
}

#[tokio::test]
async fn a_doubt_is_answered_opened_once_again_and_closed() {
    let (service, _folder) = service().await;
    let by = actor("finance-1");
    let ticket = service.open(&by, doubt(record("7"), "托位数多填了一个零")).await.unwrap();
    assert_eq!(service.open(&by, doubt(record("7"), "托位数多填了一个零")).await.unwrap().id, ticket.id);
    assert_eq!((ticket.state(), ticket.due_on.as_str(), ticket.own), (wire::CorrectionState::Open, "2026-11-19", true));
    let (accepted, declined) = (wire::CorrectionAnswer::Accepted, wire::CorrectionAnswer::Declined);
    let (confirmed, reopened) = (wire::CorrectionClosing::Confirmed, wire::CorrectionClosing::Reopened);

    let refused = async |user: &str, request| service.answer(&owner(user), request).await.unwrap_err().reason;
    assert_eq!(refused("owner", answer(&ticket.id, accepted, " ")).await, "ANSWER_MISSING");
    assert_eq!(refused("finance-1", answer(&ticket.id, accepted, "好")).await, "SAME_PERSON");
    assert_eq!(refused("owner", answer("7", accepted, "好")).await, "CORRECTION_UNKNOWN");
    let declined = service.answer(&owner("owner"), answer(&ticket.id, declined, "与现场一致")).await.unwrap();
    assert_eq!((declined.answered_by.as_str(), declined.due_on.as_str()), ("赵某（卫健委）", ""));

    let foreign = service.close(&actor("other"), close(&ticket.id, confirmed, "")).await.unwrap_err();
    assert_eq!(foreign.reason, "CORRECTION_FOREIGN");
    service.clock.move_to("2026-11-20T04:00:00Z".parse().unwrap());
    let again = service.close(&by, close(&ticket.id, reopened, "现场为24个")).await.unwrap();
    assert_eq!((again.due_on.as_str(), again.overdue), ("2026-12-04", false));
    service.answer(&owner("owner"), answer(&ticket.id, accepted, "已更正")).await.unwrap();
    let third = service.close(&by, close(&ticket.id, reopened, "还有")).await.unwrap_err();
    assert_eq!(third.reason, "REOPENED_ALREADY");
    service.close(&by, close(&ticket.id, confirmed, "")).await.unwrap();
    let detail = service.get(&by, &ticket.id).await.unwrap();
    assert_eq!((detail.history.len(), detail.correction.unwrap().state()), (5, wire::CorrectionState::Confirmed));
}

#[tokio::test]
async fn a_ticket_is_about_something_of_this_bureau_and_names_nobody() {
    let (service, _folder) = service().await;
    let reason = async |request| service.open(&actor("a"), request).await.unwrap_err().reason;
    let method = |path: &str| doubt(About::Method(path.into()), "缺字段");
    assert_eq!(reason(method("/ylyx.finance.v1.FundService/ListFundEntries")).await, "METHOD_UNKNOWN");
    let foreign = wire::RecordSubject { register: "finance.fund".into(), record_id: "7".into() };
    assert_eq!(reason(doubt(About::Record(foreign), "x")).await, "REGISTER_UNKNOWN");
    assert_eq!(reason(doubt(record(""), "x")).await, "SUBJECT_MISSING");
    assert_eq!(
        reason(wire::OpenCorrectionRequest { subject: None, ..doubt(record("7"), "x") }).await,
        "SUBJECT_MISSING"
    );
    let form = service.city.form("childcare-monthly").unwrap().clone();
    let element = form.elements[0].as_str();
    for (form, region, period, element, told) in [
        ("finance-monthly", "530402", "2026-10", element, "FORM_UNKNOWN"),
        ("childcare-monthly", "999999", "2026-10", element, "REGION_UNKNOWN"),
        ("childcare-monthly", "530402", "2026-Q3", element, "PERIOD_INVALID"),
        ("childcare-monthly", "530402", "2026-10", "x", "ELEMENT_UNKNOWN"),
    ] {
        assert_eq!(reason(doubt(figure(form, region, period, element), "x")).await, told);
    }
    let personal = [
        doubt(record("7"), "联系人13800001234说的"),
        wire::OpenCorrectionRequest { proposed: "138 0000 1234".into(), ..doubt(record("7"), "x") },
        doubt(record("13800001234"), "x"),
    ];
    for request in personal {
        let problem = service.open(&actor("a"), request).await.unwrap_err();
        assert_eq!(problem.reason, "PERSONAL_DATA_IN_TEXT");
        assert!(!problem.to_string().contains("0000"), "the refusal does not repeat it");
    }
    assert_eq!(reason(doubt(record("7"), &"长".repeat(2_001))).await, "TEXT_TOO_LONG");
    let opened =
        service.open(&actor("a"), doubt(figure(&form.code, "530402", "2026-10", element), "偏大")).await.unwrap();
    assert_eq!(opened.subject.unwrap().about, Some(figure(&form.code, "530402", "2026-10", element)));
    let text = wire::CorrectionAnswer::Accepted;
    let told = service.answer(&owner("owner"), answer(&opened.id, text, "已电话13800001234核实")).await.unwrap_err();
    assert_eq!(told.reason, "PERSONAL_DATA_IN_TEXT");
}

#[tokio::test]
async fn others_see_their_own_tickets_and_the_bureau_sees_all() {
    let (service, _folder) = service().await;
    for number in 0..3 {
        let keyed = |key: &str| wire::OpenCorrectionRequest {
            idempotency_key: format!("{key}{number}"),
            ..doubt(record("7"), "x")
        };
        service.open(&actor("a"), keyed("a")).await.unwrap();
        service.open(&actor("county"), keyed("b")).await.unwrap();
    }
    let seen = async |id: &str| {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = Some(proto::common::Page { size: 2, cursor });
            let asked = wire::ListCorrectionsRequest { page, ..Default::default() };
            let answer = service.list(&actor(id), asked).await.unwrap();
            found.extend(answer.corrections);
            cursor = answer.next_cursor;
            if cursor.is_empty() {
                return found;
            }
        }
    };
    assert_eq!(seen("owner").await.len(), 6);
    let own = seen("a").await;
    assert!(own.len() == 3 && own.iter().all(|ticket| ticket.own));
    assert_eq!(seen("county").await.len(), 3, "a role in one county does not show the city's tickets");
    assert_eq!(service.get(&actor("b"), &own[0].id).await.unwrap_err().reason, "CORRECTION_UNKNOWN");
    assert_eq!(service.get(&actor("owner"), &own[0].id).await.unwrap().history.len(), 1);
}

#[tokio::test]
async fn the_gateway_alone_opens_nothing_and_a_bureau_speaks_for_itself() {
    let (service, _folder) = service().await;
    let city = City::embedded();
    let who = |kind: IdentityKind, user: Option<User>| {
        let mut request = Request::new(());
        let identity = Identity { city: city.code.clone(), kind };
        let (scope, grants) = (Scope::of_the_service(), Vec::new());
        request.extensions_mut().insert(Caller { identity, user, scope, grants, right: None, city: city.clone() });
        service.who(&request)
    };
    let (bureau, operator) =
        (|name: &str| IdentityKind::Bureau(name.into()), || IdentityKind::Operator("local".into()));
    for alone in [bureau("gateway"), operator()] {
        assert_eq!(kit::Problem::reason_of(&who(alone, None).unwrap_err()), "PERSON_MISSING");
    }
    for presenting in [bureau("gateway"), operator()] {
        assert_eq!(who(presenting, Some(owner("a"))).unwrap().key, "user:a");
    }
    assert_eq!(who(bureau("finance"), None).unwrap().key, "bureau:finance");
}
