//! Lines between parties, opened. A tap stands where a caller looks for a provider: it shows the caller the provider's
//! certificate, calls the provider with the caller's, and keeps what passes as it was before it was encrypted. It can,
//! because a test holds everybody's keys.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use kit::Shutdown;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::service::Routes;
use tonic::transport::{Channel, Error, Server};
use tower::ServiceExt;

use crate::suite::{channel, tls};

/// One side of one call: the metadata, every message and the trailers, one after the other.
#[derive(Clone, Debug)]
pub struct Passed {
    pub caller: String,
    pub provider: String,
    /// `/ylyx.childcare.v1.StaffService/HireStaff`
    pub method: String,
    /// True: what the caller sent. False: what it was answered.
    pub asked: bool,
    pub bytes: Vec<u8>,
}

/// Everything that passed. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Taps(Arc<Mutex<Vec<Passed>>>);

impl Taps {
    /// Puts a tap before a provider, for one caller; the address that the caller is to be given instead.
    pub async fn between(&self, data: &Path, caller: &str, provider: &str, endpoint: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let incoming =
            trust::listen::connections(listener, tls(data, provider), Duration::from_secs(3600), Shutdown::new());
        let onward = channel(data, caller, provider, endpoint);
        let line = (self.clone(), caller.to_owned(), provider.to_owned());
        let relay = tower::layer::layer_fn(move |_: Routes| {
            let (line, onward) = (line.clone(), onward.clone());
            tower::service_fn(move |request| {
                let (taps, caller, provider) = line.clone();
                taps.carry(caller, provider, request, onward.clone())
            })
        });
        tokio::spawn(Server::builder().layer(relay).add_routes(Routes::default()).serve_with_incoming(incoming));
        format!("https://{address}")
    }

    async fn carry(
        self,
        caller: String,
        provider: String,
        request: Request<Body>,
        onward: Channel,
    ) -> Result<Response<Body>, Error> {
        let method = request.uri().path().to_owned();
        let begin = |asked| Passed {
            caller: caller.clone(),
            provider: provider.clone(),
            method: method.clone(),
            asked,
            bytes: Vec::new(),
        };
        let (asked, answered) = (begin(true), begin(false));
        let (head, body) = request.into_parts();
        let body = self.keep(asked, &head.headers, body);
        let (head, body) = onward.oneshot(Request::from_parts(head, body)).await?.into_parts();
        let body = self.keep(answered, &head.headers, body);
        Ok(Response::from_parts(head, body))
    }

    /// A body whose frames are kept as they pass, behind its headers.
    fn keep(&self, mut passed: Passed, headers: &HeaderMap, body: Body) -> Body {
        passed.bytes.extend(plain(headers));
        let at = {
            let mut all = self.lock();
            all.push(passed);
            all.len() - 1
        };
        let taps = self.clone();
        Body::new(body.map_frame(move |frame| {
            let bytes = &mut taps.lock()[at].bytes;
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(data);
            }
            if let Some(trailers) = frame.trailers_ref() {
                bytes.extend(plain(trailers));
            }
            frame
        }))
    }

    /// What has passed so far.
    pub fn passed(&self) -> Vec<Passed> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Passed>> {
        self.0.lock().expect("whole")
    }
}

/// Metadata as text, with what travels in base64 as it was.
fn plain(headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = Vec::new();
    let metadata = MetadataMap::from_headers(headers.clone());
    for entry in metadata.iter() {
        match entry {
            KeyAndValueRef::Ascii(key, value) => {
                bytes.extend_from_slice(key.as_str().as_bytes());
                bytes.extend_from_slice(value.as_encoded_bytes());
            }
            KeyAndValueRef::Binary(key, value) => {
                bytes.extend_from_slice(key.as_str().as_bytes());
                bytes.extend_from_slice(&value.to_bytes().unwrap_or_default());
            }
        }
    }
    bytes
}
