//! A task from signing for it to striking it off, at the console: nothing is struck off without evidence, nobody strikes
//! off their own, and the evidence comes back as it was given.

use suite_tests::browser::Person;
use suite_tests::people::password;
use suite_tests::suite::{Engine, Running};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_struck_off_with_evidence_only() {
    let running = Running::start(Engine::Sqlite, None).await;
    let console = running.suite.as_ref().unwrap().http;
    let proof = running.data().join("基本养老服务清单.txt");
    std::fs::write(&proof, "玉民发〔2025〕7号\n").unwrap();

    // The unit that the plan names first: civil affairs, whose people file with the coordination office.
    let mut unit = Person::at(console).await;
    unit.sign_in("tasks-elderly-care", &password(running.data(), "tasks-elderly-care")).await;
    unit.open("/registers/supervision.task").await;
    unit.click("任务1").await;
    let task = unit.path().await;
    unit.click("签收").await;
    unit.fill_at("[name=leader]", "虚构人").await;
    unit.fill_at("[name=measures]", "分三步印发清单").await;
    unit.click("签收").await;
    unit.sees("分三步印发清单").await;
    unit.click("申请销号").await;
    unit.fill_at("[name=statement]", "清单已印发并公布").await;
    unit.click("申请销号").await;
    unit.sees("佐证").await;
    unit.sees("没有办成").await;

    unit.open(&task).await;
    unit.click("上传佐证").await;
    unit.fill_at("[name='evidence.title']", "基本养老服务清单").await;
    unit.fill_at("[name='evidence.document_number']", "玉民发〔2025〕7号").await;
    unit.fill_at("[name='evidence.dated_on']", "2025-06-30").await;
    unit.choose_file(&proof).await;
    unit.click("上传佐证").await;
    unit.sees("基本养老服务清单.txt").await;
    let link = unit.link_to("/evidence/").await;
    let script = format!("fetch('{link}').then(async r => r.headers.get('content-disposition') + (await r.text()))");
    let text = unit.run(&script).await.as_str().unwrap_or_default().to_owned();
    assert!(text.contains("attachment") && text.ends_with("玉民发〔2025〕7号\n"), "{text}");

    unit.click("申请销号").await;
    unit.fill_at("[name=statement]", "清单已印发并公布").await;
    unit.click("申请销号").await;
    unit.sees("已办理：申请销号").await;

    let mut office = Person::at(console).await;
    office.sign_in("taskforce", &password(running.data(), "taskforce")).await;
    office.open(&task).await;
    office.click("核验销号").await;
    office.click("核验销号").await;
    office.sees("已销号").await;
    // 迎检资料包 holds the file.
    let pack = "fetch('/tasks/1/pack').then(async r => [r.status, (await r.arrayBuffer()).byteLength])";
    let pack = office.run(pack).await;
    assert!(pack[0] == 200 && pack[1].as_u64() > Some(200), "{pack}");
    // Whoever holds no role there gets none.
    let mut stranger = Person::at(console).await;
    stranger.sign_in("reporter-childcare", &password(running.data(), "reporter-childcare")).await;
    let status = stranger.run(&format!("fetch('{link}').then(r => r.status)")).await;
    assert_eq!(status, 403);
    for person in [unit, office, stranger] {
        person.close().await;
    }
}
