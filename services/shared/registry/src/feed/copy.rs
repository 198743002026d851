//! The other side of a feed: a read copy of another bureau's register.
//!
//! Events are applied in batches, each in one transaction with the position, so that every event takes effect exactly
//! once wherever this process dies. After FEED_RESET the copy that readers see stays as it is, and a fresh one grows
//! beside it; when it is complete it takes the place of the old one in one step.
//!
//! Replicas that share a database share the copy, and each follows: whoever finds the position moved by another one asks
//! again from where it stands.
//!
//! [`Position`] is the rules: no SQL, no clock, no network.

mod freshness;
mod pull;
pub(crate) mod store;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use kit::{Kind, Problem, Result};
use prost::Message;
use proto::contract::FeedHead;
use tonic::transport::Channel;
use uuid::Uuid;

pub use freshness::Freshness;
pub use pull::Follower;
pub use store::{Copied, Filter, Found, page};

use super::event::{Content, FeedEvent, Key, Stamp};
use crate::codes::Coded;

/// A source is heard every five seconds; three missed signs of life mean that it is not there.
pub(crate) const SILENCE_SECONDS: u64 = 16;

/// Another process moved the copy.
pub(crate) const MOVED: &str = "COPY_MOVED";

/// A feed that a service keeps a copy of, when it is told where the source is.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The bureau that keeps the register.
    pub bureau: &'static str,
    /// The register's name.
    pub feed: &'static str,
    /// What it is copied for, as the source's contract has it.
    pub purpose: &'static str,
    /// Follows it until shutdown: [`Follower::run`] with the feed's own client.
    pub follow: fn(Follower, Channel) -> BoxFuture<'static, ()>,
}

/// Whether the newest generation is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A copy grows in the generation after the one that readers see.
    Copying,
    /// Events go into what readers see.
    Following,
}

impl Coded for State {
    const CODES: &'static [(Self, &'static str)] = &[(Self::Copying, "COPYING"), (Self::Following, "FOLLOWING")];
}

/// Where a copy stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Empty before the source was first heard.
    pub(crate) stream_id: String,
    /// Number and batch of the last event.
    pub(crate) sequence: i64,
    pub(crate) batch: Uuid,
    /// Counts whatever changes what readers see or will see.
    pub(crate) moves: i64,
    pub(crate) head_sequence: i64,
    /// When what readers see was last known to be the register itself; 0: never.
    pub(crate) as_of: i64,
    pub(crate) last_contact_at: i64,
    /// What readers see; 0: nothing yet.
    pub(crate) generation: i64,
    pub(crate) state: State,
    /// Why the source refuses; empty while it does not.
    pub(crate) trouble: String,
}

/// A record over a stretch of time, as the copy keeps it: from a day up to but not including another; empty: without
/// bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) since: String,
    pub(crate) until: String,
    pub(crate) title: String,
    pub(crate) region: String,
    pub(crate) class: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) at_micros: i64,
}

/// What one event tells, read once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// The rows of a record; none when it is no more.
    Record(Stamp, Uuid, Vec<Row>),
    Head(FeedHead),
}

impl Told {
    pub(crate) fn of<E: FeedEvent>(event: E) -> Result<Told> {
        let (stamp, content) = event.open();
        Ok(match content {
            Some(Content::Head(head)) => Told::Head(head),
            Some(Content::Removed(id)) => Told::Record(stamp, parsed(&id)?, Vec::new()),
            Some(Content::Record(record)) => {
                let id = parsed(E::key(&record).id)?;
                Told::Record(stamp, id, rows::<E>(record, stamp.at_micros))
            }
            // A later contract's content: it cannot be kept, and must not be lost.
            None => return Err(Problem::internal("an event of a feed without content")),
        })
    }
}

/// The stretches of a record, each up to the next.
fn rows<E: FeedEvent>(mut record: E::Record, at_micros: i64) -> Vec<Row> {
    let later = std::mem::take(E::later(&mut record));
    let mut rows: Vec<Row> = Vec::with_capacity(1 + later.len());
    for stretch in std::iter::once(record).chain(later) {
        let Key { title, region, class, since, .. } = E::key(&stretch);
        // What holds now holds from ever; what is to come needs its day.
        let since = match rows.last_mut() {
            None => "",
            Some(_) if since.is_empty() => continue,
            Some(before) => {
                since.clone_into(&mut before.until);
                since
            }
        };
        rows.push(Row {
            since: since.to_owned(),
            until: String::new(),
            title: title.to_owned(),
            region: region.to_owned(),
            class: class.to_owned(),
            payload: stretch.encode_to_vec(),
            at_micros,
        });
    }
    rows
}

/// What a batch of events does to the copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch<'t> {
    /// Where the rows go.
    pub(crate) generation: i64,
    /// Record → its rows, none when it is no more.
    pub(crate) rows: BTreeMap<Uuid, &'t [Row]>,
    /// The generation became the one that readers see.
    pub(crate) completes: bool,
}

impl Position {
    /// Nothing was copied yet.
    pub(crate) fn new() -> Self {
        Position {
            stream_id: String::new(),
            sequence: 0,
            batch: Uuid::nil(),
            moves: 0,
            head_sequence: 0,
            as_of: 0,
            last_contact_at: 0,
            generation: 0,
            state: State::Copying,
            trouble: String::new(),
        }
    }

    /// The source's stream is another one: what readers see stays, and a fresh copy begins.
    pub(crate) fn begin_again(&mut self) {
        let Position { as_of, last_contact_at, generation, moves, .. } = *self;
        *self = Position { as_of, last_contact_at, generation, moves: moves + 1, ..Position::new() };
    }

    /// COPY_MOVED unless it is where a connection left it. What was read of the feed at one time does not go on from
    /// what another connection read at another.
    pub(crate) fn check(&self, moves: i64) -> Result<()> {
        if self.moves == moves {
            return Ok(());
        }
        Err(Problem::new(Kind::Stale, MOVED, "副本已由另一进程更新，将从新的位置继续"))
    }

    /// Where events go.
    pub(crate) fn writes(&self) -> i64 {
        self.generation + i64::from(self.state == State::Copying)
    }

    /// Events that are missing at most.
    pub(crate) fn behind(&self) -> i64 {
        (self.head_sequence - self.sequence).max(0)
    }

    /// Takes events in order. One that was taken before is passed over; one of another stream is FEED_RESET.
    pub(crate) fn take<'t>(&mut self, told: &'t [Told], now: i64) -> Result<Batch<'t>> {
        let mut batch = Batch { generation: self.writes(), rows: BTreeMap::new(), completes: false };
        self.last_contact_at = now;
        self.trouble.clear();
        for one in told {
            match one {
                Told::Head(head) => batch.completes |= self.hear(head)?,
                Told::Record(stamp, id, rows) if stamp.sequence > self.sequence => {
                    batch.rows.insert(*id, rows);
                    (self.sequence, self.batch) = (stamp.sequence, stamp.batch);
                    self.head_sequence = self.head_sequence.max(self.sequence);
                }
                Told::Record(..) => {}
            }
        }
        self.moves += i64::from(batch.completes || !batch.rows.is_empty());
        Ok(batch)
    }

    /// True when a copy that grew has everything, and takes the place of the one before.
    fn hear(&mut self, head: &FeedHead) -> Result<bool> {
        if self.stream_id.is_empty() {
            self.stream_id.clone_from(&head.stream_id);
        } else if self.stream_id != head.stream_id {
            return Err(super::reset("数据流标识不同"));
        }
        self.head_sequence = i64::try_from(head.sequence).unwrap_or(i64::MAX).max(self.sequence);
        if self.behind() > 0 {
            return Ok(false);
        }
        self.as_of = head.at_micros;
        let completes = self.state == State::Copying;
        if completes {
            self.generation += 1;
            self.state = State::Following;
        }
        Ok(completes)
    }
}

fn parsed(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Problem::internal(format!("a feed names a record {id:?}")))
}
