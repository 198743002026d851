//! `PublicationService` at the door: convert, authorise, let the desk act, convert.

use std::pin::Pin;

use futures::Stream;
use kit::{Problem, Result};
use prost::Message;
use proto::reporting::publication_service_server::PublicationService;
use proto::reporting::{
    Envelope, FollowRequest, FollowResponse, ListPublicationsRequest, ListPublicationsResponse, PublishReportsRequest,
    WithdrawReportsRequest,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use trust::Caller;

use super::desk::{Once, Publish, Withdraw};
use super::follow::Position;
use super::issue::sha256;
use super::store;
use crate::report::convert;
use crate::{Desk, cursor_invalid, page_size};

/// Characters of an idempotency key at most.
const KEY_MOST: usize = 200;

/// The publication service of one desk.
#[derive(Clone)]
pub struct Publications(pub(crate) Desk);

#[tonic::async_trait]
impl PublicationService for Publications {
    async fn publish_reports(&self, request: Request<PublishReportsRequest>) -> Result<Response<Envelope>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let once = once(&caller, "PublishReports", &request.idempotency_key, &request)?;
        let publish = Publish {
            reports: request.report_ids.iter().map(|id| convert::id("report_ids", id)).collect::<Result<_>>()?,
            kind: request.kind(),
            reason: request.reason,
        };
        Ok(Response::new(self.0.publish(&caller, &publish, &once).await?))
    }

    async fn withdraw_reports(&self, request: Request<WithdrawReportsRequest>) -> Result<Response<Envelope>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let once = once(&caller, "WithdrawReports", &request.idempotency_key, &request)?;
        let withdraw = Withdraw {
            form: request.form,
            period: request.period,
            regions: request.regions.into_iter().collect(),
            reason: request.reason,
        };
        Ok(Response::new(self.0.withdraw(&caller, &withdraw, &once).await?))
    }

    async fn list_publications(
        &self,
        request: Request<ListPublicationsRequest>,
    ) -> Result<Response<ListPublicationsResponse>, Status> {
        Caller::of(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page.as_ref());
        let after = match request.page.as_ref().map_or("", |page| page.cursor.as_str()) {
            "" => 0,
            cursor => cursor.parse::<u32>().map_err(|_| cursor_invalid())?.into(),
        };
        let head = store::current(&self.0.db).await?;
        let (form, period) = (request.form.as_str(), request.period.as_str());
        // One more than asked for tells whether there is a next page.
        let limit = size as i64 + 1;
        let mut page = store::filtered_page(&self.0.db, head.stream_id, after, limit, form, period).await?;
        let more = page.len() > size;
        page.truncate(size);
        let next = page.last().filter(|_| more).map(|last| last.sequence.to_string());
        Ok(Response::new(ListPublicationsResponse {
            envelopes: page.into_iter().map(|stored| stored.envelope).collect(),
            next_cursor: next.unwrap_or_default(),
        }))
    }

    type FollowStream = Pin<Box<dyn Stream<Item = Result<FollowResponse, Status>> + Send>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Result<Response<Self::FollowStream>, Status> {
        Caller::of(&request)?;
        let FollowRequest { stream_id, after_sequence, after_hash } = request.into_inner();
        let receiver = self.0.follow(Position { stream_id, after_sequence, after_hash: after_hash.to_vec() }).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// The same person, method and request under the same key is one call.
fn once(caller: &Caller, method: &str, key: &str, request: &impl Message) -> Result<Once> {
    if key.len() > KEY_MOST {
        return Err(Problem::field("idempotency_key", "IDEMPOTENCY_KEY_INVALID", "幂等键过长"));
    }
    let mut text = format!("{}\n{method}\n", caller.user()?.id).into_bytes();
    text.extend(request.encode_to_vec());
    Ok(Once { key: key.to_owned(), fingerprint: sha256(&text) })
}
