//! Bulk imports: numbered batches, each checked and applied in one transaction and acknowledged once it is durable.
//!
//! The ledger remembers every acknowledgement as it was encoded, so that a batch sent twice is answered as the first
//! time, and every key the file named, so that a key that comes twice is seen across batches. A preview runs the same
//! way and only leaves the registers alone.

pub mod store;
pub mod stream;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use kit::{Kind, Problem, Result};
use uuid::Uuid;

use crate::codes::Coded;
use crate::fault::Fault;

/// Rows that one batch may carry.
pub const ROWS_PER_BATCH: usize = 2000;

/// Names that a finish lists of those that disappeared; all are counted.
pub const DISAPPEARED_LISTED: usize = 200;

/// Checks only, or applies too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Preview,
    Commit,
}

impl Coded for Mode {
    const CODES: &'static [(Self, &'static str)] = &[(Self::Preview, "PREVIEW"), (Self::Commit, "COMMIT")];
}

/// What the client says at the start; the same again resumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub id: Uuid,
    pub register: &'static str,
    pub mode: Mode,
    pub region: String,
    pub effective_on: Date,
    pub complete: bool,
    pub file_digest: String,
}

/// Rows by what they turned out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: i64,
    pub changed: i64,
    pub unchanged: i64,
    pub disappeared: i64,
    pub conflicting: i64,
    pub rejected: i64,
}

impl Counts {
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            added: self.added + other.added,
            changed: self.changed + other.changed,
            unchanged: self.unchanged + other.unchanged,
            disappeared: self.disappeared + other.disappeared,
            conflicting: self.conflicting + other.conflicting,
            rejected: self.rejected + other.rejected,
        }
    }
}

/// An import as the ledger holds it.
#[derive(Clone, Debug)]
pub struct Import {
    pub terms: Terms,
    /// The last durable batch; 0 before the first.
    pub last_batch: i64,
    pub counts: Counts,
    pub finished: bool,
}

impl Import {
    /// The same import taken up again, or IMPORT_FILE_CHANGED, IMPORT_TERMS_CHANGED.
    pub fn check_resumed(&self, terms: &Terms) -> Result<()> {
        if self.terms.file_digest != terms.file_digest {
            return Err(Problem::state("IMPORT_FILE_CHANGED", "续传的文件与上次不同，请重新开始导入"));
        }
        if self.terms != *terms {
            return Err(Problem::state("IMPORT_TERMS_CHANGED", "续传的登记册、方式、地区或生效日期与上次不同"));
        }
        Ok(())
    }

    /// A batch that is next in order and not too large, or BATCH_OUT_OF_ORDER, BATCH_TOO_LARGE, IMPORT_FINISHED.
    pub fn check_next(&self, number: i64, rows: usize) -> Result<()> {
        if self.finished {
            return Err(Problem::state("IMPORT_FINISHED", "该次导入已结束"));
        }
        if number != self.last_batch + 1 {
            let message = format!("批次号应为{}，收到{number}", self.last_batch + 1);
            return Err(Problem::state("BATCH_OUT_OF_ORDER", message));
        }
        if rows > ROWS_PER_BATCH {
            let message = format!("每批最多{ROWS_PER_BATCH}行，收到{rows}行");
            return Err(Problem::new(Kind::Invalid, "BATCH_TOO_LARGE", message));
        }
        Ok(())
    }
}

/// What a batch turned out to be: counts, and the rows that were not taken.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub counts: Counts,
    /// Row number in the sheet with what is wrong.
    pub faults: Vec<(u64, Fault)>,
}

impl Tally {
    /// A row that is not taken; nothing of it is applied.
    pub fn refuse(&mut self, row: u64, faults: Vec<Fault>) {
        if faults.iter().any(|fault| fault.conflict) {
            self.counts.conflicting += 1;
        } else {
            self.counts.rejected += 1;
        }
        self.faults.extend(faults.into_iter().map(|fault| (row, fault)));
    }
}

/// The keys that a file has named so far, with the records they mean.
#[derive(Debug, Default)]
pub struct Named {
    before: HashSet<String>,
    /// Named by this batch, in order.
    pub new: Vec<(String, Option<Uuid>)>,
    index: HashMap<String, usize>,
}

impl Named {
    /// Keys that earlier batches named.
    pub fn before(keys: impl IntoIterator<Item = String>) -> Self {
        Named { before: keys.into_iter().collect(), ..Named::default() }
    }

    /// Names a row's keys, unless the file named one of them already (ROW_DUPLICATE).
    pub fn claim(&mut self, keys: &[String], record: Option<Uuid>) -> Result<(), Fault> {
        if keys.iter().any(|key| self.before.contains(key) || self.index.contains_key(key)) {
            return Err(Fault::conflict("ROW_DUPLICATE", "文件中前面已有同一条记录，本行未采用"));
        }
        for key in keys {
            self.index.insert(key.clone(), self.new.len());
            self.new.push((key.clone(), record));
        }
        Ok(())
    }

    /// Tells which record the keys mean, once it has been made.
    pub fn mean(&mut self, keys: &[String], record: Uuid) {
        for key in keys {
            if let Some(named) = self.index.get(key).and_then(|at| self.new.get_mut(*at)) {
                named.1 = Some(record);
            }
        }
    }
}
