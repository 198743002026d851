//! TLS 1.3 both ways, from files that may change under a running service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use kit::{Kind, Problem, Result, Shutdown};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::identity::{Identity, IdentityKind};

/// Where a party's certificate is.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// A party's side of mTLS. Cloning shares it, and so a reload.
#[derive(Clone, Debug)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<ArcSwap<Loaded>>,
}

#[derive(Debug)]
struct Loaded {
    server: Arc<ServerConfig>,
    roots: Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    city: String,
}

/// Calls when one of the files changes, until shutdown.
pub(crate) fn watch(files: Vec<PathBuf>, shutdown: Shutdown, changed: impl Fn() + Send + 'static) {
    let modified = move || -> Vec<Option<SystemTime>> {
        files.iter().map(|file| file.metadata().and_then(|meta| meta.modified()).ok()).collect()
    };
    tokio::spawn(async move {
        let mut seen = modified();
        let mut tick = tokio::time::interval(Duration::from_secs(2));
        loop {
            tokio::select! { () = shutdown.asked() => return, _ = tick.tick() => {} }
            let now = modified();
            if now != seen {
                seen = now;
                changed();
            }
        }
    });
}

impl Tls {
    pub fn load(files: &TlsFiles) -> Result<Self> {
        let loaded = Loaded::read(files)?;
        Ok(Tls { files: files.clone(), current: Arc::new(ArcSwap::from_pointee(loaded)) })
    }

    /// Reads the files again; on failure the old certificate stays. New connections use the new one.
    pub fn reload(&self) -> Result<()> {
        self.current.store(Arc::new(Loaded::read(&self.files)?));
        Ok(())
    }

    /// Reloads when a file changes, until shutdown.
    pub fn watch(&self, shutdown: Shutdown) {
        let (tls, TlsFiles { ca, cert, key }) = (self.clone(), self.files.clone());
        watch(vec![ca, cert, key], shutdown, move || match tls.reload() {
            Ok(()) => tracing::info!("certificate reloaded"),
            Err(problem) => tracing::warn!(%problem, "certificate not reloaded"),
        });
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        self.current.load().server.clone()
    }

    /// A client that talks to one bureau of the same city and to nobody else.
    pub(crate) fn client(&self, bureau: &str) -> Result<ClientConfig> {
        let loaded = self.current.load();
        let provider = Arc::new(ring::default_provider());
        let chain = WebPkiServerVerifier::builder_with_provider(loaded.roots.clone(), provider.clone())
            .build()
            .map_err(Problem::internal)?;
        let expected = Identity { city: loaded.city.clone(), kind: IdentityKind::Bureau(bureau.to_owned()) };
        let verifier = Arc::new(OneBureau { chain, expected });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(Problem::internal)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_auth_cert(loaded.chain.clone(), loaded.key.clone_key())
            .map_err(Problem::internal)?;
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

impl Loaded {
    fn read(files: &TlsFiles) -> Result<Self> {
        let unusable = |file: &PathBuf, cause: &dyn std::fmt::Display| {
            Problem::new(Kind::State, "CERTIFICATE_UNUSABLE", format!("证书 {} 无法使用：{cause}", file.display()))
        };
        let certificates = |file: &PathBuf| -> Result<Vec<CertificateDer<'static>>> {
            let all: std::result::Result<Vec<_>, _> =
                CertificateDer::pem_file_iter(file).map_err(|error| unusable(file, &error))?.collect();
            all.map_err(|error| unusable(file, &error))
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.ca)? {
            roots.add(certificate).map_err(|error| unusable(&files.ca, &error))?;
        }
        let roots = Arc::new(roots);
        let chain = certificates(&files.cert)?;
        let identity = chain.first().and_then(|leaf| Identity::of_certificate(leaf));
        let city = identity.ok_or_else(|| unusable(&files.cert, &"没有本系统的身份标识（URI SAN）"))?.city;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|error| unusable(&files.ca, &error))?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(Problem::internal)?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(|error| unusable(&files.key, &error))?;
        // A resumed session would not show its certificate again, and so outlive its revocation.
        server.send_tls13_tickets = 0;
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Loaded { server: Arc::new(server), roots, chain, key, city })
    }
}

/// Accepts a server whose certificate comes from our authority *and* names the bureau that was meant: the name that
/// counts is the URI, wherever the service runs.
#[derive(Debug)]
struct OneBureau {
    chain: Arc<WebPkiServerVerifier>,
    expected: Identity,
}

impl ServerCertVerifier for OneBureau {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        match self.chain.verify_server_cert(leaf, intermediates, name, ocsp, now) {
            Ok(_) | Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })) => {}
            Err(Error::InvalidCertificate(CertificateError::NotValidForName)) => {}
            Err(error) => return Err(error),
        }
        if Identity::of_certificate(leaf).as_ref() != Some(&self.expected) {
            return Err(Error::InvalidCertificate(CertificateError::NotValidForName));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
