//! The conversation of one import over a bidirectional stream: the start, numbered batches one after another, the
//! finish. A lost connection is taken up again with the same import id and a fresh assertion; a batch whose answer was
//! lost is sent again and answered as the first time.

use std::time::Duration;

use kit::{Kind, Problem, Result};
use prost::Message;
use prost_reflect::DynamicMessage;
use proto::contract::{ImportAcknowledgement, ImportStart};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use super::method::ImportMethod;
use crate::token::Issuer;

/// Attempts to get one answer before the import is given up (it can still be resumed by its id).
const ATTEMPTS: u32 = 6;
/// Long enough for any batch, short enough to be of no use to a thief.
const ASSERTION_LIFE: Duration = Duration::from_secs(300);

/// An import under way.
pub(super) struct Conversation {
    channel: Channel,
    method: ImportMethod,
    start: ImportStart,
    issuer: Issuer,
    connection: Option<Connection>,
}

struct Connection {
    steps: mpsc::Sender<DynamicMessage>,
    answers: Streaming<ImportAcknowledgement>,
}

impl Conversation {
    /// Opens the import. The answer says which batches the server already has, when it is taken up again.
    pub(super) async fn open(
        channel: Channel,
        method: ImportMethod,
        start: ImportStart,
        issuer: Issuer,
    ) -> Result<(Self, ImportAcknowledgement)> {
        let mut conversation = Conversation { channel, method, start, issuer, connection: None };
        let answer = conversation.until_answered(None).await?;
        Ok((conversation, answer))
    }

    /// Sends one batch and waits until it is durable.
    pub(super) async fn batch(
        &mut self,
        number: u64,
        rows: Vec<(u64, DynamicMessage)>,
    ) -> Result<ImportAcknowledgement> {
        let step = self.method.batch(number, rows);
        self.until_answered(Some(step)).await
    }

    /// Ends the import and waits for its summary.
    pub(super) async fn finish(mut self) -> Result<ImportAcknowledgement> {
        let step = self.method.finish();
        self.until_answered(Some(step)).await
    }

    /// The answer to `step`, or to the start when there is none.
    async fn until_answered(&mut self, step: Option<DynamicMessage>) -> Result<ImportAcknowledgement> {
        let mut attempt = 1;
        loop {
            match self.attempt(step.as_ref()).await {
                Ok(answer) => return Ok(answer),
                Err(status) if attempt < ATTEMPTS && is_connection_trouble(&status) => {
                    tracing::warn!(attempt, %status, "connection lost, resuming");
                    self.connection = None;
                    tokio::time::sleep(Duration::from_millis(200) * attempt * attempt).await;
                    attempt += 1;
                }
                Err(status) => return Err(problem_of(status)),
            }
        }
    }

    async fn attempt(&mut self, step: Option<&DynamicMessage>) -> Result<ImportAcknowledgement, Status> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let (connection, answer) = connect(&self.channel, &self.method, &self.start, &self.issuer).await?;
                let connection = none.insert(connection);
                if step.is_none() {
                    return Ok(answer);
                }
                connection
            }
        };
        if let Some(step) = step {
            // A send that fails means the stream has ended; what ended it stands in the answers.
            let _ = connection.steps.send(step.clone()).await;
        }
        connection.answer().await
    }
}

impl Connection {
    async fn answer(&mut self) -> Result<ImportAcknowledgement, Status> {
        self.answers.message().await?.ok_or_else(|| Status::unavailable("the stream ended without an answer"))
    }
}

async fn connect(
    channel: &Channel,
    method: &ImportMethod,
    start: &ImportStart,
    issuer: &Issuer,
) -> Result<(Connection, ImportAcknowledgement), Status> {
    let (steps, receiver) = mpsc::channel(1);
    // Before the call: a server may read the start before it answers at all.
    let _ = steps.send(method.start(start)).await;
    let mut request = Request::new(ReceiverStream::new(receiver));
    let assertion = issuer.assertion(ASSERTION_LIFE);
    request.metadata_mut().insert(
        trust::ASSERTION_HEADER,
        assertion.parse().map_err(|_| Status::internal("the assertion is not a header value"))?,
    );
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let answers = client.streaming(request, method.path(), StepCodec).await?.into_inner();
    let mut connection = Connection { steps, answers };
    let answer = connection.answer().await?;
    Ok((connection, answer))
}

/// True when the transport failed rather than the service refused: a refusal carries a reason code.
fn is_connection_trouble(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded)
        || (matches!(status.code(), Code::Unknown | Code::Internal) && Problem::reason_of(status).is_empty())
}

/// A service's refusal as the person at the terminal reads it.
fn problem_of(status: Status) -> Problem {
    let kind = match status.code() {
        Code::InvalidArgument => Kind::Invalid,
        Code::NotFound => Kind::NotFound,
        Code::AlreadyExists => Kind::Exists,
        Code::FailedPrecondition => Kind::State,
        Code::Aborted => Kind::Stale,
        Code::Unauthenticated => Kind::Unauthenticated,
        Code::PermissionDenied => Kind::Forbidden,
        Code::ResourceExhausted => Kind::Exhausted,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Kind::Unavailable,
        _ => Kind::Internal,
    };
    match Problem::reason_of(&status) {
        reason if reason.is_empty() && kind == Kind::Unavailable => Problem::new(
            kind,
            "SERVICE_UNAVAILABLE",
            format!("服务连接不上，可稍后用同一导入编号续传：{}", status.message()),
        ),
        reason if reason.is_empty() => Problem::new(kind, "CALL_REFUSED", format!("服务未受理：{}", status.message())),
        // A reason code lives as long as the program; a refused import has exactly one.
        reason => Problem::new(kind, reason.leak(), status.message()),
    }
}

/// Steps go out as the contract describes them, answers come in typed: one codec for every register's import.
struct StepCodec;

impl Codec for StepCodec {
    type Encode = DynamicMessage;
    type Decode = ImportAcknowledgement;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        StepCodec
    }
    fn decoder(&mut self) -> Self {
        StepCodec
    }
}

impl Encoder for StepCodec {
    type Item = DynamicMessage;
    type Error = Status;
    fn encode(&mut self, step: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        step.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for StepCodec {
    type Item = ImportAcknowledgement;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<ImportAcknowledgement>, Status> {
        ImportAcknowledgement::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
