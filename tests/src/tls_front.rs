//! TLS in front of the stand-in platform, with certificates made for the test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_util::task::AbortOnDropHandle;

/// A certificate authority of the test's own.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A door with TLS that leads to a plain address; it closes when it is dropped.
#[derive(Debug)]
pub struct TlsFront {
    addr: SocketAddr,
    _doorkeeper: AbortOnDropHandle<()>,
}

impl Authority {
    /// A new one, known to nobody.
    ///
    /// # Panics
    /// When no certificate can be made.
    pub fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Writes its certificate into a file, for whoever shall trust it.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn file(&self, dir: &Path) -> PathBuf {
        let path = dir.join("authority.pem");
        std::fs::write(&path, &self.pem).expect("a file in the test's directory");
        path
    }

    /// Opens a door to `plain` with a certificate for `host`.
    ///
    /// # Panics
    /// When no certificate can be made or no port is free.
    pub async fn front(&self, host: &str, plain: SocketAddr) -> TlsFront {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in DER");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate with its key");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let doorkeeper = keep(listener, TlsAcceptor::from(Arc::new(config)), plain);
        TlsFront { addr, _doorkeeper: AbortOnDropHandle::new(tokio::spawn(doorkeeper)) }
    }
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

impl TlsFront {
    /// Where it is, under this name.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.addr.port())
    }
}

/// One connection after the other: the gateway has one, and keeps it. A peer that does not like the certificate hangs
/// up, and the next one is served.
async fn keep(listener: TcpListener, acceptor: TlsAcceptor, plain: SocketAddr) {
    while let Ok((outside, _)) = listener.accept().await {
        let Ok(mut outside) = acceptor.accept(outside).await else { continue };
        let Ok(mut inside) = TcpStream::connect(plain).await else { continue };
        // However it ends, the next connection is served.
        let _ = copy_bidirectional(&mut outside, &mut inside).await;
    }
}
