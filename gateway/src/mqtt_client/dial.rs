//! The stream below a connection: TCP that notices when its peer is gone, and TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::either::Either;

use super::ConnectError;

/// Bytes that nobody acknowledges for so long, and a silence of so long, are the end of the TCP connection.
const PEER_QUIET_MAX: Duration = Duration::from_secs(20);
/// A file of certificates or keys is read up to here.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How TLS is proven.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// PEM file of the authority that the broker's certificate must come from, in place of the system's.
    pub ca: Option<PathBuf>,
    /// PEM files of our own certificate and its private key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Opens streams to one broker.
#[derive(Clone)]
pub(super) struct Dial {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A stream with TLS or without.
pub(super) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

impl Dial {
    /// Reads the files of certificates; waits for the disk.
    pub(super) fn new(host: String, port: u16, tls: Option<&TlsFiles>) -> Result<Dial, ConnectError> {
        let tls = tls
            .map(|files| {
                let name = ServerName::try_from(host.clone());
                let name = name.map_err(|_| ConnectError::Setup(format!("{host} is no name for TLS")))?;
                Ok((TlsConnector::from(Arc::new(client_config(files)?)), name))
            })
            .transpose()?;
        Ok(Dial { host, port, tls })
    }

    pub(super) async fn dial(self) -> io::Result<Stream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(&stream, true)?;
        sockopt::set_tcp_keepidle(&stream, PEER_QUIET_MAX)?;
        sockopt::set_tcp_user_timeout(&stream, PEER_QUIET_MAX.as_millis() as u32)?;
        match self.tls {
            None => Ok(Either::Left(stream)),
            Some((connector, name)) => Ok(Either::Right(connector.connect(name, stream).await?)),
        }
    }
}

fn client_config(files: &TlsFiles) -> Result<ClientConfig, ConnectError> {
    let setup = |what: &dyn std::fmt::Display| ConnectError::Setup(format!("TLS: {what}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?;
    let builder = match &files.ca {
        None => builder.with_platform_verifier().map_err(|error| setup(&error))?,
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| named(path, &error))?;
            }
            builder.with_root_certificates(roots)
        }
    };
    let Some((certificate, key)) = &files.client else { return Ok(builder.with_no_client_auth()) };
    let pem = read(key)?;
    let private =
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| named(key, &"no private key in PEM form"))?;
    builder
        .with_client_auth_cert(certificates(certificate)?, private)
        .map_err(|error| named(certificate, &error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let pem = read(path)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(named(path, &"no certificate in PEM form")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    let size = std::fs::metadata(path).map_err(|error| named(path, &error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(named(path, &"larger than 1 MiB"));
    }
    std::fs::read(path).map_err(|error| named(path, &error))
}

fn named(path: &Path, what: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::Setup(format!("{}: {what}", path.display()))
}
