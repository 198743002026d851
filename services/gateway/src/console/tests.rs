//! Both pages from figures made by hand. With `YLYX_RENDER_DIR` set they are also written there, to be looked at.

mod around;
mod sample;

use super::bullet::{Figures, Tenths, bullet};
use super::words::{amount, grouped};
use super::*;

const PROOF: &str = "/api/v1/indicators/C09/proof?region=530400&period=2026-10";

/// What no page may contain: values that Rust would print, and anything a strict content policy forbids.
const FORBIDDEN: [&str; 8] = ["null", "None", "Some(", "NaN", "not_computable", " style=", "<script", "http://"];

fn overview_of(list: &crate::view::IndicatorList) -> String {
    overview(&around::frame(), list, &around::bureaus(), &around::tasks(), &around::projects(), None).unwrap()
}

fn indicator_of(detail: &crate::view::IndicatorDetail) -> String {
    indicator(&around::frame(), detail, &around::bureaus(), PROOF, &["childcare".to_owned()]).unwrap()
}

/// The page's headline with plain spaces.
fn headline(html: &str) -> String {
    let (_, rest) = html.split_once("<h1").unwrap();
    rest.split_once("</h1>").unwrap().0.replace('\u{a0}', " ")
}

fn check(name: &str, html: &str) {
    assert!(html.contains(r#"<html lang="zh-CN">"#), "{name}");
    assert_eq!(html.matches("<h1").count(), 1, "{name}");
    for word in FORBIDDEN {
        assert!(!html.contains(word), "{name} contains {word}");
    }
    if let Some(folder) = std::env::var_os("YLYX_RENDER_DIR") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("console.css"), STYLESHEET).unwrap();
        std::fs::write(folder.join(name), html.replace("/assets/console.css", "console.css")).unwrap();
    }
}

#[test]
fn the_overview_begins_with_its_verdict_and_shows_every_core_indicator() {
    let html = overview_of(&sample::lively());
    check("overview.html", &html);
    assert_eq!(html.matches("<article class=\"kpi ").count(), 13);
    assert!(
        headline(&html).contains("13 项指标中 2 项严重滞后、5 项滞后、3 项达序时、3 项暂不可计算；约束性 3 项中<span")
    );
    assert!(headline(&html).contains(r#"<span class="hit">养老机构护理型床位占比严重滞后</span>"#));
    assert_eq!(html.matches("责任单位 <b>").count(), 3);
    assert!(html.contains("距 2025 年目标还差 1,993 个"));
    assert!(html.contains("÷ 常住人口（2025年） 2,265,000"));
    assert!(html.contains("截至 2026-11-03 18:20"));
    assert!(html.contains("缺华宁县、元江县"));
    assert!(html.contains("163,172") && html.contains("99,298"));
    assert!(html.contains("<b>163,172</b> 万元"), "money reads in 万元");
    assert!(html.contains("/indicators/C09?region=530400&#38;period=2026-10"));
}

#[test]
fn without_figures_the_overview_says_what_is_missing() {
    let html = overview_of(&sample::bare());
    check("overview-bare.html", &html);
    assert!(headline(&html).contains("13 项指标全部暂不可计算。"));
    assert!(html.contains("缺全部 9 个县（市、区）2026年10月的“分子数据项”"));
    assert!(html.contains("不可计算，缺 3 项数据"));
}

#[test]
fn before_the_plan_arrives_there_is_still_a_page() {
    let list = crate::view::IndicatorList { indicators: Vec::new(), ..sample::bare() };
    let nothing = crate::view::TaskList { plan: String::new(), tasks: Vec::new() };
    let money = crate::view::ProjectList { projects: Vec::new(), total_wan_yuan: 0, ..around::projects() };
    let html = overview(&around::frame(), &list, &around::bureaus(), &nothing, &money, None).unwrap();
    check("overview-empty.html", &html);
    assert!(html.contains("方案尚未发布到本平台"));
}

#[test]
fn an_indicator_shows_value_path_parts_counties_and_revisions() {
    let html = indicator_of(&sample::detail());
    // A doubt about each bureau's own figure, where the person reads that bureau's reports; none about what is printed.
    assert_eq!(html.matches("/sharing/corrections/new?about=figure&#38;bureau=childcare&#38;region=5304").count(), 9);
    assert_eq!(html.matches("提出疑义").count(), 9);
    let plain = indicator(&around::frame(), &sample::detail(), &around::bureaus(), PROOF, &[]).unwrap();
    assert!(!plain.contains("疑义"));
    check("indicator.html", &html);
    assert!(headline(&html).contains("3.62 个/千人，低于序时应达的 4.50；"));
    assert!(headline(&html).contains(r#"<span class="hit">距 2025 年目标 4.5 还差 1,993 个</span>"#));
    assert_eq!(html.matches(r#"<svg class="chart "#).count(), 2);
    assert_eq!(html.matches(r#"class="series seq""#).count(), 2, "a hole breaks the line, one point is no line");
    assert!(html.contains("1,204 号，第 1 版"));
    for text in
        ["全部机构（主口径）", "仅已备案机构", "全国 2025年", "每年 +0.62 个/千人", "照此到2025年底为 3.91 个/千人"]
    {
        assert!(html.replace('\u{a0}', " ").contains(text), "{text}");
    }
    assert!(html.contains("<strong>撤回</strong>"));
    assert_eq!(html.matches("双轨，以填报为准；台账为 1,020 → 台账计算").count(), 1, "why it changed, once");
    assert!(html.contains("ylyx verify proof FILE --keys DIR"));
    let at = |name: &str| html.find(&format!(">{name}</a></th>")).unwrap();
    assert!(at("红塔区") < at("江川区") && at("江川区") < at("元江县"));
}

#[test]
fn a_figure_says_what_it_rests_on() {
    let detail = sample::detail();
    let words = |basis: &str, computed: Option<&str>, late: bool| {
        let origin = crate::view::OriginView {
            source: String::new(),
            basis: basis.to_owned(),
            computed: computed.map(str::to_owned),
            late,
            on_behalf: late,
        };
        facts::origin(&detail.indicator, &origin)
    };
    assert_eq!(words("register", None, false), "台账计算");
    assert_eq!(words("register", Some("5"), false), "注明不适用；台账为 5");
    assert_eq!(words("both", None, false), "双轨，与台账一致");
    assert_eq!(words("both", Some("2300"), true), "双轨，以填报为准；台账为 2,300；补报；市级代填");
    assert_eq!(words("reported", Some("2300"), false), "报表填报；台账为 2,300");
    assert_eq!(words("", None, false), "由发布单位签名");
    let html = indicator_of(&detail);
    assert_eq!(html.matches("<td class=\"free\">台账计算").count(), 9);
    assert!(html.contains("台账计算；补报</td>") && html.contains("台账计算；市级代填</td>"));
    assert!(html.contains("<td class=\"free\">《玉溪市2025年国民经济和社会发展统计公报》</td>"));
}

#[test]
fn an_indicator_without_figures_says_why() {
    let html = indicator_of(&sample::empty_detail(8));
    check("indicator-missing.html", &html);
    assert!(headline(&html).contains("暂不可计算，缺 3 项来源数据。"));
    assert!(html.contains("缺这些数据，所以不可计算"));
    let html = indicator_of(&sample::empty_detail(30));
    check("indicator-rule.html", &html);
    assert!(html.contains("按文字考核，不以数据计算。") && !html.contains("下载溯源单"));
}

#[test]
fn what_others_wrote_stays_text() {
    let mut list = sample::lively();
    list.region_name = "<script>alert(1)</script>".to_owned();
    list.region = "5304\"><b".to_owned();
    let html = overview_of(&list);
    assert!(!html.contains("<script") && !html.contains("5304\""));
    assert!(html.contains("&#60;script&#62;"));
    let html = error(Some(&around::frame()), 404, "没有代码为“<script>”的市、县（市、区）", "REGION_UNKNOWN");
    check("error.html", &html);
    assert!(html.contains("REGION_UNKNOWN") && html.contains("404"));
    check("error-early.html", &error(None, 503, "还没有收到方案与区划", "REFERENCE_MISSING"));
}

#[test]
fn numbers_and_periods_read_as_people_write_them() {
    assert_eq!(grouped("-1234567.50"), "−1,234,567.50");
    assert_eq!(grouped("不适用"), "不适用");
    assert_eq!(amount("123456789", "分"), ("123.46".to_owned(), "万元".to_owned()));
    assert_eq!(period_title("2026-10"), "2026年10月");
    assert_eq!(period_title("2020"), "2020年");
    assert_eq!(period_title("2025-Q3"), "2025年第3季度");
    assert_eq!(period_title("MCH2025"), "2025妇幼年度");
}

#[test]
fn a_bullet_runs_from_baseline_to_target_and_hatches_the_debt() {
    let figures = Figures { baseline: Some("41.2"), expected: Some("86.7"), target: Some("90"), value: Some("81.6") };
    let bar = bullet(figures, String::new()).unwrap();
    assert_eq!(bar.fill, Some(Tenths(827)));
    assert_eq!(bar.owed, Some((Tenths(827), Tenths(105))));
    assert!(!bar.passed);
    let reached = bullet(Figures { baseline: None, value: Some("96"), ..figures }, String::new()).unwrap();
    assert!(reached.passed && reached.owed.is_none() && reached.fill == Some(Tenths(1000)));
    let unknown = bullet(Figures { value: None, ..figures }, String::new()).unwrap();
    assert_eq!(unknown.fill, None);
    assert!(bullet(Figures { target: None, ..figures }, String::new()).is_none());
}
