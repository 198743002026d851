//! All services in one process, over real mutual TLS: what `ylyx up` runs and what the tests start on free ports.
//!
//! One more bureau is one line in [`BUREAUS`].

mod doors;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kit::folder::Folder;
use kit::{Clock, Problem, Result, Shutdown};
use registry::Service;
use tokio::task::JoinSet;

use doors::{Door, Doors};

/// The bureaus' services. Their gRPC ports follow the gateway's in this order: append, never insert.
pub const BUREAUS: [Service; 5] =
    [elderly_care::SERVICE, childcare::SERVICE, education::SERVICE, finance::SERVICE, supervision::SERVICE];

/// After this long, what has not stopped by itself is dropped.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// How to start the suite.
#[derive(Clone, Debug)]
pub struct SuiteOptions {
    /// The data folder; made when missing.
    pub data: PathBuf,
    /// Address of the console; port 0 takes any free one.
    pub http: SocketAddr,
    /// First of the gRPC ports on 127.0.0.1; 0 takes any free ones.
    pub grpc_base: u16,
    /// Folder of the city bundle; the embedded one without.
    pub city: Option<PathBuf>,
    /// Bureau → PostgreSQL URL. A bureau that is not named has a SQLite file in the data folder.
    pub database: BTreeMap<String, String>,
    /// True: the bureaus publish demonstration data, and the gateway takes it and says so on every page.
    pub synthetic: bool,
    pub clock: Clock,
    /// Bureau → a clock of its own; the others go by `clock`.
    pub clocks: BTreeMap<String, Clock>,
    /// Bureaus that are down: nobody answers at their ports.
    pub absent: Vec<String>,
}

impl SuiteOptions {
    /// Free ports, SQLite, the embedded city, the system's clock.
    pub fn on_free_ports(data: impl Into<PathBuf>) -> Self {
        SuiteOptions {
            data: data.into(),
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            grpc_base: 0,
            city: None,
            database: BTreeMap::new(),
            synthetic: false,
            clock: Clock::system(),
            clocks: BTreeMap::new(),
            absent: Vec::new(),
        }
    }
}

/// The running suite. It holds its data folder until it is stopped or dropped.
#[derive(Debug)]
pub struct Suite {
    /// Address of the console.
    pub http: SocketAddr,
    /// Bureau → gRPC address, `https://127.0.0.1:7402`.
    pub endpoints: BTreeMap<String, String>,
    pub data: PathBuf,
    shutdown: Shutdown,
    services: JoinSet<(&'static str, Result<()>)>,
    _folder: Folder,
}

impl Suite {
    /// Takes the data folder and every port first, so that a suite that cannot start leaves nothing half started
    /// (DATA_FOLDER_HELD, PORT_IN_USE). On return every port accepts connections; a call waits until its service is
    /// up.
    pub async fn start(options: SuiteOptions) -> Result<Suite> {
        let folder = Folder::take(&options.data)?;
        let city = crate::open_city(options.city.as_deref())?;
        let doors = Doors::bind(options.grpc_base, options.http).await?;
        let names: Vec<&str> = BUREAUS.iter().map(|bureau| bureau.name).chain(["gateway"]).collect();
        trust::dev::prepare(&options.data, &city, &names)?;
        let endpoints = doors.endpoints();
        endpoints.save(&options.data)?;

        let (http, shutdown, clock) = (doors.http.address, Shutdown::new(), options.clock.clone());
        let mut services = JoinSet::new();
        let present =
            doors.bureaus.into_iter().filter(|(bureau, _)| options.absent.iter().all(|name| name != bureau.name));
        for (bureau, Door { listener, address }) in present {
            let feeds = bureau
                .copies
                .iter()
                .filter_map(|source| Some((source.bureau.to_owned(), endpoints.bureaus.get(source.bureau)?.clone())));
            let settings = trust::Settings { feeds: feeds.collect(), ..settings(&options, bureau.name, address) };
            let clock = options.clocks.get(bureau.name).unwrap_or(&clock).clone();
            let served = bureau.serve(settings, clock, listener, shutdown.clone());
            services.spawn(named(bureau.name, served));
        }
        let settings = gateway::Settings {
            service: settings(&options, "gateway", doors.gateway.address),
            http,
            bureaus: endpoints.bureaus.clone().into_iter().filter(|(name, _)| name != "gateway").collect(),
            accept_synthetic: options.synthetic,
            issuer_key: options.data.join("trust/issuer/signing.key"),
            // A look at the plan needs no account as long as nobody but this machine can look.
            anonymous_views: http.ip().is_loopback(),
            accounts: gateway::accounts::AccountSettings {
                initial_passwords: Some(options.data.join(trust::dev::FIRST_PASSWORDS)),
                initial_passwords_stay: true,
                secure_cookie: false,
                ..Default::default()
            },
        };
        let serving = gateway::serve(settings, clock, doors.gateway.listener, doors.http.listener, shutdown.clone());
        services.spawn(named("gateway", serving));
        Ok(Suite { http, endpoints: endpoints.bureaus, data: options.data, shutdown, services, _folder: folder })
    }

    /// Resolves with the problem when a service ends by itself; never while all of them run.
    pub async fn failed(&mut self) -> Problem {
        match self.services.join_next().await {
            Some(Ok((_, Err(problem)))) => problem,
            Some(Ok((name, Ok(())))) => Problem::internal(format!("{name} ended by itself")),
            Some(Err(error)) => Problem::internal(error),
            None => std::future::pending().await,
        }
    }

    /// Stops all services: open calls may end, streams are told, and after ten seconds what is left is dropped.
    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.stop();
        let ended = tokio::time::timeout(STOP_DEADLINE, async {
            let mut result = Ok(());
            while let Some(ended) = self.services.join_next().await {
                result = result.and(ended.map_err(Problem::internal).and_then(|(_, result)| result));
            }
            result
        });
        let result = ended.await.unwrap_or_else(|_| {
            tracing::warn!("stopped hard after {STOP_DEADLINE:?}");
            Ok(())
        });
        self.services.shutdown().await;
        result
    }
}

/// A service's life, with its name for the log.
async fn named(name: &'static str, serving: impl Future<Output = Result<()>>) -> (&'static str, Result<()>) {
    let result = serving.await;
    if let Err(problem) = &result {
        tracing::error!(service = name, %problem, "service failed");
    }
    (name, result)
}

/// Where a bureau finds its files in the data folder, as `trust::dev::prepare` lays them out.
fn settings(options: &SuiteOptions, bureau: &str, listen: SocketAddr) -> trust::Settings {
    let own = options.data.join("trust").join(bureau);
    trust::Settings {
        listen,
        health: None,
        data: options.data.join(bureau),
        database: options.database.get(bureau).cloned(),
        city: options.city.clone(),
        ca: options.data.join("trust/ca.pem"),
        cert: own.join("cert.pem"),
        key: own.join("key.pem"),
        signing_key: own.join("signing.key"),
        keys: options.data.join("keys"),
        users: options.data.join("users.toml"),
        synthetic: options.synthetic,
        feeds: BTreeMap::new(),
    }
}

/// The certificate that `trust::dev::prepare` makes for a person at the command line.
pub(crate) fn operator_files(data: &Path) -> trust::TlsFiles {
    let own = data.join("trust/operator");
    trust::TlsFiles { ca: data.join("trust/ca.pem"), cert: own.join("cert.pem"), key: own.join("key.pem") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_example_configurations_are_read() {
        let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../deploy/config/{name}.toml"));
        for bureau in BUREAUS {
            let settings: trust::Settings = kit::config::load(bureau.name, &file(bureau.name)).unwrap();
            assert!(settings.health.is_some());
            let copied: BTreeSet<&str> = bureau.copies.iter().map(|source| source.bureau).collect();
            let known: BTreeSet<&str> = settings.feeds.keys().map(String::as_str).collect();
            assert_eq!(known, copied, "{}", bureau.name);
        }
        let gateway: gateway::Settings = kit::config::load("gateway", &file("gateway")).unwrap();
        let listed: BTreeSet<&str> = gateway.bureaus.keys().map(String::as_str).collect();
        assert_eq!(listed, BUREAUS.map(|bureau| bureau.name).into());
        assert!(!gateway.accept_synthetic);
    }
}
