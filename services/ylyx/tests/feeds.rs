//! Registers are copied between services of a running suite, over mutual TLS and by the access rules of the feeds.

use std::path::Path;
use std::time::Duration;

use kit::{Clock, Db};
use proto::childcare::institution_feed_service_client::InstitutionFeedServiceClient;
use proto::contract::feed_status_service_client::FeedStatusServiceClient;
use proto::contract::{FeedState, FeedStatus, FollowFeedRequest, ListFeedsRequest};
use proto::finance::ListInclusivePlacesRequest;
use proto::finance::inclusive_place_service_client::InclusivePlaceServiceClient;
use proto::supervision::ListSupervisedInstitutionsRequest;
use proto::supervision::supervised_institution_service_client::SupervisedInstitutionServiceClient;
use registry::feed::measure;
use tonic::Request;
use tonic::transport::Channel;
use trust::{Tls, TlsFiles};
use ylyx::suite::{Suite, SuiteOptions};
use ylyx::token::Issuer;

const FEED: &str = "childcare.institution";

/// A suite whose childcare service has a feed of this many institutions.
async fn suite(data: &Path, count: u64) -> Suite {
    std::fs::create_dir_all(data.join("childcare")).unwrap();
    let db = Db::open(data.join("childcare/childcare.db").to_str().unwrap()).await.unwrap();
    db.migrate(&registry::migrations()).await.unwrap();
    measure::fill(&db, &Clock::system(), FEED, count).await.unwrap();
    db.close().await;
    Suite::start(SuiteOptions::on_free_ports(data)).await.unwrap()
}

fn channel(suite: &Suite, caller: &str, bureau: &str) -> Channel {
    let own = suite.data.join("trust").join(caller);
    let files = TlsFiles { ca: suite.data.join("trust/ca.pem"), cert: own.join("cert.pem"), key: own.join("key.pem") };
    trust::channel(&suite.endpoints[bureau], bureau, &Tls::load(&files).unwrap()).unwrap()
}

fn by<T>(suite: &Suite, user: &str, message: T) -> Request<T> {
    let issuer = Issuer::open(&suite.data, None, user, Clock::system()).unwrap();
    let mut request = Request::new(message);
    let assertion = issuer.assertion(Duration::from_secs(600)).parse().unwrap();
    request.metadata_mut().insert(trust::ASSERTION_HEADER, assertion);
    request
}

/// Waits until the copy of a feed is complete.
async fn complete(suite: &Suite, bureau: &str, feed: &str, records: u64) -> FeedStatus {
    let mut client = FeedStatusServiceClient::new(channel(suite, "operator", bureau));
    for _ in 0..1_200 {
        let asked = by(suite, "auditor", ListFeedsRequest {});
        let feeds = client.list_feeds(asked).await.unwrap().into_inner().feeds;
        let found = feeds.into_iter().find(|one| one.feed == feed).unwrap();
        if found.state() == FeedState::Current && found.records == records {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{bureau} never completes its copy of {feed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn supervision_and_finance_copy_what_the_care_services_register() {
    const COUNT: u64 = 1_200;
    let folder = tempfile::tempdir().unwrap();
    let suite = suite(folder.path(), COUNT).await;
    let copied = complete(&suite, "supervision", FEED, COUNT).await;
    assert_eq!((copied.source.as_str(), copied.behind, copied.sequence), ("childcare", 0, COUNT));
    complete(&suite, "supervision", "elderly.institution", 0).await;
    complete(&suite, "finance", "childcare.designation", 0).await;

    let mut client = SupervisedInstitutionServiceClient::new(channel(&suite, "operator", "supervision"));
    let named = ListSupervisedInstitutionsRequest { name_contains: "第1199".into(), ..Default::default() };
    let found = client.list_supervised_institutions(by(&suite, "taskforce", named)).await.unwrap().into_inner();
    assert_eq!((found.institutions.len(), found.next_cursor.as_str()), (1, ""));
    assert_eq!(
        (found.institutions[0].name.as_str(), found.institutions[0].freshness.as_str()),
        ("第1199托育园", "同步")
    );
    // A county sees its own.
    for (county, count) in [("530402", 50), ("530481", 0)] {
        let asked = by(&suite, &format!("reporter-{county}"), ListSupervisedInstitutionsRequest::default());
        let found = client.list_supervised_institutions(asked).await.unwrap().into_inner();
        assert_eq!(found.institutions.len(), count, "{county}");
    }
    let mut client = InclusivePlaceServiceClient::new(channel(&suite, "operator", "finance"));
    let asked = by(&suite, "taskforce", ListInclusivePlacesRequest::default());
    let found = client.list_inclusive_places(asked).await.unwrap().into_inner();
    assert!(found.places.is_empty());
    assert_eq!((found.sources[0].bureau.as_str(), found.sources[0].words.as_str()), ("childcare", "同步"));
    // A bureau that the rule does not name follows nothing.
    let mut client = InstitutionFeedServiceClient::new(channel(&suite, "finance", "childcare"));
    let refused = client.follow_institutions(FollowFeedRequest::default()).await.unwrap_err();
    assert_eq!(kit::Problem::reason_of(&refused), "CALLER_NOT_LISTED");
    suite.stop().await.unwrap();
}
