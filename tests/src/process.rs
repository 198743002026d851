//! Services as processes of their own, to be killed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use registry::Service;
use ylyx::suite::BUREAUS;

use crate::suite::{eventually, http_get};
use crate::tap::Taps;

/// Which programs run, and how.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Services, the gateway among them. The others are not there, as on a machine of three bureaus.
    pub services: Vec<&'static str>,
    /// Service → PostgreSQL URL; a SQLite file in its folder where there is none.
    pub databases: BTreeMap<&'static str, String>,
    /// Every line between two services goes by a tap, and the operator's too.
    pub taps: Option<Taps>,
    /// Variables of their environment.
    pub environment: Vec<(&'static str, String)>,
    /// Their logs are kept in `<name>.log`; otherwise they go where the test's own output goes.
    pub logged: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            services: vec!["childcare", "supervision", "gateway"],
            databases: BTreeMap::new(),
            taps: None,
            environment: vec![("YLYX_LOG", "error".to_owned())],
            logged: false,
        }
    }
}

/// Programs on one machine, each with its config file, as `deploy/config` shows.
pub struct Programs {
    pub data: PathBuf,
    pub http: std::net::SocketAddr,
    /// The gateway's health port.
    pub health: std::net::SocketAddr,
    setup: Setup,
    ports: BTreeMap<&'static str, u16>,
    running: Mutex<Vec<(&'static str, Child)>>,
}

impl Programs {
    /// Three services, enough for a figure to travel.
    pub async fn start(data: &Path) -> Programs {
        Self::start_with(data, Setup::default()).await
    }

    /// Writes certificates and config files, and starts them all.
    pub async fn start_with(data: &Path, setup: Setup) -> Programs {
        let city = city::bundle::City::embedded();
        trust::dev::prepare(data, &city, &setup.services).unwrap_or_else(|problem| panic!("{problem}"));
        let ports = setup.services.iter().map(|name| (*name, free_port())).collect();
        let http = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
        let health = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
        let programs = Programs { data: data.to_owned(), http, health, setup, ports, running: Mutex::default() };
        for name in &programs.setup.services {
            std::fs::write(data.join(format!("{name}.toml")), programs.config(name).await).expect("written");
        }
        let bureaus = programs.setup.services.iter().copied().collect();
        let endpoints = programs.endpoints("operator", bureaus).await;
        let text = format!("console = \"{http}\"\n[bureaus]\n{endpoints}");
        std::fs::write(data.join("endpoints.toml"), text).expect("written");
        for name in &programs.setup.services {
            programs.launch(name).await;
        }
        programs
    }

    async fn config(&self, name: &str) -> String {
        let data = self.data.display();
        let port = self.port(name);
        let mut service = format!(
            "listen = \"127.0.0.1:{port}\"\ndata = \"{data}/{name}\"\nca = \"{data}/trust/ca.pem\"\n\
             cert = \"{data}/trust/{name}/cert.pem\"\nkey = \"{data}/trust/{name}/key.pem\"\n\
             signing_key = \"{data}/trust/{name}/signing.key\"\nkeys = \"{data}/keys\"\nusers = \"{data}/users.toml\"\n"
        );
        if let Some(url) = self.setup.databases.get(name) {
            service += &format!("database = \"{url}\"\n");
        }
        let bureaus = || BUREAUS.iter().filter(|bureau| self.setup.services.contains(&bureau.name));
        let Some(own) = bureaus().find(|bureau| bureau.name == name) else {
            let followed = self.endpoints(name, bureaus().map(|bureau| bureau.name).collect()).await;
            return format!(
                "http = \"{}\"\nissuer_key = \"{data}/trust/issuer/signing.key\"\nanonymous_views = true\n\
                 [service]\n{service}health = \"{}\"\n[bureaus]\n{followed}\
                 [accounts]\ninitial_passwords = \"{data}/{}\"\ninitial_passwords_stay = true\nsecure_cookie = false\n",
                self.http,
                self.health,
                trust::dev::FIRST_PASSWORDS
            );
        };
        let copied = own.copies.iter().map(|source| source.bureau).filter(|one| self.ports.contains_key(one)).collect();
        let keeps_people = |bureau: &&Service| own.people.is_some() && bureau.people.is_some() && bureau.name != name;
        let asked = bureaus().filter(keeps_people).map(|bureau| bureau.name).collect();
        format!(
            "{service}[feeds]\n{}[matching]\n{}",
            self.endpoints(name, copied).await,
            self.endpoints(name, asked).await
        )
    }

    /// Where a caller finds providers: lines of `provider = "https://…"`.
    async fn endpoints(&self, caller: &str, providers: BTreeSet<&'static str>) -> String {
        let mut lines = String::new();
        for provider in providers {
            let mut endpoint = self.endpoint(provider);
            if let Some(taps) = &self.setup.taps {
                endpoint = taps.between(&self.data, caller, provider, &endpoint).await;
            }
            lines += &format!("{provider} = \"{endpoint}\"\n");
        }
        lines
    }

    fn port(&self, name: &str) -> u16 {
        *self.ports.get(name).expect("a program")
    }

    pub fn endpoint(&self, name: &str) -> String {
        format!("https://127.0.0.1:{}", self.port(name))
    }

    /// Starts a program and waits until its port answers.
    pub async fn launch(&self, name: &'static str) {
        let mut command = Command::new(program(name));
        if self.setup.logged {
            let log = std::fs::File::options().create(true).append(true).open(self.data.join(format!("{name}.log")));
            let log = log.expect("a log");
            command.stdout(log.try_clone().expect("a log")).stderr(log);
        }
        let child = command
            .arg("--config")
            .arg(self.data.join(format!("{name}.toml")))
            .envs(self.setup.environment.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        self.running.lock().expect("whole").push((name, child));
        let address = ("127.0.0.1", self.port(name));
        eventually(name, async || tokio::net::TcpStream::connect(address).await.is_ok()).await;
    }

    /// kill -9.
    pub fn kill(&self, name: &str) {
        let mut running = self.running.lock().expect("whole");
        let at = running.iter().position(|(one, _)| *one == name).expect("it runs");
        let (_, mut child) = running.remove(at);
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// GET on the gateway's HTTP port.
    pub async fn get(&self, path: &str) -> (u16, serde_json::Value) {
        let (status, body) = http_get(self.http, path).await;
        (status, serde_json::from_str(&body).unwrap_or(serde_json::Value::Null))
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        for (_, child) in self.running.lock().iter_mut().flat_map(|running| running.iter_mut()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A program of the workspace, built beside this test.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.parent().and_then(Path::parent).expect("target/debug");
    let path = folder.join(name);
    assert!(path.exists(), "{} is not built; `cargo xtask test` builds it", path.display());
    path
}

/// A port that nobody held a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("a free port").port()
}
