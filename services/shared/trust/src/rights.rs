//! Access rights (共享授权): what another bureau may have of this service's data, for which purpose. The contract is the
//! outer limit; a right narrows it. The provider decides, in steps of different people ([`state`]); the gate asks
//! [`Rights`], which holds in memory what the table says, and ends running streams whose right ends.

mod body;
mod book;
pub(crate) mod seed;
pub(crate) mod service;
mod state;
mod store;
mod wanted;

#[cfg(test)]
mod gate_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;
#[cfg(test)]
mod wire_tests;

use std::collections::BTreeSet;

use contract::catalogue;
use contract::rules::Method;
use kit::{Kind, Problem, Result};
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use uuid::Uuid;

pub(crate) use body::ended_with;
pub(crate) use book::Rights;
pub use seed::FILE as SEED_FILE;
pub use store::STATEMENTS;
pub(crate) use wanted::provides;

/// The metadata key that carries the purpose of a call, percent-encoded.
pub const PURPOSE_HEADER: &str = "ylyx-purpose";

/// Everything but what a purpose's name is usually made of.
const ENCODED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// States the purpose of a call, for the gate of the bureau that is called.
pub fn state_purpose<T>(request: &mut tonic::Request<T>, purpose: &str) {
    let text = percent_encoding::utf8_percent_encode(purpose, ENCODED).to_string();
    if let Ok(value) = text.parse() {
        request.metadata_mut().insert(PURPOSE_HEADER, value);
    }
}

/// The purpose that a request states: PURPOSE_MISSING.
fn purpose_of(headers: &http::HeaderMap) -> Result<String> {
    let stated = headers.get(PURPOSE_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let purpose = percent_encoding::percent_decode_str(stated.trim()).decode_utf8_lossy().into_owned();
    if purpose.is_empty() {
        let message = format!("调用此接口须在 {PURPOSE_HEADER} 中说明用途");
        return Err(Problem::new(Kind::Invalid, "PURPOSE_MISSING", message));
    }
    Ok(purpose)
}

/// The right by which a bureau calls, as the method sees it.
#[derive(Clone, Debug)]
pub struct AccessRight {
    pub id: Uuid,
    /// What the answer may be used for.
    pub purpose: String,
    /// Fields of the record that the consumer may see; empty: all of them.
    pub fields: BTreeSet<String>,
    /// What the method answers: `contract::catalogue::record`.
    pub(crate) record: MessageDescriptor,
}

impl AccessRight {
    /// A right to a method. The gate makes them; whoever else does narrows what they have.
    pub fn to(method: &Method, id: Uuid, purpose: String, fields: BTreeSet<String>) -> AccessRight {
        AccessRight { id, purpose, fields, record: catalogue::record(method) }
    }

    /// Leaves of a record of this method only what the right names; a field that it does not name is as if it were not
    /// set. Costs nothing where the right names none. `M` is the record of the method, not the answer around it: anything
    /// else is an error.
    pub fn narrow<M: Message + Name + Default>(&self, record: &mut M) -> Result<()> {
        if self.fields.is_empty() {
            return Ok(());
        }
        if M::full_name() != self.record.full_name() {
            let what = format!("a right to {} is asked to narrow {}", self.record.full_name(), M::full_name());
            return Err(Problem::internal(what));
        }
        let mut whole = DynamicMessage::new(self.record.clone());
        whole.transcode_from(record).map_err(Problem::internal)?;
        *record = self.narrowed(&whole).transcode_to().map_err(Problem::internal)?;
        Ok(())
    }

    /// The same for a record that is known by its descriptor alone. Its `id` stays: it says nothing, and a copy needs it.
    /// What the contract does not know is dropped. Records of the same kind inside it (what is recorded ahead) stay, narrowed
    /// the same way.
    pub fn narrowed(&self, whole: &DynamicMessage) -> DynamicMessage {
        let descriptor = whole.descriptor();
        let mut kept = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if !whole.has_field(&field) {
                continue;
            }
            if self.fields.is_empty() || field.name() == "id" || self.fields.contains(field.name()) {
                kept.set_field(&field, whole.get_field(&field).into_owned());
            } else if field.kind().as_message().is_some_and(|inner| *inner == descriptor) {
                let inner = whole.get_field(&field).as_list().unwrap_or_default().to_vec();
                let inner = inner.iter().filter_map(Value::as_message);
                let narrowed = inner.map(|record| Value::Message(self.narrowed(record)));
                kept.set_field(&field, Value::List(narrowed.collect()));
            }
        }
        kept
    }
}
