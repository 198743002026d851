//! The two pages in a real browser.

use std::process::Command;

use serde_json::Value;
use suite_tests::suite::{Engine, Running};

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_show_the_plan_in_chromium() {
    let running = Running::start(Engine::Sqlite, None).await;
    let overview = dom(&running, "/?region=530400&period=2020").await;
    assert_eq!(overview.matches("class=\"kpi ").count(), 13, "13 cards");
    for text in ["1,915", "72,387", "2,050", "3岁以下婴幼儿入托率", "163,172", "99,298", "42"] {
        assert!(overview.contains(text), "总览 lacks {text}");
    }
    let indicator = dom(&running, "/indicators/C12?region=530400&period=2020").await;
    for text in ["2.6", "1,915", "72,387", "数据溯源单", "修订沿革", "ylyx verify proof"] {
        assert!(indicator.contains(text), "the indicator's page lacks {text}");
    }
    // The plan says 7 and lists 2 and 4: both readings stand, and neither is taken for the other.
    let (_, social) = running.get("/api/v1/indicators/E20?region=530400&period=2020").await;
    assert_eq!((&social["value"], &social["readings"][0]["value"]), (&"7".into(), &"6".into()), "{social}");
    assert_eq!((&social["readings"][0]["code"], &social["pace"]["outlook"]), (&"ADDED".into(), &"no_target".into()));
    let places = running.indicator("C09", "530400", "2020").await;
    assert_eq!(places["value"], "0.91");
    assert_eq!((&places["readings"][0]["value"], &places["references"][0]["value"]), (&Value::Null, &"4.73".into()));
    let both = dom(&running, "/indicators/E20?region=530400&period=2020").await;
    for text in ["几种读法", "公建民营与民办两项相加", "7 家", "6 家"] {
        assert!(both.replace('\u{a0}', " ").contains(text), "the readings lack {text}");
    }
    for page in [&overview, &indicator, &both] {
        assert!(page.contains("lang=\"zh-CN\""));
        assert!(!page.contains("None") && !page.contains(">null<"), "no programmer's word on a page");
    }
    let (status, error) = running.get_text("/indicators/C99?period=2020").await;
    assert_eq!(status, 404);
    assert!(error.contains("INDICATOR_UNKNOWN") && error.contains("C99"));
    let (status, error) = running.get_text("/?region=%3Cscript%3E&period=2020").await;
    assert_eq!(status, 404);
    assert!(!error.contains("<script>"), "what was typed is escaped");
}

/// The page's document as Chromium has it after loading.
async fn dom(running: &Running, path: &str) -> String {
    let address = running.suite.as_ref().unwrap().http;
    let url = format!("http://{address}{path}");
    tokio::task::spawn_blocking(move || {
        let profile = tempfile::tempdir().expect("a profile folder");
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--dump-dom", &url])
            .output()
            .expect("Chromium is not installed; `cargo xtask setup` installs it");
        String::from_utf8_lossy(&output.stdout).into_owned()
    })
    .await
    .expect("Chromium ran")
}
