//! A record as the store keeps it and hands it out.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::report::{Class, DeviceId, Identity};

/// A stored report: who sent it, which one it is, and the payload exactly as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The device that sent it.
    pub device: DeviceId,
    /// Which record of the device it is.
    pub identity: Identity,
    /// Its class.
    pub class: Class,
    /// When the gateway received it, by the gateway's clock, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The payload as the device sent it: a frame or JSON.
    pub payload: Bytes,
    /// For incidents: what the gateway found out at admission (`domain::casework`), as JSON text.
    pub casework: Option<String>,
    /// The gateway that took it, if it was another one: records from another gateway's export keep its name, so that
    /// (source, id) never changes.
    pub gateway: Option<Arc<str>>,
}

/// Whether `name` can be [`StoredRecord::gateway`]: 1 to 32 of `a-z`, `0-9` and `-`. Whoever takes records of another gateway
/// in asks this first; what is read back is held against it.
pub fn is_gateway_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(is_allowed)
}
