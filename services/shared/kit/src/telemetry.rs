//! Logs: one line per event on standard error, readable or JSON. No personal data goes in.

use tracing_subscriber::EnvFilter;

/// Starts logging; the level comes from `YLYX_LOG` (default `info`), JSON with `YLYX_LOG_FORMAT=json`.
/// Calling it twice is harmless.
pub fn start() {
    let filter = EnvFilter::try_from_env("YLYX_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let json = std::env::var("YLYX_LOG_FORMAT").is_ok_and(|format| format == "json");
    let _ = if json { builder.json().try_init() } else { builder.compact().try_init() };
}
