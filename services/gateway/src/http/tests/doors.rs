//! Who gets in, for how long, and what an unknown visitor sees.

use super::*;

#[tokio::test]
async fn working_pages_lead_to_the_sign_in_and_back() {
    let house = House::usual().await;
    let answer = house.get("/accounts?state=active", "").await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (303, "/signin?next=%2Faccounts%3Fstate%3Dactive"));
    let page = house.get("/signin?next=%2Faccounts%3Fstate%3Dactive", "").await;
    assert_eq!(page.hidden("next"), "/accounts?state=active");
    let fields = [("id", "admin"), ("password", PASSWORD), ("next", "/accounts?state=active")];
    let answer = house.post("/signin", "", &fields).await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (303, "/accounts?state=active"));
    assert_eq!(house.get("/accounts?state=active", &answer.cookie()).await.status, 200);
    for elsewhere in ["https://elsewhere", "//elsewhere", "/\\elsewhere", ""] {
        let fields = [("id", "admin"), ("password", PASSWORD), ("next", elsewhere)];
        assert_eq!(house.post("/signin", "", &fields).await.header(header::LOCATION), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn public_data_is_the_offices_to_take() {
    let house = House::usual().await;
    house.admit("office", "530400", &[("gateway", "TASKFORCE_ADMIN", "530400")]).await;
    for file in ["/cuts/none/public.csv", "/cuts/none/public.json"] {
        assert_eq!(house.get(file, "").await.status, 303, "nobody is led to the sign-in");
        let (clerk, _) = house.sign_in("clerk").await;
        assert_eq!(house.get(file, &clerk).await.status, 403);
        let (office, _) = house.sign_in("office").await;
        assert_eq!(house.get(file, &office).await.status, 404, "no such cut");
    }
}

#[tokio::test]
async fn views_are_open_only_where_the_configuration_says_so() {
    let open = House::usual().await;
    assert_eq!(open.get("/api/v1/bureaus", "").await.status, 200);
    assert_eq!(open.get("/nowhere", "").await.status, 404);
    let closed = House::open(AccountSettings::default(), false).await;
    let answer = closed.get("/api/v1/bureaus", "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("SIGN_IN_REQUIRED"));
    assert_eq!(closed.get("/", "").await.header(header::LOCATION), "/signin?next=%2F");
    let (cookie, _) = closed.sign_in("clerk").await;
    assert_eq!(closed.get("/api/v1/bureaus", &cookie).await.status, 200);
}

#[tokio::test]
async fn the_cookie_is_hard_to_steal_and_a_new_one_at_every_sign_in() {
    let house = House::usual().await;
    let answer = house.post("/signin", "", &[("id", "clerk"), ("password", PASSWORD)]).await;
    let set = answer.header(header::SET_COOKIE);
    for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let first = answer.cookie();
    let second = house.post("/signin", &first, &[("id", "clerk"), ("password", PASSWORD)]).await.cookie();
    assert_ne!(first, second);
    assert_eq!(house.get("/password", &first).await.status, 303, "the session before it ended");
    assert_eq!(house.get("/password", &second).await.status, 200);
    let plain = House::open(AccountSettings { secure_cookie: false, ..AccountSettings::default() }, true).await;
    let answer = plain.post("/signin", "", &[("id", "clerk"), ("password", PASSWORD)]).await;
    assert!(!answer.header(header::SET_COOKIE).contains("Secure"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_alike() {
    let house = House::usual().await;
    let wrong = house.post("/signin", "", &[("id", "clerk"), ("password", "wrong password 1")]).await;
    let empty = house.post("/signin", "", &[("id", "clerk"), ("password", "")]).await;
    let nobody = house.post("/signin", "", &[("id", "nobody"), ("password", "wrong password 1")]).await;
    assert_eq!([wrong.status, empty.status, nobody.status], [401; 3]);
    let said = |answer: &Answer| {
        answer.body.split_once("role=\"alert\">").unwrap().1.split_once("</div>").unwrap().0.to_owned()
    };
    assert_eq!(said(&wrong), said(&nobody));
    assert!(wrong.header(header::SET_COOKIE).is_empty());
    assert!(house.front.accounts.events("nobody").await.unwrap().is_empty(), "it may have been a password");
    assert!(wrong.body.contains("value=\"clerk\"") && !wrong.body.contains("wrong password"));
}

#[tokio::test]
async fn five_wrong_passwords_lock_an_account_for_fifteen_minutes() {
    let house = House::usual().await;
    for _ in 0..5 {
        house.post("/signin", "", &[("id", "clerk"), ("password", "wrong password 1")]).await;
    }
    let right = [("id", "clerk"), ("password", PASSWORD)];
    assert_eq!(house.post("/signin", "", &right).await.status, 401, "the right one, too late");
    house.after(14);
    assert_eq!(house.post("/signin", "", &right).await.status, 401);
    house.after(15);
    assert_eq!(house.post("/signin", "", &right).await.status, 303);
    let events = house.front.accounts.events("clerk").await.unwrap();
    let acts: Vec<(&str, &str)> = events.iter().rev().map(|one| (one.act.as_str(), one.detail.as_str())).collect();
    assert_eq!(acts[3], ("SIGN_IN_FAILED", ""));
    assert_eq!(acts[4], ("SIGN_IN_FAILED", "连续输错，账号锁定"));
    assert_eq!(acts[5], ("SIGN_IN_FAILED", "账号在锁定中或已停用"));
    assert_eq!(acts[7], ("SIGNED_IN", ""));
}

#[tokio::test]
async fn a_session_ends_idle_after_thirty_minutes_and_at_last_after_eight_hours() {
    let house = House::usual().await;
    let (cookie, _) = house.sign_in("clerk").await;
    house.after(29);
    assert_eq!(house.get("/password", &cookie).await.status, 200);
    house.after(58);
    assert_eq!(house.get("/password", &cookie).await.status, 200, "used meanwhile");
    house.after(88);
    assert_eq!(house.get("/password", &cookie).await.status, 303);

    house.after(100);
    let (cookie, _) = house.sign_in("clerk").await;
    for minutes in (120..580).step_by(20) {
        house.after(minutes);
        assert_eq!(house.get("/password", &cookie).await.status, 200, "{minutes}");
    }
    house.after(580);
    assert_eq!(house.get("/password", &cookie).await.status, 303);
}

#[tokio::test]
async fn signing_out_ends_the_session_not_only_the_cookie() {
    let house = House::usual().await;
    let (cookie, token) = house.sign_in("clerk").await;
    let answer = house.post("/signout", &cookie, &[("csrf", &token)]).await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (303, "/signin"));
    assert!(answer.header(header::SET_COOKIE).contains("Max-Age=0"));
    assert_eq!(house.get("/password", &cookie).await.status, 303);
    assert_eq!(house.front.accounts.events("clerk").await.unwrap()[0].act, "SIGNED_OUT");
}

#[tokio::test]
async fn a_password_somebody_else_set_is_changed_first() {
    let house = House::usual().await;
    let (admin, token) = house.sign_in("admin").await;
    let page = house.post("/accounts/clerk/reset", &admin, &[("csrf", &token)]).await;
    let (_, rest) = page.body.split_once("<p class=\"secret mono\">").unwrap();
    let first = rest.split_once('<').unwrap().0.to_owned();
    assert_eq!(house.post("/signin", "", &[("id", "clerk"), ("password", PASSWORD)]).await.status, 401);
    let cookie = house.post("/signin", "", &[("id", "clerk"), ("password", &first)]).await.cookie();
    assert_eq!(house.get("/accounts", &cookie).await.header(header::LOCATION), "/password");
    let token = house.get("/password", &cookie).await.hidden("csrf");

    let change = |old: &str, new: &str, again: &str| {
        let fields = [("csrf", token.clone()), ("old", old.into()), ("password", new.into()), ("again", again.into())];
        let (house, cookie) = (&house, &cookie);
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.post("/password", cookie, &fields).await
        }
    };
    let weak = change(&first, "short", "short").await;
    assert!(weak.status == 400 && weak.body.contains("id=\"new-fault\">密码至少 10 个字符"));
    assert!(change(&first, "a new 1 for me", "another").await.body.contains("id=\"again-fault\""));
    assert!(change("wrong", "a new 1 for me", "a new 1 for me").await.body.contains("id=\"old-fault\""));
    let done = change(&first, "a new 1 for me", "a new 1 for me").await;
    assert_eq!(done.status, 303);
    assert_eq!(house.get("/password", &cookie).await.status, 303, "sessions of the old password ended");
    assert_eq!(house.get("/accounts", &done.cookie()).await.status, 403, "free to go, and no administrator");
}

#[tokio::test]
async fn pages_take_nothing_from_elsewhere_and_leave_nothing_behind() {
    let house = House::usual().await;
    let page = house.get("/signin", "").await;
    assert!(page.header(header::CONTENT_SECURITY_POLICY).contains("default-src 'none'"));
    assert!(page.header(header::CONTENT_SECURITY_POLICY).contains("frame-ancestors 'none'"));
    assert_eq!(page.header(header::X_FRAME_OPTIONS), "DENY");
    assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    assert!(!page.body.contains("<script") && !page.body.contains(" style="));
    let style = house.get(crate::console::stylesheet_address(), "").await;
    assert!(style.header(header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(house.get("/assets/console.css?v=old", "").await.header(header::CACHE_CONTROL), "no-cache");
}

#[tokio::test]
async fn the_sharing_catalogue_is_for_signed_in_people() {
    let house = House::usual().await;
    assert_eq!(house.get("/sharing/catalogue.json", "").await.status, 303);
    let (cookie, _) = house.sign_in("clerk").await;
    let answer = house.get("/sharing/catalogue.json", &cookie).await;
    assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (200, "application/json"));
    let entries: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
    let follow = entries.iter().filter(|entry| entry["path"] == "/ylyx.reporting.v1.PublicationService/Follow");
    assert_eq!(follow.count(), 1);
    let request = Request::get("/sharing/catalogue.xlsx").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    let response = house.router().oneshot(request).await.unwrap();
    assert!(response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().contains("catalogue.xlsx"));
    let body = axum::body::to_bytes(response.into_body(), 8 << 20).await.unwrap();
    assert!(body.starts_with(b"PK"), "a workbook");
}
