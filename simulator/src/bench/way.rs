//! How the load reaches a target: TCP, or TLS 1.3 with certificates made for the run.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// The certificates can't be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Making them.
    #[error("making a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// Writing them down.
    #[error("writing a certificate: {0}")]
    Write(#[from] io::Error),
    /// Using them.
    #[error("using a certificate: {0}")]
    Use(#[from] rustls::Error),
}

/// A certificate for this machine that signs itself, as files for the targets and as trust for the load.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    trust: Arc<ClientConfig>,
}

impl Certificates {
    pub(super) fn make(dir: &Path) -> Result<Certificates, CertificateError> {
        let pair = KeyPair::generate()?;
        let made = CertificateParams::new(vec!["localhost".to_owned()])?.self_signed(&pair)?;
        let (certificate, key) = (dir.join("bench.pem"), dir.join("bench.key"));
        std::fs::write(&certificate, made.pem())?;
        std::fs::write(&key, pair.serialize_pem())?;
        let mut roots = RootCertStore::empty();
        roots.add(made.der().clone())?;
        let trust = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Certificates { certificate, key, trust: Arc::new(trust) })
    }
}

/// Where a target is, and what is spoken there. Cheap to clone.
#[derive(Clone)]
pub(super) struct Way {
    addr: SocketAddr,
    tls: Option<TlsConnector>,
}

/// A connection.
pub(super) enum Channel {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Way {
    pub(super) fn new(addr: SocketAddr, certificates: Option<&Certificates>) -> Way {
        Way { addr, tls: certificates.map(|it| TlsConnector::from(it.trust.clone())) }
    }

    pub(super) async fn connect(&self) -> io::Result<Channel> {
        let stream = TcpStream::connect(self.addr).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Channel::Plain(stream)) };
        let host = ServerName::try_from("localhost").map_err(io::Error::other)?;
        Ok(Channel::Tls(Box::new(tls.connect(host, stream).await?)))
    }
}
