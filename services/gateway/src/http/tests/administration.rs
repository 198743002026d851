//! Who may administer whom.

use super::*;

#[tokio::test]
async fn only_administrators_see_accounts_and_each_only_the_own_tree() {
    let house = House::usual().await;
    house.admit("far-clerk", "530403", &[]).await;
    house.admit("town-clerk", "530402001", &[]).await;
    let (clerk, _) = house.sign_in("clerk").await;
    let refused = house.get("/accounts", &clerk).await;
    assert!(refused.status == 403 && refused.body.contains("ROLE_MISSING"));
    assert!(!refused.body.contains("href=\"/accounts\""), "not in the menu either");
    let (county, token) = house.sign_in("county-admin").await;
    let list = house.get("/accounts", &county).await.body;
    for (id, shown) in [("clerk", true), ("town-clerk", true), ("far-clerk", false), ("admin", false)] {
        assert_eq!(list.contains(&format!("href=\"/accounts/{id}\"")), shown, "{id}");
    }
    assert_eq!(house.get("/accounts/far-clerk", &county).await.status, 404);
    let refused = house.post("/accounts/far-clerk/reset", &county, &[("csrf", &token)]).await;
    assert!(refused.status == 404 && !refused.body.contains("class=\"secret"));
    let (admin, _) = house.sign_in("admin").await;
    let found = house.get("/accounts?text=far&region=530403", &admin).await.body;
    assert!(found.contains("/accounts/far-clerk\"") && !found.contains("/accounts/clerk\""));
}

#[tokio::test]
async fn a_new_account_is_checked_beside_its_fields() {
    let house = House::usual().await;
    let (county, token) = house.sign_in("county-admin").await;
    let fields =
        [("csrf", token.as_str()), ("id", "New Clerk"), ("name", ""), ("unit", "红塔区民政局"), ("region", "530403")];
    let page = house.post("/accounts/new", &county, &fields).await;
    assert_eq!(page.status, 400);
    for fault in ["id-fault\">账号须为", "name-fault\">请填写姓名", "region-fault\">该地区不在您的管理范围内"]
    {
        assert!(page.body.contains(fault), "{fault}");
    }
    assert!(page.body.contains("value=\"New Clerk\"") && page.body.contains("value=\"红塔区民政局\""));
    let fields =
        [("csrf", token.as_str()), ("id", "clerk"), ("name", "王某"), ("unit", "某镇"), ("region", "530402001")];
    let page = house.post("/accounts/new", &county, &fields).await;
    assert!(page.status == 409 && page.body.contains("id-fault\">这个账号已经有了"));
    let fields =
        [("csrf", token.as_str()), ("id", "town"), ("name", "王某"), ("unit", "某镇"), ("region", "530402001")];
    let page = house.post("/accounts/new", &county, &fields).await;
    assert!(page.status == 200 && page.body.contains("只显示这一次"));
    let events = house.front.accounts.events("town").await.unwrap();
    assert_eq!((events[0].actor.as_str(), events[0].act.as_str()), ("county-admin", "OPENED"));
}

#[tokio::test]
async fn nobody_becomes_somebody_greater_by_resetting_a_password() {
    let house = House::usual().await;
    house.admit("chief", "530402", &[("finance", "CITY_BUREAU_APPROVER", "530400")]).await;
    house.admit("peer", "530402", &[]).await;
    house.front.bureaus.suppose("peer", &[], &["finance"]);
    let (county, token) = house.sign_in("county-admin").await;
    let refused = house.post("/accounts/chief/reset", &county, &[("csrf", &token)]).await;
    assert!(
        refused.status == 403 && refused.body.contains("本县以外的权限") && !refused.body.contains("class=\"secret")
    );
    let unknown = house.post("/accounts/peer/reset", &county, &[("csrf", &token)]).await;
    assert!(unknown.status == 503 && unknown.body.contains("暂时联系不上"));
    let own = house.post("/accounts/county-admin/disable", &county, &[("csrf", &token)]).await;
    assert_eq!(own.status, 403);
    let (admin, token) = house.sign_in("admin").await;
    assert_eq!(house.post("/accounts/chief/reset", &admin, &[("csrf", &token)]).await.status, 200);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let house = House::usual().await;
    let (clerk, _) = house.sign_in("clerk").await;
    let (county, token) = house.sign_in("county-admin").await;
    let fields = [("csrf", token.as_str()), ("reason", "调离")];
    let answer = house.post("/accounts/clerk/disable", &county, &fields).await;
    assert_eq!(answer.header(header::LOCATION), "/accounts/clerk?done=disable");
    assert_eq!(house.get("/password", &clerk).await.status, 303);
    assert_eq!(house.post("/signin", "", &[("id", "clerk"), ("password", PASSWORD)]).await.status, 401);
    let page = house.get("/accounts/clerk?done=disable", &county).await.body;
    assert!(page.contains("账号已停用") && page.contains("调离") && page.contains("county-admin"));
    assert_eq!(house.post("/accounts/clerk/enable", &county, &[("csrf", &token)]).await.status, 303);
    house.sign_in("clerk").await;
}

#[tokio::test]
async fn a_bureau_that_is_not_there_is_named_and_nothing_is_claimed() {
    let house = House::usual().await;
    house.front.bureaus.suppose("clerk", &[("childcare", "COUNTY_REPORTER", "530402")], &["finance"]);
    let (clerk, _) = house.sign_in("clerk").await;
    let page = house.get("/password", &clerk).await.body;
    assert!(page.contains("财政局暂时联系不上"));
    let (admin, token) = house.sign_in("admin").await;
    let fields = [("csrf", token.as_str()), ("bureau", "finance"), ("role", "COUNTY_REPORTER"), ("region", "530402")];
    let answer = house.post("/accounts/clerk/give", &admin, &fields).await;
    assert!(answer.status == 400 && answer.body.contains("没有接入名为“finance”的部门"));
}
