//! A bureau that keeps one post, its person and a hundred and twenty rights in memory.

use std::sync::{Arc, Mutex};

use kit::Problem;
use proto::childcare::staff_service_server::StaffService;
use proto::childcare::*;
use proto::contract::DocumentKind;
use proto::trust::access_right_service_server::AccessRightService;
use proto::trust::person_service_server::PersonService;
use proto::trust::*;
use tonic::{Request as Call, Response as Reply, Status, Streaming};

pub(super) const NUMBER: &str = "530402199003070018";
pub(super) const OTHER_NUMBER: &str = "530402198501011234";
pub(super) const PHONE: &str = "13887654321";

/// What the bureau was asked to do.
#[derive(Default)]
pub(super) struct Bureau {
    pub(super) looks: Mutex<Vec<RevealPersonRequest>>,
    pub(super) sought: Mutex<Vec<String>>,
    pub(super) acts: Mutex<Vec<String>>,
}

#[derive(Clone)]
pub(super) struct Door(pub(super) Arc<Bureau>);

fn away<T>() -> Result<Reply<T>, Status> {
    Err(Status::unavailable("down"))
}

fn post() -> Staff {
    Staff {
        id: "a1".into(),
        version: 1,
        person_id: "p1".into(),
        name: "李*".into(),
        document_number: "530***********0018".into(),
        institution_name: "阳光托育园".into(),
        ..Staff::default()
    }
}

#[tonic::async_trait]
impl StaffService for Door {
    type ImportStaffStream = tokio_stream::Pending<Result<proto::contract::ImportAcknowledgement, Status>>;

    async fn list_staff(&self, _: Call<ListStaffRequest>) -> Result<Reply<ListStaffResponse>, Status> {
        Ok(Reply::new(ListStaffResponse { staff: vec![post()], next_cursor: String::new() }))
    }
    async fn get_staff(&self, _: Call<GetStaffRequest>) -> Result<Reply<StaffDetail>, Status> {
        Ok(Reply::new(StaffDetail { staff: Some(post()), history: Vec::new() }))
    }
    async fn hire_staff(&self, _: Call<HireStaffRequest>) -> Result<Reply<Staff>, Status> {
        away()
    }
    async fn change_staff(&self, _: Call<ChangeStaffRequest>) -> Result<Reply<Staff>, Status> {
        away()
    }
    async fn leave_staff(&self, _: Call<LeaveStaffRequest>) -> Result<Reply<Staff>, Status> {
        away()
    }
    async fn match_staff(&self, call: Call<MatchStaffRequest>) -> Result<Reply<MatchStaffResponse>, Status> {
        let as_of = call.into_inner().as_of;
        if as_of.is_empty() {
            return Err(Problem::field("as_of", "DATE_INVALID", "请填写日期").into());
        }
        let levels = vec![MatchedLevel { title: "在岗".into(), people: 1 }];
        let answered_as_of = "2026-11-28".into();
        Ok(Reply::new(MatchStaffResponse { as_of, asked: 12, levels, staff: vec![post()], answered_as_of }))
    }
    async fn import_staff(
        &self,
        _: Call<Streaming<ImportStaffRequest>>,
    ) -> Result<Reply<Self::ImportStaffStream>, Status> {
        away()
    }
}

#[tonic::async_trait]
impl PersonService for Door {
    async fn find_person(&self, call: Call<FindPersonRequest>) -> Result<Reply<Person>, Status> {
        let number = call.into_inner().number;
        self.0.sought.lock().unwrap().push(number.clone());
        if number == OTHER_NUMBER {
            return Ok(Reply::new(Person { id: "p2".into(), name: "李*".into(), ..Person::default() }));
        }
        if number != NUMBER {
            return Err(Problem::field("number", "DOCUMENT_CHECK_DIGIT", "证件号码校验码不对").into());
        }
        let documents =
            vec![MaskedDocument { kind: DocumentKind::ResidentId as i32, number: "530***********0018".into() }];
        Ok(Reply::new(Person { id: "p1".into(), name: "李*".into(), documents, ..Person::default() }))
    }
    async fn get_person(&self, call: Call<GetPersonRequest>) -> Result<Reply<Person>, Status> {
        let id = call.into_inner().id;
        let documents =
            vec![MaskedDocument { kind: DocumentKind::ResidentId as i32, number: "530***********0018".into() }];
        let whom = Person { id: id.clone(), name: "李*".into(), documents, ..Person::default() };
        match id.as_str() {
            "merged" => Ok(Reply::new(Person { merged_into: "p1".into(), ..whom })),
            "erased" => Ok(Reply::new(Person { erased: true, ..whom })),
            "away" => Err(Status::unavailable("stopped")),
            _ => Ok(Reply::new(whom)),
        }
    }
    async fn correct_person(&self, call: Call<CorrectPersonRequest>) -> Result<Reply<Person>, Status> {
        let CorrectPersonRequest { id, name, phone, kind, number, replaces, reason } = call.into_inner();
        if number == OTHER_NUMBER {
            return Err(Problem::field("number", "DOCUMENT_TAKEN", "这个证件已登记在另一人名下").into());
        }
        self.0.acts.lock().unwrap().push(format!("correct {id} {name} {phone} {kind} {number} {replaces} {reason}"));
        Ok(Reply::new(Person { id, name: "李**".into(), ..Person::default() }))
    }
    async fn reveal_person(&self, call: Call<RevealPersonRequest>) -> Result<Reply<RevealedPerson>, Status> {
        let request = call.into_inner();
        if request.purpose() == Purpose::Unspecified {
            return Err(Problem::field("purpose", "PURPOSE_MISSING", "请选择查看用途").into());
        }
        let number =
            PlainDocument { kind: DocumentKind::ResidentId as i32, number: NUMBER.into(), ..PlainDocument::default() };
        let documents = if request.documents { vec![number] } else { Vec::new() };
        let phone = if request.phone { PHONE.into() } else { String::new() };
        self.0.looks.lock().unwrap().push(request);
        Ok(Reply::new(RevealedPerson { documents, phone, access_id: "look-7".into(), ..RevealedPerson::default() }))
    }
    async fn list_accesses(&self, call: Call<ListAccessesRequest>) -> Result<Reply<ListAccessesResponse>, Status> {
        let request = call.into_inner();
        let look = Access {
            person_id: "p1".into(),
            user: "clerk".into(),
            act: "查看明文".into(),
            purpose: Purpose::Contact as i32,
            reason: "联系核实".into(),
            ..Access::default()
        };
        let next_cursor = if request.page.unwrap_or_default().cursor.is_empty() { "c2" } else { "" };
        Ok(Reply::new(ListAccessesResponse { accesses: vec![look], next_cursor: next_cursor.into() }))
    }
    async fn merge_persons(&self, call: Call<MergePersonsRequest>) -> Result<Reply<Person>, Status> {
        let MergePersonsRequest { keep_id, other_id, reason } = call.into_inner();
        if reason == "不行" {
            return Err(Problem::state("PERSON_ERASED", "其中一人的信息已删除").into());
        }
        self.0.acts.lock().unwrap().push(format!("merge {keep_id} {other_id} {reason}"));
        Ok(Reply::new(Person { id: keep_id, name: "李*".into(), ..Person::default() }))
    }
    async fn erase_person(&self, call: Call<ErasePersonRequest>) -> Result<Reply<Person>, Status> {
        let ErasePersonRequest { id, reason, document_number } = call.into_inner();
        if reason != "本人申请" {
            return Err(Problem::state("RETENTION_HOLDS", "记录须保存至2031-10-01，此前不能删除").into());
        }
        self.0.acts.lock().unwrap().push(format!("erase {id} {reason} {document_number}"));
        Ok(Reply::new(Person { id, erased: true, ..Person::default() }))
    }
    async fn get_person_keys(&self, _: Call<GetPersonKeysRequest>) -> Result<Reply<GetPersonKeysResponse>, Status> {
        let key = |id: &str, persons| PersonKey { id: id.into(), persons, ..PersonKey::default() };
        Ok(Reply::new(GetPersonKeysResponse { keys: vec![key("k1", 3), key("k2", 9)], persons: 12 }))
    }
}

impl Door {
    fn act(&self, act: &str) -> Result<Reply<AccessRight>, Status> {
        self.0.acts.lock().unwrap().push(act.to_owned());
        Ok(Reply::new(right("r1")))
    }
}

fn right(id: &str) -> AccessRight {
    AccessRight {
        id: id.into(),
        method: "/ylyx.trust.v1.MatchingService/Match".into(),
        consumer: "education".into(),
        consumer_title: "教育体育局".into(),
        purpose: "staff-verification".into(),
        state: AccessRightState::Reviewed as i32,
        applied_by: if id == "own" { "approver" } else { "office" }.into(),
        due_on: "2026-11-03".into(),
        overdue: true,
        ..AccessRight::default()
    }
}

#[tonic::async_trait]
impl AccessRightService for Door {
    async fn apply_access_right(&self, call: Call<ApplyAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        let request = call.into_inner();
        if request.basis.is_empty() {
            return Err(Problem::field("basis", "FIELD_MISSING", "请填写申请依据").into());
        }
        if request.fields == ["name"] {
            return Err(Problem::field("fields", "FIELD_NEEDED", "缩小数据项范围时须保留：运营").into());
        }
        self.act("apply")
    }
    async fn check_access_right(&self, _: Call<JudgeAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        self.act("check")
    }
    async fn review_access_right(&self, _: Call<JudgeAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        self.act("review")
    }
    async fn grant_access_right(&self, call: Call<GrantAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        if call.into_inner().authorisation_number.is_empty() {
            return Err(Problem::field("authorisation_number", "NUMBER_MISSING", "授权时须填写授权编号").into());
        }
        self.act("grant")
    }
    async fn reject_access_right(&self, _: Call<JudgeAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        self.act("reject")
    }
    async fn suspend_access_right(&self, _: Call<JudgeAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        self.act("suspend")
    }
    async fn resume_access_right(&self, _: Call<JudgeAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        self.act("resume")
    }
    async fn end_access_right(&self, _: Call<JudgeAccessRightRequest>) -> Result<Reply<AccessRight>, Status> {
        self.act("end")
    }
    /// A hundred and twenty rights, so that there are pages.
    async fn list_access_rights(
        &self,
        call: Call<ListAccessRightsRequest>,
    ) -> Result<Reply<ListAccessRightsResponse>, Status> {
        let page = call.into_inner().page.unwrap_or_default();
        let (from, size): (usize, usize) = (page.cursor.parse().unwrap_or_default(), page.size as usize);
        let rights = (from..120).take(size).map(|number| right(&format!("r{number}"))).collect();
        let next_cursor = if from + size < 120 { (from + size).to_string() } else { String::new() };
        Ok(Reply::new(ListAccessRightsResponse { rights, next_cursor }))
    }
    async fn get_access_right(&self, call: Call<GetAccessRightRequest>) -> Result<Reply<AccessRightDetail>, Status> {
        let right = Some(right(&call.into_inner().id));
        Ok(Reply::new(AccessRightDetail { right, history: Vec::new() }))
    }
}
