//! Certificates made for the test, and TLS in front of the stand-in platform.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
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
    shown: watch::Sender<Arc<ServerConfig>>,
    negotiated: Arc<AtomicU64>,
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
        roots.add(self.certificate()).expect("it is an authority");
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
        TlsFront::open(&Shown::of(&self.issue(host, 365)), plain).await
    }

    /// A certificate for `host` that nobody but itself has signed.
    ///
    /// # Panics
    /// When none can be made.
    pub fn self_signed(host: &str) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        Issued { certificate: params.self_signed(&key).expect("a certificate"), key }
    }

    fn certificate(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("its own certificate")
    }
}

/// What a door shows, and what it asks for.
#[derive(Debug)]
pub struct Shown<'a> {
    certificate: &'a Issued,
    clients_of: Option<&'a Authority>,
    protocols: &'a [&'a str],
}

impl<'a> Shown<'a> {
    /// This certificate; everybody is let in.
    pub fn of(certificate: &'a Issued) -> Shown<'a> {
        Shown { certificate, clients_of: None, protocols: &[] }
    }

    /// And only clients with a certificate of this authority are let in.
    #[must_use]
    pub fn asking_for(self, clients_of: &'a Authority) -> Shown<'a> {
        Shown { clients_of: Some(clients_of), ..self }
    }

    /// And the protocols of ALPN that are spoken behind the door.
    #[must_use]
    pub fn speaking(self, protocols: &'a [&'a str]) -> Shown<'a> {
        Shown { protocols, ..self }
    }

    fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let Issued { certificate, key } = self.certificate;
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in DER");
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3");
        let builder = match self.clients_of {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate()).expect("it is an authority");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("an authority to trust"))
            }
        };
        let mut config = builder
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate with its key");
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
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
    /// Opens a door to `plain`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn open(shown: &Shown<'_>, plain: SocketAddr) -> TlsFront {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let (shown, seen) = watch::channel(shown.config());
        let negotiated = Arc::new(AtomicU64::new(0));
        let doorkeeper = tokio::spawn(keep(listener, seen, plain, negotiated.clone()));
        TlsFront { addr, shown, negotiated, _doorkeeper: AbortOnDropHandle::new(doorkeeper) }
    }

    /// From now on new connections see this.
    pub fn show(&self, shown: &Shown<'_>) {
        self.shown.send_replace(shown.config());
    }

    /// Where it is, under this name.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.addr.port())
    }

    /// Where it is.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections on which HTTP/2 was agreed.
    pub fn http2_connections(&self) -> u64 {
        self.negotiated.load(Ordering::Relaxed)
    }
}

/// A peer that does not like the certificate hangs up, and the next one is served.
async fn keep(
    listener: TcpListener,
    shown: watch::Receiver<Arc<ServerConfig>>,
    plain: SocketAddr,
    http2: Arc<AtomicU64>,
) {
    // The connections end with the door.
    let mut connections = JoinSet::new();
    while let Ok((outside, _)) = listener.accept().await {
        let (acceptor, http2) = (TlsAcceptor::from(shown.borrow().clone()), http2.clone());
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let Ok(mut outside) = acceptor.accept(outside).await else { return };
            if outside.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2.fetch_add(1, Ordering::Relaxed);
            }
            let Ok(mut inside) = TcpStream::connect(plain).await else { return };
            // However it ends, others are served.
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}
