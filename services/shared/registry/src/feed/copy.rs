//! The other side of a feed: a read copy of another bureau's register.
//!
//! Events are applied in batches, each in one transaction with the position, so that every event takes effect exactly
//! once wherever this process dies. After FEED_RESET the copy that readers see stays as it is, and a fresh one grows
//! beside it; when it is complete it takes the place of the old one in one step.
//!
//! [`Position`] is the rules: no SQL, no clock, no network.

mod pull;
pub(crate) mod store;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use kit::{Problem, Result};
use prost::Message;
use proto::contract::FeedHead;
use tonic::transport::Channel;
use uuid::Uuid;

pub use pull::Follower;
pub use store::{Copied, Filter, page};

use super::event::{Content, FeedEvent, Key};
use crate::codes::Coded;

/// A source is heard every five seconds; three missed signs of life mean that it is not there.
pub(crate) const SILENCE_SECONDS: u64 = 16;

/// A feed that a service keeps a copy of, when it is told where the source is.
#[derive(Clone, Copy)]
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
    pub(crate) sequence: i64,
    pub(crate) head_sequence: i64,
    pub(crate) head_at: i64,
    /// When what readers see was last known to be the register itself; 0: never.
    pub(crate) as_of: i64,
    pub(crate) last_contact_at: i64,
    /// What readers see; 0: nothing yet.
    pub(crate) generation: i64,
    pub(crate) state: State,
}

/// A record as the copy keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) region: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) sequence: i64,
    pub(crate) at_micros: i64,
}

/// What one event tells, read once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Kept(Uuid, Row),
    Gone { id: Uuid, sequence: i64 },
    Head(FeedHead),
}

impl Told {
    pub(crate) fn of<E: FeedEvent>(event: E) -> Result<Told> {
        let (sequence, at_micros, content) = event.open();
        Ok(match content {
            Some(Content::Head(head)) => Told::Head(head),
            Some(Content::Removed(id)) => Told::Gone { id: parsed(&id)?, sequence },
            Some(Content::Record(record)) => {
                let Key { id, title, region } = E::key(&record);
                let (title, region) = (title.to_owned(), region.to_owned());
                let row = Row { title, region, payload: record.encode_to_vec(), sequence, at_micros };
                Told::Kept(parsed(id)?, row)
            }
            // A later contract's content: it cannot be kept, and must not be lost.
            None => return Err(Problem::internal("an event of a feed without content")),
        })
    }
}

/// What a batch of events does to the copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch<'t> {
    /// Where the rows go.
    pub(crate) generation: i64,
    /// Record → its row, or nothing when it is no more.
    pub(crate) rows: BTreeMap<Uuid, Option<&'t Row>>,
    /// The generation became the one that readers see.
    pub(crate) completes: bool,
}

impl Position {
    /// Nothing was copied yet.
    pub(crate) fn new() -> Self {
        Position {
            stream_id: String::new(),
            sequence: 0,
            head_sequence: 0,
            head_at: 0,
            as_of: 0,
            last_contact_at: 0,
            generation: 0,
            state: State::Copying,
        }
    }

    /// The source's stream is another one: what readers see stays, and a fresh copy begins.
    pub(crate) fn begin_again(&mut self) {
        let Position { as_of, last_contact_at, generation, .. } = *self;
        *self = Position { as_of, last_contact_at, generation, ..Position::new() };
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
        for one in told {
            let (id, row, sequence) = match one {
                Told::Head(head) => {
                    batch.completes |= self.hear(head)?;
                    continue;
                }
                Told::Kept(id, row) => (*id, Some(row), row.sequence),
                Told::Gone { id, sequence } => (*id, None, *sequence),
            };
            if sequence > self.sequence {
                batch.rows.insert(id, row);
                self.sequence = sequence;
                self.head_sequence = self.head_sequence.max(sequence);
            }
        }
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
        self.head_at = head.at_micros;
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

/// How fresh the copy of one feed is, for those who read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// When it was last known to be the register itself; 0: never.
    pub as_of: i64,
    /// Events that are missing at most.
    pub behind: i64,
    /// When the source was last heard; 0: never.
    pub heard_at: i64,
}

impl Freshness {
    pub(crate) fn of(position: &Position) -> Self {
        Freshness { as_of: position.as_of, behind: position.behind(), heard_at: position.last_contact_at }
    }

    /// True while the source gives signs of life.
    pub fn is_heard(&self, now: i64) -> bool {
        let silence = i64::try_from(SILENCE_SECONDS).unwrap_or(i64::MAX) * 1_000_000;
        self.heard_at > 0 && now - self.heard_at <= silence
    }

    /// As people read it beside a record.
    pub fn words(&self, now: i64) -> String {
        if !self.is_heard(now) {
            return match self.heard_at {
                0 => "尚未联系上来源".to_owned(),
                at => format!("{}起联系不上来源", kit::clock::local(at).strftime("%Y-%m-%d %H:%M")),
            };
        }
        if self.behind > 0 { format!("落后{}条", self.behind) } else { "同步".to_owned() }
    }
}
