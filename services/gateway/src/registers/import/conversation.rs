//! The conversation of one import over a bidirectional stream: the start, numbered batches one after another, the
//! finish. A lost connection is taken up again with the same import id and a fresh assertion; a batch whose answer was
//! lost is sent again and answered as the first time.

use std::sync::Arc;
use std::time::Duration;

use contract::register::{ImportMethod, Register};
use kit::{Problem, Result};
use prost_reflect::DynamicMessage;
use proto::contract::{ImportAcknowledgement, ImportStart};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use crate::bureaus::said;
use crate::registers::call::{Dynamic, path};

/// Puts a fresh assertion of the person into a request's metadata.
pub type Sign = Arc<dyn Fn(&mut MetadataMap) -> Result<(), Status> + Send + Sync>;

/// Attempts to get one answer before the import is given up (it can still be resumed by its id).
const ATTEMPTS: u32 = 6;

/// An import under way.
pub(super) struct Conversation {
    channel: Channel,
    bureau: String,
    method: ImportMethod,
    start: ImportStart,
    sign: Sign,
    connection: Option<Connection>,
}

struct Connection {
    steps: mpsc::Sender<DynamicMessage>,
    answers: Streaming<DynamicMessage>,
}

impl Conversation {
    /// Opens the import. The answer says which batches the server already has, when it is taken up again.
    pub(super) async fn open(
        channel: Channel,
        register: &Register,
        start: ImportStart,
        sign: Sign,
    ) -> Result<(Self, ImportAcknowledgement)> {
        let (bureau, title) = (register.bureau.clone(), &register.title);
        let method = register
            .import
            .clone()
            .ok_or_else(|| Problem::field("register", "REGISTER_NOT_IMPORTABLE", format!("“{title}”不支持导入")))?;
        let mut conversation = Conversation { channel, bureau, method, start, sign, connection: None };
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
                Err(status) => return Err(said(&self.bureau, &status)),
            }
        }
    }

    async fn attempt(&mut self, step: Option<&DynamicMessage>) -> Result<ImportAcknowledgement, Status> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let (connection, answer) = connect(&self.channel, &self.method, &self.start, &self.sign).await?;
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
        let answer = self.answers.message().await?;
        let answer = answer.ok_or_else(|| Status::unavailable("the stream ended without an answer"))?;
        answer.transcode_to().map_err(|error| Status::internal(error.to_string()))
    }
}

async fn connect(
    channel: &Channel,
    method: &ImportMethod,
    start: &ImportStart,
    sign: &Sign,
) -> Result<(Connection, ImportAcknowledgement), Status> {
    let (steps, receiver) = mpsc::channel(1);
    // Before the call: a server may read the start before it answers at all.
    let _ = steps.send(method.start(start)).await;
    let mut request = Request::new(ReceiverStream::new(receiver));
    sign(request.metadata_mut())?;
    let codec = Dynamic { answer: method.method.output.clone() };
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let answers = client.streaming(request, path(&method.method)?, codec).await?.into_inner();
    let mut connection = Connection { steps, answers };
    let answer = connection.answer().await?;
    Ok((connection, answer))
}

/// True when the transport failed rather than the service refused: a refusal carries a reason code.
fn is_connection_trouble(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded)
        || (matches!(status.code(), Code::Unknown | Code::Internal) && Problem::reason_of(status).is_empty())
}
