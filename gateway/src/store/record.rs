//! A stored record, as it is read back to be forwarded.

use bytes::Bytes;

use crate::domain::report::{Class, DeviceId, Identity};

/// One record of the backlog: the payload as the device sent it, and what the gateway added at admission.
///
/// Nothing in it changes after its commit, so an event made from it is the same at every resend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The device that sent it.
    pub device: DeviceId,
    /// Which record of that device it is.
    pub identity: Identity,
    /// The class of the topic it came on.
    pub class: Class,
    /// When the gateway received it, in milliseconds since 1970 by the gateway's clock.
    pub received_at_ms: i64,
    /// The payload, byte for byte: a frame or JSON.
    pub payload: Bytes,
    /// The casework of an incident as JSON text, frozen at admission; `None` for every other class.
    pub casework: Option<String>,
}
