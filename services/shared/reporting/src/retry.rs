//! Running a transaction again after a transient failure, as [`kit::retry`] does, with a future of one type: only so
//! can the compiler see that it may move between threads, which a gRPC method's must.

use std::time::Duration;

use kit::Result;

/// The attempt begins and commits its own transaction.
pub(crate) async fn retry<T, F: Future<Output = Result<T>>>(mut attempt: impl FnMut() -> F) -> Result<T> {
    let mut tries = 0u32;
    loop {
        match attempt().await {
            Err(problem) if tries < 6 && problem.is_transient() => {
                tokio::time::sleep(Duration::from_millis(5 << tries)).await;
                tries += 1;
            }
            result => return result,
        }
    }
}
