//! Calls any unary method of a contract with messages made from its descriptors, in a person's name.

use std::time::Duration;

use contract::rules::Method;
use kit::{Problem, Result};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;

use crate::bureaus::{Bureaus, said};
use crate::session::SignedIn;

/// A page does not wait longer for a bureau.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks a bureau; what it says instead of an answer is a problem in its own words, or BUREAU_UNREACHABLE.
pub(crate) async fn ask(
    bureaus: &Bureaus,
    person: &SignedIn,
    bureau: &str,
    method: &Method,
    message: DynamicMessage,
) -> Result<DynamicMessage> {
    let channel = bureaus.require(bureau)?;
    let request = bureaus.request(person, message);
    let path = path(method).map_err(Problem::internal)?;
    let codec = Dynamic { answer: method.output.clone() };
    let called = async move {
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        client.unary(request, path, codec).await
    };
    let answered = tokio::time::timeout(PATIENCE, called).await;
    match answered.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time"))) {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => Err(said(bureau, &status)),
    }
}

pub(super) fn path(method: &Method) -> Result<PathAndQuery, Status> {
    method.path.parse().map_err(|_| Status::internal("the path of a method is no path"))
}

/// Messages as the contract describes them, both ways.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    pub(super) answer: MessageDescriptor,
}

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        self.clone()
    }
    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;
    fn encode(&mut self, message: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.answer.clone(), buffer);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
