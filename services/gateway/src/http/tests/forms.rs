//! Forms: the token, the origin, and what was typed when a session ends.

use super::*;

const NEW: [(&str, &str); 4] =
    [("id", "new-clerk"), ("name", "王某 <b>"), ("unit", "红塔区民政局"), ("region", "530402")];

fn with<'f>(fields: &[(&'f str, &'f str)], token: &'f str) -> Vec<(&'f str, &'f str)> {
    fields.iter().copied().chain([("csrf", token), ("idempotency_key", "k")]).collect()
}

#[tokio::test]
async fn nothing_changes_without_the_token_of_the_session() {
    let house = House::usual().await;
    let (cookie, token) = house.sign_in("admin").await;
    let (_, other) = house.sign_in("county-admin").await;
    for wrong in ["", "x", &other] {
        let answer = house.post("/accounts/new", &cookie, &with(&NEW, wrong)).await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("CSRF_INVALID"), "{}", answer.body);
    }
    let foreign = house.post_from("https://elsewhere", "/accounts/new", &cookie, &with(&NEW, &token)).await;
    assert_eq!(foreign.status, 403);
    assert!(foreign.body.contains("CSRF_INVALID") && !foreign.body.contains("继续提交"));
    assert_eq!(house.get("/accounts/new-clerk", &cookie).await.status, 404);
    assert_eq!(house.post("/accounts/new", &cookie, &with(&NEW, &token)).await.status, 200);
    assert_eq!(house.get("/accounts/new-clerk", &cookie).await.status, 200);
    let signin = house.post_from("https://elsewhere", "/signin", "", &[("id", "admin"), ("password", PASSWORD)]).await;
    assert_eq!(signin.status, 403, "nobody is signed in by another site");
}

#[tokio::test]
async fn a_page_of_an_older_session_gives_back_what_was_typed() {
    let house = House::usual().await;
    let (_, old) = house.sign_in("admin").await;
    let (cookie, token) = house.sign_in("admin").await;
    let page = house.post("/accounts/new", &cookie, &with(&NEW, &old)).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("继续提交") && page.body.contains("action=\"/accounts/new\""));
    let (_, form) = page.body.split_once("action=\"/accounts/new\"").unwrap();
    assert!(form.contains(&format!("name=\"csrf\" value=\"{token}\"")) && form.contains("value=\"new-clerk\""));
    assert!(form.contains("王某 &#60;b&#62;"), "text stays text");
}

#[tokio::test]
async fn a_half_filled_form_survives_a_lost_session() {
    let house = House::usual().await;
    let (cookie, token) = house.sign_in("admin").await;
    house.after(31);
    let lost = house.post("/accounts/new", &cookie, &with(&NEW, &token)).await;
    assert_eq!(lost.status, 401);
    assert!(lost.body.contains("登录已过期，刚才填写的内容没有丢失"));
    let (action, kept) = (lost.hidden("kept_action"), lost.hidden("kept_fields"));
    assert_eq!(action, "/accounts/new");
    assert!(kept.contains("new-clerk") && !kept.contains("csrf"));

    let carried = |password| {
        [("id", "admin"), ("password", password), ("kept_action", action.as_str()), ("kept_fields", kept.as_str())]
    };
    let wrong = house.post("/signin", &cookie, &carried("wrong password 1")).await;
    assert_eq!(wrong.hidden("kept_fields"), kept, "a wrong password loses nothing");
    let resumed = house.post("/signin", &cookie, &carried(PASSWORD)).await;
    assert_eq!(resumed.status, 200);
    assert!(resumed.body.contains("继续提交") && resumed.body.contains("admin某"));
    let (_, form) = resumed.body.split_once("action=\"/accounts/new\"").unwrap();
    let form = Answer { body: form.to_owned(), ..resumed };
    let again: Vec<(&str, String)> =
        ["csrf", "id", "name", "unit", "region", "idempotency_key"].map(|name| (name, form.hidden(name))).into();
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = house.post("/accounts/new", &form.cookie(), &again).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let page = house.get("/accounts/new-clerk", &form.cookie()).await;
    assert!(page.body.contains("王某 &#60;b&#62;"));
}

#[tokio::test]
async fn passwords_large_forms_and_forms_of_other_sites_are_not_kept() {
    let house = House::usual().await;
    let fields = [("old", "secret old 1"), ("password", "secret new 1"), ("again", "secret new 1")];
    let lost = house.post("/password", "", &fields).await;
    assert_eq!(lost.status, 401);
    assert!(!lost.body.contains("secret") && !lost.body.contains("kept_fields"));
    let mixed = house.post("/accounts/new", "", &[("id", "x-y"), ("password", "secret new 1")]).await;
    assert!(mixed.body.contains("x-y") && !mixed.body.contains("secret"));
    let long = "长".repeat(40_000);
    let lost = house.post("/accounts/new", "", &[("name", &long)]).await;
    assert!(lost.status == 401 && lost.body.contains("没有提交。请重新登录后再填") && !lost.body.contains(&long));
    let foreign = house.post_from("https://elsewhere", "/accounts/new", "", &NEW).await;
    assert!(foreign.status == 403 && !foreign.body.contains("new-clerk"));
    // A form that asks to be posted elsewhere after the sign-in is led nowhere.
    let fields =
        [("id", "admin"), ("password", PASSWORD), ("kept_action", "https://elsewhere"), ("kept_fields", "a=1")];
    let resumed = house.post("/signin", "", &fields).await;
    assert!(!resumed.body.contains("elsewhere"));
}
