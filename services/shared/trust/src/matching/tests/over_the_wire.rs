//! One bureau asks another over a connection.

use proto::trust::matching_service_server::MatchingServiceServer;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};

use super::*;
use crate::identity::IdentityKind;
use crate::matching::ask;
use crate::persons::tests::caller;

#[tokio::test]
async fn people_are_asked_about_in_batches_or_not_at_all() {
    let it = fixture(15_000).await;
    it.hold((0..11_000).filter(|n| n % 2 == 0)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut bureau = caller("", "530400");
    bureau.identity.kind = IdentityKind::Bureau("childcare".into());
    let door = MatchingServiceServer::with_interceptor(it.matching.clone(), move |mut request: tonic::Request<()>| {
        request.extensions_mut().insert(bureau.clone());
        Ok(request)
    });
    tokio::spawn(Server::builder().add_service(door).serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = Endpoint::from_shared(endpoint).unwrap().connect_lazy();

    let agreement = it.agreements.agreement[0].clone();
    let asked = async |documents: &[Document]| {
        ask::ask(channel.clone(), &agreement, "REGISTERED", jiff::civil::date(2026, 10, 31), documents).await
    };
    // Somebody is asked about twice, and answered twice.
    let people: Vec<u32> = (0..11_000).chain([0, 0, 1]).collect();
    let documents: Vec<Document> = people.iter().map(|n| document(*n)).collect();
    let answered = asked(&documents).await.unwrap();
    assert_eq!(answered.levels, people.iter().map(|n| u8::from(n % 2 == 0)).collect::<Vec<u8>>());
    assert_eq!(answered.titles, ["未登记", "在岗", "已离岗"]);
    let sizes = async || it.recorded().await.into_iter().map(|(tokens, ..)| tokens).collect::<Vec<i64>>();
    assert_eq!(sizes().await, [10_000, 1_000]);
    // Not enough is left for all, so none is wasted on some.
    assert_eq!(Problem::reason_of(&asked(&documents).await.unwrap_err()), "MATCH_CAP_REACHED");
    assert_eq!(sizes().await, [10_000, 1_000]);
    assert_eq!(asked(&documents[..4_000]).await.unwrap().levels.len(), 4_000);
    let gone = Agreement { id: "gone".into(), ..agreement.clone() };
    let refused = ask::ask(channel.clone(), &gone, "REGISTERED", jiff::civil::date(2026, 10, 31), &[]).await;
    assert_eq!(Problem::reason_of(&refused.unwrap_err()), "AGREEMENT_UNKNOWN");
}
