//! The same over the wire: mutual TLS, HTTP/2, a generated client that follows a stream.

use std::time::{Duration, Instant};

use city::bundle::City;
use kit::metrics::Metrics;
use kit::{Clock, Db, Shutdown};
use proto::reporting::follow_response::Item;
use proto::reporting::publication_service_client::PublicationServiceClient;
use proto::reporting::publication_service_server::{PublicationService, PublicationServiceServer};
use proto::reporting::{self as wire, FollowRequest, FollowResponse, Head};
use tokio::net::TcpListener;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use super::service::AccessRights;
use super::state::Act;
use super::tests::{compiled, person};
use super::*;
use crate::caller::Caller;
use crate::dsse::KeyRing;
use crate::gate::Gate;
use crate::tls::{Tls, TlsFiles};

const CONTRACT: &str = r#"syntax = "proto3";
package ylyx.reporting.v1;
import "ylyx/contract/v1/options.proto";
message FollowRequest {}
message Nothing {}
service PublicationService {
  rpc Follow(FollowRequest) returns (stream Nothing) {
    option (ylyx.contract.v1.access) = { callers: ["finance"] sharing: SHARING_CONDITIONAL purposes: ["STATISTICS"] };
  }
}"#;

/// Sends a head every few milliseconds for as long as somebody listens.
struct Heads;

#[tonic::async_trait]
impl PublicationService for Heads {
    type FollowStream = ReceiverStream<Result<FollowResponse, Status>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Result<Response<Self::FollowStream>, Status> {
        let purpose = Caller::of(&request)?.right().map(|right| right.purpose.clone());
        assert_eq!(purpose.as_deref(), Some("STATISTICS"));
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for sequence in 1.. {
                let head = Head { stream_id: "s".into(), sequence };
                if sender.send(Ok(FollowResponse { item: Some(Item::Head(head)) })).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn publish_reports(
        &self,
        _: Request<wire::PublishReportsRequest>,
    ) -> Result<Response<wire::Envelope>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn withdraw_reports(
        &self,
        _: Request<wire::WithdrawReportsRequest>,
    ) -> Result<Response<wire::Envelope>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_publications(
        &self,
        _: Request<wire::ListPublicationsRequest>,
    ) -> Result<Response<wire::ListPublicationsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tokio::test]
async fn a_follower_is_told_why_its_stream_ends() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::embedded());
    let data = folder.path();
    crate::dev::prepare(data, &city, &["childcare", "finance", "gateway"]).unwrap();
    let tls = |party: &str| {
        let own = data.join("trust").join(party);
        let files = TlsFiles { ca: data.join("trust/ca.pem"), cert: own.join("cert.pem"), key: own.join("key.pem") };
        Tls::load(&files).unwrap()
    };
    std::fs::write(
        data.join(SEED_FILE),
        "[[right]]\nprovider = \"childcare\"\nmethod = \"/ylyx.reporting.v1.PublicationService/Follow\"\n\
         consumer = \"finance\"\npurpose = \"STATISTICS\"\n",
    )
    .unwrap();
    let db = Db::open(data.join("childcare.db").to_str().unwrap()).await.unwrap();
    let keys = KeyRing::load(&data.join("keys")).unwrap();
    let gate = Gate::judging_by(compiled(CONTRACT), "childcare", city.clone(), db, keys, Clock::system());
    gate.seed(&data.join("users.toml")).await.unwrap();
    let service = AccessRights { rights: gate.rights().clone(), city };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let shutdown = Shutdown::new();
    let routes = tonic::service::Routes::new(PublicationServiceServer::new(Heads));
    let serving = crate::serve(listener, tls("childcare"), gate, routes, Metrics::default(), shutdown.clone());
    let serving = tokio::spawn(serving);

    let mut client = PublicationServiceClient::new(crate::channel(&address, "childcare", &tls("finance")).unwrap());
    let asked = || {
        let mut request = Request::new(FollowRequest::default());
        state_purpose(&mut request, "STATISTICS");
        request
    };
    let bare = client.follow(FollowRequest::default()).await.unwrap_err();
    assert_eq!(Problem::reason_of(&bare), "PURPOSE_MISSING");
    let mut stream = client.follow(asked()).await.unwrap().into_inner();
    for _ in 0..3 {
        assert!(stream.message().await.unwrap().is_some());
    }
    let all = service.list(proto::trust::ListAccessRightsRequest::default()).await.unwrap().rights;
    let end = proto::trust::JudgeAccessRightRequest { id: all[0].id.clone(), reason: "核查".into() };
    let begin = Instant::now();
    service.judge(&person("c"), end, Act::End).await.unwrap();
    let ending = loop {
        if let Err(status) = stream.message().await {
            break status;
        }
    };
    assert_eq!((ending.code(), Problem::reason_of(&ending).as_str()), (Code::PermissionDenied, "ACCESS_RIGHT_ENDED"));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    println!("the stream ended {:?} after the act began", begin.elapsed());
    let again = client.follow(asked()).await.unwrap_err();
    assert_eq!(Problem::reason_of(&again), "ACCESS_RIGHT_ENDED");
    drop(client);
    shutdown.stop();
    serving.await.unwrap().unwrap();
}
