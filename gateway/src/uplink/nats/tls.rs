//! TLS to the servers: the operator's authority or the system's, and the gateway's own certificate.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::SetupError;
use crate::config::Uplink;

/// What the servers are met with.
pub(super) fn config(uplink: &Uplink) -> Result<ClientConfig, SetupError> {
    let roots = match &uplink.ca_file {
        Some(path) => authority(path)?,
        None => of_the_system(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?
        .with_root_certificates(roots);
    let Some(client) = &uplink.client else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(&client.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&client.key)?)
        .map_err(|error| pem_error(&client.key, error.to_string()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| SetupError::Tls(error.to_string()))
}

fn authority(path: &Path) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| pem_error(path, error.to_string()))?;
    }
    Ok(roots)
}

/// What can't be read of the system's is left out: a server that needs it is then not trusted.
fn of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| pem_error(path, error.to_string()))?;
    if found.is_empty() {
        return Err(pem_error(path, "no certificate in PEM form".into()));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, SetupError> {
    std::fs::read(path).map_err(|source| SetupError::File { path: path.to_owned(), source })
}

fn pem_error(path: &Path, reason: String) -> SetupError {
    SetupError::Pem { path: path.to_owned(), reason }
}
