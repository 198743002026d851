//! Stopping: a token that is passed, never a global, and a hard deadline, because a stream that is held open would
//! otherwise keep a server alive for ever.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Asked to stop. Clones share the request.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    pub fn new() -> Self {
        Shutdown::default()
    }

    /// Asks everything that holds a clone to stop.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Resolves when stopping was asked for.
    pub async fn asked(&self) {
        self.0.cancelled().await;
    }

    pub fn is_asked(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Stops on SIGINT or SIGTERM.
    pub fn on_signals() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let shutdown = Shutdown::new();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let asked = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            tracing::info!("stopping");
            asked.stop();
        });
        Ok(shutdown)
    }

    /// Runs `work` until it ends, or until `grace` has passed after stopping was asked for.
    pub async fn bounded<T>(&self, grace: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            value = work => Some(value),
            () = async { self.asked().await; tokio::time::sleep(grace).await } => {
                tracing::warn!("stopped hard after {grace:?}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_held_open_cannot_keep_the_server_alive() {
        let shutdown = Shutdown::new();
        shutdown.stop();
        assert!(shutdown.bounded(Duration::from_secs(5), std::future::pending::<()>()).await.is_none());
    }
}
