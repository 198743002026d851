//! The typed messages of the feeds: each has its own event in its own contract, all of one shape.

use prost::{Message, Name};
use proto::contract::FeedHead;
use proto::{childcare, elderly_care};
use uuid::Uuid;

/// Which event it is; nothing of it beside a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    pub sequence: i64,
    /// Random, the same for events that were appended together; nil before the first.
    pub batch: Uuid,
    pub at_micros: i64,
}

/// What one event carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<R> {
    /// The record as it is now.
    Record(R),
    /// The id of a record that is no more.
    Removed(String),
    /// How far the feed has come.
    Head(FeedHead),
}

/// What a copy finds a record by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'r> {
    pub id: &'r str,
    /// What people call it.
    pub title: &'r str,
    /// Where it lies, for everybody's scope.
    pub region: &'r str,
    /// Of which sort it is, where a feed has several.
    pub class: &'r str,
    /// The day from which it holds.
    pub since: &'r str,
}

/// An event message of a contract.
pub trait FeedEvent: Message + Default + 'static {
    type Record: Message + Name + Default + 'static;

    fn seal(stamp: Stamp, content: Content<Self::Record>) -> Self;

    /// `None` for content of a later contract.
    fn open(self) -> (Stamp, Option<Content<Self::Record>>);

    fn key(record: &Self::Record) -> Key<'_>;

    /// What is recorded ahead: the record from later days on, in order.
    fn later(record: &mut Self::Record) -> &mut Vec<Self::Record>;
}

/// The id of a batch as a message has it; empty or unreadable: nil.
pub(crate) fn batch(bytes: &[u8]) -> Uuid {
    Uuid::from_slice(bytes).unwrap_or_default()
}

/// A feed is one call.
macro_rules! feed_event {
    ($package:ident, $event:ident, $module:ident, $record:ident, $key:expr) => {
        impl FeedEvent for $package::$event {
            type Record = $package::$record;

            fn seal(stamp: Stamp, content: Content<Self::Record>) -> Self {
                use $package::$module::Item;
                let item = match content {
                    Content::Record(record) => Item::Record(record),
                    Content::Removed(id) => Item::RemovedId(id),
                    Content::Head(head) => Item::Head(head),
                };
                let sequence = u64::try_from(stamp.sequence).unwrap_or_default();
                let batch = if stamp.batch.is_nil() { Vec::new() } else { stamp.batch.as_bytes().to_vec() };
                Self { sequence, at_micros: stamp.at_micros, batch, item: Some(item) }
            }

            fn open(self) -> (Stamp, Option<Content<Self::Record>>) {
                use $package::$module::Item;
                let content = self.item.map(|item| match item {
                    Item::Record(record) => Content::Record(record),
                    Item::RemovedId(id) => Content::Removed(id),
                    Item::Head(head) => Content::Head(head),
                });
                let sequence = i64::try_from(self.sequence).unwrap_or(i64::MAX);
                (Stamp { sequence, batch: batch(&self.batch), at_micros: self.at_micros }, content)
            }

            fn key(record: &Self::Record) -> Key<'_> {
                let key: fn(&Self::Record) -> Key<'_> = $key;
                key(record)
            }

            fn later(record: &mut Self::Record) -> &mut Vec<Self::Record> {
                &mut record.later
            }
        }
    };
}

feed_event!(childcare, InstitutionEvent, institution_event, InstitutionSnapshot, |it| {
    Key { id: &it.id, title: &it.name, region: &it.region, class: "", since: &it.facts_since }
});
feed_event!(childcare, DesignationEvent, designation_event, DesignationSnapshot, |it| {
    let class = it.kind().as_str_name();
    Key { id: &it.id, title: &it.institution_name, region: &it.region, class, since: &it.facts_since }
});
feed_event!(elderly_care, InstitutionEvent, institution_event, InstitutionSnapshot, |it| {
    Key { id: &it.id, title: &it.name, region: &it.region, class: "", since: &it.facts_since }
});
