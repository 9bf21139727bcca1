//! The client for plain HTTP on this machine: a gateway's local interface, the stand-in platform's control.
//!
//! It trusts no certificate at all, so it can't be used for anything else by mistake.

use std::sync::Arc;
use std::time::Duration;

/// Deadline for a whole exchange.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct ClientError(String);

/// A client for `http://127.0.0.1:...`, without a proxy.
pub fn client() -> Result<reqwest::Client, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError(error.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| ClientError(error.to_string()))
}
