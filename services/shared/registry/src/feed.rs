//! Change feeds (登记册同步): other bureaus keep a copy of a register without asking for it again and again.
//!
//! A feed is the current state of a register's records as numbered events: one per record, the newest only, appended in
//! the transaction that changes the register. A follower asks for everything after its position and has the register as
//! it is, in order and without a gap; one that is far behind reads each record once. Unlike publications, events are not
//! signed: they say what a register holds, and count for nothing.
//!
//! | room | what for |
//! |---|---|
//! | [`event`] | the typed messages of each feed |
//! | `store` | feeds and events in the database; [`append`] |
//! | [`fill`] | what a register held before its feed began |
//! | `mark` | how a restored backup is noticed: its feeds begin a new stream |
//! | [`follow`] | sends a feed to one follower, page by page, never faster than it reads |
//! | [`copy`] | the other side: a read copy of another bureau's register |
//! | [`status`] | what is copied here and how fresh it is: `ListFeeds`, gauges |
//! | [`measure`] | fills and drains a feed, for a benchmark |

pub mod copy;
pub mod event;
pub mod fill;
pub mod follow;
pub(crate) mod mark;
pub mod measure;
pub mod status;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use kit::{Clock, Db, Problem, Result, Shutdown, Tx};
use prost::Message;
use tokio::sync::watch;
use uuid::Uuid;

pub use event::{Content, FeedEvent, Key};
pub use store::append;

use mark::Marks;

/// Rows of one page, of one batch of a backfill.
pub(crate) const PAGE: i64 = 500;

/// A feed that a service offers.
#[derive(Clone, Copy)]
pub struct Feed {
    /// The register's name, `childcare.institution`.
    pub name: &'static str,
    /// Records after an id, in the order of ids, at most as many as asked for: what the register holds.
    pub records: for<'a> fn(&'a mut Tx, Uuid, i64) -> Records<'a>,
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

    /// A record that is no more.
    pub fn removed(id: Uuid) -> Self {
        Entry { id, payload: None }
    }
}

/// What this process' followers share: the wake-up, the end, and the file that remembers how far they were told.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// Wakes followers in this process; carries nothing, they read the table.
    news: watch::Sender<()>,
    shutdown: Shutdown,
    /// Without a data folder, as in tests, a restored backup is not noticed.
    marks: Option<Arc<Marks>>,
}

impl Feeds {
    /// Settles which streams this database goes on with. FEED_FILE_INVALID.
    pub async fn open(data: &Path, db: &Db, clock: &Clock, feeds: &[Feed], shutdown: Shutdown) -> Result<Feeds> {
        let marks = Marks::open(data)?;
        for feed in feeds {
            marks.settle(db, clock, feed.name).await?;
        }
        Ok(Feeds { news: watch::Sender::new(()), shutdown, marks: Some(Arc::new(marks)) })
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
