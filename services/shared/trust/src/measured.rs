//! Every RPC counted and traced: which method, how it ended, how long until its answer began. Outside the gate, so that
//! what is refused is counted too. The span goes on from the caller's.

use std::task::{Context, Poll};
use std::time::Instant;

use futures::future::BoxFuture;
use http::{Request, Response};
use kit::metrics::Metrics;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::{Instrument, field};

/// Puts [`Measured`] around a service.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) bureau: String,
    pub(crate) metrics: Metrics,
}

impl<S> Layer<S> for Measure {
    type Service = Measured<S>;
    fn layer(&self, inner: S) -> Measured<S> {
        Measured { measure: self.clone(), inner }
    }
}

/// A service whose answers are counted.
#[derive(Clone, Debug)]
pub(crate) struct Measured<S> {
    measure: Measure,
    inner: S,
}

impl<S> Service<Request<Body>> for Measured<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (metrics, begin) = (self.measure.metrics.clone(), Instant::now());
        let method = known(request.uri().path()).to_owned();
        let bureau = &self.measure.bureau;
        let code = field::Empty;
        let span =
            tracing::info_span!("rpc", otel.name = method, otel.kind = "server", bureau, rpc.grpc.status_code = code);
        kit::trace::go_on(&span, request.headers());
        let answer = span.in_scope(|| self.inner.call(request));
        Box::pin(async move {
            let answer = answer.instrument(span.clone()).await;
            let code = match &answer {
                // An answer without the header ends well, or with a trailer that comes after its body.
                Ok(answer) => answer.headers().get("grpc-status").and_then(|code| code.to_str().ok()).unwrap_or("0"),
                Err(_) => "2",
            };
            span.record("rpc.grpc.status_code", code);
            // 12: nobody here serves it, so the name is the caller's own.
            metrics.served("rpc", if code == "12" { "other" } else { &method }, code, begin.elapsed());
            answer
        })
    }
}

/// The method, where it is one of ours: whatever else a caller writes must not become a label.
fn known(path: &str) -> &str {
    let method = path.trim_start_matches('/');
    let ours = method.starts_with("ylyx.") || method.starts_with("grpc.");
    let is_name = method.len() < 100 && method.chars().all(|one| one.is_ascii_alphanumeric() || "._/".contains(one));
    if ours && is_name { method } else { "other" }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn refusals_count_and_strangers_make_no_labels() {
        let metrics = Metrics::default();
        let inner = tower::service_fn(|request: Request<Body>| async move {
            let answer = Response::builder();
            let answer =
                if request.uri().path().ends_with("Refused") { answer.header("grpc-status", "7") } else { answer };
            Ok::<_, Infallible>(answer.body(Body::empty()).unwrap())
        });
        let mut service = Measure { bureau: "a".into(), metrics: metrics.clone() }.layer(inner);
        for path in ["/ylyx.a.v1.S/Asked", "/ylyx.a.v1.S/Refused", "/ylyx.a.v1.S/Refused", "/etc/passwd?x={}"] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            service.call(request).await.unwrap();
        }
        let text = metrics.text();
        assert!(text.contains("ylyx_rpc_total{method=\"ylyx.a.v1.S/Asked\",code=\"0\"} 1"), "{text}");
        assert!(text.contains("ylyx_rpc_total{method=\"ylyx.a.v1.S/Refused\",code=\"7\"} 2"), "{text}");
        assert!(text.contains("ylyx_rpc_total{method=\"other\",code=\"0\"} 1") && !text.contains("passwd"), "{text}");
    }
}
