//! Certificates made for the test, and TLS in front of the stand-in platform.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_util::task::AbortOnDropHandle;

/// A certificate authority of the test's own.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate of an authority, and its key.
#[derive(Debug)]
pub struct Issued {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Issued {
    /// Writes both into a folder, over what is there under this name, and gives the two paths.
    ///
    /// # Panics
    /// When they can't be written.
    pub fn files(&self, dir: &Path, name: &str) -> (PathBuf, PathBuf) {
        let paths = (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")));
        std::fs::write(&paths.0, self.certificate.pem()).expect("a file in the test's directory");
        std::fs::write(&paths.1, self.key.serialize_pem()).expect("a file in the test's directory");
        paths
    }

    /// The certificate itself.
    pub fn der(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }
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

    /// A certificate for `name`, which is host and common name, that ends in so many days.
    ///
    /// # Panics
    /// When none can be made.
    pub fn issue(&self, name: &str, days: i32) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + days_from_1970(days);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Issued { certificate, key }
    }

    /// What a client needs that trusts this authority, speaks these versions, and shows this certificate.
    ///
    /// # Panics
    /// When TLS does not take it.
    pub fn client(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        shown: Option<&Issued>,
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let pem = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("its own certificate");
        roots.add(pem).expect("it is an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions that ring has")
            .with_root_certificates(roots);
        Arc::new(match shown {
            None => builder.with_no_client_auth(),
            Some(Issued { certificate, key }) => {
                let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in DER");
                builder
                    .with_client_auth_cert(vec![certificate.der().clone()], private)
                    .expect("a certificate with its key")
            }
        })
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

/// From the beginning of 1970 to so many days from now.
fn days_from_1970(days: i32) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is right");
    let day = Duration::from_secs(24 * 60 * 60);
    if days < 0 { now - day * days.unsigned_abs() } else { now + day * days.unsigned_abs() }
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
