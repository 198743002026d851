//! Logs, one line per event on standard error, readable or JSON; and traces, sent to an OpenTelemetry collector where one
//! is named. Neither carries personal data: spans name methods, routes and statements, and never their values.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The standard variable that names the collector, such as `http://127.0.0.1:4317`. Without it no trace is made.
const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// How long the end of the program waits for the last spans to leave.
const LAST_SPANS: Duration = Duration::from_secs(3);

/// Holds the way to the collector open; what is still waiting is sent when it is dropped.
#[derive(Debug)]
#[must_use = "traces end when this is dropped"]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(|provider| provider.shutdown_with_timeout(LAST_SPANS)) {
            eprintln!("the last traces did not leave: {error}");
        }
    }
}

/// Starts logging; the level comes from `YLYX_LOG` (default `info`), JSON with `YLYX_LOG_FORMAT=json`. Traces go to
/// `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP over gRPC), what is traced is in `YLYX_TRACE`. Inside a runtime. Calling it twice
/// is harmless.
pub fn start(service: &str) -> Telemetry {
    let filter = |variable, usual| EnvFilter::try_from_env(variable).unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let json = std::env::var("YLYX_LOG_FORMAT").is_ok_and(|format| format == "json");
    let lines = if json { lines.json().boxed() } else { lines.compact().boxed() };
    let lines = lines.with_filter(filter("YLYX_LOG", "info,sqlx=warn"));
    let provider = collector(service);
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("ylyx"))
            .with_location(false)
            .with_threads(false)
            // Lines of the log stay in the log: some say who did something.
            .with_filter(filter("YLYX_TRACE", "info,kit=debug,sqlx=off").and(filter_fn(|of| of.is_span())))
    });
    let _ = tracing_subscriber::registry().with(lines).with(traces).try_init();
    Telemetry(provider)
}

/// The way to the collector, where one is named. A wrong address is said and nothing is traced: no service stands still
/// for want of a collector.
fn collector(service: &str) -> Option<SdkTracerProvider> {
    std::env::var_os(COLLECTOR).filter(|address| !address.is_empty())?;
    match SpanExporter::builder().with_tonic().build() {
        Ok(exporter) => {
            let resource = Resource::builder().with_service_name(format!("ylyx-{service}")).build();
            Some(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
        }
        Err(error) => {
            eprintln!("{COLLECTOR}: {error}");
            None
        }
    }
}
