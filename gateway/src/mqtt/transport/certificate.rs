//! The listener's certificate: read as a whole, checked, and turned into what TLS needs. And what a client's says.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// A file is read up to here.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Others than owner and group may read or write.
const OPEN_TO_OTHERS: u32 = 0o006;
/// Longest common name of a client that is looked at, in bytes.
const COMMON_NAME_BYTES_MAX: usize = 256;

/// Where the listener's certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead from it to an authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority that clients' certificates must come from; without one clients show none.
    pub client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// All of them.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca).map(PathBuf::as_path)
    }
}

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file can't be read, or is too large.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no PEM, or there is nothing in it of what should be.
    #[error("{}: {what}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// What was found.
        source: pem::Error,
    },
    /// Something in the file of certificates is none.
    #[error("{}: certificate {number} can't be read: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate was not signed by the one that follows it: clients could not verify it.
    #[error("{}: certificate {number} was not issued by the one after it", path.display())]
    Chain {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        number: usize,
    },
    /// The key is not the certificate's, or neither can be used.
    #[error("{} and {}: {source}", certificate.display(), key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What TLS said.
        source: rustls::Error,
    },
    /// The authority of the clients can't be used.
    #[error("{}: {source}", path.display())]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What TLS said.
        source: VerifierBuilderError,
    },
}

/// A certificate that is ready to be used.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What TLS needs.
    pub(super) config: Arc<ServerConfig>,
    /// Whom it is for, as it says itself.
    pub subject: String,
    /// When the first certificate of the chain expires, in seconds since 1970.
    pub expires_unix_s: i64,
    /// When the last of them becomes valid.
    pub begins_unix_s: i64,
    /// The file of the key, when people other than its owner and group may read or write it.
    pub exposed: Option<PathBuf>,
}

/// Reads everything and checks that it fits together. Whether it is valid now is for the caller to say: a clock may be wrong.
///
/// # Errors
/// [`CertificateError`]: a file is missing, can't be understood, or does not fit the others.
pub fn load(files: &TlsFiles) -> Result<Identity, CertificateError> {
    let chain = certificates(&files.certificate)?;
    let facts = facts(&files.certificate, &chain)?;
    let (key_pem, exposed) = read(&files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|source| CertificateError::Pem {
        path: files.key.clone(),
        what: "no private key",
        source,
    })?;
    let pair = |source| CertificateError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    };
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(pair)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = roots(path)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let refused = |source| CertificateError::ClientCa { path: path.clone(), source };
            builder.with_client_cert_verifier(verifier.map_err(refused)?)
        }
    };
    let config = builder.with_single_cert(chain, key).map_err(pair)?;
    Ok(Identity {
        config: Arc::new(config),
        subject: facts.subject,
        expires_unix_s: facts.expires_unix_s,
        begins_unix_s: facts.begins_unix_s,
        exposed: exposed.then(|| files.key.clone()),
    })
}

struct Facts {
    subject: String,
    expires_unix_s: i64,
    begins_unix_s: i64,
}

/// What the chain says of itself, when each of it was issued by the next.
fn facts(path: &Path, chain: &[CertificateDer<'static>]) -> Result<Facts, CertificateError> {
    let mut parsed = Vec::new();
    for (index, der) in chain.iter().enumerate() {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|error| CertificateError::Certificate {
                path: path.to_owned(),
                number: index + 1,
                reason: error.to_string(),
            })?;
        parsed.push(certificate);
    }
    let gap = parsed.windows(2).position(|pair| pair[0].issuer() != pair[1].subject());
    if let Some(index) = gap {
        return Err(CertificateError::Chain { path: path.to_owned(), number: index + 1 });
    }
    let validities = || parsed.iter().map(|certificate| certificate.validity());
    Ok(Facts {
        subject: parsed.first().map(|leaf| name(leaf)).unwrap_or_default(),
        expires_unix_s: validities().map(|validity| validity.not_after.timestamp()).min().unwrap_or(0),
        begins_unix_s: validities().map(|validity| validity.not_before.timestamp()).max().unwrap_or(0),
    })
}

/// The names that a server's certificate is good for; its subject when it has none.
fn name(certificate: &X509Certificate<'_>) -> String {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names = alternatives
        .map(|extension| extension.value.general_names.iter().map(host).collect::<Vec<_>>().join(", "));
    names.filter(|names| !names.is_empty()).unwrap_or_else(|| certificate.subject().to_string())
}

/// A name as people write it.
fn host(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.map_or_else(|_| name.to_string(), |address| address.to_string())
        }
        other => other.to_string(),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(path)?.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| CertificateError::Certificate {
            path: path.to_owned(),
            number: index + 1,
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}

/// The certificates in a file; at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let (text, _) = read(path)?;
    let wrong = |source| CertificateError::Pem { path: path.to_owned(), what: "no certificate", source };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(wrong)?;
    if found.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(found) }
}

/// A file's content, and whether others may read or write it.
fn read(path: &Path) -> Result<(Vec<u8>, bool), CertificateError> {
    let wrong = |source| CertificateError::File { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(wrong)?;
    if metadata.len() > FILE_BYTES_MAX {
        let message = format!("{} bytes, at most {FILE_BYTES_MAX} are read", metadata.len());
        return Err(wrong(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    let content = fs::read(path).map_err(wrong)?;
    Ok((content, metadata.permissions().mode() & OPEN_TO_OTHERS != 0))
}

/// The common name in a certificate that was verified; `None` when there is not exactly one, or it is no name.
pub(super) fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let mut names = parsed.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?;
    let usable = !name.is_empty() && name.len() <= COMMON_NAME_BYTES_MAX && !name.contains(char::is_control);
    (names.next().is_none() && usable).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
