//! A month at the console, in a real browser: the county's clerk imports and hands in the package, the reviewer sends
//! one cell back and signs the rest together, the bureau publishes, and the office goes from the list of what is
//! missing to a figure and its proof.

use suite_tests::browser::Person;
use suite_tests::people::password;
use suite_tests::sheets;
use suite_tests::suite::{Engine, Running};

const COUNTY: &str = "530402";
const PERIOD: &str = "2026-10";
/// practice §3: a county's monthly package takes no more clicks than these.
const CLERKS_PATIENCE: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_clerks_month_a_reviewers_and_the_offices() {
    let running = Running::start(Engine::Sqlite, None).await;
    let console = running.suite.as_ref().unwrap().http;
    let password = |id: &str| password(running.data(), id);
    let folder = tempfile::tempdir().unwrap();
    let institutions = folder.path().join("institutions.xlsx");
    let classes = folder.path().join("classes.xlsx");
    let own = sheets::uscc(1);
    sheets::institutions(
        &institutions,
        &[("=cmd|'/c calc'!A1<script>alert(1)</script>园", own.clone(), "托育机构", "公办", "玉兴街道", "2025-03-01")],
    );
    let name = "=cmd|'/c calc'!A1<script>alert(1)</script>园";
    sheets::classes(&classes, &[(name, own.clone(), "托大一班", "托大班", 20), (name, own, "托小一班", "托小班", 15)]);

    // The clerk's month.
    let mut clerk = Person::at(console).await;
    clerk.sign_in("reporter-530402", &password("reporter-530402")).await;
    clerk.import("childcare.institution", &institutions, "2026-11-05", "写入 1 行").await;
    clerk.import("childcare.class", &classes, "2026-11-05", "写入 2 行").await;
    clerk.open("/registers/childcare.institution").await;
    clerk.sees("<script>alert(1)</script>").await;
    clerk.sees("35").await;

    clerk.clicks();
    clerk.click("套表填报").await;
    clerk.sees("红塔区2026年10月套表").await;
    clerk.click("全部预填").await;
    let mut first = true;
    loop {
        if first {
            // From the package to the first form that owes something; from there on the console leads on.
            let next = clerk.run(OWING).await.as_str().unwrap_or_default().to_owned();
            clerk.click(&next).await;
            first = false;
        }
        if !clerk.path().await.starts_with("/filling/") {
            break;
        }
        fill_what_is_empty(&clerk).await;
        clerk.click("保存并送审").await;
        assert!(!clerk.text().await.contains("没有提交"), "{}", clerk.text().await);
    }
    if clerk.text().await.contains("已备齐的全部送审") {
        clerk.click("已备齐的全部送审").await;
    }
    clerk.sees("张表已报").await;
    let clicks = clerk.clicks();
    assert!(clicks <= CLERKS_PATIENCE, "the package took {clicks} clicks");
    let text = clerk.text().await;
    assert!(text.contains("待审核") && !text.contains("填报中"), "{text}");

    // The reviewer sends one cell back …
    let mut reviewer = Person::at(console).await;
    reviewer.sign_in("reviewer-530402", &password("reviewer-530402")).await;
    reviewer.open(&format!("/filling?region={COUNTY}&period={PERIOD}")).await;
    reviewer.click("托育服务月报表").await;
    reviewer.click("退回“在托婴幼儿数”").await;
    reviewer.fill_at("[name='b:childcare.children.enrolled']", "请与入托名册核对").await;
    reviewer.fill_at("#due_on", "2026-11-09").await;
    reviewer.click("退回所填各格").await;
    reviewer.sees("已退回").await;
    // … and signs the rest together.
    reviewer.click("审核核定").await;
    loop {
        let before = reviewer.run("document.querySelectorAll('button[value=review]').length").await;
        if before == 0 {
            break;
        }
        reviewer.run("document.querySelectorAll('button[value=review]')[0].form.querySelectorAll('[name=report]').forEach(e => e.checked = true)").await;
        reviewer.click("审核通过所选").await;
        reviewer.sees("已办理").await;
    }
    reviewer.sees("没有等您签的表").await;

    // The clerk corrects the cell that was named; the reason stands under it.
    clerk.open("/work").await;
    clerk.sees("退回待改").await;
    clerk.click("去改").await;
    clerk.sees("请与入托名册核对").await;
    clerk.fill_at("[name='v:childcare.children.enrolled']", "31").await;
    clerk.click("保存并送审").await;
    reviewer.open(&format!("/review?period={PERIOD}")).await;
    reviewer.click("审核通过所选").await;
    reviewer.sees("已办理").await;

    // The bureau publishes what is ready; late counties follow in their own.
    let mut approver = Person::at(console).await;
    approver.sign_in("approver-childcare", &password("approver-childcare")).await;
    approver.click("去签").await;
    approver.sees("江川区").await; // still missing, and named
    let before = running.sequence("childcare").await;
    while approver.run("document.querySelectorAll('button[value=publish]').length > 0").await == true {
        approver.run("document.querySelectorAll('button[value=publish]')[0].form.querySelectorAll('[name=report]').forEach(e => e.checked = true)").await;
        approver.click("核定所选").await;
        approver.sees("已办理").await;
    }
    running.eventually("the publication", async || running.sequence("childcare").await >= before + 2).await;

    // The office: what is missing, then a figure, then its proof.
    let mut office = Person::at(console).await;
    office.sign_in("taskforce", &password("taskforce")).await;
    office.click("看清单").await;
    office.sees("江川区").await;
    office.click("催报文字").await;
    let reminder = office.run("document.querySelector('textarea').value").await;
    assert!(reminder.as_str().unwrap_or_default().contains("托育服务月报表"), "{reminder}");
    office.open(&format!("/?region={COUNTY}&period={PERIOD}")).await;
    office.click("普惠性托位数占比").await;
    office.sees("100").await; // 公办 places are all inclusive: 35 of 35
    office.sees("35").await;
    let proof = office.link_to("/proof?").await;
    let (status, proof) = running.get(&proof).await;
    assert_eq!(status, 200);
    assert_eq!(proof["statement"]["result"]["numerator"], "35");
    for person in [clerk, reviewer, approver, office] {
        person.close().await;
    }
}

/// The title of the first form of the package that was opened and still owes a cell.
const OWING: &str = "[...document.querySelectorAll('tbody tr')].find(r => r.querySelector('a') && \
                     r.lastElementChild.innerText.includes('未填'))?.querySelector('a').innerText ?? ''";

/// Types a small number into every empty input: parts of a whole get less than the whole.
async fn fill_what_is_empty(clerk: &Person) {
    let script = "(() => { const inputs = [...document.querySelectorAll('input.num:not([readonly])')] \
                  .filter(i => i.value === ''); let value = 30; for (const i of inputs) { i.value = value; } \
                  return inputs.length; })()";
    clerk.run(script).await;
}
