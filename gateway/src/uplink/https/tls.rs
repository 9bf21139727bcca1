//! TLS to a platform: whom we trust, by which time, what we show of ourselves, and until when all that is good.
//!
//! - TLS 1.2 and 1.3, HTTP/2 where the platform has it and HTTP/1.1 otherwise. A certificate is verified or the connection is
//!   not made: nothing switches that off.
//! - Authorities are those of `ca_file` alone, or else the system's.

pub mod expiry;
pub mod floor;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::watch;

use self::expiry::{CertificateNews, Noting};
use self::floor::ClockFloor;
use super::SetupError;
use crate::config::{ClientCertificate, Uplink};

/// A file of certificates, keys or a token is read up to here.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Protocols above TLS, the better one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// TLS as it is configured, and when the gateway's own certificate expires.
pub(super) struct Tls {
    pub(super) config: ClientConfig,
    pub(super) client_expires_at_ms: Option<i64>,
}

/// Reads the files that TLS needs. `news` hears of the platform's certificate.
pub(super) fn load(
    uplink: &Uplink,
    floor: &ClockFloor,
    news: &watch::Sender<CertificateNews>,
) -> Result<Tls, SetupError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider.clone(), Arc::new(floor.clone()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|source| SetupError::Tls(source.to_string()))?;
    let builder = match roots(uplink)? {
        // Plain text: nobody is trusted, should it ever come to TLS.
        None => builder.with_root_certificates(RootCertStore::empty()),
        Some(roots) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let verifier = verifier.map_err(|source| SetupError::Tls(source.to_string()))?;
            let noting = Noting { verifier, news: news.clone() };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(noting))
        }
    };
    let (mut config, client_expires_at_ms) = match &uplink.client {
        None => (builder.with_no_client_auth(), None),
        Some(client) => {
            let (chain, key) = identity(client)?;
            let expires_at_ms = chain.first().and_then(expiry::expires_at_ms);
            let pair = |source: rustls::Error| SetupError::Pair {
                certificate: client.certificate.clone(),
                key: client.key.clone(),
                reason: source.to_string(),
            };
            (builder.with_client_auth_cert(chain, key).map_err(pair)?, expires_at_ms)
        }
    };
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
    Ok(Tls { config, client_expires_at_ms })
}

/// The authorities that the platform's certificate may come from; `None` when it needs none.
fn roots(uplink: &Uplink) -> Result<Option<RootCertStore>, SetupError> {
    let mut roots = RootCertStore::empty();
    match &uplink.ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|source| SetupError::Tls(source.to_string()))?;
            }
        }
        None if uplink.url.scheme() != "https" => return Ok(None),
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() { Err(SetupError::NoAuthorities) } else { Ok(Some(roots)) }
}

fn identity(
    client: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), SetupError> {
    let pem = read(&client.key)?;
    let key = PrivateKeyDer::from_pem_slice(&pem);
    let key = key.map_err(|_| SetupError::NoKey { path: client.key.clone() })?;
    Ok((certificates(&client.certificate)?, key))
}

/// The certificates in a file; at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| SetupError::NoCertificate { path: path.to_owned() })
}

/// A file's content, at most [`FILE_BYTES_MAX`].
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SetupError> {
    let wrong = |source| SetupError::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(wrong)?;
    let mut content = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(wrong)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(wrong(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(content)
}
