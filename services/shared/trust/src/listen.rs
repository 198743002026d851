//! Accepting connections: bounded handshakes with a deadline, and a back-off when the machine is out of sockets.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use kit::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use crate::identity::Identity;
use crate::tls::Tls;

const HANDSHAKE: Duration = Duration::from_secs(5);
const HANDSHAKES_AT_ONCE: usize = 64;

/// A connection whose certificate was accepted, with who it says it is.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    identity: Option<Identity>,
}

/// What requests of a connection know about it.
#[derive(Clone, Debug)]
pub(crate) struct Peer(pub Option<Identity>);

impl Connected for Connection {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        Peer(self.identity.clone())
    }
}

/// Accepts until shutdown. A handshake that fails or dawdles costs its slot and nothing else.
pub(crate) fn connections(
    listener: TcpListener,
    tls: Tls,
    shutdown: Shutdown,
) -> ReceiverStream<io::Result<Connection>> {
    let (ready, incoming) = mpsc::channel(HANDSHAKES_AT_ONCE);
    let slots = Arc::new(Semaphore::new(HANDSHAKES_AT_ONCE));
    tokio::spawn(async move {
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                () = shutdown.asked() => return,
                accepted = listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // EMFILE and its kin stay for a while: waiting is better than spinning.
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let (acceptor, ready) = (TlsAcceptor::from(tls.server()), ready.clone());
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                let done = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                drop(slot);
                match done {
                    Ok(Ok(stream)) => {
                        let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                        let identity = leaf.and_then(|leaf| Identity::of_certificate(leaf));
                        let _ = ready.send(Ok(Connection { stream, identity })).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "handshake refused"),
                    Err(_) => tracing::debug!("handshake too slow"),
                }
            });
        }
    });
    ReceiverStream::new(incoming)
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
