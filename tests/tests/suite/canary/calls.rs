//! What a stranger with a gRPC client is told: errors, masked people, levels; and the plain text where there is a right to it.

use std::path::Path;

use kit::Problem;
use proto::childcare as wire;
use proto::childcare::institution_service_client::InstitutionServiceClient;
use proto::childcare::staff_service_client::StaffServiceClient;
use proto::contract::DocumentKind;
use proto::trust::correction_service_client::CorrectionServiceClient;
use proto::trust::person_service_client::PersonServiceClient;
use proto::trust::{
    CorrectionSubject, ErasePersonRequest, FindPersonRequest, GetPersonKeysRequest, ListAccessesRequest,
    MergePersonsRequest, OpenCorrectionRequest, Purpose, RecordSubject, RevealPersonRequest, correction_subject,
};
use suite_tests::people::{assertion, request, user};
use suite_tests::suite::{channel, eventually};
use tonic::transport::Channel;
use ylyx::endpoints::Endpoints;

use super::people::{HIRED, NOWHERE, REFUSED, SECOND, STAFF, TEACHERS, canary};
use super::{APPROVER, CITY_CLERK, CLERK};

pub(super) struct Caller<'d> {
    data: &'d Path,
    childcare: Channel,
    /// Every answer but the one that unmasks, and every error, as text.
    pub(super) told: Vec<String>,
}

impl<'d> Caller<'d> {
    pub(super) fn new(data: &'d Path) -> Self {
        let endpoints = Endpoints::load(data).unwrap();
        Caller {
            data,
            childcare: channel(data, "operator", "childcare", &endpoints.bureaus["childcare"]),
            told: Vec::new(),
        }
    }

    fn by<T>(&self, who: &str, message: T) -> tonic::Request<T> {
        let now = kit::Clock::system().micros();
        request(message, &assertion(self.data, &user(self.data, who), "530400", now))
    }

    /// Keeps an answer's text.
    fn kept<T: std::fmt::Debug>(&mut self, answer: Result<tonic::Response<T>, tonic::Status>) -> T {
        let answer = answer.unwrap_or_else(|status| panic!("{status:?}")).into_inner();
        self.told.push(format!("{answer:?}"));
        answer
    }

    /// Keeps a refusal's text, which must be for this reason.
    fn refused<T: std::fmt::Debug>(&mut self, answer: Result<tonic::Response<T>, tonic::Status>, reason: &str) {
        let status = answer.unwrap_err();
        assert_eq!(Problem::reason_of(&status), reason, "{status:?}");
        self.told.push(format!("{status:?}"));
    }

    /// Hires somebody, in vain and with success.
    pub(super) async fn hire(&mut self) {
        let mut institutions = InstitutionServiceClient::new(self.childcare.clone());
        let listed = institutions.list_institutions(self.by(CLERK, wire::ListInstitutionsRequest::default())).await;
        let institution = self.kept(listed).institutions[0].id.clone();
        let mut staff = StaffServiceClient::new(self.childcare.clone());
        let hire = |n: u32, name: &str, key: &str| wire::HireStaffRequest {
            institution_id: institution.clone(),
            staff: Some(wire::StaffRow {
                name: name.into(),
                document_kind: DocumentKind::ResidentId as i32,
                document_number: canary(n).0,
                phone: canary(n).1,
                role: wire::StaffRole::Carer as i32,
                certificate: wire::StaffCertificate::None as i32,
                hired_on: "2025-10-01".into(),
                distinct_person: n == SECOND,
                ..Default::default()
            }),
            idempotency_key: key.into(),
        };
        let hired = staff.hire_staff(self.by(CLERK, hire(HIRED, "虚九五", "once"))).await;
        let hired = self.kept(hired);
        let again = staff.hire_staff(self.by(CLERK, hire(HIRED, "虚九五", "once"))).await;
        assert_eq!(self.kept(again).id, hired.id, "asked twice, done once");
        let reused = staff.hire_staff(self.by(CLERK, hire(REFUSED, "虚九七", "once"))).await;
        self.refused(reused, "IDEMPOTENCY_KEY_REUSED");
        let swapped = staff.hire_staff(self.by(CLERK, hire(HIRED, "别人", "other"))).await;
        self.refused(swapped, "PERSON_NAME_DIFFERS");
        let second = staff.hire_staff(self.by(CLERK, hire(SECOND, "虚九五", "second"))).await;
        self.kept(second);
    }

    /// Asks another bureau about everybody.
    pub(super) async fn matched(&mut self) {
        let mut staff = StaffServiceClient::new(self.childcare.clone());
        let matched = staff.match_staff(self.by(CITY_CLERK, wire::MatchStaffRequest::default())).await;
        let matched = self.kept(matched);
        // Two documents, one person after the merger.
        assert_eq!(matched.asked, STAFF.count() as u64 + 1);
        let teach = matched.levels.iter().find(|level| level.title == "在岗").map(|level| level.people);
        assert_eq!(teach, Some(TEACHERS.count() as u64));
    }

    /// Looks people up, merges, unmasks, forgets.
    pub(super) async fn persons(&mut self) {
        let mut persons = PersonServiceClient::new(self.childcare.clone());
        let kind = DocumentKind::ResidentId as i32;
        let find = |n: u32| FindPersonRequest { kind, number: canary(n).0 };
        let found = persons.find_person(self.by(CLERK, find(HIRED))).await;
        let found = self.kept(found);
        let nobody = persons.find_person(self.by(CLERK, find(NOWHERE))).await;
        self.refused(nobody, "PERSON_UNKNOWN");
        let other = persons.find_person(self.by(CITY_CLERK, find(SECOND))).await;
        let other = self.kept(other);
        let merge = |reason: &str| MergePersonsRequest {
            keep_id: found.id.clone(),
            other_id: other.id.clone(),
            reason: reason.into(),
        };
        let carried = persons.merge_persons(self.by(CITY_CLERK, merge(&canary(SECOND).0))).await;
        self.refused(carried, "PERSONAL_DATA_IN_TEXT");
        let merged = persons.merge_persons(self.by(CITY_CLERK, merge("同一人换了证件"))).await;
        self.kept(merged);
        let reveal = |reason: &str| RevealPersonRequest {
            id: found.id.clone(),
            purpose: Purpose::IdentityCheck as i32,
            reason: reason.into(),
            documents: true,
            phone: true,
            ..Default::default()
        };
        let carried = persons.reveal_person(self.by(CLERK, reveal(&format!("打{}核实", canary(HIRED).1)))).await;
        self.refused(carried, "PERSONAL_DATA_IN_TEXT");
        let plain = persons.reveal_person(self.by(CLERK, reveal("核对"))).await.unwrap().into_inner();
        let numbers: Vec<&str> = plain.documents.iter().map(|document| document.number.as_str()).collect();
        assert_eq!((numbers, plain.phone), (vec![&*canary(HIRED).0, &*canary(SECOND).0], canary(HIRED).1));
        let seen = ListAccessesRequest { kind, number: canary(HIRED).0, ..Default::default() };
        let seen = persons.list_accesses(self.by(APPROVER, seen)).await;
        assert!(self.kept(seen).accesses.len() > 2);
        let erase =
            ErasePersonRequest { id: found.id.clone(), reason: "本人要求".into(), document_number: String::new() };
        let held = persons.erase_person(self.by(APPROVER, erase)).await;
        self.refused(held, "RETENTION_HOLDS");
        let mut corrections = CorrectionServiceClient::new(self.childcare.clone());
        let record = RecordSubject { register: "childcare.staff".into(), record_id: found.id.clone() };
        let ticket = OpenCorrectionRequest {
            subject: Some(CorrectionSubject { about: Some(correction_subject::About::Record(record)) }),
            wrong: format!("电话应为{}", canary(HIRED).1),
            idempotency_key: "ticket".into(),
            ..Default::default()
        };
        let carried = corrections.open_correction(self.by("taskforce", ticket)).await;
        self.refused(carried, "PERSONAL_DATA_IN_TEXT");
    }

    /// A new key for everybody.
    pub(super) async fn rekey(&mut self) {
        let file = self.data.join("trust/childcare/persons.keys");
        let newest = trust::persons::PersonKeys::rotate(&file, &kit::Clock::system()).unwrap();
        let persons = PersonServiceClient::new(self.childcare.clone());
        eventually("everybody under the new key", async || {
            let mut persons = persons.clone();
            let keys = persons.get_person_keys(self.by("admin", GetPersonKeysRequest {})).await.unwrap().into_inner();
            keys.keys.iter().any(|key| key.id == newest && key.persons == keys.persons && key.persons > 0)
        })
        .await;
    }
}
