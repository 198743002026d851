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
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use crate::identity::Identity;
use crate::tls::Tls;

const HANDSHAKE: Duration = Duration::from_secs(5);
const HANDSHAKES_AT_ONCE: usize = 64;

/// A connection whose certificate was accepted, with who it says it is.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    identity: Option<Identity>,
    /// When it is cut, whatever still runs on it.
    end: Pin<Box<Sleep>>,
}

/// What requests of a connection know about it.
#[derive(Clone, Debug)]
pub struct Peer(pub Option<Identity>);

impl Connected for Connection {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        Peer(self.identity.clone())
    }
}

/// Accepts until shutdown. A handshake that fails or dawdles costs its slot and nothing else. A connection older than
/// `age` is cut, so that no stream outlives the certificate's revocation: followers connect again and go on.
pub fn connections(
    listener: TcpListener,
    tls: Tls,
    age: Duration,
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
                        let _ = ready
                            .send(Ok(Connection { stream, identity, end: Box::pin(tokio::time::sleep(age)) }))
                            .await;
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
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the connection reached its age")));
        }
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

#[cfg(test)]
mod tests {
    use rustls::HandshakeKind;
    use rustls::client::Resumption;
    use rustls_pki_types::ServerName;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream as ClientStream;
    use tokio_stream::StreamExt;

    use super::*;
    use crate::tls::TlsFiles;

    /// A bureau that accepts with an age, its certificate, and the folder of both.
    async fn bureau(
        age: Duration,
    ) -> (ReceiverStream<io::Result<Connection>>, std::net::SocketAddr, Tls, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        crate::dev::prepare(folder.path(), &city::bundle::City::embedded(), &["childcare"]).unwrap();
        let own = folder.path().join("trust/childcare");
        let files =
            TlsFiles { ca: folder.path().join("trust/ca.pem"), cert: own.join("cert.pem"), key: own.join("key.pem") };
        let tls = Tls::load(&files).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (connections(listener, tls.clone(), age, Shutdown::new()), address, tls, folder)
    }

    #[tokio::test]
    async fn a_connection_is_cut_at_its_age_whatever_runs_on_it() {
        let (mut incoming, address, tls, _folder) = bureau(Duration::from_millis(100)).await;
        let connector = TlsConnector::from(Arc::new(tls.client("childcare").unwrap()));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (client, server) = tokio::join!(connector.connect(name, stream), incoming.next());
        let (mut client, mut server) = (client.unwrap(), server.unwrap().unwrap());
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn no_session_is_resumed_so_every_connection_shows_its_certificate() {
        let (mut incoming, address, tls, _folder) = bureau(Duration::from_secs(60)).await;
        let mut config = tls.client("childcare").unwrap();
        config.resumption = Resumption::in_memory_sessions(8);
        let connector = TlsConnector::from(Arc::new(config));
        for _ in 0..3 {
            let name = ServerName::try_from("localhost").unwrap();
            let stream = TcpStream::connect(address).await.unwrap();
            let (client, server) = tokio::join!(connector.connect(name, stream), incoming.next());
            let (mut client, mut server): (ClientStream<TcpStream>, _) = (client.unwrap(), server.unwrap().unwrap());
            // A ticket would arrive before the first byte of data.
            server.write_all(b"x").await.unwrap();
            server.flush().await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), b'x');
            assert_eq!(client.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
        }
    }
}
