//! What an envelope must pass before it counts: signature, place in the chain, and the bureau's right to say it.
//! Pure but for the key ring.

use std::sync::Arc;

use city::bundle::City;
use kit::{Kind, Problem, Result};
use prost::Message;
use proto::reporting::publication::Body;
use proto::reporting::{Envelope, Publication, PublicationKind};
use ring::digest;
use trust::KeyRing;

use crate::store::Position;

/// The DSSE payload type of a publication.
pub const PAYLOAD_TYPE: &str = "application/vnd.ylyx.publication.v1+protobuf";

/// The bureau that keeps the plan and the reference documents; it alone publishes PLAN figures and documents.
pub const PLAN_KEEPER: &str = "supervision";

/// Judges arriving envelopes.
#[derive(Clone, Debug)]
pub struct Customs {
    pub city: Arc<City>,
    pub keys: KeyRing,
    /// A real gateway refuses demonstration data.
    pub accept_synthetic: bool,
}

impl Customs {
    /// Verifies the signature over the exact bytes, then reads them.
    pub fn open(&self, bureau: &str, envelope: &Envelope) -> Result<Publication> {
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(refused("PAYLOAD_TYPE_UNKNOWN", format!("载荷类型“{}”不认识", envelope.payload_type)));
        }
        self.keys.verify(envelope, bureau)?;
        let publication = Publication::decode(envelope.payload.clone())
            .map_err(|error| refused("PAYLOAD_UNREADABLE", format!("载荷无法解析：{error}")))?;
        if publication.bureau != bureau || publication.city != self.city.code {
            let whose = format!("{}/{}", publication.city, publication.bureau);
            return Err(refused("PUBLICATION_FOREIGN", format!("发布者为 {whose}，不是本市 {bureau}")));
        }
        if publication.synthetic && !self.accept_synthetic {
            return Err(refused("SYNTHETIC_REFUSED", "演示数据不得进入正式平台".to_owned()));
        }
        self.entitled(&publication)?;
        Ok(publication)
    }

    /// A bureau speaks for its own elements only; the plan's printed figures come from the plan's keeper.
    fn entitled(&self, publication: &Publication) -> Result<()> {
        let keeper = publication.bureau == PLAN_KEEPER;
        match &publication.body {
            Some(Body::Document(document)) if !keeper => {
                Err(refused("DOCUMENT_FOREIGN", format!("{} 无权发布{}文件", publication.bureau, document.r#type)))
            }
            Some(Body::Figures(figures)) => {
                if publication.kind() == PublicationKind::Plan && keeper {
                    return Ok(());
                }
                let observations = figures.regions.iter().flat_map(|region| &region.observations);
                for observation in observations {
                    let owner = self.city.element(&observation.element).map(|element| element.owner.as_str());
                    if owner != Some(publication.bureau.as_str()) {
                        return Err(refused(
                            "ELEMENT_FOREIGN",
                            format!("{} 不是 {} 的数据元", observation.element, publication.bureau),
                        ));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Checks that a publication is the next of its stream: nothing lost, repeated, reordered or altered.
pub fn next_in_chain(position: Option<&Position>, publication: &Publication) -> Result<()> {
    let (stream, sequence, hash, published_at) = match position {
        Some(position) => {
            (position.stream_id.as_str(), position.sequence, position.hash.as_slice(), position.published_at)
        }
        None => (publication.stream_id.as_str(), 0, [].as_slice(), i64::MIN),
    };
    if publication.stream_id != stream {
        return Err(refused("STREAM_DIVERGED", format!("流标识由 {stream} 变为 {}", publication.stream_id)));
    }
    if publication.sequence != sequence as u64 + 1 {
        let message = format!("应为第 {} 号，收到第 {} 号", sequence + 1, publication.sequence);
        return Err(refused("SEQUENCE_BROKEN", message));
    }
    if publication.previous_hash != hash {
        return Err(refused("CHAIN_BROKEN", format!("第 {} 号与前一号的摘要不衔接", publication.sequence)));
    }
    if publication.published_at_micros < published_at {
        return Err(refused("TIME_BACKWARDS", format!("第 {} 号的发布时间早于前一号", publication.sequence)));
    }
    Ok(())
}

/// SHA-256 of an envelope's payload: what the next envelope points back to.
pub fn payload_hash(envelope: &Envelope) -> Vec<u8> {
    digest::digest(&digest::SHA256, &envelope.payload).as_ref().to_vec()
}

fn refused(reason: &'static str, message: String) -> Problem {
    Problem::new(Kind::State, reason, message)
}
