//! A person at the console: real Chromium, driven by what is written on the page. Every click on a link or a button is
//! counted, because a clerk's patience is.

use std::path::Path;
use std::time::Duration;

use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::dom::SetFileInputFilesParams;
use chromiumoxide::cdp::browser_protocol::emulation::SetDeviceMetricsOverrideParams;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{Element, Page};
use futures::StreamExt;
use serde_json::Value;
use tokio::task::JoinHandle;

/// Longest wait for something to appear on a page: several browsers and suites share the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Person {
    browser: Browser,
    page: Page,
    base: String,
    clicks: u32,
    handler: JoinHandle<()>,
    _profile: tempfile::TempDir,
}

impl Person {
    /// Opens a browser at a console, 1440 wide.
    pub async fn at(console: std::net::SocketAddr) -> Person {
        let profile = tempfile::tempdir().expect("a profile folder");
        let config = BrowserConfig::builder()
            .chrome_executable("/usr/bin/chromium")
            .user_data_dir(profile.path())
            .no_sandbox()
            .request_timeout(PATIENCE)
            .args(["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=zh-CN"])
            .window_size(1440, 1000)
            .build()
            .expect("a configuration");
        let (browser, mut handler) =
            Browser::launch(config).await.expect("Chromium is not installed; `cargo xtask setup` installs it");
        let handler = tokio::spawn(async move { while handler.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.expect("a page");
        Person { browser, page, base: format!("http://{console}"), clicks: 0, handler, _profile: profile }
    }

    /// Clicks so far; asking starts a new count.
    pub fn clicks(&mut self) -> u32 {
        std::mem::take(&mut self.clicks)
    }

    /// Types an address.
    pub async fn open(&self, path: &str) {
        self.page.goto(format!("{}{path}", self.base)).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Signs in and lands on the worklist.
    pub async fn sign_in(&mut self, id: &str, password: &str) {
        self.open("/signin?next=/work").await;
        self.fill("账号", id).await;
        self.fill("密码", password).await;
        self.click("登录").await;
        self.wait_until("document.querySelector('form[action=\"/signout\"]') !== null", id).await;
        self.clicks = 0;
    }

    pub async fn sign_out(&mut self) {
        self.click("退出").await;
    }

    /// Clicks the first visible link or button with this text, and waits for the page that follows.
    pub async fn click(&mut self, text: &str) {
        let script = format!(
            "[...document.querySelectorAll('a,button,summary,label.btn')].findIndex(e => e.checkVisibility() && \
             !e.disabled && e.innerText.replace(/\\s+/g,'').includes({}))",
            quoted(&text.replace(char::is_whitespace, ""))
        );
        self.wait_until(&format!("{script} >= 0"), text).await;
        let before = self.mark().await;
        self.run(&format!("[...document.querySelectorAll('a,button,summary,label.btn')][{script}].click()")).await;
        self.clicks += 1;
        self.settled(before).await;
    }

    /// Marks this document, so that the next one is known by lacking the mark.
    async fn mark(&self) -> bool {
        self.run("window.marked = true; true").await == Value::Bool(true)
    }

    /// Waits for the next document, or a moment where the click stays on the page (a disclosure, a tick).
    async fn settled(&self, marked: bool) {
        let next = "!window.marked && document.readyState === 'complete'";
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut same = 0;
        while marked && tokio::time::Instant::now() < deadline {
            if self.try_run(next).await == Some(Value::Bool(true)) {
                return;
            }
            // Nothing is loading: the click did not lead away.
            same += u32::from(self.try_run("document.readyState").await == Some(Value::String("complete".into())));
            if same > 20 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Types into the field with this label, replacing what is there.
    pub async fn fill(&self, label: &str, value: &str) {
        let script = format!(
            "(() => {{ const l = [...document.querySelectorAll('label')].find(e => \
             e.innerText.replace(/\\s+/g,'').startsWith({label})); \
             const f = l && (l.control || document.getElementById(l.htmlFor)); if (!f) return false; \
             f.value = {value}; f.dispatchEvent(new Event('input', {{bubbles: true}})); \
             f.dispatchEvent(new Event('change', {{bubbles: true}})); return f.value === {value}; }})()",
            label = quoted(&label.replace(char::is_whitespace, "")),
            value = quoted(value)
        );
        self.wait_until(&script, label).await;
    }

    /// Types into the element a selector names.
    pub async fn fill_at(&self, selector: &str, value: &str) {
        let script = format!(
            "(() => {{ const f = document.querySelector({}); if (!f) return false; f.value = {}; return true; }})()",
            quoted(selector),
            quoted(value)
        );
        self.wait_until(&script, selector).await;
    }

    /// Chooses a file in the page's file input.
    pub async fn choose_file(&self, path: &Path) {
        let input: Element = self.page.find_element("input[type=file]").await.expect("a file input");
        let params = SetFileInputFilesParams::builder()
            .file(path.display().to_string())
            .backend_node_id(input.backend_node_id)
            .build()
            .expect("a file");
        self.page.execute(params).await.expect("chosen");
    }

    /// Uploads a sheet into a register, looks at what it would do, and confirms.
    pub async fn import(&mut self, register: &str, sheet: &Path, effective_on: &str, expected: &str) {
        self.open(&format!("/registers/{register}")).await;
        self.click("导入").await;
        self.choose_file(sheet).await;
        self.fill_at("[name=effective_on]", effective_on).await;
        self.click("上传并预检").await;
        self.sees(expected).await;
        self.click("确认导入").await;
        self.sees("导入完成").await;
    }

    /// Waits until the page says something.
    pub async fn sees(&self, text: &str) {
        let script = format!(
            "document.body.innerText.replace(/\\s+/g,'').includes({})",
            quoted(&text.replace(char::is_whitespace, ""))
        );
        self.wait_until(&script, text).await;
    }

    /// What the page says.
    pub async fn text(&self) -> String {
        self.run("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Where the person is, without the host.
    pub async fn path(&self) -> String {
        self.run("location.pathname + location.search").await.as_str().unwrap_or_default().to_owned()
    }

    /// The address of the first link that leads to somewhere like this.
    pub async fn link_to(&self, part: &str) -> String {
        let script = format!(
            "[...document.querySelectorAll('a')].map(e => e.getAttribute('href') ?? '').find(h => h.includes({})) ?? ''",
            quoted(part)
        );
        self.run(&script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Another width: 390 is a phone.
    pub async fn width(&self, width: i64, height: i64) {
        let params = SetDeviceMetricsOverrideParams::new(width, height, 1.0, width < 600);
        self.page.execute(params).await.expect("resized");
    }

    /// True when the page is wider than its window: something sticks out.
    pub async fn overflows(&self) -> bool {
        self.run("document.documentElement.scrollWidth > window.innerWidth + 1").await == Value::Bool(true)
    }

    /// A picture of the whole page.
    pub async fn screenshot(&self, file: &Path) {
        let params = ScreenshotParams::builder().full_page(true).build();
        self.page.save_screenshot(params, file).await.expect("a picture");
    }

    /// Runs axe on the page; what violates WCAG 2 A or AA, as text. `axe` is the library's source.
    pub async fn axe(&self, axe: &str) -> Vec<String> {
        self.page.evaluate(axe).await.expect("axe loads");
        let script = "axe.run(document, {runOnly: ['wcag2a','wcag2aa']}).then(r => r.violations.map(v => \
                      v.id + ': ' + v.help + ' — ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + \
                      n.html.slice(0, 120)).join(' | ')))";
        let found = self.page.evaluate(script).await.expect("axe runs");
        found.into_value::<Vec<String>>().expect("violations")
    }

    /// Runs a script; its value.
    pub async fn run(&self, script: &str) -> Value {
        self.try_run(script).await.unwrap_or(Value::Null)
    }

    /// None while the page is on its way to another.
    async fn try_run(&self, script: &str) -> Option<Value> {
        self.page.evaluate(script).await.ok()?.value().cloned()
    }

    async fn wait_until(&self, script: &str, what: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.try_run(script).await != Some(Value::Bool(true)) {
            if tokio::time::Instant::now() > deadline {
                panic!("“{what}” is not on {}:\n{}", self.path().await, self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn close(mut self) {
        let _ = self.browser.close().await;
        let _ = self.browser.wait().await;
        self.handler.abort();
    }
}

/// A text as a JavaScript string.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
