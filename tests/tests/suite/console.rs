//! The two pages in a real browser.

use std::process::Command;

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
    for page in [&overview, &indicator] {
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
