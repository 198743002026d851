//! One trace from a click through gateway, gRPC and the bureau's service to its SQL, as a collector receives it from the
//! running program.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use suite_tests::browser::Person;
use suite_tests::people::password;
use suite_tests::process::{free_port, program};
use suite_tests::suite::{eventually, http_get};
use tonic::{Request, Response, Status};

const CLERK: &str = "reporter-530402";

#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let all = request.into_inner().resource_spans.into_iter().flat_map(|one| one.scope_spans);
        self.0.lock().unwrap().extend(all.flat_map(|one| one.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub(crate) async fn listen(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let service = TraceServiceServer::new(self.clone());
        tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
        port
    }

    /// Everything that was received.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.0.lock().unwrap())
    }

    /// The way from a statement up to the page that asked: statement, method, page. A statement that somebody else's call
    /// made does not count.
    fn way(&self, page: &str, method: &str) -> Option<[Span; 3]> {
        let spans = self.0.lock().unwrap();
        let above = |span: &Span| {
            spans.iter().find(|one| one.trace_id == span.trace_id && one.span_id == span.parent_span_id).cloned()
        };
        spans.iter().filter(|span| span.name == "sql").find_map(|sql| {
            let rpc = above(sql).filter(|span| span.name.ends_with(method))?;
            let http = above(&rpc).filter(|span| span.name == page)?;
            Some([sql.clone(), rpc, http])
        })
    }
}

/// A program that ends with its test.
pub(crate) struct Up(pub(crate) Child);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn attribute(span: &Span, key: &str) -> String {
    let value = span.attributes.iter().find(|one| one.key == key).and_then(|one| one.value.clone());
    format!("{:?}", value.and_then(|value| value.value))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_is_one_trace_down_to_the_bureaus_sql() {
    let collector = Collector::default();
    let port = collector.listen().await;
    let data = tempfile::tempdir().unwrap();
    let console = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let _up = Up(Command::new(program("ylyx"))
        .args(["up", "--grpc-base", "0", "--http", &console.to_string(), "--data"])
        .arg(data.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env("YLYX_LOG", "error")
        .stdout(Stdio::null())
        .spawn()
        .unwrap());
    eventually("the console", async || tokio::net::TcpStream::connect(console).await.is_ok()).await;
    eventually("the first page", async || http_get(console, "/").await.0 == 200).await;

    let mut clerk = Person::at(console).await;
    let secret = password(data.path(), CLERK);
    clerk.sign_in(CLERK, &secret).await;
    clerk.open("/registers").await;
    clerk.click("托育机构").await;
    let page = "GET /registers/{name}";
    let method = "/ListInstitutions";
    eventually("the whole trace", async || collector.way(page, method).is_some()).await;

    let [sql, rpc, http] = collector.way(page, method).unwrap();
    assert!(http.parent_span_id.is_empty(), "{http:?}");
    assert!(rpc.name.starts_with("ylyx.childcare.v1.") && attribute(&rpc, "bureau").contains("childcare"), "{rpc:?}");
    assert!(attribute(&rpc, "rpc.grpc.status_code").contains('0'), "{rpc:?}");
    assert!(attribute(&http, "http.response.status_code").contains("200"), "{http:?}");
    assert!(attribute(&sql, "db.query.text").contains("$1"), "{sql:?}");
    let all = collector.text();
    assert!(!all.contains(CLERK) && !all.contains(&secret), "a trace names a person");
    clerk.close().await;
}
