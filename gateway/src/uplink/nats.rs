//! A stream of NATS JetStream as the platform: how a city outgrows one server (docs/uplinks.md, docs/scaling.md).
//!
//! - A record is a message on `patrol.{gateway}.{class}`: a CloudEvent in binary mode, its attributes in `ce-` headers. `Nats-Msg-Id` is
//!   source and id, by which the stream recognises what it has (within its window for duplicates; beyond it, receivers do).
//! - It is released on the stream's acknowledgement, and on nothing else: what the server has taken is not yet in the stream.
//! - Nothing is sent while the connection is down. What a lost connection may leave in the client's queue goes out before anything
//!   newer, under the same ids; there is never a second client beside one that may still have something to send.
//! - Each batch has an inbox of its own, so that what is heard belongs to it, and what is never answered is forgotten with it.

mod acks;
pub mod carrier;
mod link;
mod message;
mod tls;

use std::path::PathBuf;

/// Why the cluster can't be used the way it is configured.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file that the configuration names can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The token, or password, is not one line of visible text.
    #[error("{}: a token or password is one line of visible ASCII", path.display())]
    Token {
        /// The file.
        path: PathBuf,
    },
    /// A file with certificates or a key has none that can be used.
    #[error("{}: {reason}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate and its key do not fit together, or the system has no certificates.
    #[error("TLS: {0}")]
    Tls(String),
    /// The uplink is of another kind, or a server's URL is none of NATS.
    #[error("{0} is no server of NATS")]
    NotNats(String),
}
