//! How fresh the bureaus' figures are, as gauges: feed lag, age of the last publication, and how much the cube holds.

use std::time::Duration;

use kit::Shutdown;
use kit::metrics::Metrics;

use crate::state::State;

const EVERY: Duration = Duration::from_secs(5);
const SECOND: i64 = 1_000_000;

/// Sets the gauges until shutdown.
pub(crate) async fn watch(state: State, metrics: Metrics, shutdown: Shutdown) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = shutdown.asked() => return,
            _ = tick.tick() => set(&state, &metrics),
        }
    }
}

fn set(state: &State, metrics: &Metrics) {
    let now = state.clock().micros();
    for (bureau, link) in state.links() {
        let label = format!("bureau=\"{bureau}\"");
        let lag = link.last_contact.map_or(-1, |at| (now - at) / SECOND);
        metrics.set("feed_lag_seconds", "Since the last sign of life of a bureau; -1: never heard.", &label, lag);
        let sequence = i64::try_from(link.sequence).unwrap_or(i64::MAX);
        metrics.set("feed_sequence", "Last publication that was taken in.", &label, sequence);
        let diverged = i64::from(link.diverged);
        metrics.set("feed_diverged", "1 while a stream does not fit what was received before.", &label, diverged);
        let age =
            state.cube(|cube| Ok(cube.last_published(&bureau))).ok().flatten().map_or(-1, |at| (now - at) / SECOND);
        metrics.set("publication_age_seconds", "Since a bureau published last; -1: nothing yet.", &label, age);
    }
    let figures = state.cube(|cube| Ok(cube.len())).unwrap_or(0);
    metrics.set("cube_figures", "Figures held in memory.", "", i64::try_from(figures).unwrap_or(i64::MAX));
}
