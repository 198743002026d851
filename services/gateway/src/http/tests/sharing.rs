//! 数据共享 and 人员查询 in front of a bureau in memory and of one that is not there.

mod bureau;
mod doubts;

use proto::childcare::staff_service_server::StaffServiceServer;
use proto::contract::feed_status_service_server::FeedStatusServiceServer;
use proto::trust::Purpose;
use proto::trust::access_right_service_server::AccessRightServiceServer;
use proto::trust::correction_service_server::CorrectionServiceServer;
use proto::trust::matching_service_server::MatchingServiceServer;
use proto::trust::person_service_server::PersonServiceServer;
use tokio_stream::wrappers::TcpListenerStream;

use super::*;
use bureau::{Bureau, Door, NUMBER, OTHER_NUMBER, PHONE};

/// Childcare answers; education is configured and not there.
async fn house_with_bureaus() -> (House, Arc<Bureau>) {
    let mut house = House::usual().await;
    let bureau = Arc::new(Bureau::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let door = Door(bureau.clone());
    let server = tonic::transport::Server::builder()
        .add_service(StaffServiceServer::new(door.clone()))
        .add_service(PersonServiceServer::new(door.clone()))
        .add_service(AccessRightServiceServer::new(door.clone()))
        .add_service(CorrectionServiceServer::new(door.clone()))
        .add_service(FeedStatusServiceServer::new(door.clone()))
        .add_service(MatchingServiceServer::new(door));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = |at: String| tonic::transport::Endpoint::from_shared(at).unwrap().connect_lazy();
    let channels = [
        ("childcare".to_owned(), channel(format!("http://{address}"))),
        ("education".to_owned(), channel("http://127.0.0.1:1".to_owned())),
    ];
    let key = SigningKey::load_or_create(&house._folder.path().join("signing.key")).unwrap();
    house.front.bureaus = Bureaus::new(channels.into(), key, City::embedded().code.clone(), house.clock.clone());
    let both = |role| [("childcare", role, "530400"), ("education", role, "530400")];
    house.admit("approver", "530400", &both("CITY_BUREAU_APPROVER")).await;
    house.admit("office", "530400", &both("TASKFORCE_ADMIN")).await;
    house.admit("auditor", "530400", &both("AUDITOR")).await;
    house.admit("idle", "530402", &[]).await;
    house.front.bureaus.suppose("clerk", &[("childcare", "COUNTY_REPORTER", "530402")], &[]);
    house.front.bureaus.suppose("admin", &[("gateway", "SYS_ADMIN", "530400")], &[]);
    (house, bureau)
}

const RECORD: &str = "/registers/childcare.staff/a1";

#[tokio::test]
async fn each_page_is_for_whom_it_concerns() {
    let (house, _) = house_with_bureaus().await;
    let pages = [
        ("/sharing", "admin approver office auditor"),
        ("/sharing/entry?path=/ylyx.trust.v1.MatchingService/Match", "admin approver office auditor"),
        ("/sharing/rights", "admin approver office auditor"),
        ("/sharing/rights/new", "approver office"),
        ("/sharing/rights/childcare/r1", "admin approver office auditor"),
        ("/sharing/corrections", "admin approver office auditor clerk"),
        ("/sharing/corrections/new", "admin approver office auditor clerk"),
        ("/sharing/copies", "office auditor"),
        ("/sharing/matching", "approver office auditor"),
        ("/persons", "approver office auditor clerk"),
        ("/persons/childcare/p1/seen", "approver office auditor clerk"),
    ];
    for (page, _) in pages {
        assert_eq!(house.get(page, "").await.status, 303, "{page} is nobody's without signing in");
    }
    for who in ["admin", "approver", "office", "auditor", "clerk", "idle"] {
        let (cookie, _) = house.sign_in(who).await;
        for (page, may) in pages {
            let answer = house.get(page, &cookie).await;
            let expected = if may.split(' ').any(|one| one == who) { 200 } else { 403 };
            assert_eq!(answer.status, expected, "{who} at {page}: {}", answer.body);
        }
        let shown = house.get("/password", &cookie).await.body.contains("href=\"/sharing\"");
        assert_eq!(shown, !matches!(who, "clerk" | "idle"), "the menu of {who}");
    }
}

#[tokio::test]
async fn a_bureau_that_is_down_is_named_and_the_others_are_listed_page_by_page() {
    let (house, _) = house_with_bureaus().await;
    let (cookie, _) = house.sign_in("office").await;
    let mut address = "/sharing/rights".to_owned();
    let mut seen = Vec::new();
    for turn in 0.. {
        assert!(turn < 5, "the pages go in circles: {address}");
        let page = house.get(&address, &cookie).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let links = page.body.split("href=\"/sharing/rights/childcare/").skip(1);
        seen.extend(links.map(|rest| rest.split('"').next().unwrap().to_owned()));
        let Some((_, rest)) = page.body.split_once("rel=\"next\" href=\"") else {
            assert_eq!(turn, 2);
            assert!(page.body.contains("老干部局（老年教育）的服务暂时联系不上"), "{}", page.body);
            break;
        };
        address = rest.split('"').next().unwrap().replace("&#38;", "&");
    }
    let expected: Vec<String> = (0..120).map(|number| format!("r{number}")).collect();
    assert_eq!(seen, expected, "every right once, in order");
}

#[tokio::test]
async fn a_refusal_stands_beside_its_field_and_what_was_typed_stays() {
    let (house, bureau) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("approver").await;
    let here = "/sharing/rights/childcare/r1";
    let page = house.get(here, &cookie).await;
    assert!(page.body.contains("value=\"grant\"") && page.body.contains("已逾期"), "{}", page.body);
    assert!(page.body.contains("目录代码<span class=\"req\">（授权时必填）") && page.body.contains("尚未载明"));
    let grant = |number: &str| {
        let fields = [
            ("csrf", token.clone()),
            ("act", "grant".to_owned()),
            ("reason", "同意 <b>".to_owned()),
            ("authorisation_number", number.to_owned()),
        ];
        let (house, cookie) = (&house, &cookie);
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.post(here, cookie, &fields).await
        }
    };
    let refused = grant("").await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("id=\"f-authorisation_number\">授权时须填写授权编号"), "{}", refused.body);
    assert!(refused.body.contains("同意 &#60;b&#62;</textarea>"));
    let done = grant("玉数授〔2026〕1号").await;
    assert_eq!((done.status, done.header(header::LOCATION)), (303, "/sharing/rights/childcare/r1?done=grant"));
    assert_eq!(*bureau.acts.lock().unwrap(), ["grant"]);

    let fields = [
        ("csrf", token.as_str()),
        ("method", "/ylyx.trust.v1.MatchingService/Match"),
        ("provider", "childcare"),
        ("consumer", "education"),
        ("purpose", "staff-verification"),
    ];
    let refused = house.post("/sharing/rights/new", &cookie, &fields).await;
    assert!(refused.status == 400 && refused.body.contains("id=\"f-basis\">请填写申请依据"), "{}", refused.body);
    assert!(refused.body.contains("<option value=\"education\" selected>"));

    let own = house.get("/sharing/rights/childcare/own", &cookie).await;
    assert!(!own.body.contains("value=\"grant\"") && own.body.contains("value=\"reject\""), "{}", own.body);
    let (office, token) = house.sign_in("office").await;
    let own = house.get(here, &office).await;
    assert!(own.body.contains("此项授权由您申请，以后各步请由他人办理") && !own.body.contains("value=\"grant\""));
    let away = [("csrf", token.as_str()), ("act", "check"), ("reason", "材料齐全")];
    let away = house.post("/sharing/rights/education/r1", &office, &away).await;
    assert!(away.status == 503 && away.body.contains("联系不上"), "{}", away.body);
    assert!(
        away.body.contains("name=\"reason\" value=\"材料齐全\""),
        "what was typed can be sent again: {}",
        away.body
    );
}

#[tokio::test]
async fn a_feed_offers_its_items_and_says_which_cannot_be_left_out() {
    let (house, _) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("approver").await;
    let follow = "/ylyx.childcare.v1.InstitutionFeedService/FollowInstitutions";
    let form = house.get(&format!("/sharing/rights/new?method={follow}"), &cookie).await.body;
    let tick = |name: &str| {
        let (_, rest) = form.split_once(&format!("name=\"fields\" value=\"{name}\"")).unwrap_or_default();
        rest.split("</label>").next().unwrap_or_default().to_owned()
    };
    assert!(tick("operating").contains("运营") && tick("operating").contains("必含"), "{form}");
    assert!(tick("uscc").contains("统一社会信用代码") && !tick("uscc").contains("必含"), "{form}");
    assert!(form.contains("没有给出的数据项会被读成否、零或没有"), "{form}");
    for name in ["record", "removed_id", "head", "id"] {
        assert!(tick(name).is_empty(), "{name} is nothing that can be chosen");
    }
    let fields = [
        ("csrf", token.as_str()),
        ("method", follow),
        ("provider", "childcare"),
        ("consumer", "supervision"),
        ("purpose", "institution-register"),
        ("basis", "监管需要"),
        ("fields", "name"),
    ];
    let refused = house.post("/sharing/rights/new", &cookie, &fields).await;
    assert!(
        refused.status == 400 && refused.body.contains("id=\"f-fields\">缩小数据项范围时须保留"),
        "{}",
        refused.body
    );
    assert!(refused.body.contains("value=\"name\" checked"), "what was ticked stays");

    let levels = house.get("/sharing/rights/new?method=/ylyx.trust.v1.MatchingService/Match", &cookie).await.body;
    assert!(levels.contains("没有可挑选的数据项") && !levels.contains("name=\"fields\""), "{levels}");
}

#[tokio::test]
async fn plain_text_is_shown_once_for_a_purpose_and_kept_nowhere() {
    let (house, bureau) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("clerk").await;
    let page = house.get(RECORD, &cookie).await;
    assert!(page.body.contains("身份信息") && page.body.contains("查看明文") && page.body.contains("核对身份"));
    assert!(!page.body.contains(NUMBER) && !page.body.contains("谁看过此人"), "not the clerk's to know");
    let reveal = format!("{RECORD}/reveal");
    assert_eq!(house.get(&reveal, &cookie).await.status, 405, "an address never shows it");
    let refused =
        house.post(&reveal, &cookie, &[("csrf", &token), ("reason", "核对证书"), ("what", "documents")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("id=\"f-purpose\">请选择查看用途") && refused.body.contains("value=\"核对证书\""));
    assert!(bureau.looks.lock().unwrap().is_empty());

    let fields = [("csrf", token.as_str()), ("purpose", "1"), ("reason", "核对证书"), ("what", "documents")];
    let shown = house.post(&reveal, &cookie, &fields).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains(NUMBER) && shown.body.contains("本次查看已记录") && shown.body.contains("look-7"));
    assert!(!shown.body.contains(PHONE), "no more than was asked for");
    let title = shown.body.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
    assert!(!title.contains(NUMBER));
    assert!(links(&shown.body).iter().all(|link| !link.contains(NUMBER)));
    let looks = bureau.looks.lock().unwrap().clone();
    assert_eq!(looks.len(), 1);
    assert!(looks[0].documents && !looks[0].name && !looks[0].phone);
    assert_eq!((looks[0].id.as_str(), looks[0].purpose()), ("p1", Purpose::IdentityCheck));
    assert!(!house.get(RECORD, &cookie).await.body.contains(NUMBER), "only once");

    let (auditor, token) = house.sign_in("auditor").await;
    let page = house.get(RECORD, &auditor).await;
    assert!(page.body.contains("/persons/childcare/p1/seen") && !page.body.contains("查看明文</summary>"));
    let fields = [("csrf", token.as_str()), ("purpose", "1")];
    assert!(house.get("/persons/childcare/p1/seen", &auditor).await.body.contains("联系核实"));
    assert_eq!(house.post("/persons", "", &fields).await.status, 401);
}

#[tokio::test]
async fn two_records_are_looked_at_before_they_are_merged_and_a_person_is_forgotten_with_a_reason() {
    let (house, bureau) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("approver").await;
    assert!(house.get("/persons?bureau=childcare", &cookie).await.body.contains("/persons/merge?bureau=childcare"));
    let numbers = |keep, other, reason| {
        [
            ("csrf", token.as_str()),
            ("bureau", "childcare"),
            ("keep_kind", "1"),
            ("keep_person_number", keep),
            ("other_kind", "1"),
            ("other_person_number", other),
            ("reason", reason),
        ]
    };
    let wrong = house.post("/persons/merge", &cookie, &numbers(NUMBER, "530402199003070019", "换证")).await;
    assert!(
        wrong.status == 400 && wrong.body.contains("id=\"f-other_person_number\">证件号码校验码不对"),
        "{}",
        wrong.body
    );
    let same = house.post("/persons/merge", &cookie, &numbers(NUMBER, NUMBER, "换证")).await;
    assert!(same.body.contains("两个证件已是同一人的"), "{}", same.body);
    let unsaid = house.post("/persons/merge", &cookie, &numbers(NUMBER, OTHER_NUMBER, "")).await;
    assert!(unsaid.body.contains("请写明合并原因"), "{}", unsaid.body);
    let found = house.post("/persons/merge", &cookie, &numbers(NUMBER, OTHER_NUMBER, "换证")).await;
    assert!(found.status == 200 && found.body.contains("确认合并") && found.body.contains("530***********0018"));
    assert!(!found.body.contains(NUMBER) && !found.body.contains(OTHER_NUMBER) && !wrong.body.contains(NUMBER));
    let ended = house.post("/persons/merge", "", &numbers(NUMBER, OTHER_NUMBER, "换证")).await;
    assert!(ended.status == 401 && ended.body.contains("reason=%E6%8D%A2%E8%AF%81"), "{}", ended.body);
    assert!(!ended.body.contains(NUMBER) && !ended.body.contains(OTHER_NUMBER), "numbers are not kept");
    let told = house.post("/persons/merge", &cookie, &numbers(NUMBER, OTHER_NUMBER, "同意，13887654321")).await;
    assert!(told.body.contains("内容中含有手机号码"), "{}", told.body);
    assert!(bureau.acts.lock().unwrap().is_empty(), "nothing is done before the word");
    let word =
        [("csrf", token.as_str()), ("bureau", "childcare"), ("keep_id", "p1"), ("other_id", "p2"), ("reason", "换证")];
    let refused = [&word[..4], &[("reason", "不行")]].concat();
    let refused = house.post("/persons/merge", &cookie, &refused).await;
    assert!(refused.body.contains("没有合并：") && refused.body.contains("确认合并"), "{}", refused.body);
    assert!(refused.body.contains("530***********0018"), "both are shown again: {}", refused.body);
    assert!(refused.body.contains("两条都登记了居民身份证"), "{}", refused.body);
    let with = async |other: &str| {
        let fields = [&word[..3], &[("other_id", other), ("reason", "不行")]].concat();
        house.post("/persons/merge", &cookie, &fields).await
    };
    for other in ["p1", "erased"] {
        let no_longer = with(other).await;
        assert!(no_longer.body.contains("没有合并：其中一人的信息已删除"), "{}", no_longer.body);
        assert!(!no_longer.body.contains("确认合并"), "two no longer: {}", no_longer.body);
    }
    let merged = with("merged").await;
    assert!(merged.body.contains("已合并") && !merged.body.contains("没有合并"), "sent twice: {}", merged.body);
    let away = with("away").await;
    assert!(
        !away.body.contains("确认合并") && away.body.contains("name=\"other_id\" value=\"away\""),
        "kept: {}",
        away.body
    );
    assert!(house.post("/persons/merge", &cookie, &word).await.body.contains("已合并"));

    let erase = "/persons/erase";
    let whom = [("csrf", token.as_str()), ("bureau", "childcare"), ("id", "p2"), ("shown", "李*")];
    let held = house.post(erase, &cookie, &[&whom[..], &[("reason", "试试")]].concat()).await;
    assert!(
        held.status == 409 && held.body.contains("记录须保存至2031-10-01") && held.body.contains("value=\"试试\""),
        "{}",
        held.body
    );
    let fields = [&whom[..], &[("reason", "本人申请"), ("document_number", "玉卫〔2026〕9号")]].concat();
    assert!(house.post(erase, &cookie, &fields).await.body.contains("已删除"));
    assert_eq!(*bureau.acts.lock().unwrap(), ["merge p1 p2 换证", "erase p2 本人申请 玉卫〔2026〕9号"]);
    let (clerk, token) = house.sign_in("clerk").await;
    assert_eq!(house.get("/persons/merge?bureau=childcare", &clerk).await.status, 403);
    assert_eq!(
        house.post(erase, &clerk, &[("csrf", &token), ("bureau", "childcare"), ("reason", "本人申请")]).await.status,
        403
    );
}

#[tokio::test]
async fn a_clerk_puts_right_what_is_registered_of_a_person() {
    let (house, bureau) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("clerk").await;
    let page = "/persons/childcare/p1/correct";
    assert!(links(&house.get(RECORD, &cookie).await.body).contains(&page.to_owned()));
    let shown = house.get(page, &cookie).await;
    assert!(shown.status == 200 && shown.body.contains("更正居民身份证 530***********0018"), "{}", shown.body);
    let typed = |name, number, replaces| {
        [
            ("csrf", token.as_str()),
            ("name", name),
            ("phone", PHONE),
            ("kind", "1"),
            ("person_number", number),
            ("replaces", replaces),
            ("reason", "录入有误"),
        ]
    };
    let taken = house.post(page, &cookie, &typed("", OTHER_NUMBER, "530***********0018")).await;
    assert!(taken.status == 400 && taken.body.contains("id=\"f-number\">这个证件已登记"), "{}", taken.body);
    assert!(taken.body.contains("value=\"录入有误\"") && !taken.body.contains(OTHER_NUMBER));
    assert!(!taken.body.contains(PHONE), "what was typed of a phone is not written back");
    assert!(bureau.acts.lock().unwrap().is_empty());
    let unsaid = house.post(page, &cookie, &typed("", NUMBER, "")).await;
    assert!(unsaid.body.contains("id=\"f-replaces\">请选择更正哪个证件"), "{}", unsaid.body);
    // Without a number no document is meant, whatever is chosen beside it.
    let done = house.post(page, &cookie, &typed("李虚明", "", "530***********0018")).await;
    assert!(done.status == 200 && done.body.contains("已更正") && done.body.contains("李**"), "{}", done.body);
    assert!(!done.body.contains("李虚明") && !done.body.contains(PHONE));
    assert_eq!(*bureau.acts.lock().unwrap(), [format!("correct p1 李虚明 {PHONE} 0   录入有误")]);
    let ended = house.post(page, "", &typed("", NUMBER, "")).await;
    assert!(ended.status == 401 && !ended.body.contains(NUMBER), "{}", ended.body);
    let (auditor, _) = house.sign_in("auditor").await;
    assert_eq!(house.get(page, &auditor).await.status, 403);
    assert_eq!(house.get("/persons/finance/p1/correct", &cookie).await.status, 400);
}

fn links(body: &str) -> Vec<String> {
    let parts = ["href=\"", "action=\""].into_iter().flat_map(|start| body.split(start).skip(1));
    parts.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_number_is_posted_and_never_part_of_an_address_or_shown_again() {
    let (house, bureau) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("approver").await;
    let page = house.get("/persons?bureau=childcare", &cookie).await;
    for form in page.body.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap()) {
        let posted = form.starts_with("method=\"post\"");
        assert!(posted || !form.contains("person_number"), "a number would stand in the address: {form}");
    }
    let fields = |number| [("csrf", token.as_str()), ("bureau", "childcare"), ("kind", "1"), ("person_number", number)];
    let found = house.post("/persons", &cookie, &fields(NUMBER)).await;
    assert!(found.status == 200 && found.body.contains("查到一人"), "{}", found.body);
    assert!(found.body.contains("/registers/childcare.staff?include_left=true&#38;person_id=p1"));
    let wrong = house.post("/persons", &cookie, &fields("530402199003070019")).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("id=\"find-number-fault\">证件号码校验码不对"), "{}", wrong.body);
    let seen = house.post("/persons/seen", &cookie, &fields(NUMBER)).await;
    assert!(seen.status == 200 && seen.body.contains("联系核实"), "{}", seen.body);
    assert!(links(&seen.body).contains(&"/persons/childcare/p1/seen?cursor=c2".to_owned()));
    for answer in [&found, &wrong, &seen] {
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
        assert!(!answer.body.contains("5304021990030700"), "the number is not written back");
    }
    assert_eq!(bureau.sought.lock().unwrap().len(), 2);

    // A session that ended keeps the form, and not the number.
    let lost = house.post("/persons", "", &fields(NUMBER)).await;
    assert!(lost.status == 401 && !lost.body.contains(NUMBER));
}

#[tokio::test]
async fn auditors_see_the_keys_and_whom_an_account_looked_at() {
    let (house, _) = house_with_bureaus().await;
    let (approver, token) = house.sign_in("approver").await;
    let keys = "还有 3 人待换为最新密钥";
    assert!(house.get("/persons?bureau=childcare", &approver).await.body.contains(keys));
    let search = [("csrf", token.as_str()), ("bureau", "childcare"), ("kind", "1"), ("person_number", NUMBER)];
    let found = house.post("/persons", &approver, &search).await;
    assert!(found.status == 200 && !found.body.contains(keys), "not counted with every search: {}", found.body);
    let (cookie, _) = house.sign_in("auditor").await;
    let page = house.get("/persons?bureau=childcare", &cookie).await;
    assert!(page.body.contains("还有 3 人待换为最新密钥") && !page.body.contains("按证件查询"), "{}", page.body);
    let looks = house.get("/persons/seen?bureau=childcare&user=clerk", &cookie).await;
    assert!(looks.body.contains("账号 clerk&nbsp;看过谁") && looks.body.contains("联系本人"), "{}", looks.body);
    assert!(links(&looks.body).iter().any(|link| link.contains("user=clerk") && link.contains("cursor=c2")));
    let down = house.get("/persons?bureau=education", &cookie).await;
    assert!(down.status == 200 && down.body.contains("联系不上"), "{}", down.body);
}

#[tokio::test]
async fn a_comparison_shows_counts_and_masked_people() {
    let (house, _) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("approver").await;
    let run =
        async |day: &str| house.post("/sharing/matching/staff", &cookie, &[("csrf", &token), ("as_of", day)]).await;
    let refused = run("").await;
    assert!(refused.status == 400 && refused.body.contains("id=\"f-as_of\">请填写日期"), "{}", refused.body);
    let done = run("2026-11-01").await;
    assert!(done.status == 200 && done.body.contains("比对 12&nbsp;人") && done.body.contains("李*"), "{}", done.body);
    // Clerks have an entry of their own, for 数据共享 is not theirs; those who have it find people there.
    let entries = |page: &str| ["/sharing", "/persons"].map(|href| page.contains(&format!("<li><a href=\"{href}\"")));
    assert_eq!(entries(&house.get("/work", &cookie).await.body), [true, false]);
    let (clerk, _) = house.sign_in("clerk").await;
    assert_eq!(entries(&house.get("/work", &clerk).await.body), [false, true]);
    let (office, token) = house.sign_in("office").await;
    let fields = [("csrf", token.as_str()), ("as_of", "2026-11-01")];
    assert_eq!(house.post("/sharing/matching/staff", &office, &fields).await.status, 403);
}
