//! How many conversations an agreement may hold open: opening one costs a look at everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kit::{Kind, Problem, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Conversations of one agreement at once.
pub(super) const SEATS: usize = 4;

/// Cloning shares them.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<String, Arc<Semaphore>>>>);

impl Seats {
    /// A seat, free again when it is dropped. `agreement`: one that exists. MATCH_BUSY.
    pub(super) fn take(&self, agreement: &str) -> Result<OwnedSemaphorePermit> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seats = all.entry(agreement.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(SEATS))).clone();
        seats.try_acquire_owned().map_err(|_| {
            let message = format!("比对协议“{agreement}”同时最多{SEATS}个比对，请稍后重试");
            Problem::new(Kind::Exhausted, "MATCH_BUSY", message)
        })
    }
}
