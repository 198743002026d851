//! A running suite and everything a test needs to talk to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kit::Clock;
use serde_json::Value;
use tempfile::TempDir;
use trust::{Tls, TlsFiles};
use ylyx::suite::{Suite, SuiteOptions};

use crate::postgres;

/// Publications of supervision at first start: regions, catalogue, plan, the places counted, and the printed figures.
const PRINTED: u64 = 5;

/// Every service of the suite that has a database.
pub fn services() -> impl Iterator<Item = &'static str> {
    ylyx::suite::BUREAUS.into_iter().map(|bureau| bureau.name).chain(["gateway"])
}

/// Which engine the services keep their records in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A suite in this process, with its data in a folder that goes with it.
pub struct Running {
    pub suite: Option<Suite>,
    pub clock: Clock,
    pub engine: Engine,
    data: TempDir,
    options: SuiteOptions,
}

impl Running {
    /// Starts the suite of a city (None: the embedded one) on free ports, at noon of 2026-11-05.
    pub async fn start(engine: Engine, city: Option<PathBuf>) -> Running {
        let data = tempfile::tempdir().expect("a folder");
        let clock = Clock::set_to("2026-11-05T04:00:00Z".parse().expect("an instant"));
        let databases: BTreeMap<String, String> = match engine {
            Engine::Sqlite => BTreeMap::new(),
            Engine::Postgres => services().map(|service| (service.to_owned(), postgres::database())).collect(),
        };
        let options = SuiteOptions {
            city,
            database: databases,
            clock: clock.clone(),
            ..SuiteOptions::on_free_ports(data.path())
        };
        let suite = Suite::start(options.clone()).await.unwrap_or_else(|problem| panic!("suite: {problem}"));
        let running = Running { suite: Some(suite), clock, engine, data, options };
        running.eventually("what the city prints", async || running.sequence("supervision").await >= PRINTED).await;
        running
    }

    /// Makes the demonstration city on an engine and opens it, in the evening of 2026-11-24.
    pub async fn demonstration(engine: Engine) -> Running {
        let data = tempfile::tempdir().expect("a folder");
        let clock = Clock::set_to("2026-11-24T12:00:00Z".parse().expect("an instant"));
        let database: BTreeMap<String, String> = match engine {
            Engine::Sqlite => BTreeMap::new(),
            Engine::Postgres => services().map(|service| (service.to_owned(), postgres::database())).collect(),
        };
        ylyx::demo::make(data.path(), ylyx::demo::SEED, 1, Some(database.clone()))
            .await
            .unwrap_or_else(|problem| panic!("demo: {problem}"));
        let options = SuiteOptions {
            database,
            synthetic: true,
            clock: clock.clone(),
            ..SuiteOptions::on_free_ports(data.path())
        };
        let suite = Suite::start(options.clone()).await.unwrap_or_else(|problem| panic!("suite: {problem}"));
        Running { suite: Some(suite), clock, engine, data, options }
    }

    /// A service's database, beside the service.
    pub async fn database(&self, service: &str) -> kit::Db {
        let file = self.data().join(service).join(format!("{service}.db")).to_string_lossy().into_owned();
        let location = self.options.database.get(service).cloned().unwrap_or(file);
        kit::Db::open(&location).await.unwrap_or_else(|problem| panic!("{problem}"))
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Stops the suite and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.launch().await;
    }

    pub async fn stop(&mut self) {
        self.suite.take().expect("running").stop().await.expect("stopped");
    }

    /// Starts a stopped suite on its data, without some of its bureaus.
    pub async fn launch_without(&mut self, absent: &[&str]) {
        self.options.absent = absent.iter().map(|name| (*name).to_owned()).collect();
        self.launch().await;
    }

    /// Starts a stopped suite on its data.
    pub async fn launch(&mut self) {
        let suite = Suite::start(self.options.clone()).await.unwrap_or_else(|problem| panic!("suite: {problem}"));
        self.suite = Some(suite);
    }

    pub fn endpoint(&self, bureau: &str) -> String {
        self.suite.as_ref().expect("running").endpoints[bureau].clone()
    }

    /// GET on the HTTP port: status and JSON (null when the body is none).
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.get_text(path).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// GET on the HTTP port: status and body.
    pub async fn get_text(&self, path: &str) -> (u16, String) {
        http_get(self.suite.as_ref().expect("running").http, path).await
    }

    /// Waits until a condition holds; panics after a minute. Conditions are about what the suite shows, not time.
    pub async fn eventually(&self, what: &str, condition: impl AsyncFn() -> bool) {
        eventually(what, condition).await;
    }

    /// How far the gateway has followed a bureau.
    pub async fn sequence(&self, bureau: &str) -> u64 {
        let (_, list) = self.get("/api/v1/bureaus").await;
        let all = list["bureaus"].as_array().cloned().unwrap_or_default();
        all.iter().find(|one| one["name"] == bureau).and_then(|one| one["sequence"].as_u64()).unwrap_or(0)
    }

    /// A channel to a bureau with some party's certificate.
    pub fn channel_as(&self, party: &str, bureau: &str) -> tonic::transport::Channel {
        channel(self.data(), party, bureau, &self.endpoint(bureau))
    }

    /// The view of one indicator.
    pub async fn indicator(&self, code: &str, region: &str, period: &str) -> Value {
        let (status, list) = self.get(&format!("/api/v1/indicators?region={region}&period={period}")).await;
        assert_eq!(status, 200, "{list}");
        let found = list["indicators"].as_array().and_then(|all| all.iter().find(|one| one["code"] == code));
        found.unwrap_or_else(|| panic!("no {code}")).clone()
    }
}

/// Loads a party's certificate from a data folder's `trust`.
pub fn tls(data: &Path, party: &str) -> Tls {
    let own = data.join("trust").join(party);
    let files = TlsFiles { ca: data.join("trust/ca.pem"), cert: own.join("cert.pem"), key: own.join("key.pem") };
    Tls::load(&files).unwrap_or_else(|problem| panic!("{party}: {problem}"))
}

/// A channel to a bureau's endpoint with a party's certificate.
pub fn channel(data: &Path, party: &str, bureau: &str, endpoint: &str) -> tonic::transport::Channel {
    trust::channel(endpoint, bureau, &tls(data, party)).unwrap_or_else(|problem| panic!("{problem}"))
}

/// A plain HTTP/1.1 GET; the suite's HTTP port is loopback and plain.
pub async fn http_get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the HTTP port");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("read");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let body = if head.to_lowercase().contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_owned() };
    (status, body)
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        if size == 0 || rest.len() < size {
            break;
        }
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

/// See [`Running::eventually`].
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let mut poll = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..1200 {
        poll.tick().await;
        if condition().await {
            return;
        }
    }
    panic!("never came: {what}");
}
