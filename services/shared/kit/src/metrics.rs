//! What a service counts about itself, in the text that Prometheus reads: rates, errors and durations of whatever it
//! serves (RED), gauges that are set from time to time, and counters of what else happens. Labels name methods, routes and bureaus, never people.
//!
//! Durations are counted in microseconds and written as seconds, so that no figure passes through a float.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Upper bounds of a duration's buckets, in microseconds.
const BUCKETS: [u64; 11] =
    [1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000];

/// Methods and routes that are told apart in a family; what comes later is counted as "other".
const MOST: usize = 500;

/// Cloning shares the figures.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Figures>>);

#[derive(Debug, Default)]
struct Figures {
    /// Family → labels → what was served.
    served: BTreeMap<&'static str, BTreeMap<String, Served>>,
    /// Family → (help, labels → value).
    gauges: BTreeMap<&'static str, (&'static str, BTreeMap<String, i64>)>,
    /// The same for what only grows.
    counters: BTreeMap<&'static str, (&'static str, BTreeMap<String, i64>)>,
}

/// One method or route.
#[derive(Debug, Default)]
struct Served {
    /// Answers by code.
    codes: BTreeMap<String, u64>,
    buckets: [u64; BUCKETS.len()],
    count: u64,
    micros: u64,
}

impl Metrics {
    /// One answer: `family` is "rpc" or "http", `what` the method or the route, `code` what it ended with.
    pub fn served(&self, family: &'static str, what: &str, code: &str, took: Duration) {
        let Ok(mut figures) = self.0.lock() else { return };
        let all = figures.served.entry(family).or_default();
        let what = if all.len() < MOST || all.contains_key(what) { what } else { "other" };
        if !all.contains_key(what) {
            all.insert(what.to_owned(), Served::default());
        }
        let Some(served) = all.get_mut(what) else { return };
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        *served.codes.entry(code.to_owned()).or_default() += 1;
        served.count += 1;
        served.micros = served.micros.saturating_add(micros);
        for (bucket, most) in served.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(micros <= most);
        }
    }

    /// Sets a gauge; `label` is its one label with its value, such as `bureau="finance"`, or empty.
    pub fn set(&self, name: &'static str, help: &'static str, label: &str, value: i64) {
        if let Ok(mut figures) = self.0.lock() {
            let (_, values) = figures.gauges.entry(name).or_insert((help, BTreeMap::new()));
            values.insert(label.to_owned(), value);
        }
    }

    /// One more of something; `labels` are names with their values, few of each.
    pub fn count(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", quoted(value))).collect();
        if let Ok(mut figures) = self.0.lock() {
            let (_, values) = figures.counters.entry(name).or_insert((help, BTreeMap::new()));
            *values.entry(labels.join(",")).or_default() += 1;
        }
    }

    /// Everything as Prometheus reads it.
    pub fn text(&self) -> String {
        let Ok(figures) = self.0.lock() else { return String::new() };
        let mut text = String::new();
        for (family, all) in &figures.served {
            let label = if *family == "http" { "route" } else { "method" };
            let _ =
                writeln!(text, "# HELP ylyx_{family}_total Answers by what was asked and the code they ended with.");
            let _ = writeln!(text, "# TYPE ylyx_{family}_total counter");
            for (what, served) in all {
                for (code, count) in &served.codes {
                    let _ =
                        writeln!(text, "ylyx_{family}_total{{{label}=\"{}\",code=\"{code}\"}} {count}", quoted(what));
                }
            }
            let _ = writeln!(text, "# HELP ylyx_{family}_duration_seconds Time until the answer began.");
            let _ = writeln!(text, "# TYPE ylyx_{family}_duration_seconds histogram");
            for (what, served) in all {
                let what = quoted(what);
                let name = format!("ylyx_{family}_duration_seconds");
                for (bucket, most) in served.buckets.iter().zip(BUCKETS) {
                    let _ = writeln!(text, "{name}_bucket{{{label}=\"{what}\",le=\"{}\"}} {bucket}", seconds(most));
                }
                let _ = writeln!(text, "{name}_bucket{{{label}=\"{what}\",le=\"+Inf\"}} {}", served.count);
                let _ = writeln!(text, "{name}_sum{{{label}=\"{what}\"}} {}", seconds(served.micros));
                let _ = writeln!(text, "{name}_count{{{label}=\"{what}\"}} {}", served.count);
            }
        }
        let gauges = figures.gauges.iter().map(|single| ("gauge", single));
        let counters = figures.counters.iter().map(|single| ("counter", single));
        for (kind, (name, (help, values))) in gauges.chain(counters) {
            let _ = writeln!(text, "# HELP ylyx_{name} {help}\n# TYPE ylyx_{name} {kind}");
            for (label, value) in values {
                let labels = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
                let _ = writeln!(text, "ylyx_{name}{labels} {value}");
            }
        }
        text
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// 2500000 → 2.5
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_served_reads_as_rate_errors_and_duration() {
        let metrics = Metrics::default();
        metrics.served("rpc", "a.B/C", "0", Duration::from_micros(900));
        metrics.served("rpc", "a.B/C", "5", Duration::from_millis(30));
        metrics.set("feed_lag_seconds", "Since the last sign of life.", "bureau=\"finance\"", 7);
        for _ in 0..2 {
            metrics.count("refused_total", "What was refused.", &[("agreement", "a\"b"), ("reason", "NO")]);
        }
        let text = metrics.text();
        for line in [
            "# TYPE ylyx_rpc_total counter",
            "ylyx_rpc_total{method=\"a.B/C\",code=\"0\"} 1",
            "ylyx_rpc_total{method=\"a.B/C\",code=\"5\"} 1",
            "ylyx_rpc_duration_seconds_bucket{method=\"a.B/C\",le=\"0.001\"} 1",
            "ylyx_rpc_duration_seconds_bucket{method=\"a.B/C\",le=\"0.025\"} 1",
            "ylyx_rpc_duration_seconds_bucket{method=\"a.B/C\",le=\"0.05\"} 2",
            "ylyx_rpc_duration_seconds_bucket{method=\"a.B/C\",le=\"+Inf\"} 2",
            "ylyx_rpc_duration_seconds_sum{method=\"a.B/C\"} 0.0309",
            "ylyx_rpc_duration_seconds_count{method=\"a.B/C\"} 2",
            "# TYPE ylyx_feed_lag_seconds gauge",
            "ylyx_feed_lag_seconds{bureau=\"finance\"} 7",
            "# TYPE ylyx_refused_total counter",
            "ylyx_refused_total{agreement=\"a\\\"b\",reason=\"NO\"} 2",
        ] {
            assert!(text.lines().any(|one| one == line), "no {line:?} in\n{text}");
        }
        assert_eq!((seconds(2_500_000), seconds(0)), ("2.5".to_owned(), "0".to_owned()));
    }
}
