//! A follower that knows nothing reads a whole feed over mutual TLS, beside a bare service that streams the same events
//! ready-made; and what followers that do not read cost their source.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use proto::childcare::institution_feed_service_client::InstitutionFeedServiceClient;
use proto::childcare::institution_feed_service_server::{InstitutionFeedService, InstitutionFeedServiceServer};
use proto::childcare::{DesignationEvent, InstitutionEvent};
use proto::contract::FollowFeedRequest;
use registry::feed::measure::{drain, fill};
use suite_tests::suite::{Engine, Running};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use super::{bare, median, rate};
use crate::up::resident;
use crate::{Line, ROUNDS, Ratio};

const FEED: &str = "childcare.institution";
/// Followers that do not read, and for how long.
const STALLED: usize = 20;
const STALL: Duration = Duration::from_secs(3);

/// Streams the same events to everybody.
struct Ready(Arc<Vec<InstitutionEvent>>);

#[tonic::async_trait]
impl InstitutionFeedService for Ready {
    type FollowInstitutionsStream = BoxStream<'static, Result<InstitutionEvent, Status>>;

    async fn follow_institutions(
        &self,
        _: Request<FollowFeedRequest>,
    ) -> Result<Response<Self::FollowInstitutionsStream>, Status> {
        let events = self.0.clone();
        Ok(Response::new(stream::iter(0..events.len()).map(move |place| Ok(events[place].clone())).boxed()))
    }

    type FollowDesignationsStream = BoxStream<'static, Result<DesignationEvent, Status>>;

    async fn follow_designations(
        &self,
        _: Request<FollowFeedRequest>,
    ) -> Result<Response<Self::FollowDesignationsStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

pub(super) async fn measure(events: usize) -> Line {
    let mut running = Running::start(Engine::Sqlite, None).await;
    // Those who keep a copy of the register would read along.
    running.stop().await;
    running.launch_without(&["elderly-care", "education", "finance", "supervision"]).await;
    let db = running.database("childcare").await;
    fill(&db, &running.clock, FEED, events as u64).await.expect("a feed");

    // First, while nothing that was given back could hide what is taken.
    let grown = stalled(&running).await;
    let channel = running.channel_as("supervision", "childcare");
    let all = read(follow(channel.clone()).await, events).await;
    let bytes: usize = all.iter().map(Message::encoded_len).sum();
    let routes = Routes::new(InstitutionFeedServiceServer::new(Ready(Arc::new(all))));
    let limit = bare(&running, "supervision", "childcare", routes).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((replayed(&channel, events).await, replayed(&limit, events).await));
    }
    let mine = median(rounds.iter().map(|(mine, _)| *mine));
    let theirs = median(rounds.iter().map(|(_, theirs)| *theirs));
    Line {
        what: format!("{events} events of a feed from number 0, over gRPC"),
        limit: "the same events ready-made, same mTLS".into(),
        figure: format!("{} events/s; {}", rate(events, mine), Ratio::of(&rounds).words()),
        aim: "≥ 50000 events/s, memory bounded",
        note: format!(
            "access right watched all along, events read page by page; {} kB; {STALLED} followers that do not read for \
             {} s: {grown} kB more resident, on both sides together; the limit {} events/s",
            bytes / 1000,
            STALL.as_secs(),
            rate(events, theirs)
        ),
    }
}

async fn follow(channel: Channel) -> Streaming<InstitutionEvent> {
    let mut request = Request::new(FollowFeedRequest::default());
    trust::state_purpose(&mut request, "institution-register");
    InstitutionFeedServiceClient::new(channel).follow_institutions(request).await.expect("a feed").into_inner()
}

/// Everything up to the head, the head as well.
async fn read(mut stream: Streaming<InstitutionEvent>, events: usize) -> Vec<InstitutionEvent> {
    let mut all = Vec::with_capacity(events + 2);
    while all.len() < events + 2 {
        all.push(stream.message().await.expect("an event").expect("more"));
    }
    all
}

async fn replayed(channel: &Channel, events: usize) -> Duration {
    let begin = Instant::now();
    let read = drain(follow(channel.clone()).await).await.expect("read to the head");
    assert_eq!(read, events as u64);
    begin.elapsed()
}

/// Kilobytes that this process holds more while followers, each on a connection of its own, do not read.
async fn stalled(running: &Running) -> u64 {
    let before = resident(std::process::id());
    let mut streams = Vec::new();
    for _ in 0..STALLED {
        let mut stream = follow(running.channel_as("supervision", "childcare")).await;
        stream.message().await.expect("an event").expect("more");
        streams.push(stream);
    }
    tokio::time::sleep(STALL).await;
    resident(std::process::id()).saturating_sub(before)
}
