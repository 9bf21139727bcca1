//! Open311 GeoReport v2 as the platform: an incident is a service request, its `service_request_id` the case number (docs/uplinks.md).
//!
//! - GeoReport has no key by which a server knows a request again: the same POST twice makes two cases. So the intent to send is on
//!   disk before anything is sent, and a record with an intent and no answer is looked up before it is sent again.
//! - Each description ends with a marker, `[patrol:box-017/car-07/7/812]`, by which the request is found. When it can't be told whether
//!   an earlier attempt arrived, the record goes again with `[possible_duplicate]` in its description: two cases with a mark are better
//!   than none.
//! - Servers answer oddly, and are read tolerantly ([`reply`]): arrays, objects, JSON, XML, tokens in place of numbers, errors with 200.
//! - One record a parcel: each has a fate of its own.

mod access;
pub mod carrier;
pub(super) mod case;
mod choking;
pub mod desk;
pub(super) mod http;
pub(super) mod intents;
mod look_up;
mod marker;
pub(super) mod reply;
pub(super) mod services;
mod xml;

use std::path::PathBuf;

pub(super) use self::access::secret;

/// Why such a platform can't be used the way it is configured.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file can't be read, or the file of intents not be opened.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file has another content than it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS set-up failed.
    #[error("TLS: {0}")]
    Tls(#[source] reqwest::Error),
}
