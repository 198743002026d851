//! `MatchingService` at the door: agreements are kept, caps hold, everything is on record.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::civil::Date;
use kit::{Kind, Problem, Result, retry};
use proto::trust as wire;
use proto::trust::matching_service_server::MatchingService;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::agreement::{Agreement, Agreements};
use super::index::Index;
use super::store::{self, Batch};
use super::{Question, TOKEN, Token};
use crate::caller::Caller;
use crate::page::Page;
use crate::persons::Persons;

/// Tokens of one batch at most.
const BATCH: usize = 10_000;
/// A batch of fewer asks about somebody rather than about a register…
const SMALL: i64 = 20;
/// …and so many of them a day may be an honest remainder.
const SMALL_PER_DAY: i64 = 10;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Answers what agreements allow about the people of one service. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Matching {
    pub persons: Persons,
    pub questions: &'static [Question],
    /// The file of agreements, read anew for every conversation.
    pub agreements: PathBuf,
    index: Index,
}

impl Matching {
    pub fn new(persons: Persons, questions: &'static [Question], agreements: PathBuf) -> Self {
        Matching { persons, questions, agreements, index: Index::default() }
    }
}

/// What one conversation may ask, and the answers.
#[derive(Clone)]
struct Conversation {
    agreement: Agreement,
    question: &'static Question,
    consumer: String,
    as_of: String,
    tokens: Arc<HashMap<Token, Uuid>>,
    levels: Arc<HashMap<Uuid, u8>>,
    next: u64,
}

impl Matching {
    async fn start(&self, consumer: &str, start: wire::MatchStart) -> Result<(Conversation, wire::MatchResponse)> {
        let agreement = Agreements::load(&self.agreements)?.find(&start.agreement)?.clone();
        if agreement.consumer != consumer {
            return Err(Problem::not_found("AGREEMENT_UNKNOWN", format!("没有比对协议“{}”", start.agreement)));
        }
        let refused = self.check(&agreement, &start);
        let mut conversation = Conversation {
            question: self.questions.iter().find(|known| known.code == start.question).unwrap_or(&self.questions[0]),
            consumer: consumer.to_owned(),
            as_of: start.as_of.clone(),
            tokens: Arc::default(),
            levels: Arc::default(),
            next: 1,
            agreement,
        };
        if let Err(problem) = refused {
            self.refuse(&conversation, 0, &problem).await?;
            return Err(problem);
        }
        let key = conversation.agreement.key(&start.key_id)?;
        conversation.tokens = self.index.tokens(&self.persons, &conversation.agreement.id, &key).await?;
        conversation.levels =
            Arc::new(store::levels(&self.persons.db, conversation.question.sql, &conversation.as_of).await?);
        let titles = conversation.question.titles.iter().map(|title| (*title).to_owned()).collect();
        let tokens_left = u64::from(conversation.agreement.tokens_per_day);
        Ok((conversation, wire::MatchResponse { titles, tokens_left, ..Default::default() }))
    }

    fn check(&self, agreement: &Agreement, start: &wire::MatchStart) -> Result<()> {
        agreement.check_day(self.persons.clock.today())?;
        agreement.key(&start.key_id)?.check(&start.as_of, &start.proof)?;
        let answered = self.questions.iter().any(|known| known.code == start.question);
        if !answered || !agreement.questions.contains(&start.question) {
            let message = format!("比对协议“{}”不含问题“{}”", agreement.id, start.question);
            return Err(Problem::forbidden("QUESTION_NOT_AGREED", message));
        }
        start
            .as_of
            .parse::<Date>()
            .map(drop)
            .map_err(|_| Problem::field("start.as_of", "DATE_INVALID", "日期应写作2025-11-05的形式"))
    }

    async fn batch(&self, conversation: &mut Conversation, batch: &wire::MatchBatch) -> Result<wire::MatchResponse> {
        if batch.number != conversation.next {
            let message = format!("批次号应为{}，收到{}", conversation.next, batch.number);
            return Err(Problem::state("BATCH_OUT_OF_ORDER", message));
        }
        let count = batch.tokens.len() / TOKEN;
        if !batch.tokens.len().is_multiple_of(TOKEN) || count == 0 || count > BATCH {
            let message = format!("每批应为1至{BATCH}个令牌，每个{TOKEN}字节");
            return Err(Problem::field("batch.tokens", "TOKENS_INVALID", message));
        }
        let levels: Vec<u8> = batch
            .tokens
            .chunks_exact(TOKEN)
            .map(|token| {
                let person = Token::try_from(token).ok().and_then(|token| conversation.tokens.get(&token));
                person.and_then(|person| conversation.levels.get(person)).copied().unwrap_or(0)
            })
            .collect();
        let hits = levels.iter().filter(|level| **level > 0).count();
        match self.account(conversation, count as i64, hits as i64).await? {
            Ok(tokens_left) => {
                conversation.next += 1;
                Ok(wire::MatchResponse { batch: batch.number, levels, tokens_left, ..Default::default() })
            }
            Err(problem) => {
                tracing::warn!(
                    agreement = conversation.agreement.id,
                    consumer = conversation.consumer,
                    reason = problem.reason,
                    "matching refused"
                );
                self.refuse(conversation, count as i64, &problem).await?;
                Err(problem)
            }
        }
    }

    /// Records an answered batch and tells how many tokens are left today, or why it is not answered.
    async fn account(&self, conversation: &Conversation, tokens: i64, hits: i64) -> Result<Result<u64>> {
        let cap = i64::from(conversation.agreement.tokens_per_day);
        retry(|| async {
            let mut tx = self.persons.db.begin().await?;
            let since = self.persons.clock.micros() - DAY;
            let (asked, small) = store::of_day(&mut tx, &conversation.agreement.id, since, SMALL).await?;
            if asked + tokens > cap {
                let message = format!("比对协议“{}”每日上限{cap}个，今天已用{asked}个", conversation.agreement.id);
                return Ok(Err(Problem::new(Kind::Exhausted, "MATCH_CAP_REACHED", message)));
            }
            if tokens < SMALL && small >= SMALL_PER_DAY {
                let message = format!("一天内已有{small}个不足{SMALL}个令牌的小批，疑似逐人试探，已停止并记录告警");
                return Ok(Err(Problem::new(Kind::Exhausted, "MATCH_ENUMERATION", message)));
            }
            store::record(&mut tx, &self.recorded(conversation, tokens, hits, "")).await?;
            tx.commit().await?;
            Ok(Ok(u64::try_from(cap - asked - tokens).unwrap_or_default()))
        })
        .await
    }

    async fn refuse(&self, conversation: &Conversation, tokens: i64, problem: &Problem) -> Result<()> {
        retry(|| async {
            let mut tx = self.persons.db.begin().await?;
            store::record(&mut tx, &self.recorded(conversation, tokens, 0, problem.reason)).await?;
            tx.commit().await
        })
        .await
    }

    fn recorded(&self, conversation: &Conversation, tokens: i64, hits: i64, refused: &str) -> Batch {
        Batch {
            id: self.persons.clock.id(),
            at_micros: self.persons.clock.micros(),
            agreement: conversation.agreement.id.clone(),
            consumer: conversation.consumer.clone(),
            purpose: conversation.agreement.purpose.clone(),
            question: conversation.question.code.to_owned(),
            as_of: conversation.as_of.clone(),
            tokens,
            hits,
            refused: refused.to_owned(),
        }
    }
}

#[tonic::async_trait]
impl MatchingService for Matching {
    type MatchStream = BoxStream<'static, Result<wire::MatchResponse, Status>>;

    async fn r#match(
        &self,
        request: Request<Streaming<wire::MatchRequest>>,
    ) -> Result<Response<Self::MatchStream>, Status> {
        let caller = Caller::of(&request)?;
        let consumer = caller.identity.rule_name().to_owned();
        Ok(Response::new(answers(self.clone(), consumer, request.into_inner().boxed())))
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
    consumer: String,
    steps: BoxStream<'static, Result<wire::MatchRequest, Status>>,
) -> BoxStream<'static, Result<wire::MatchResponse, Status>> {
    use wire::match_request::Step;
    let state = (matching, consumer, steps, None::<Conversation>);
    stream::try_unfold(state, |(matching, consumer, mut steps, conversation)| async move {
        let Some(step) = steps.next().await else { return Ok(None) };
        let (answer, conversation) = match (step?.step, conversation) {
            (Some(Step::Start(start)), None) => {
                let (conversation, answer) = matching.start(&consumer, start).await?;
                (answer, conversation)
            }
            (Some(Step::Batch(batch)), Some(mut conversation)) => {
                (matching.batch(&mut conversation, &batch).await?, conversation)
            }
            _ => return Err(Problem::state("MATCH_NOT_STARTED", "请先发送一次起始信息，再发送批次").into()),
        };
        Ok(Some((answer, (matching, consumer, steps, Some(conversation)))))
    })
    .boxed()
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
