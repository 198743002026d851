//! An answer that stops when the right it was given by is over, also in mid-stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use kit::Problem;
use tonic::Status;
use tonic::body::Body;

/// The body, ended with the problem's status as trailers once `over` resolves. What was taken out of it before is whole
/// messages; what is not yet taken is dropped.
pub(crate) fn ended_with(body: Body, over: impl Future<Output = Problem> + Send + 'static) -> Body {
    Body::new(Supervised { inner: Some(body), over: Box::pin(over) })
}

struct Supervised {
    /// None when it has been ended.
    inner: Option<Body>,
    over: BoxFuture<'static, Problem>,
}

impl http_body::Body for Supervised {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if let Poll::Ready(problem) = this.over.as_mut().poll(cx) {
            // Whoever fills the stream sees it dropped and stops.
            this.inner = None;
            tracing::info!(reason = problem.reason, "stream ended");
            let mut trailers = HeaderMap::new();
            Status::from(problem).add_header(&mut trailers)?;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let frame = Pin::new(inner).poll_frame(cx);
        if let Poll::Ready(None) = frame {
            this.inner = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
