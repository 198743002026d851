//! Change feeds (登记册同步): other bureaus keep a copy of a register without asking for it again and again.
//!
//! A feed is the current state of a register's records as numbered events: one per record, the newest only, appended in
//! the transaction that changes the register. A follower asks for everything after its position and has the register as
//! it is, in order and without a gap; one that is far behind reads each record once. Events that were appended together
//! carry the same random id; a position proves itself by it, so that a database from a backup, which gives the same
//! numbers to other events, is noticed wherever it is put back. Unlike publications, events are not signed: they say what
//! a register holds, and count for nothing.
//!
//! | room | what for |
//! |---|---|
//! | [`event`] | the typed messages of each feed |
//! | `store` | feeds and events in the database; [`append`] |
//! | [`fill`] | what a register held before its feed began |
//! | [`follow`] | sends a feed to one follower, page by page, never faster than it reads |
//! | [`copy`] | the other side: a read copy of another bureau's register |
//! | [`status`] | what is copied here and how fresh it is: `ListFeeds`, gauges |
//! | `measure` | fills and drains a feed, for tests and a benchmark |

pub mod copy;
pub mod event;
pub mod fill;
pub mod follow;
#[cfg(any(test, feature = "measure"))]
pub mod measure;
pub mod status;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use jiff::civil::Date;
use kit::{Problem, Result, Shutdown, Tx};
use prost::Message;
use tokio::sync::watch;
use uuid::Uuid;

pub use event::{Content, FeedEvent, Key, Stamp};
pub use store::append;

/// Rows of one page, of one batch of a backfill.
#[cfg(not(test))]
pub(crate) const PAGE: i64 = 500;
/// Small, so that records move on while a few of them are read.
#[cfg(test)]
pub(crate) const PAGE: i64 = 3;

/// A feed that a service offers.
#[derive(Clone, Copy)]
pub struct Feed {
    /// The register's name, `childcare.institution`.
    pub name: &'static str,
    /// Of what its records tell, from 1: with a higher one everything is told anew.
    pub version: i64,
    /// Records after an id, in the order of ids, as they are on a day and later, at most as many as asked for: what the
    /// register holds.
    pub records: for<'a> fn(&'a mut Tx, Uuid, Date, i64) -> Records<'a>,
}

/// Records on their way.
pub type Records<'a> = BoxFuture<'a, Result<Vec<Entry>>>;

/// What an event says of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    /// The encoded record; `None` when it was removed.
    pub payload: Option<Vec<u8>>,
}

impl Entry {
    /// A record as it is now.
    pub fn of(id: Uuid, record: &impl Message) -> Self {
        Entry { id, payload: Some(record.encode_to_vec()) }
    }

    /// Records of which each stretch of time is given by itself, in order: the one that holds now, and those to come.
    pub fn of_stretches<E: FeedEvent>(stretches: impl IntoIterator<Item = (Uuid, E::Record)>) -> Vec<Self> {
        let mut records: Vec<(Uuid, E::Record)> = Vec::new();
        for (id, stretch) in stretches {
            match records.last_mut() {
                Some((known, first)) if *known == id => E::later(first).push(stretch),
                _ => records.push((id, stretch)),
            }
        }
        records.iter().map(|(id, record)| Entry::of(*id, record)).collect()
    }

    /// A record that is no more.
    pub fn removed(id: Uuid) -> Self {
        Entry { id, payload: None }
    }
}

/// What this process' followers share: the wake-up and the end.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// Wakes followers in this process; carries nothing, they read the table.
    news: watch::Sender<()>,
    shutdown: Shutdown,
}

impl Feeds {
    /// Followers that end with the service.
    pub fn until(shutdown: Shutdown) -> Feeds {
        Feeds { shutdown, ..Feeds::default() }
    }

    /// After a commit: those who follow look again.
    pub fn announce(&self) {
        self.news.send_replace(());
    }
}

/// The position that a follower names is none of this feed's: it has to begin again.
pub(crate) const RESET: &str = "FEED_RESET";

fn reset(how: &str) -> Problem {
    Problem::state(RESET, format!("数据流已重新开始（{how}），请从头同步"))
}
