//! The one way into the stream: take the next sequence, chain to the envelope before, sign, append.

use kit::{Result, Tx};
use prost::Message;
use proto::reporting::{Envelope, Publication};
use ring::digest;
use trust::SigningKey;

use super::store::{self, Head, Stored};

/// What DSSE envelopes of this stream carry.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.ylyx.publication.v1+protobuf";

/// Statement that keeps two publishers apart on PostgreSQL; SQLite has one writer anyway.
pub(crate) const LOCK: &str = "LOCK TABLE publication_sequence IN EXCLUSIVE MODE";

/// Signs `publication` as the next of the stream and appends it; `head` moves along. Stream id, sequence, previous
/// hash and time are set here. `at` is when it is published, in microseconds; never earlier than the one before.
pub(crate) async fn issue(
    tx: &mut Tx,
    head: &mut Head,
    key: &SigningKey,
    mut publication: Publication,
    subject: &str,
    at: i64,
) -> Result<Envelope> {
    let (sequence, published_at) = (head.last_sequence + 1, at.max(head.last_published_at));
    publication.stream_id = head.stream_id.to_string();
    publication.sequence = sequence as u64;
    publication.previous_hash = std::mem::take(&mut head.last_hash).into();
    publication.published_at_micros = published_at;
    let payload = publication.encode_to_vec();
    head.last_sequence = sequence;
    head.last_published_at = published_at;
    head.last_hash = sha256(&payload);
    let stored = Stored {
        sequence,
        envelope: key.sign(PAYLOAD_TYPE, payload),
        form: publication.form,
        period: publication.period,
        subject: subject.to_owned(),
    };
    store::append(tx, head, &stored).await?;
    Ok(stored.envelope)
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}
