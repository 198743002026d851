//! What the gate does with a bureau's call, with and without a right, before and in the middle of an answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use tokio::sync::mpsc;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::state::Act;
use super::tests::{Door, FOLLOW, OPEN, door};
use super::*;
use crate::caller::Caller;
use crate::identity::{Identity, IdentityKind};
use crate::listen::Peer;

/// An answer that goes on as long as somebody sends.
struct Stream(mpsc::Receiver<Bytes>);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

struct Call {
    answer: Response<Body>,
    sender: mpsc::Sender<Bytes>,
    /// What the method saw of the right: its purpose and fields.
    seen: Option<(String, BTreeSet<String>)>,
}

impl Call {
    fn reason(&self) -> String {
        Status::from_header_map(self.answer.headers()).map(|status| Problem::reason_of(&status)).unwrap_or_default()
    }

    async fn frame(&mut self) -> Option<Frame<Bytes>> {
        let body = self.answer.body_mut();
        std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.map(|frame| frame.unwrap())
    }

    /// The reason in the trailers that end the answer.
    async fn ending(&mut self) -> String {
        let frame = tokio::time::timeout(Duration::from_secs(5), self.frame()).await.expect("it ends").unwrap();
        let status = Status::from_header_map(frame.trailers_ref().expect("trailers")).unwrap();
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
        assert!(self.frame().await.is_none(), "nothing comes after the trailers");
        Problem::reason_of(&status)
    }
}

async fn call(door: &Door, caller: &str, path: &str, purpose: Option<&str>) -> Call {
    let (sender, receiver) = mpsc::channel(4);
    let (saw, mut seen) = mpsc::channel(1);
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(Some(receiver)));
    let inner = tower::service_fn(move |request: Request<Body>| {
        let (saw, receiver) = (saw.clone(), receiver.clone());
        async move {
            let caller = request.extensions().get::<Caller>().unwrap();
            let right = caller.right().map(|right| (right.purpose.clone(), right.fields.clone()));
            saw.send(right).await.unwrap();
            let stream = Stream(receiver.lock().unwrap().take().unwrap());
            Ok::<_, Infallible>(Response::new(Body::new(stream)))
        }
    });
    let kind = match caller {
        "operator" => IdentityKind::Operator("local".into()),
        bureau => IdentityKind::Bureau(bureau.into()),
    };
    let city = city::bundle::City::embedded().code.clone();
    let mut request = tonic::Request::new(());
    if let Some(purpose) = purpose {
        state_purpose(&mut request, purpose);
    }
    let mut http = Request::builder().uri(path).body(Body::empty()).unwrap();
    *http.headers_mut() = request.metadata().clone().into_headers();
    http.extensions_mut().insert(Peer(Some(Identity { city, kind })));
    let answer = door.gate.layer(inner).call(http).await.unwrap();
    Call { answer, sender, seen: seen.try_recv().ok().flatten() }
}

#[tokio::test]
async fn a_bureau_calls_by_a_right_for_a_purpose() {
    let door = door().await;
    let reason = async |caller, path, purpose| call(&door, caller, path, purpose).await.reason();
    assert_eq!(reason("education", FOLLOW, Some("津贴核发")).await, "CALLER_NOT_LISTED");
    assert_eq!(reason("finance", FOLLOW, None).await, "PURPOSE_MISSING");
    assert_eq!(reason("finance", FOLLOW, Some("")).await, "PURPOSE_MISSING");
    assert_eq!(reason("finance", FOLLOW, Some("好奇")).await, "PURPOSE_UNKNOWN");
    assert_eq!(reason("finance", FOLLOW, Some("津贴核发")).await, "ACCESS_RIGHT_MISSING");
    // Who needs none: the gateway, a person, the bureau itself, and whoever calls what is shared without conditions.
    for caller in ["gateway", "operator", "door"] {
        let call = call(&door, caller, FOLLOW, None).await;
        assert!(call.reason().is_empty() && call.seen.is_none(), "{caller}");
    }
    assert_eq!(reason("finance", OPEN, None).await, "");

    let right = door.granted("津贴核发", &["level"]).await;
    let let_through = call(&door, "finance", FOLLOW, Some("津贴核发")).await;
    assert_eq!(let_through.seen, Some(("津贴核发".to_owned(), ["level".to_owned()].into())));
    assert_eq!(reason("finance", FOLLOW, Some("STATISTICS")).await, "ACCESS_RIGHT_MISSING");
    assert_eq!(reason("childcare", FOLLOW, Some("津贴核发")).await, "ACCESS_RIGHT_MISSING");

    door.judge(&right.id, Act::Suspend).await;
    assert_eq!(reason("finance", FOLLOW, Some("津贴核发")).await, "ACCESS_RIGHT_SUSPENDED");
    door.judge(&right.id, Act::Resume).await;
    assert_eq!(reason("finance", FOLLOW, Some("津贴核发")).await, "");
    door.judge(&right.id, Act::End).await;
    assert_eq!(reason("finance", FOLLOW, Some("津贴核发")).await, "ACCESS_RIGHT_ENDED");
    door.granted("津贴核发", &[]).await;
    assert_eq!(reason("finance", FOLLOW, Some("津贴核发")).await, "");
}

#[tokio::test]
async fn a_right_that_ends_in_mid_stream_ends_the_stream() {
    for (act, told) in [(Act::End, "ACCESS_RIGHT_ENDED"), (Act::Suspend, "ACCESS_RIGHT_SUSPENDED")] {
        let door = door().await;
        let right = door.granted("津贴核发", &[]).await;
        let mut running = call(&door, "finance", FOLLOW, Some("津贴核发")).await;
        let mut other = call(&door, "gateway", FOLLOW, None).await;
        running.sender.send(Bytes::from_static(b"one")).await.unwrap();
        assert_eq!(running.frame().await.unwrap().into_data().unwrap(), "one");

        let begin = Instant::now();
        let (ending, ()) = tokio::join!(running.ending(), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            door.judge(&right.id, act).await;
        });
        assert_eq!(ending, told);
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        assert!(running.sender.is_closed(), "whoever fills the stream is told");
        other.sender.send(Bytes::from_static(b"still")).await.unwrap();
        assert_eq!(other.frame().await.unwrap().into_data().unwrap(), "still");
    }
}

#[tokio::test]
async fn a_right_runs_out_with_its_last_day_and_another_replica_hears_of_it() {
    let door = door().await;
    let until =
        proto::trust::ApplyAccessRightRequest { valid_until: "2026-11-05".into(), ..door.wanted("津贴核发") };
    let right = door.granted_as(until).await;
    let mut running = call(&door, "finance", FOLLOW, Some("津贴核发")).await;
    assert_eq!(running.reason(), "");
    // 16:00 UTC is midnight here; nobody changes the table.
    door.clock.move_to("2026-11-05T16:00:00Z".parse().unwrap());
    assert_eq!(running.ending().await, "ACCESS_RIGHT_ENDED");
    assert_eq!(call(&door, "finance", FOLLOW, Some("津贴核发")).await.reason(), "ACCESS_RIGHT_ENDED");

    let right_again = door.granted("津贴核发", &[]).await;
    assert_ne!(right.id, right_again.id);
    let replica = door.replica();
    replica.refresh().await.unwrap();
    let shutdown = kit::Shutdown::new();
    let keeping = tokio::spawn(replica.clone().keep(shutdown.clone()));
    let over = replica.over(right_again.id.parse().unwrap());
    door.judge(&right_again.id, Act::End).await;
    let told = tokio::time::timeout(Duration::from_secs(5), over).await.expect("the other replica hears of it");
    assert_eq!(told.reason, "ACCESS_RIGHT_ENDED");
    shutdown.stop();
    keeping.await.unwrap();
}

#[tokio::test]
async fn an_older_reading_never_replaces_a_newer_one() {
    let door = door().await;
    let right = door.granted("津贴核发", &[]).await;
    let rights = door.service.rights.clone();
    let reading = rights.hold_reading().await;
    let slow = tokio::spawn({
        let rights = rights.clone();
        async move { rights.refresh().await }
    });
    // It has not read yet: whoever reads after the act sees the act.
    let ending = door.judge(&right.id, Act::End);
    let release = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!slow.is_finished(), "one reads at a time");
        drop(reading);
    };
    tokio::join!(ending, release);
    slow.await.unwrap().unwrap();
    assert_eq!(rights.over(right.id.parse().unwrap()).await.reason, "ACCESS_RIGHT_ENDED");
}
