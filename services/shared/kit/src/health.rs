//! The second, plain HTTP port: `/livez`, `/readyz`, `/metrics`, and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;
use crate::problem::Result;
use crate::{Db, Shutdown};

/// What a service says about itself: its dependencies, and what it counts.
#[derive(Clone, Debug, Default)]
pub struct Health {
    dependencies: Arc<Mutex<BTreeMap<String, Option<String>>>>,
    pub metrics: Metrics,
}

impl Health {
    /// States that a dependency works (`None`) or what is wrong with it.
    pub fn state(&self, dependency: &str, trouble: Option<String>) {
        if let Ok(mut dependencies) = self.dependencies.lock() {
            dependencies.insert(dependency.to_owned(), trouble);
        }
    }

    /// True when no dependency is in trouble.
    pub fn is_ready(&self) -> bool {
        self.dependencies.lock().is_ok_and(|map| map.values().all(Option::is_none))
    }

    fn report(&self) -> (StatusCode, String) {
        let mut text = String::new();
        if let Ok(dependencies) = self.dependencies.lock() {
            for (name, trouble) in dependencies.iter() {
                let _ = writeln!(text, "{name}: {}", trouble.as_deref().unwrap_or("ok"));
            }
        }
        (if self.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
    }
}

/// Opens the port, when there is to be one, and watches the database: readiness follows it.
pub async fn open(address: Option<SocketAddr>, service: &str, db: Db, shutdown: Shutdown) -> Result<Health> {
    let health = Health::default();
    health.state("database", None);
    let Some(address) = address else { return Ok(health) };
    let listener = crate::port::bind(address, service).await?;
    let (watched, asked) = (health.clone(), shutdown.clone());
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(5));
        loop {
            tokio::select! { () = asked.asked() => return, _ = tick.tick() => {} }
            let answer: Result<(i64,)> = db.read("SELECT CAST(1 AS BIGINT)").one().await;
            watched.state("database", answer.err().map(|problem| problem.message));
            watched.metrics.set("resident_kilobytes", "Memory that the process holds.", "", resident());
        }
    });
    tokio::spawn(serve(listener, health.clone(), shutdown));
    Ok(health)
}

/// Kilobytes that this process holds, where the system tells; else 0.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Serves the port until shutdown.
async fn serve(listener: TcpListener, health: Health, shutdown: Shutdown) -> std::io::Result<()> {
    let app = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(|State(health): State<Health>| async move { health.report() }))
        .route("/metrics", get(|State(health): State<Health>| async move { health.metrics.text() }))
        .with_state(health);
    axum::serve(listener, app).with_graceful_shutdown(async move { shutdown.asked().await }).await
}
