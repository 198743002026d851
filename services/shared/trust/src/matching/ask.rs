//! Asking another bureau about people, in batches.

use contract::document::Document;
use kit::{Problem, Result};
use proto::trust as wire;
use proto::trust::match_request::Step;
use proto::trust::matching_service_client::MatchingServiceClient;
use tonic::transport::Channel;

use super::Agreement;
use crate::rights::state_purpose;

/// Tokens of one batch.
const BATCH: usize = 10_000;

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
    state_purpose(&mut request, &agreement.purpose)?;
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
