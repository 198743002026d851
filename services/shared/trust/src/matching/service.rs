//! `MatchingService` at the door: agreements are kept, limits hold, everything is on record.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use kit::metrics::Metrics;
use kit::{Kind, Problem, Result, retry};
use proto::trust as wire;
use proto::trust::matching_service_server::MatchingService;
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::agreement::{self, Agreement, Agreements};
use super::asked::{self, Asked, Asker};
use super::index::{Index, Tokens};
use super::limits;
use super::seats::Seats;
use super::store::{self, Batch, Used};
use super::{BATCH, Question, TOKEN, Token};
use crate::caller::Caller;
use crate::page::Page;
use crate::persons::Persons;

/// Answers what agreements allow about the people of one service. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Matching {
    pub persons: Persons,
    pub questions: &'static [Question],
    /// The file of agreements, read anew for every conversation.
    pub agreements: PathBuf,
    metrics: Metrics,
    pub(super) index: Index,
    seats: Seats,
}

impl Matching {
    /// A file that cannot be used is told to the operator at once, and to whoever asks when somebody does.
    pub fn new(persons: Persons, questions: &'static [Question], agreements: PathBuf, metrics: Metrics) -> Self {
        let _ = Agreements::at_work(&agreements);
        Matching { persons, questions, agreements, metrics, index: Index::default(), seats: Seats::default() }
    }
}

/// What one conversation may ask, and the answers.
struct Conversation {
    agreement: Agreement,
    asked: Asked,
    tokens: Arc<Tokens>,
    levels: HashMap<Uuid, u8>,
    next: u64,
    _seat: OwnedSemaphorePermit,
}

impl Matching {
    async fn start(&self, asker: &Asker, start: &wire::MatchStart) -> Result<(Conversation, wire::MatchResponse)> {
        let mut asked = Asked::stated(asker, start);
        let opened = self.open(asker, start, &mut asked).await;
        self.noted(&asked, 0, opened).await
    }

    async fn open(
        &self,
        asker: &Asker,
        start: &wire::MatchStart,
        asked: &mut Asked,
    ) -> Result<(Conversation, wire::MatchResponse)> {
        let agreements = Agreements::at_work(&self.agreements)?;
        self.index.keep(&agreements);
        let agreement = agreements.find(&start.agreement)?.clone();
        if agreement.consumer != asker.consumer {
            return Err(agreement::unknown());
        }
        asked.by(&agreement);
        let today = self.persons.clock.today();
        agreement.check_day(today)?;
        let key = agreement.key(&start.key_id)?;
        key.check(&start.as_of, &start.proof)?;
        asker.check(&agreement)?;
        let question = self.question(&agreement, &start.question)?;
        question.days.check(asked::day(&start.as_of)?, today)?;

        let seat = self.seats.take(&agreement.id)?;
        let tokens = self.index.tokens(&self.persons, &key).await?;
        let levels = store::levels(&self.persons.db, question.sql, &asked.as_of).await?;
        let used = self.used(&mut self.persons.db.begin().await?, &agreement).await?;
        let answer = wire::MatchResponse {
            titles: question.titles.iter().map(|title| (*title).to_owned()).collect(),
            tokens_left: limits::left(agreement.tokens_per_day, &used),
            ..wire::MatchResponse::default()
        };
        let asked = asked.clone();
        Ok((Conversation { agreement, asked, tokens, levels, next: 1, _seat: seat }, answer))
    }

    fn question(&self, agreement: &Agreement, stated: &str) -> Result<&'static Question> {
        let agreed = self.questions.iter().find(|known| known.code == stated);
        agreed.filter(|known| agreement.questions.iter().any(|one| one == known.code)).ok_or_else(|| {
            Problem::forbidden("QUESTION_NOT_AGREED", format!("比对协议“{}”不含所问的问题", agreement.id))
        })
    }

    async fn batch(&self, conversation: &mut Conversation, batch: &wire::MatchBatch) -> Result<wire::MatchResponse> {
        let answer = self.answer(conversation, batch).await;
        let tokens = (batch.tokens.len() / TOKEN) as i64;
        let answer = self.noted(&conversation.asked, tokens, answer).await?;
        conversation.next += 1;
        Ok(answer)
    }

    async fn answer(&self, conversation: &Conversation, batch: &wire::MatchBatch) -> Result<wire::MatchResponse> {
        conversation.agreement.check_day(self.persons.clock.today())?;
        if batch.number != conversation.next {
            let message = format!("批次号应为{}，收到{}", conversation.next, batch.number);
            return Err(Problem::state("BATCH_OUT_OF_ORDER", message));
        }
        let tokens = tokens(&batch.tokens)?;
        let level = |person: Option<Uuid>| person.and_then(|person| conversation.levels.get(&person)).copied();
        let levels: Vec<u8> =
            conversation.tokens.people(&tokens).into_iter().map(|person| level(person).unwrap_or(0)).collect();
        let hits = levels.iter().filter(|level| **level > 0).count();
        let tokens_left = self.account(conversation, tokens.len() as i64, hits as i64).await?;
        Ok(wire::MatchResponse { batch: batch.number, levels, tokens_left, ..wire::MatchResponse::default() })
    }

    /// Records a batch that is answered, and tells how many tokens are left. MATCH_CAP_REACHED, MATCH_ENUMERATION.
    async fn account(&self, conversation: &Conversation, tokens: i64, hits: i64) -> Result<u64> {
        let Conversation { agreement, asked, .. } = conversation;
        retry(|| async {
            let mut tx = self.persons.db.begin().await?;
            let used = self.used(&mut tx, agreement).await?;
            limits::check(&agreement.id, agreement.tokens_per_day, &used, tokens)?;
            store::record(&mut tx, &asked.batch(&self.persons.clock, (tokens, hits), "")).await?;
            tx.commit().await?;
            Ok(limits::left(agreement.tokens_per_day, &Used { tokens: used.tokens + tokens, ..used }))
        })
        .await
    }

    async fn used(&self, tx: &mut kit::Tx, agreement: &Agreement) -> Result<Used> {
        let since = self.persons.clock.micros() - limits::DAY;
        store::used(tx, &agreement.id, since, limits::SMALL).await
    }

    /// Puts a refusal on record, and counts it: inside a stream it shows in no other figure. Our own fault is none.
    async fn noted<T>(&self, asked: &Asked, tokens: i64, outcome: Result<T>) -> Result<T> {
        let Err(problem) = &outcome else { return outcome };
        if matches!(problem.kind, Kind::Internal | Kind::Unavailable) {
            return outcome;
        }
        let (agreement, reason) = (if asked.known { &asked.agreement } else { "unknown" }, problem.reason);
        tracing::warn!(agreement, consumer = asked.consumer, reason, "matching refused");
        let help = "Questions about people that were refused.";
        self.metrics.count("match_refused_total", help, &[("agreement", agreement), ("reason", reason)]);
        retry(|| async {
            let mut tx = self.persons.db.begin().await?;
            store::record(&mut tx, &asked.batch(&self.persons.clock, (tokens, 0), reason)).await?;
            tx.commit().await
        })
        .await?;
        outcome
    }
}

#[tonic::async_trait]
impl MatchingService for Matching {
    type MatchStream = BoxStream<'static, Result<wire::MatchResponse, Status>>;

    async fn r#match(
        &self,
        request: Request<Streaming<wire::MatchRequest>>,
    ) -> Result<Response<Self::MatchStream>, Status> {
        let asker = Asker::of(&Caller::of(&request)?);
        Ok(Response::new(answers(self.clone(), asker, request.into_inner().boxed())))
    }

    async fn list_match_batches(
        &self,
        request: Request<wire::ListMatchBatchesRequest>,
    ) -> Result<Response<wire::ListMatchBatchesResponse>, Status> {
        Caller::of(&request)?;
        let request = request.into_inner();
        let page = Page::newest_first(request.page)?;
        let (db, limit) = (&self.persons.db, page.size as i64 + 1);
        let mut found = store::list(db, page.after, &request.agreement, request.refused, limit).await?;
        let next_cursor = page.cut(&mut found, |batch| batch.id);
        Ok(Response::new(wire::ListMatchBatchesResponse {
            batches: found.into_iter().map(message).collect(),
            next_cursor,
        }))
    }
}

/// Answers each step in turn; the first problem ends the stream, and what was answered is on record.
pub(super) fn answers(
    matching: Matching,
    asker: Asker,
    steps: BoxStream<'static, Result<wire::MatchRequest, Status>>,
) -> BoxStream<'static, Result<wire::MatchResponse, Status>> {
    use wire::match_request::Step;
    let state = (matching, asker, steps, None::<Conversation>);
    stream::try_unfold(state, |(matching, asker, mut steps, conversation)| async move {
        let Some(step) = steps.next().await else { return Ok(None) };
        let (answer, conversation) = match (step?.step, conversation) {
            (Some(Step::Start(start)), None) => {
                let (conversation, answer) = matching.start(&asker, &start).await?;
                (answer, conversation)
            }
            (Some(Step::Batch(batch)), Some(mut conversation)) => {
                (matching.batch(&mut conversation, &batch).await?, conversation)
            }
            (_, conversation) => {
                let asked = conversation.map_or_else(|| Asked::nothing(&asker), |conversation| conversation.asked);
                let problem = Problem::state("MATCH_NOT_STARTED", "请先发送一次起始信息，再发送批次");
                matching.noted(&asked, 0, Err(problem)).await?
            }
        };
        Ok(Some((answer, (matching, asker, steps, Some(conversation)))))
    })
    .boxed()
}

/// The tokens of a batch, each of them once: somebody asked about twice would hide a batch of one. TOKENS_INVALID.
fn tokens(bytes: &[u8]) -> Result<Vec<Token>> {
    let invalid = |message: String| Problem::field("batch.tokens", "TOKENS_INVALID", message);
    let (tokens, rest) = bytes.as_chunks::<TOKEN>();
    if !rest.is_empty() || tokens.is_empty() || tokens.len() > BATCH {
        return Err(invalid(format!("每批应为1至{BATCH}个令牌，每个{TOKEN}字节")));
    }
    if tokens.iter().collect::<HashSet<_>>().len() < tokens.len() {
        return Err(invalid("同一批中令牌不能重复".to_owned()));
    }
    Ok(tokens.to_vec())
}

fn message(batch: Batch) -> wire::MatchedBatch {
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    wire::MatchedBatch {
        id: batch.id.to_string(),
        at_micros: batch.at_micros,
        agreement: batch.agreement,
        consumer: batch.consumer,
        purpose: batch.purpose,
        question: batch.question,
        as_of: batch.as_of,
        tokens: count(batch.tokens),
        hits: count(batch.hits),
        refused: batch.refused,
    }
}
