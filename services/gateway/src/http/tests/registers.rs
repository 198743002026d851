//! The registers' pages in front of a bureau that keeps three institutions in memory.

use std::pin::Pin;
use std::sync::Mutex;

use kit::Problem;
use proto::childcare::import_institutions_request::Step;
use proto::childcare::institution_service_server::{InstitutionService, InstitutionServiceServer};
use proto::childcare::*;
use proto::contract::{ImportAcknowledgement, ImportCounts, ImportMode, RowFault};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request as Call, Response as Reply, Status, Streaming};

use super::*;

/// What the bureau was asked to do.
#[derive(Default)]
struct Bureau {
    institutions: Mutex<Vec<Institution>>,
    imports: Mutex<Vec<(ImportMode, usize)>>,
}

struct Door(Arc<Bureau>);

type Answers = Pin<Box<dyn tokio_stream::Stream<Item = Result<ImportAcknowledgement, Status>> + Send>>;

fn signed<T>(call: Call<T>) -> Result<T, Status> {
    match call.metadata().contains_key(trust::ASSERTION_HEADER) {
        true => Ok(call.into_inner()),
        false => Err(Status::unauthenticated("no assertion")),
    }
}

#[tonic::async_trait]
impl InstitutionService for Door {
    type ImportInstitutionsStream = Answers;

    async fn list_institutions(
        &self,
        call: Call<ListInstitutionsRequest>,
    ) -> Result<Reply<ListInstitutionsResponse>, Status> {
        let request = signed(call)?;
        let all = self.0.institutions.lock().unwrap().clone();
        let page = request.page.unwrap_or_default();
        let from: usize = page.cursor.parse().unwrap_or_default();
        let fits = all.into_iter().filter(|one| one.name.contains(&request.name_contains));
        // Two to a page, so that there are pages.
        let mut institutions: Vec<Institution> = fits.skip(from).take(3).collect();
        let next_cursor = if institutions.len() > 2 { (from + 2).to_string() } else { String::new() };
        institutions.truncate(2);
        Ok(Reply::new(ListInstitutionsResponse { institutions, next_cursor }))
    }

    async fn get_institution(&self, call: Call<GetInstitutionRequest>) -> Result<Reply<InstitutionDetail>, Status> {
        let id = signed(call)?.id;
        let found = self.0.institutions.lock().unwrap().iter().find(|one| one.id == id).cloned();
        let institution = found.ok_or_else(|| Problem::not_found("INSTITUTION_UNKNOWN", "没有这家机构"))?;
        Ok(Reply::new(InstitutionDetail { institution: Some(institution), ..InstitutionDetail::default() }))
    }

    async fn register_institution(&self, call: Call<RegisterInstitutionRequest>) -> Result<Reply<Institution>, Status> {
        let request = signed(call)?;
        assert!(!request.idempotency_key.is_empty());
        let row = request.institution.unwrap_or_default();
        if row.uscc == "1" {
            return Err(Problem::field("uscc", "USCC_CHECK_DIGIT", "信用代码校验码不对").into());
        }
        let institution =
            Institution { id: "new".into(), version: 1, name: row.name, region: row.region, ..Institution::default() };
        self.0.institutions.lock().unwrap().push(institution.clone());
        Ok(Reply::new(institution))
    }

    async fn suspend_institution(&self, call: Call<OperationRequest>) -> Result<Reply<Institution>, Status> {
        let request = signed(call)?;
        let mut all = self.0.institutions.lock().unwrap();
        let one = all.iter_mut().find(|one| one.id == request.id).unwrap();
        if one.version != request.version {
            let stale = Problem::new(kit::Kind::Stale, "VERSION_STALE", "该记录已被他人修改，请刷新后重试");
            return Err(stale.into());
        }
        (one.version, one.operating) = (one.version + 1, false);
        Ok(Reply::new(one.clone()))
    }

    async fn change_institution(&self, _: Call<ChangeInstitutionRequest>) -> Result<Reply<Institution>, Status> {
        Err(Status::unavailable("down"))
    }

    async fn resume_institution(&self, _: Call<OperationRequest>) -> Result<Reply<Institution>, Status> {
        Err(Status::unavailable("down"))
    }

    async fn import_institutions(
        &self,
        call: Call<Streaming<ImportInstitutionsRequest>>,
    ) -> Result<Reply<Answers>, Status> {
        let mut steps = signed(call)?;
        let bureau = self.0.clone();
        let (answers, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            let (mut mode, mut totals) = (ImportMode::Unspecified, ImportCounts::default());
            while let Ok(Some(ImportInstitutionsRequest { step: Some(step) })) = steps.message().await {
                let mut answer = ImportAcknowledgement::default();
                match step {
                    Step::Start(start) => mode = start.mode(),
                    Step::Batch(batch) => {
                        bureau.imports.lock().unwrap().push((mode, batch.rows.len()));
                        for row in &batch.rows {
                            if row.institution.as_ref().is_some_and(|one| one.name.contains("重名")) {
                                totals.conflicting += 1;
                                answer.faults.push(RowFault {
                                    row: row.row,
                                    field: "name".into(),
                                    reason: "TWICE".into(),
                                    message: "与另一行重名".into(),
                                    conflict: true,
                                });
                            } else {
                                totals.added += 1;
                            }
                        }
                    }
                    Step::Finish(_) => answer.finished = true,
                }
                let _ = answers.send(Ok(ImportAcknowledgement { totals: Some(totals), ..answer })).await;
            }
        });
        Ok(Reply::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

fn institution(id: &str, name: &str) -> Institution {
    Institution {
        id: id.into(),
        version: 1,
        name: name.into(),
        region: "530402001".into(),
        operating: true,
        ..Institution::default()
    }
}

/// A console whose clerk and reviewer work at the bureau.
async fn house_with_bureau() -> (House, Arc<Bureau>) {
    let mut house = House::usual().await;
    let bureau = Arc::new(Bureau::default());
    let three = [("a", "阳光托育园"), ("b", "春蕾 <b>"), ("c", "小星托育园")];
    bureau.institutions.lock().unwrap().extend(three.map(|(id, name)| institution(id, name)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tonic::transport::Server::builder().add_service(InstitutionServiceServer::new(Door(bureau.clone())));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let key = SigningKey::load_or_create(&house._folder.path().join("signing.key")).unwrap();
    let city = City::embedded().code.clone();
    house.front.bureaus = Bureaus::new([("childcare".to_owned(), channel)].into(), key, city, house.clock.clone());
    house.front.bureaus.suppose("clerk", &[("childcare", "COUNTY_REPORTER", "530402")], &[]);
    house.front.bureaus.suppose("admin", &[("gateway", "SYS_ADMIN", "530400")], &[]);
    (house, bureau)
}

const REGISTER: &str = "/registers/childcare.institution";

#[tokio::test]
async fn a_list_is_read_page_by_page_and_back() {
    let (house, _) = house_with_bureau().await;
    let (cookie, _) = house.sign_in("clerk").await;
    let index = house.get("/registers", &cookie).await;
    assert!(index.body.contains("托育机构") && index.body.contains("国卫办人口发〔2019〕25号"), "{}", index.body);

    let first = house.get(REGISTER, &cookie).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(
        first.body.contains("阳光托育园") && first.body.contains("春蕾 &#60;b&#62;") && !first.body.contains("小星")
    );
    assert!(first.body.contains("cursor=2") && !first.body.contains("上一页"));
    let second = house.get(&format!("{REGISTER}?cursor=2&back="), &cookie).await;
    assert!(second.body.contains("小星托育园") && second.body.contains("上一页") && second.body.contains("已到末页"));
    let found = house.get(&format!("{REGISTER}?name_contains=%E5%B0%8F%E6%98%9F"), &cookie).await;
    assert!(found.body.contains("小星托育园") && !found.body.contains("阳光托育园"));

    let record = house.get(&format!("{REGISTER}/a"), &cookie).await;
    assert!(record.body.contains("<h1>阳光托育园</h1>") && record.body.contains("/a/acts/SuspendInstitution"));
    assert!(!record.body.contains("ConfirmFiling"), "a reviewer's act is not the clerk's");
    assert!(record.body.contains("/registers/childcare.class?institution_id=a"));
    assert_eq!(house.get(&format!("{REGISTER}/nobody"), &cookie).await.status, 404);

    let (admin, _) = house.sign_in("admin").await;
    let refused = house.get(REGISTER, &admin).await;
    assert!(refused.status == 403 && refused.body.contains("REGISTER_FORBIDDEN"));
}

#[tokio::test]
async fn an_act_is_done_refused_with_its_field_or_overtaken() {
    let (house, bureau) = house_with_bureau().await;
    let (cookie, token) = house.sign_in("clerk").await;
    let suspend = format!("{REGISTER}/a/acts/SuspendInstitution");
    let form = house.get(&suspend, &cookie).await;
    assert!(form.body.contains("value=\"2026-11-05\""), "an act holds from today: {}", form.body);
    let version = form.hidden("version");
    let fields = |version: &str, reason: &str| -> Vec<(String, String)> {
        [
            ("csrf", token.as_str()),
            ("idempotency_key", "k"),
            ("version", version),
            ("effective_on", "2026-11-05"),
            ("reason", reason),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    };
    let post = async |path: &str, fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        house.post(path, &cookie, &fields).await
    };
    let missing = post(&suspend, fields(&version, "")).await;
    assert!(missing.status == 400 && missing.body.contains("“原因”必填"), "{}", missing.body);
    assert!(missing.body.contains("<small>代码 "), "the code of the only fault: {}", missing.body);

    bureau.institutions.lock().unwrap()[0].version = 7;
    let stale = post(&suspend, fields(&version, "消防整改")).await;
    assert_eq!(stale.status, 409);
    assert!(stale.body.contains("用新版本继续") && stale.body.contains("消防整改</textarea>"));
    assert_eq!(stale.hidden("version"), "7");
    let done = post(&suspend, fields("7", "消防整改")).await;
    assert_eq!(
        (done.status, done.header(header::LOCATION)),
        (303, "/registers/childcare.institution/a?done=SuspendInstitution")
    );
    assert!(!bureau.institutions.lock().unwrap()[0].operating);
    assert!(house.get(done.header(header::LOCATION), &cookie).await.body.contains("已办理：停业"));

    // A bureau that is away takes nothing, and what was typed stays.
    let away = post(&format!("{REGISTER}/b/acts/ResumeInstitution"), fields("1", "整改合格")).await;
    assert!(away.status == 503 && away.body.contains("整改合格</textarea>") && away.body.contains("联系不上"));
    let forbidden = post(&format!("{REGISTER}/b/acts/ConfirmFiling"), fields("1", "x")).await;
    assert_eq!(forbidden.status, 403);

    let new = format!("{REGISTER}/new/RegisterInstitution");
    let row = |uscc: &str| -> Vec<(String, String)> {
        [
            ("csrf", token.as_str()),
            ("idempotency_key", "k2"),
            ("institution.name", "新星托育园"),
            ("institution.uscc", uscc),
            ("institution.kind", "INSTITUTION_KIND_COMMUNITY"),
            ("institution.ownership", "OWNERSHIP_PRIVATE"),
            ("institution.region", "530402001"),
            ("institution.opened_on", "2026-01-01"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    };
    let refused = post(&new, row("1")).await;
    assert!(refused.status == 400 && refused.body.contains("id=\"v-institution.uscc-fault\">信用代码校验码不对"));
    assert!(refused.body.contains("value=\"新星托育园\""));
    let made = post(&new, row("")).await;
    assert_eq!(made.header(header::LOCATION), "/registers/childcare.institution/new?done=RegisterInstitution");
}

#[tokio::test]
async fn a_form_that_comes_back_offers_every_record_again() {
    let (house, _) = house_with_bureau().await;
    let (cookie, token) = house.sign_in("clerk").await;
    let open = "/registers/childcare.class/new/OpenClass";
    let option = |id: &str, name: &str, chosen: &str| format!("<option value=\"{id}\"{chosen}>{name}</option>");
    let (sunshine, star) = (option("a", "阳光托育园", ""), option("c", "小星托育园", " selected"));
    // From an institution's page the institution is settled.
    let settled = house.get(&format!("{open}?institution_id=c"), &cookie).await.body;
    assert!(settled.contains(&star) && !settled.contains(&sunshine), "{settled}");
    // "c" is beyond the page of records, and stays chosen among the others.
    let fields = [("csrf", token.as_str()), ("idempotency_key", "k"), ("institution_id", "c")];
    let refused = house.post(open, &cookie, &fields).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains(&star) && refused.body.contains(&sunshine), "{}", refused.body);
    let fields = [("csrf", token.as_str()), ("idempotency_key", "k"), ("institution_id", "a")];
    let refused = house.post(open, &cookie, &fields).await.body;
    assert_eq!(refused.matches("阳光托育园").count(), 1, "once, chosen: {refused}");
    assert!(refused.contains(&option("a", "阳光托育园", " selected")), "{refused}");
}

const SHEET: &str = "机构名称,机构类型,举办性质,所在地区,开业日期\n阳光园,社区托育,民办,530402001,2025-03-01\n\
    重名园,社区托育,民办,530402001,2025-03-01\n坏日期园,社区托育,民办,530402001,三月\n";

fn upload(cookie: &str, token: &str, file: &str) -> Request<Body> {
    let part = |name: &str, value: &str| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = [
        part("csrf", token),
        part("region", "530402"),
        part("effective_on", "2026-11-05"),
        format!("--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list.csv\"\r\n\r\n{file}\r\n"),
        "--cut--\r\n".to_owned(),
    ];
    Request::post(format!("{REGISTER}/import"))
        .header(header::HOST, "console")
        .header(header::ORIGIN, "http://console")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=cut")
        .body(Body::from(body.concat()))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_checked_shown_and_then_written() {
    let (mut house, bureau) = house_with_bureau().await;
    let (cookie, token) = house.sign_in("clerk").await;
    let router = house.router();
    let ask = async |request: Request<Body>| {
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 8 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    };
    let get =
        async |path: &str| ask(Request::get(path).header(header::COOKIE, &cookie).body(Body::empty()).unwrap()).await;
    let settled = async |path: &str| {
        for _ in 0..200 {
            let page = get(path).await;
            if page.header(header::REFRESH).is_empty() {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the import does not end");
    };

    let foreign = ask(upload(&cookie, "wrong", SHEET)).await;
    assert!(foreign.status == 403 && foreign.body.contains("CSRF_INVALID"));
    let taken = ask(upload(&cookie, &token, SHEET)).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let here = taken.header(header::LOCATION).to_owned();
    let checked = settled(&here).await;
    assert!(checked.body.contains("预检完成") && checked.body.contains("确认导入，写入 1 行"), "{}", checked.body);
    assert!(checked.body.contains("与另一行重名") && checked.body.contains("冲突") && checked.body.contains("三月"));
    assert_eq!(*bureau.imports.lock().unwrap(), [(ImportMode::Preview, 2)], "nothing is written before the word");
    let workbook = get(&format!("{here}/rejected")).await;
    assert!(workbook.status == 200 && workbook.body.starts_with("PK"));

    let (other, _) = house.sign_in("admin").await;
    let theirs = ask(Request::get(&here).header(header::COOKIE, other).body(Body::empty()).unwrap()).await;
    assert_eq!(theirs.status, 403, "another person's import is nobody else's");

    let commit = async || {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("csrf", token.as_str()), ("idempotency_key", "k")])
            .finish();
        let request = Request::post(format!("{here}/commit"))
            .header(header::HOST, "console")
            .header(header::ORIGIN, "http://console")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        ask(request.body(Body::from(body)).unwrap()).await
    };
    assert_eq!(commit().await.status, 303);
    assert_eq!(commit().await.status, 303, "a second click does nothing");
    let written = settled(&here).await;
    assert!(written.body.contains("导入完成，采用 1&nbsp;行"), "{}", written.body);
    assert_eq!(*bureau.imports.lock().unwrap(), [(ImportMode::Preview, 2), (ImportMode::Commit, 2)]);

    // Another gateway, or this one after a restart, does not have the file: the same id takes it up again.
    house.front.imports = Imports::open(house._folder.path().join("imports")).unwrap();
    let lost = house.get(&here, &cookie).await;
    assert_eq!(lost.status, 303);
    let again = house.get(lost.header(header::LOCATION), &cookie).await;
    assert!(again.body.contains("请重新上传同一个文件") && again.body.contains("没有丢失"));

    let empty = ask(upload(&cookie, &token, "")).await;
    let empty = settled(empty.header(header::LOCATION)).await;
    assert!(empty.body.contains("预检没有完成") && empty.body.contains("登记册没有变动"), "{}", empty.body);
}
