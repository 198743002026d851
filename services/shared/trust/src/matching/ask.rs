//! Asking another bureau about people, in batches.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use contract::document::Document;
use jiff::civil::Date;
use kit::{Clock, Kind, Problem, Result};
use proto::trust as wire;
use proto::trust::match_request::Step;
use proto::trust::matching_service_client::MatchingServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::{Agreement, Agreements, BATCH, Token};
use crate::rights::state_purpose;
use crate::server::channel;
use crate::settings::Settings;
use crate::tls::Tls;

/// How a bureau asks others about people: the agreements it keeps, and where the others are. Cloning shares the certificate.
#[derive(Clone, Debug)]
pub struct Asking {
    tls: Tls,
    clock: Clock,
    file: PathBuf,
    endpoints: BTreeMap<String, String>,
}

impl Asking {
    pub fn new(settings: &Settings, tls: &Tls, clock: &Clock) -> Self {
        let (tls, clock) = (tls.clone(), clock.clone());
        Asking { tls, clock, file: settings.agreements(), endpoints: settings.matching.clone() }
    }

    /// Asks by the agreement with a provider for a purpose: AGREEMENT_UNKNOWN, AGREEMENT_ENDED, BUREAU_UNKNOWN.
    pub async fn ask(
        &self,
        (provider, purpose): (&str, &str),
        question: &str,
        as_of: Date,
        documents: &[Document],
    ) -> Result<Answers, Status> {
        let agreements = Agreements::at_work(&self.file)?;
        let agreement = agreements.in_force(provider, purpose, self.clock.today())?;
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

/// Asks one question about people as of a day, a batch when the one before is answered. What the provider refuses is told with
/// its reason; where the day's tokens do not suffice none is sent (MATCH_CAP_REACHED).
pub async fn ask(
    channel: Channel,
    agreement: &Agreement,
    question: &str,
    as_of: Date,
    documents: &[Document],
) -> Result<Answers, Status> {
    let (key, as_of) = (agreement.newest()?, as_of.to_string());
    let of_documents: Vec<Token> = documents.iter().map(|document| key.token(document)).collect();
    // A batch holds nobody twice.
    let mut distinct = of_documents.clone();
    distinct.sort_unstable();
    distinct.dedup();

    let start = wire::MatchStart {
        agreement: agreement.id.clone(),
        key_id: key.id.clone(),
        proof: key.proof(&as_of),
        question: question.to_owned(),
        as_of,
    };
    let mut asking = Conversation::open(channel, &agreement.purpose).await?;
    let opened = asking.step(Step::Start(start)).await?;
    let left = opened.tokens_left;
    if left < distinct.len() as u64 {
        let message =
            format!("比对协议“{}”24小时内还可比对{left}人，此次需{}人，请稍后再试", agreement.id, distinct.len());
        return Err(Problem::new(Kind::Exhausted, "MATCH_CAP_REACHED", message).into());
    }
    let mut levels: HashMap<Token, u8> = HashMap::with_capacity(distinct.len());
    for (number, chunk) in (1..).zip(distinct.chunks(BATCH)) {
        let answer = asking.step(Step::Batch(wire::MatchBatch { number, tokens: chunk.concat() })).await?;
        if answer.levels.len() != chunk.len() {
            return Err(Problem::internal("a provider answered another number of tokens").into());
        }
        levels.extend(chunk.iter().copied().zip(answer.levels));
    }
    let levels = of_documents.iter().map(|token| levels.get(token).copied().unwrap_or_default()).collect();
    Ok(Answers { levels, titles: opened.titles })
}

/// One conversation with a provider: a step, then its answer.
struct Conversation {
    steps: mpsc::Sender<wire::MatchRequest>,
    answers: Streaming<wire::MatchResponse>,
}

impl Conversation {
    async fn open(channel: Channel, purpose: &str) -> Result<Conversation, Status> {
        let (steps, sent) = mpsc::channel(1);
        let mut request = tonic::Request::new(ReceiverStream::new(sent));
        state_purpose(&mut request, purpose);
        let answers = MatchingServiceClient::new(channel).r#match(request).await?.into_inner();
        Ok(Conversation { steps, answers })
    }

    async fn step(&mut self, step: Step) -> Result<wire::MatchResponse, Status> {
        // Where the provider has ended, its answer says why.
        let _ = self.steps.send(wire::MatchRequest { step: Some(step) }).await;
        let answer = self.answers.message().await?;
        answer.ok_or_else(|| Problem::internal("a provider ended a conversation").into())
    }
}
