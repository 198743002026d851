//! People (architecture §6, practice §8): one way in which every service that keeps people stores them. Name, documents and
//! phone are sealed as one under a key outside the database; a keyed hash finds a document and keeps it unique; lists show
//! masked values; plain text is an act with a purpose, written down before it is answered.
//!
//! A register keeps only a person's id, and says with a [`Holding`] where its people are and how long they must be kept.
//!
//! | room | what for |
//! |---|---|
//! | [`keys`] | the key file: sealing, hashing, exchange of keys |
//! | [`store`] | people and documents in the database, many at once |
//! | [`access`] | who looked at whom |
//! | [`correction`] | what was entered wrongly, put right |
//! | [`rotation`] | storing everybody under the newest key, in the background |
//! | [`service`] | `PersonService` |

pub mod access;
pub mod correction;
pub mod keys;
pub mod rotation;
pub mod service;
pub mod store;

use contract::document::{Document, DocumentKind};
use contract::masking;
use kit::{Clock, Db, Problem, Result};
use prost::Message;
use uuid::Uuid;

use crate::matching::Question;

#[cfg(test)]
pub(crate) mod tests;

pub use correction::{Corrected, Follow};
pub use keys::PersonKeys;

/// Every SQL text of people and of matching that stands as it is sent, for the test that prepares them on both engines.
pub fn statements() -> impl Iterator<Item = &'static str> {
    store::STATEMENTS.iter().chain(access::STATEMENTS).chain(crate::matching::STATEMENTS).copied()
}

/// What names a person. Prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub documents: Vec<Document>,
    /// Empty where none is known.
    pub phone: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// One person as stored.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    /// The person that this one turned out to be.
    pub merged_into: Option<Uuid>,
    /// None: erased.
    pub identity: Option<Identity>,
}

impl Person {
    /// The person that this one turned out to be, or is.
    pub fn kept(&self) -> Uuid {
        self.merged_into.unwrap_or(self.id)
    }

    pub fn masked_name(&self) -> String {
        self.identity.as_ref().map_or_else(|| "（已删除）".to_owned(), |identity| masking::name(&identity.name))
    }

    /// The first document's number as lists may show it; empty where there is none.
    pub fn masked_document(&self) -> String {
        self.document().map(Document::masked).unwrap_or_default()
    }

    pub fn document(&self) -> Option<&Document> {
        self.identity.as_ref().and_then(|identity| identity.documents.first())
    }

    pub fn masked_phone(&self) -> String {
        self.identity.as_ref().map(|identity| masking::phone(&identity.phone)).unwrap_or_default()
    }
}

/// Where a service's registers have records of a person.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// Regions of the records of person `$1` and of those who turned out to be this person: one column, text. Nobody reveals a person of regions that are not theirs.
    pub regions: &'static str,
    /// The last day on which a record of person `$1`, or of those who turned out to be this person, was live: one row, text or NULL; 9999-12-31 while one is.
    pub live_until: &'static str,
    /// Years for which a record is kept after that (统计法: raw data at least two).
    pub retention_years: i16,
    /// How its records follow what is put right of a person.
    pub follow: Follow,
    /// What other bureaus may ask about them, where an agreement says so.
    pub questions: &'static [Question],
}

/// The people of one service. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Persons {
    pub db: Db,
    pub keys: PersonKeys,
    pub clock: Clock,
}

/// What is sealed.
#[derive(Clone, PartialEq, Message)]
struct Sealed {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    documents: Vec<SealedDocument>,
    #[prost(string, tag = "3")]
    phone: String,
}

#[derive(Clone, PartialEq, Message)]
struct SealedDocument {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    number: String,
    #[prost(string, tag = "3")]
    original: String,
}

impl Identity {
    fn encode(&self) -> Vec<u8> {
        let documents = self.documents.iter().map(|document| SealedDocument {
            kind: document.kind().code().to_owned(),
            number: document.number().to_owned(),
            original: document.original().unwrap_or_default().to_owned(),
        });
        Sealed { name: self.name.clone(), documents: documents.collect(), phone: self.phone.clone() }.encode_to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Identity> {
        let Sealed { name, documents, phone } =
            Sealed::decode(bytes).map_err(|_| Problem::internal("sealed person"))?;
        let documents = documents.into_iter().map(|SealedDocument { kind, number, original }| {
            let kind = DocumentKind::from_code(&kind).ok_or_else(|| Problem::internal("sealed document kind"))?;
            Ok(Document::stored(kind, number, Some(original).filter(|text| !text.is_empty())))
        });
        Ok(Identity { name, documents: documents.collect::<Result<_>>()?, phone })
    }
}
