//! The typed messages of the feeds: each has its own event in its own contract, all of one shape.

use prost::{Message, Name};
use proto::contract::FeedHead;
use proto::{childcare, elderly_care};

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
}

/// An event message of a contract.
pub trait FeedEvent: Message + Default + 'static {
    type Record: Message + Name + Default + 'static;

    /// Makes the message; number and instant are those of the event, 0 beside a head.
    fn seal(sequence: i64, at_micros: i64, content: Content<Self::Record>) -> Self;

    /// Number, instant and content; `None` for content of a later contract.
    fn open(self) -> (i64, i64, Option<Content<Self::Record>>);

    fn key(record: &Self::Record) -> Key<'_>;
}

/// One more feed is one line below.
macro_rules! feed_event {
    ($package:ident, $event:ident, $module:ident, $record:ident, $title:ident) => {
        impl FeedEvent for $package::$event {
            type Record = $package::$record;

            fn seal(sequence: i64, at_micros: i64, content: Content<Self::Record>) -> Self {
                use $package::$module::Item;
                let item = match content {
                    Content::Record(record) => Item::Record(record),
                    Content::Removed(id) => Item::RemovedId(id),
                    Content::Head(head) => Item::Head(head),
                };
                let sequence = u64::try_from(sequence).unwrap_or_default();
                Self { sequence, at_micros, item: Some(item) }
            }

            fn open(self) -> (i64, i64, Option<Content<Self::Record>>) {
                use $package::$module::Item;
                let content = self.item.map(|item| match item {
                    Item::Record(record) => Content::Record(record),
                    Item::RemovedId(id) => Content::Removed(id),
                    Item::Head(head) => Content::Head(head),
                });
                (i64::try_from(self.sequence).unwrap_or(i64::MAX), self.at_micros, content)
            }

            fn key(record: &Self::Record) -> Key<'_> {
                Key { id: &record.id, title: &record.$title, region: &record.region }
            }
        }
    };
}

feed_event!(childcare, InstitutionEvent, institution_event, InstitutionSnapshot, name);
feed_event!(childcare, DesignationEvent, designation_event, DesignationSnapshot, institution_name);
feed_event!(elderly_care, InstitutionEvent, institution_event, InstitutionSnapshot, name);
