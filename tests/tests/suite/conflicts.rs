//! What people do in a hurry: a double click, the back button, two reviewers on one report.

use suite_tests::browser::Person;
use suite_tests::people::password;
use suite_tests::suite::{Engine, Running};

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_is_one_act() {
    let running = Running::start(Engine::Sqlite, None).await;
    let mut clerk = Person::at(running.suite.as_ref().unwrap().http).await;
    clerk.sign_in("reporter-530402", &password(running.data(), "reporter-530402")).await;
    clerk.open("/registers/education.school").await;
    clerk.click("新登记").await;
    for (field, value) in [
        ("school.name", "对数老年学校"),
        ("school.tier", "TIER_TOWNSHIP"),
        ("school.region", "530402001"),
        ("school.opened_on", "2025-03-01"),
    ] {
        clerk.fill_at(&format!("[name='{field}']"), value).await;
    }
    // The double click: both arrive, both are answered, one school comes of it.
    let twice = "(async () => { const f = document.querySelector('form.actform'); \
                 const send = () => fetch(f.action, {method: 'POST', body: new URLSearchParams(new FormData(f))}); \
                 const both = await Promise.all([send(), send()]); return both.map(r => r.status).join(); })()";
    assert_eq!(clerk.run(twice).await, "200,200");
    // Then the form itself, a third time; and the back button, which finds a fresh form or the one that was sent.
    clerk.run("document.querySelector('form.actform').requestSubmit(); 1").await;
    clerk.sees("已办理：新登记").await;
    clerk.run("history.back(); 1").await;
    clerk.sees("取消").await;
    clerk.run("document.querySelector('form.actform').requestSubmit(); 1").await;
    clerk.open("/registers/education.school").await;
    clerk.sees("对数老年学校").await;
    assert_eq!(clerk.text().await.matches("对数老年学校").count(), 1);
    clerk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_reviewer_is_told_what_the_first_did() {
    let running = Running::start(Engine::Sqlite, None).await;
    let console = running.suite.as_ref().unwrap().http;
    let mut clerk = Person::at(console).await;
    clerk.sign_in("reporter-530402", &password(running.data(), "reporter-530402")).await;
    clerk.open("/filling?region=530402&period=2026-10").await;
    clerk.click("全部预填").await;
    clerk.click("托育服务月报表").await;
    clerk.run("[...document.querySelectorAll('input.num:not([readonly])')].forEach(i => i.value = 0)").await;
    clerk.click("保存并送审").await;

    let key = password(running.data(), "reviewer-530402");
    let (mut one, mut other) = (Person::at(console).await, Person::at(console).await);
    for reviewer in [&mut one, &mut other] {
        reviewer.sign_in("reviewer-530402", &key).await;
        reviewer.open("/filling?region=530402&period=2026-10").await;
        reviewer.click("托育服务月报表").await;
        reviewer.sees("审核通过").await;
    }
    one.click("退回“在托婴幼儿数”").await;
    one.fill_at("[name='b:childcare.children.enrolled']", "请与入托名册核对").await;
    one.fill_at("#due_on", "2026-11-09").await;
    one.click("退回所填各格").await;
    one.sees("已退回").await;
    other.click("审核通过").await;
    let said = other.text().await;
    assert!(said.contains("别人"), "who was slower is told why: {said}");
    assert!(said.contains("请与入托名册核对"), "the page shows what happened meanwhile: {said}");
    for person in [clerk, one, other] {
        person.close().await;
    }
}
