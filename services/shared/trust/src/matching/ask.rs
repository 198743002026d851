//! Asking another bureau about people, in batches.

use std::collections::BTreeMap;
use std::path::PathBuf;

use contract::document::Document;
use kit::{Problem, Result};
use proto::trust as wire;
use proto::trust::match_request::Step;
use proto::trust::matching_service_client::MatchingServiceClient;
use tonic::transport::Channel;

use super::{Agreement, Agreements};
use crate::rights::state_purpose;
use crate::server::channel;
use crate::settings::Settings;
use crate::tls::Tls;

/// Tokens of one batch.
const BATCH: usize = 10_000;

/// How a bureau asks others about people: the agreements it keeps, and where the others are. Cloning shares the certificate.
#[derive(Clone, Debug)]
pub struct Asking {
    tls: Tls,
    file: PathBuf,
    endpoints: BTreeMap<String, String>,
}

impl Asking {
    pub fn new(settings: &Settings, tls: &Tls) -> Self {
        Asking { tls: tls.clone(), file: settings.agreements(), endpoints: settings.matching.clone() }
    }

    /// Asks by the agreement with a provider for a purpose: AGREEMENT_UNKNOWN, BUREAU_UNKNOWN.
    pub async fn ask(
        &self,
        (provider, purpose): (&str, &str),
        question: &str,
        as_of: &str,
        documents: &[Document],
    ) -> Result<Answers, tonic::Status> {
        let agreements = Agreements::load(&self.file)?;
        let agreement = agreements.agreement.iter().find(|one| one.provider == provider && one.purpose == purpose);
        let agreement = agreement
            .ok_or_else(|| Problem::not_found("AGREEMENT_UNKNOWN", "没有与该部门的比对协议，请先由两部门签订"))?;
        let endpoint = self.endpoints.get(provider);
        let endpoint = endpoint.ok_or_else(|| Problem::state("BUREAU_UNKNOWN", "未配置该部门的地址（matching）"))?;
        ask(channel(endpoint, provider, &self.tls)?, agreement, question, as_of, documents).await
    }
}

/// What was answered: a level for every document, in order, and what the levels mean.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub levels: Vec<u8>,
    pub titles: Vec<String>,
}

/// Asks one question about people as of a day. What the provider refuses is told with its reason.
pub async fn ask(
    channel: Channel,
    agreement: &Agreement,
    question: &str,
    as_of: &str,
    documents: &[Document],
) -> Result<Answers, tonic::Status> {
    let key = agreement.newest()?;
    let start = wire::MatchStart {
        agreement: agreement.id.clone(),
        key_id: key.id.clone(),
        proof: key.proof(as_of),
        question: question.to_owned(),
        as_of: as_of.to_owned(),
    };
    let mut steps = vec![wire::MatchRequest { step: Some(Step::Start(start)) }];
    steps.extend((1..).zip(documents.chunks(BATCH)).map(|(number, chunk)| {
        let tokens = chunk.iter().flat_map(|document| key.token(document)).collect();
        wire::MatchRequest { step: Some(Step::Batch(wire::MatchBatch { number, tokens })) }
    }));
    let mut request = tonic::Request::new(futures::stream::iter(steps));
    state_purpose(&mut request, &agreement.purpose);
    let mut stream = MatchingServiceClient::new(channel).r#match(request).await?.into_inner();
    let mut answers = Answers::default();
    while let Some(answer) = stream.message().await? {
        answers.levels.extend(answer.levels);
        if answer.batch == 0 {
            answers.titles = answer.titles;
        }
    }
    if answers.levels.len() != documents.len() {
        return Err(Problem::internal("a provider answered another number of tokens").into());
    }
    Ok(answers)
}
