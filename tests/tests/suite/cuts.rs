//! Cuts at the console of the demonstration city: made, compared, and made into a bulletin that LibreOffice opens.

use std::path::Path;
use std::process::Command;

use proto::gateway::ReadFiguresRequest;
use proto::gateway::indicator_service_client::IndicatorServiceClient;
use proto::gateway::read_figures_response::Item;
use proto::reporting::PublicationKind;
use serde_json::Value;
use suite_tests::browser::Person;
use suite_tests::desk::Desk;
use suite_tests::people::password;
use suite_tests::suite::Running;

const LATE: &str = "530428";

pub(crate) async fn a_cut_is_made_compared_and_issued(running: &Running) {
    let console = running.suite.as_ref().expect("running").http;
    let mut office = Person::at(console).await;
    office.sign_in("taskforce", &password(running.data(), "taskforce")).await;
    office.open("/cuts").await;
    office.click("确定定版").await;
    office.sees("请填写定版名称").await;
    let complete = make(&mut office, "十月齐报定版", "2026-10", "complete").await;
    let reported = make(&mut office, "十月已报地区定版", "2026-10", "reported").await;
    let carried = make(&mut office, "十月沿用上期定版", "2026-10", "carry_forward").await;
    office.open("/cuts").await;
    office.fill_at("[name=name]", "十月齐报定版").await;
    office.click("确定定版").await;
    office.sees("已有名为").await;

    // 齐报 has no value where a county is late; 已报地区 says which count; 沿用上期 says that it is 预计.
    let c05 = async |cut: &str| view(running, "C05", &format!("cut:{cut}")).await;
    assert_eq!(c05(&complete).await["value"], Value::Null);
    let partial = c05(&reported).await;
    assert!(
        partial["value"].is_string() && partial["notes"][0].as_str().is_some_and(|note| note.contains("按已报的7个")),
        "{partial}"
    );
    let forecast = c05(&carried).await;
    assert_eq!(forecast["status"], "预计", "{forecast}");
    let (status, answer) = running.get("/api/v1/indicators?region=530400&period=2026-10&as_of=cut:none").await;
    assert_eq!((status, answer["reason"].as_str()), (404, Some("CUT_UNKNOWN")));

    let bytes = issue(running, &mut office, &reported).await;
    office.click("发布公开数据").await;
    office.sees("公开数据（CSV）").await;
    // A late county comes in: the cut stands as it was, and the comparison says what came.
    come_in(running).await;
    assert_eq!(c05(&reported).await, partial, "a cut gives the same figures for ever");
    let (_, comparison) = running.get(&format!("/api/v1/cuts/{reported}/comparison")).await;
    let changes = comparison["changes"].as_array().cloned().unwrap_or_default();
    let change =
        changes.iter().find(|one| one["indicator"] == "C05" && one["region"] == LATE).expect("the late county");
    assert_eq!(change["before"]["value"], Value::Null);
    assert_eq!(change["causes"][0]["kind"], "LATE", "{change}");
    office.open(&format!("/cuts/{reported}/compare?city=1")).await;
    office.sees("补报").await;
    assert_eq!(issued(&office, &reported).await, bytes, "issued bytes never change");

    // 终期评估: what was not met wants a reason, and only the office states one.
    let ended = make(&mut office, "终期评估定版", "2025", "complete").await;
    office.open(&format!("/cuts/{ended}/evaluation")).await;
    office.sees("未达标的还没有写明原因").await;
    office.fill_at("#r-C04", "太短").await;
    let submit = "document.querySelector('#r-C04').closest('form').requestSubmit()";
    office.run(submit).await;
    office.sees("未达标原因须为").await;
    office.fill_at("#r-C04", "改造资金到位晚，华宁、新平两县改造工期顺延至2026年一季度。").await;
    office.run(submit).await;
    office.sees("原因已记下").await;

    let mut county = Person::at(console).await;
    county.sign_in("reporter-530402", &password(running.data(), "reporter-530402")).await;
    county.open("/cuts").await;
    assert!(!county.text().await.contains("新的定版"), "only the coordination office makes cuts");
    county.open(&format!("/cuts/{reported}")).await;
    county.sees("主要指标").await;
    office.close().await;
    county.close().await;
}

/// Makes a cut in the form; its id.
async fn make(office: &mut Person, name: &str, period: &str, mode: &str) -> String {
    office.open("/cuts").await;
    office.fill_at("[name=name]", name).await;
    office.run(&format!("document.querySelector('[name=mode]').value = '{mode}'")).await;
    office.run(&format!("document.querySelector('form.form-grid [name=period]').value = '{period}'")).await;
    office.click("确定定版").await;
    office.sees("定版的位置").await;
    office.path().await.trim_start_matches("/cuts/").to_owned()
}

async fn view(running: &Running, code: &str, as_of: &str) -> Value {
    let (status, list) = running.get(&format!("/api/v1/indicators?region=530400&period=2026-10&as_of={as_of}")).await;
    assert_eq!(status, 200, "{list}");
    let all = list["indicators"].as_array().expect("a list");
    all.iter().find(|one| one["code"] == code).expect("the indicator").clone()
}

/// Issues the bulletin: refused without a proper number, then opened by LibreOffice; the DOCX as base64.
async fn issue(running: &Running, office: &mut Person, cut: &str) -> Value {
    office.open(&format!("/cuts/{cut}")).await;
    office.fill_at("[name=number]", "玉养托办(2026)10号").await;
    office.fill_at("[name=next]", "（一）元江县于11月30日前补报10月健康管理月报。").await;
    office.click("印发调度通报").await;
    office.sees("发文字号的年份用六角括号").await;
    office.fill_at("[name=number]", "玉养托办〔2026〕10号").await;
    office.click("印发调度通报").await;
    office.sees("已印发 玉养托办〔2026〕10号").await;
    let bytes = issued(office, cut).await;
    let files = bytes.as_array().expect("two files");
    assert_eq!(files.len(), 2);
    let folder = running.data().join("issued");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, file) in ["bulletin.docx", "bulletin.xlsx"].iter().zip(files) {
        let bytes: Vec<u8> =
            file.as_array().expect("bytes").iter().map(|byte| byte.as_u64().expect("a byte") as u8).collect();
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    let text = converted(&folder, "bulletin.docx", "txt:Text (encoded):UTF8", "bulletin.txt");
    for said in [
        "玉养托办〔2026〕10号",
        "13项主要指标",
        "一、指标完成情况",
        "市卫生健康委）",
        "有报表未报齐，有关指标按已报地区计算",
        "演示数据",
        "按已报地区计算",
        "补报10月健康管理月报",
    ] {
        assert!(text.contains(said), "the bulletin lacks {said}: {text}");
    }
    let sheet = converted(&folder, "bulletin.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76", "bulletin.csv");
    assert!(sheet.contains("65岁以上老年人健康管理率") && sheet.contains("缺新平县、元江县"), "{sheet}");
    converted(&folder, "bulletin.docx", "pdf", "bulletin.pdf");
    bytes
}

/// Both issued files of a cut, as lists of bytes.
async fn issued(office: &Person, cut: &str) -> Value {
    office.open(&format!("/cuts/{cut}")).await;
    let script = "Promise.all([...document.querySelectorAll('a[href^=\"/issued/\"]')].map(a => fetch(a.href)
        .then(r => r.arrayBuffer()).then(b => [...new Uint8Array(b)])))";
    office.run(script).await
}

/// What LibreOffice makes of a file, as text where it is text.
fn converted(folder: &Path, file: &str, into: &str, made: &str) -> String {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let out = Command::new("soffice")
        .args(["--headless", &profile, "--convert-to", into, "--outdir"])
        .arg(folder)
        .arg(folder.join(file))
        .output()
        .unwrap_or_else(|error| panic!("LibreOffice is needed (cargo xtask test installs it): {error}"));
    let bytes = std::fs::read(folder.join(made));
    let bytes = bytes.unwrap_or_else(|error| panic!("{made}: {error}: {}", String::from_utf8_lossy(&out.stderr)));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The county that had not begun hands in its October report.
async fn come_in(running: &Running) {
    let desk = Desk::new(running, "childcare");
    let before = running.sequence("childcare").await;
    let mut typed = Vec::new();
    for element in [
        "health.elderly65.managed",
        "health.elderly65.family_doctor",
        "health.hospitals",
        "health.hospitals.geriatrics",
        "health.mednursing_demo",
    ] {
        typed.push((element, last_month(running, element).await));
    }
    let typed: Vec<(&str, &str)> = typed.iter().map(|(element, value)| (*element, value.as_str())).collect();
    let report = desk.report("health-elderly-monthly", LATE, "2026-10", &typed).await;
    desk.publish(&[report.id], PublicationKind::Final).await.expect("published");
    running.eventually("the late county", async || running.sequence("childcare").await > before).await;
}

/// What the county stated of an element for September.
async fn last_month(running: &Running, element: &str) -> String {
    let mut gateway = IndicatorServiceClient::new(running.channel_as("operator", "gateway"));
    let period = "2026-09".to_owned();
    let ask = ReadFiguresRequest {
        elements: vec![element.to_owned()],
        from: period.clone(),
        to: period,
        ..ReadFiguresRequest::default()
    };
    let mut stream = gateway.read_figures(ask).await.expect("figures").into_inner();
    let mut regions = Vec::new();
    while let Some(answer) = stream.message().await.expect("an answer") {
        match answer.item.expect("an item") {
            Item::Header(header) => regions = header.regions,
            Item::Column(column) => {
                let place = regions.iter().position(|region| region == LATE).expect("the county") as u32;
                let at = column.regions.iter().position(|region| *region == place).expect("a value");
                return column.values[at].to_string();
            }
        }
    }
    panic!("{element} has no figures")
}
