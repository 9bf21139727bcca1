//! Why the platform can't be reached the way it is configured.

use std::path::PathBuf;

/// What is wrong with the files that `[uplink]` names.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file that the configuration names can't be read, or is too large.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The token is not one line of visible text.
    #[error("{}: a token is one line of visible ASCII", path.display())]
    Token {
        /// The file.
        path: PathBuf,
    },
    /// A file of certificates has none in it.
    #[error("{}: no certificate in PEM form", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file of a private key has none in it.
    #[error("{}: no private key in PEM form", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is not the certificate's, or neither can be used.
    #[error("{} and {}: {reason}", certificate.display(), key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What TLS said.
        reason: String,
    },
    /// There is nobody to trust: no `ca_file`, and the system knows no authority.
    #[error(
        "no certificate authority: name one with uplink.ca_file, or install the system's (ca-certificates)"
    )]
    NoAuthorities,
    /// A certificate is no authority's, or the TLS set-up failed.
    #[error("TLS: {0}")]
    Tls(String),
}
