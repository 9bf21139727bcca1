//! Messages on their way into the store.

use std::sync::Arc;

use bytes::Bytes;

use super::line::DeviceLine;
use crate::domain::report::{Class, DeviceId, RecordRef};

/// Messages of one session, in the order in which they came.
#[derive(Debug)]
pub struct Batch {
    /// The session's device.
    pub device: DeviceId,
    /// Where the writer says how far it got.
    pub line: Arc<DeviceLine>,
    /// The mark of the first item; the others follow one by one.
    pub first_mark: u64,
    /// The messages.
    pub items: Vec<Item>,
}

/// One message on its way into the store.
#[derive(Debug)]
pub struct Item {
    /// When the gateway received it, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The payload as it came.
    pub payload: Bytes,
    /// What admission made of it.
    pub content: Content,
}

/// What admission made of a payload.
#[derive(Debug)]
pub enum Content {
    /// It was understood.
    Report {
        /// Its class.
        class: Class,
        /// The device's own number for it.
        claimed: Option<RecordRef>,
        /// For incidents: geotag and attribution as JSON.
        casework: Option<Box<str>>,
    },
    /// It was not; it is kept for a person to look at.
    Quarantine {
        /// The topic it came on.
        topic: Box<str>,
        /// Label of the reason.
        reason: &'static str,
        /// The reason in words.
        detail: Box<str>,
    },
}
