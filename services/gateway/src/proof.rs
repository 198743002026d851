//! 数据溯源单: everything one value stands on, in a file that anyone with the bureaus' public keys can check offline.
//!
//! The file is canonical JSON: one line, fields in the order below, no spaces, ending in a line feed; it is
//! byte-identical to its own re-serialisation, so there is one way to write it and every byte counts. It carries the
//! signed envelopes themselves. The verifier trusts none of the claims: it checks each envelope's signature, builds
//! the figures from them, evaluates the indicator again with the formula in the signed plan, and demands the same
//! result. The gateway's own signature over all before it answers for what envelopes cannot show: that nothing later
//! was left out.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::{Kind, Problem, Result};
use prost::Message;
use proto::reporting::{Envelope, Publication};
use serde::{Deserialize, Serialize};
use trust::KeyRing;

use crate::assemble;
use crate::cube::Cube;
use crate::cut::{Cut, Mode};
use crate::evaluate::{Context, Evaluation};
use crate::state::State;
use crate::store;

/// The DSSE payload type of a proof's statement.
const PROOF_TYPE: &str = "application/vnd.ylyx.proof.v1+json";
/// The first field of the file.
const FORMAT: &str = "ylyx-proof-1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    statement: Statement,
    /// The gateway's key id and its signature (base64) over the statement's bytes.
    key_id: String,
    signature: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    format: String,
    city: String,
    indicator: String,
    region: String,
    period: String,
    as_of: String,
    cut: Vec<Sequence>,
    /// What was done where counties had not reported.
    mode: Mode,
    result: Claim,
    /// In the order of (bureau, sequence): plan, regions and catalogue in force, then what the value was taken from.
    envelopes: Vec<Carried>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sequence {
    bureau: String,
    stream_id: String,
    sequence: u64,
}

/// What is claimed: recomputed by the verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    name: String,
    unit: String,
    formula_version: u32,
    numerator: Option<String>,
    denominator: Option<String>,
    value: Option<String>,
    status: String,
    missing: Vec<String>,
    observations: Vec<Observed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    part: String,
    element: String,
    region: String,
    period: String,
    value: String,
    bureau: String,
    sequence: u64,
    revision: u32,
    status: String,
    approver: String,
    published_at: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    bureau: String,
    sequence: u64,
    /// SHA-256 of the payload, hex.
    hash: String,
    /// The whole DSSE envelope, protobuf in base64.
    envelope: String,
}

/// What a verified proof says, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub indicator: String,
    pub name: String,
    pub region: String,
    pub period: String,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub value: Option<String>,
    pub unit: String,
    pub as_of: String,
    /// Something of it is demonstration data.
    pub synthetic: bool,
    /// (bureau, sequence) of every envelope checked.
    pub envelopes: Vec<(String, u64)>,
}

/// Makes the proof of one indicator in one place.
pub async fn make(state: &State, code: &str, region: &str, period: &str, as_of: &str) -> Result<String> {
    let moment = state.moment(as_of)?;
    let now = moment.at;
    let (mut statement, needed) = state.cube(|cube| {
        let cut = moment.cut(cube)?;
        let reference = cube.reference(&cut)?;
        let context = Context { cube, cut: &cut, reference: &reference };
        let place = assemble::place(&context, region, period, now)?;
        let indicator = assemble::indicator(&context, code)?;
        let evaluation = context.evaluate(indicator, place.region, place.period);
        let mut needed: BTreeSet<(String, u64)> =
            [&reference.plan_at, &reference.regions_at, &reference.catalogue_at].into_iter().cloned().collect();
        needed.extend(evaluation.used.iter().map(|used| (used.figure.meta.bureau.clone(), used.figure.meta.sequence)));
        let statement = Statement {
            format: FORMAT.to_owned(),
            city: state.customs().city.code.clone(),
            indicator: code.to_owned(),
            region: place.region.code.clone(),
            period: place.period.to_string(),
            as_of: kit::clock::rfc3339(now),
            cut: cut
                .entries()
                .into_iter()
                .map(|entry| Sequence { bureau: entry.bureau, stream_id: entry.stream_id, sequence: entry.sequence })
                .collect(),
            mode: cut.mode,
            result: claim(&context, indicator, &evaluation),
            envelopes: Vec::new(),
        };
        Ok((statement, needed))
    })?;
    let streams: BTreeMap<&str, &str> =
        statement.cut.iter().map(|entry| (entry.bureau.as_str(), entry.stream_id.as_str())).collect();
    let mut envelopes = Vec::new();
    for (bureau, sequence) in &needed {
        let stream = streams.get(bureau.as_str()).copied().unwrap_or_default();
        let envelope = store::envelope(state.db(), bureau, stream, *sequence as i64)
            .await?
            .ok_or_else(|| Problem::internal(format!("envelope {bureau} #{sequence} is not in the store")))?;
        envelopes.push(Carried {
            bureau: bureau.clone(),
            sequence: *sequence,
            hash: hex(&crate::arrival::payload_hash(&envelope)),
            envelope: STANDARD.encode(envelope.encode_to_vec()),
        });
    }
    statement.envelopes = envelopes;
    let payload = serde_json::to_vec(&statement).map_err(Problem::internal)?;
    let signed = state.key().sign(PROOF_TYPE, payload);
    let signature = signed.signatures.first().ok_or_else(|| Problem::internal("nothing signed"))?;
    let proof = Proof { statement, key_id: signature.key_id.clone(), signature: STANDARD.encode(&signature.signature) };
    Ok(serde_json::to_string(&proof).map_err(Problem::internal)? + "\n")
}

/// Checks a proof with nothing but the file and the public keys.
pub fn verify(bytes: &[u8], keys: &KeyRing) -> Result<Verified> {
    let proof: Proof = serde_json::from_slice(bytes).map_err(|error| failed("PROOF_UNREADABLE", error.to_string()))?;
    let again = serde_json::to_string(&proof).map_err(Problem::internal)? + "\n";
    if again.as_bytes() != bytes {
        return Err(failed("PROOF_NOT_CANONICAL", "文件与其规范写法不一致".to_owned()));
    }
    let statement = &proof.statement;
    if statement.format != FORMAT {
        return Err(failed("PROOF_FORMAT_UNKNOWN", format!("格式“{}”不认识", statement.format)));
    }
    let signature = STANDARD.decode(&proof.signature).map_err(|error| failed("PROOF_UNREADABLE", error.to_string()))?;
    let signed = Envelope {
        payload_type: PROOF_TYPE.to_owned(),
        payload: serde_json::to_vec(statement).map_err(Problem::internal)?.into(),
        signatures: vec![proto::reporting::Signature { key_id: proof.key_id.clone(), signature: signature.into() }],
    };
    keys.verify(&signed, "gateway")?;

    let mut cube = Cube::default();
    let mut synthetic = false;
    for publication in open_all(statement, keys)? {
        synthetic |= publication.synthetic;
        cube.take(&publication)?;
    }
    let cut =
        Cut::new(statement.cut.iter().map(|entry| (entry.bureau.clone(), entry.stream_id.clone(), entry.sequence)))
            .in_mode(statement.mode);
    let reference = cube.reference(&cut)?;
    let context = Context { cube: &cube, cut: &cut, reference: &reference };
    let place = assemble::place(&context, &statement.region, &statement.period, 0)?;
    let indicator = assemble::indicator(&context, &statement.indicator)?;
    let evaluation = context.evaluate(indicator, place.region, place.period);
    let result = claim(&context, indicator, &evaluation);
    if result != statement.result {
        return Err(failed("PROOF_RESULT_DIFFERS", "按信封内的数字和公式重算，结果与所述不符".to_owned()));
    }
    Ok(Verified {
        synthetic,
        indicator: statement.indicator.clone(),
        name: result.name,
        region: place.region.name.clone(),
        period: statement.period.clone(),
        numerator: result.numerator,
        denominator: result.denominator,
        value: result.value,
        unit: result.unit,
        as_of: statement.as_of.clone(),
        envelopes: statement.envelopes.iter().map(|carried| (carried.bureau.clone(), carried.sequence)).collect(),
    })
}

fn open_all(statement: &Statement, keys: &KeyRing) -> Result<Vec<Publication>> {
    let mut publications = Vec::new();
    for carried in &statement.envelopes {
        let unreadable = |error: &dyn std::fmt::Display| {
            failed("ENVELOPE_UNREADABLE", format!("{} 第 {} 号：{error}", carried.bureau, carried.sequence))
        };
        let bytes = STANDARD.decode(&carried.envelope).map_err(|error| unreadable(&error))?;
        let envelope = Envelope::decode(bytes.as_slice()).map_err(|error| unreadable(&error))?;
        keys.verify(&envelope, &carried.bureau)?;
        let publication = Publication::decode(envelope.payload.clone()).map_err(|error| unreadable(&error))?;
        let named = statement.cut.iter().find(|entry| entry.bureau == carried.bureau);
        let fits = publication.bureau == carried.bureau
            && publication.sequence == carried.sequence
            && publication.city == statement.city
            && hex(&crate::arrival::payload_hash(&envelope)) == carried.hash
            && named.is_some_and(|entry| {
                entry.stream_id == publication.stream_id && publication.sequence <= entry.sequence
            });
        if !fits {
            return Err(failed(
                "ENVELOPE_MISPLACED",
                format!("{} 第 {} 号信封与所述不符", carried.bureau, carried.sequence),
            ));
        }
        publications.push(publication);
    }
    Ok(publications)
}

fn claim(context: &Context<'_>, indicator: &city::indicator::Indicator, evaluation: &Evaluation<'_>) -> Claim {
    Claim {
        name: indicator.name.clone(),
        unit: indicator.unit.clone(),
        formula_version: indicator.formula_version,
        numerator: evaluation.numerator.map(|value| value.to_string()),
        denominator: evaluation.denominator.map(|value| value.to_string()),
        value: assemble::displayed(indicator, evaluation),
        status: assemble::status(evaluation),
        missing: assemble::missing(context, evaluation),
        observations: evaluation
            .used
            .iter()
            .map(|used| Observed {
                part: used.side.to_owned(),
                element: used.element.clone(),
                region: used.region.clone(),
                period: used.period.to_string(),
                value: assemble::said_text(&used.figure).unwrap_or_default(),
                bureau: used.figure.meta.bureau.clone(),
                sequence: used.figure.meta.sequence,
                revision: used.figure.number,
                status: assemble::kind_label(used.figure.meta.kind).to_owned(),
                approver: used.figure.meta.approver.clone(),
                published_at: kit::clock::rfc3339(used.figure.meta.published_at),
            })
            .collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(reason: &'static str, message: String) -> Problem {
    Problem::new(Kind::Invalid, reason, message)
}
