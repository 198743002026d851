//! A trace goes on across a call: the W3C header `traceparent` carries where it stands.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::metadata::MetadataMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// Writes the running span into a call that is about to leave; nothing where nothing is traced.
pub fn carry(metadata: &mut MetadataMap) {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    if let Some(value) = carrier.remove(TRACEPARENT).and_then(|value| value.parse().ok()) {
        metadata.insert(TRACEPARENT, value);
    }
}

/// Makes a span the child of the one that the caller's headers name.
pub fn go_on(span: &Span, headers: &http::HeaderMap) {
    let Some(value) = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()) else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), value.to_owned())]);
    // Refused only where nothing is traced.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}
