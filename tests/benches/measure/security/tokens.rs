//! A bureau that holds many people answers another's tokens over mutual TLS, beside a bare service that answers as many
//! bytes to the same ones.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::BoxStream;
use kit::db::{ROWS_PER_STATEMENT, placeholders};
use kit::{Db, Sql};
use proto::trust::match_request::Step;
use proto::trust::matching_service_client::MatchingServiceClient;
use proto::trust::matching_service_server::{MatchingService, MatchingServiceServer};
use proto::trust::{
    ListMatchBatchesRequest, ListMatchBatchesResponse, MatchBatch, MatchRequest, MatchResponse, MatchStart,
};
use suite_tests::suite::{Engine, Running};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use trust::matching::{Agreement, Agreements, BATCH, TOKEN};

use super::{PER_COMMIT, bare, beside, document, id, median, rate, seed};
use crate::{Line, ROUNDS, Ratio};

const PURPOSE: &str = "staff-verification";

/// Answers with a level for every token: none.
struct Echo;

#[tonic::async_trait]
impl MatchingService for Echo {
    type MatchStream = BoxStream<'static, Result<MatchResponse, Status>>;

    async fn r#match(&self, request: Request<Streaming<MatchRequest>>) -> Result<Response<Self::MatchStream>, Status> {
        let answers = request.into_inner().map(|step| {
            let Some(Step::Batch(batch)) = step?.step else { return Ok(MatchResponse::default()) };
            let levels = vec![0; batch.tokens.len() / TOKEN];
            Ok(MatchResponse { batch: batch.number, levels, ..MatchResponse::default() })
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn list_match_batches(
        &self,
        _: Request<ListMatchBatchesRequest>,
    ) -> Result<Response<ListMatchBatchesResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// `people`: held, and asked about in one conversation; half of those who are asked about are held.
pub(super) async fn measure(people: usize) -> Line {
    let running = Running::start(Engine::Sqlite, None).await;
    let (db, keys) = beside(&running, "education").await;
    let today = running.clock.today();
    seed(&db, &keys, people, today).await;
    teach(&db, people).await;

    let agreement = agree(&running, people);
    let key = agreement.newest().expect("a secret");
    let as_of = today.to_string();
    let start = MatchStart {
        agreement: agreement.id.clone(),
        key_id: key.id.clone(),
        proof: key.proof(&as_of),
        question: "REGISTERED".into(),
        as_of,
    };
    let tokens: Vec<u8> = (people / 2..people / 2 + people).flat_map(|n| key.token(&document(n, today))).collect();
    let mut steps = vec![MatchRequest { step: Some(Step::Start(start)) }];
    steps.extend((1..).zip(tokens.chunks(BATCH * TOKEN)).map(|(number, tokens)| MatchRequest {
        step: Some(Step::Batch(MatchBatch { number, tokens: tokens.to_vec() })),
    }));

    let mut ours = MatchingServiceClient::new(running.channel_as("childcare", "education"));
    let routes = Routes::new(MatchingServiceServer::new(Echo));
    let mut echo = MatchingServiceClient::new(bare(&running, "childcare", "education", routes).await);
    let first = converse(&mut ours, &steps).await;
    assert_eq!(first.hits, people - people / 2);
    converse(&mut echo, &steps).await;
    let mut told = Vec::new();
    for _ in 0..ROUNDS {
        told.push((converse(&mut ours, &steps).await, converse(&mut echo, &steps).await));
    }
    // Opening a conversation is not what the echo does: its answers come all at once.
    let rounds: Vec<_> = told.iter().map(|(mine, theirs)| (mine.batches(), theirs.whole)).collect();
    let opening = median(told.iter().map(|(mine, _)| mine.opened));
    let whole = median(told.iter().map(|(mine, _)| mine.whole));
    let bare = median(told.iter().map(|(_, theirs)| theirs.whole));
    Line {
        what: format!("{people} tokens in batches of {BATCH} answered by a bureau that holds {people} people"),
        limit: "bare tonic echo of as many bytes, the start too, same mTLS".into(),
        figure: format!("{} tokens/s; batches, once it is open, {}", rate(people, whole), Ratio::of(&rounds).words()),
        aim: "≥ 50000 tokens/s",
        note: format!(
            "access right, agreement and proof checked, level of everybody read on opening ({} ms of {} ms), each token \
             looked up, each batch counted against the day's cap and on record; the first conversation, which makes the \
             index, {} ms; the echo {} tokens/s",
            opening.as_millis(),
            whole.as_millis(),
            first.whole.as_millis(),
            rate(people, bare)
        ),
    }
}

struct Told {
    /// Until the answer to the start.
    opened: Duration,
    whole: Duration,
    hits: usize,
}

impl Told {
    fn batches(&self) -> Duration {
        self.whole.saturating_sub(self.opened)
    }
}

async fn converse(client: &mut MatchingServiceClient<Channel>, steps: &[MatchRequest]) -> Told {
    let mut request = Request::new(tokio_stream::iter(steps.to_vec()));
    trust::state_purpose(&mut request, PURPOSE);
    let begin = Instant::now();
    let mut answers = client.r#match(request).await.expect("a conversation").into_inner();
    let (mut opened, mut hits, mut batches) = (Duration::ZERO, 0, 0);
    while let Some(answer) = answers.message().await.expect("an answer") {
        if answer.batch == 0 {
            opened = begin.elapsed();
        }
        batches += 1;
        hits += answer.levels.iter().filter(|level| **level > 0).count();
    }
    assert_eq!(batches, steps.len());
    Told { opened, whole: begin.elapsed(), hits }
}

/// The agreement of the running suite on both sides, with a day that holds every round; the warm-up counts as well.
fn agree(running: &Running, people: usize) -> Agreement {
    let [asking, answering] =
        ["childcare", "education"].map(|bureau| running.data().join("trust").join(bureau).join("agreements.toml"));
    let mut agreements = Agreements::load(&asking).expect("agreements");
    let chosen = agreements.agreement.iter_mut().find(|one| one.provider == "education" && one.purpose == PURPOSE);
    let agreement = chosen.expect("the agreement");
    agreement.tokens_per_day = u32::try_from((ROUNDS + 1) * people).expect("a day's tokens").max(200_000);
    let agreement = agreement.clone();
    for file in [asking, answering] {
        agreements.save(&file).expect("written");
    }
    agreement
}

/// Everybody teaches at one school; every tenth has left.
async fn teach(db: &Db, people: usize) {
    let all: Vec<usize> = (0..people).collect();
    let school = id(people);
    let mut tx = db.begin().await.expect("a transaction");
    let sql = "INSERT INTO school (id, name, tier, region, county, version) VALUES ($1, $2, $3, $4, $5, 1)";
    let query = tx.query(sql).bind(school).bind("测量老年大学").bind("CITY").bind("530402001").bind("530402");
    query.execute().await.expect("a school");
    tx.commit().await.expect("committed");
    for batch in all.chunks(PER_COMMIT) {
        let mut tx = db.begin().await.expect("a transaction");
        for chunk in batch.chunks(ROWS_PER_STATEMENT) {
            let values = placeholders(chunk.len(), 7);
            let sql =
                format!("INSERT INTO teacher (id, school_id, name, title, status, person_id, version) VALUES {values}");
            let query = chunk.iter().fold(tx.query(Sql::built(sql)), |query, n| {
                let status = if n % 10 == 0 { "LEFT" } else { "ACTIVE" };
                let named = query.bind(id(*n)).bind(school).bind(format!("虚构{n}")).bind("");
                named.bind(status).bind(id(*n)).bind(1i64)
            });
            query.execute().await.expect("teachers");
        }
        tx.commit().await.expect("committed");
    }
}
