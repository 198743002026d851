//! Services as processes of their own, to be killed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::suite::{eventually, http_get};

/// Three programs on one machine, each with its config file, as `deploy/config` shows.
pub struct Programs {
    pub data: PathBuf,
    pub http: std::net::SocketAddr,
    /// The gateway's health port.
    pub health: std::net::SocketAddr,
    ports: Vec<(&'static str, u16)>,
    running: Mutex<Vec<(&'static str, Child)>>,
}

impl Programs {
    /// Writes certificates and config files, and starts all three.
    pub async fn start(data: &Path) -> Programs {
        let city = city::bundle::City::embedded();
        let names = ["childcare", "supervision", "gateway"];
        trust::dev::prepare(data, &city, &names).unwrap_or_else(|problem| panic!("{problem}"));
        let ports: Vec<(&str, u16)> = names.iter().map(|name| (*name, free_port())).collect();
        let http = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
        let health = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
        let programs = Programs { data: data.to_owned(), http, health, ports, running: Mutex::default() };
        for name in names {
            std::fs::write(data.join(format!("{name}.toml")), programs.config(name)).expect("written");
        }
        let endpoints: String =
            programs.ports.iter().map(|(name, port)| format!("{name} = \"https://127.0.0.1:{port}\"\n")).collect();
        let text = format!("console = \"{http}\"\n[bureaus]\n{endpoints}");
        std::fs::write(data.join("endpoints.toml"), text).expect("written");
        for name in names {
            programs.launch(name).await;
        }
        programs
    }

    fn config(&self, name: &str) -> String {
        let data = self.data.display();
        let port = self.port(name);
        let service = format!(
            "listen = \"127.0.0.1:{port}\"\ndata = \"{data}/{name}\"\nca = \"{data}/trust/ca.pem\"\n\
             cert = \"{data}/trust/{name}/cert.pem\"\nkey = \"{data}/trust/{name}/key.pem\"\n\
             signing_key = \"{data}/trust/{name}/signing.key\"\nkeys = \"{data}/keys\"\nusers = \"{data}/users.toml\"\n"
        );
        if name != "gateway" {
            return service;
        }
        let bureaus: String = ["childcare", "supervision"]
            .iter()
            .map(|bureau| format!("{bureau} = \"https://127.0.0.1:{}\"\n", self.port(bureau)))
            .collect();
        format!(
            "http = \"{}\"\nissuer_key = \"{data}/trust/issuer/signing.key\"\nanonymous_views = true\n\
             [service]\n{service}health = \"{}\"\n[bureaus]\n{bureaus}",
            self.http, self.health
        )
    }

    fn port(&self, name: &str) -> u16 {
        self.ports.iter().find(|(one, _)| *one == name).expect("a program").1
    }

    pub fn endpoint(&self, name: &str) -> String {
        format!("https://127.0.0.1:{}", self.port(name))
    }

    /// Starts a program and waits until its port answers.
    pub async fn launch(&self, name: &'static str) {
        let child = Command::new(program(name))
            .arg("--config")
            .arg(self.data.join(format!("{name}.toml")))
            .env("YLYX_LOG", "error")
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
