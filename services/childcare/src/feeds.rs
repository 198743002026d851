//! The gRPC door of the feeds.

use proto::childcare as wire;
use proto::childcare::institution_feed_service_server::InstitutionFeedService;
use proto::contract::FollowFeedRequest;
use registry::Bureau;
use registry::feed::follow::{FollowStream, answer};
use tonic::{Request, Response, Status};

use crate::{filing, institutions};

/// Serves institutions and designations to the bureaus that copy them.
#[derive(Clone, Debug)]
pub struct InstitutionFeeds {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl InstitutionFeedService for InstitutionFeeds {
    type FollowInstitutionsStream = FollowStream<wire::InstitutionEvent>;

    async fn follow_institutions(
        &self,
        request: Request<FollowFeedRequest>,
    ) -> Result<Response<Self::FollowInstitutionsStream>, Status> {
        answer(&self.bureau, institutions::feed::FEED.name, request).await
    }

    type FollowDesignationsStream = FollowStream<wire::DesignationEvent>;

    async fn follow_designations(
        &self,
        request: Request<FollowFeedRequest>,
    ) -> Result<Response<Self::FollowDesignationsStream>, Status> {
        answer(&self.bureau, filing::feed::FEED.name, request).await
    }
}
