//! Every caller × every method: who is not listed is refused, who is listed gets past the door.

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use suite_tests::suite::{Engine, Running};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};
use ylyx::suite::BUREAUS;

/// Everyone who may hold a certificate, and one who is no bureau of any contract.
fn callers() -> Vec<&'static str> {
    BUREAUS.into_iter().map(|bureau| bureau.name).chain(["gateway", "operator", "stranger"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn unlisted_pairs_are_refused_and_listed_ones_are_not() {
    let running = Running::start(Engine::Sqlite, None).await;
    let city = city::bundle::City::embedded();
    trust::dev::prepare(running.data(), &city, &callers()).expect("certificates");
    let rules = contract::rules::AccessRules::load().expect("every method has a rule");
    let (mut refused, mut passed) = (0, 0);
    for caller in callers() {
        for method in rules.methods() {
            for bureau in served_by(&method.path) {
                let bureau = bureau.as_str();
                let listed = method.rule.callers.iter().any(|listed| listed == caller);
                let status = call(&running, caller, bureau, &method.path).await;
                let reason = status.as_ref().map(kit::Problem::reason_of).unwrap_or_default();
                if listed {
                    assert_ne!(reason, "CALLER_NOT_LISTED", "{caller} → {bureau}{}", method.path);
                    let roles = !method.rule.roles.is_empty();
                    assert_eq!(reason == "ASSERTION_MISSING", roles, "{caller} → {}: {status:?}", method.path);
                    passed += 1;
                } else {
                    let code = status.as_ref().map(Status::code);
                    assert_eq!(code, Some(tonic::Code::PermissionDenied), "{caller} → {bureau}{}", method.path);
                    assert_eq!(reason, "CALLER_NOT_LISTED", "{caller} → {bureau}{}", method.path);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 150 && passed > 50, "{refused} refused, {passed} passed");
}

/// The services that serve a method: a bureau's own package itself, reports and the state of its copies every bureau,
/// grants everybody.
fn served_by(path: &str) -> Vec<String> {
    let bureaus = || BUREAUS.into_iter().map(|bureau| bureau.name.to_owned());
    match path.split('.').nth(1).expect("a package") {
        "reporting" | "contract" => bureaus().collect(),
        "trust" => bureaus().chain(["gateway".to_owned()]).collect(),
        own => vec![own.replace('_', "-")],
    }
}

/// Calls with an empty message and waits for the answer's head: the door decides before the method runs.
async fn call(running: &Running, caller: &str, bureau: &str, path: &str) -> Option<Status> {
    let mut client = tonic::client::Grpc::new(running.channel_as(caller, bureau));
    client.ready().await.expect("a connection");
    let path: PathAndQuery = path.parse().expect("a path");
    let once = tokio_stream::once(Bytes::new());
    match client.streaming(Request::new(once), path, Raw).await {
        Err(status) => Some(status),
        Ok(response) => {
            let mut answers = response.into_inner();
            answers.message().await.err()
        }
    }
}

/// Bytes in, bytes out.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;
    fn encoder(&mut self) -> Raw {
        Raw
    }
    fn decoder(&mut self) -> Raw {
        Raw
    }
}
impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}
impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}
