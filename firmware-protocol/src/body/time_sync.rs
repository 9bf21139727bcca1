//! Message type 10: question and answer about the time.

use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::header::MessageType;
use crate::wire::{Wire, wire_fields};

/// A device's question about the time, and the gateway's answer. The question leaves the gateway's times 0.
///
/// The answer repeats what was asked with, so that an answer to an earlier boot, or an old one sent again by someone
/// else, sets no clock. How good the gateway's own clock is stands in the answer's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TimeSync {
    /// The device's boot counter when it asked.
    pub asked_boot: u32,
    /// The device's uptime when it asked, in ms.
    pub asked_uptime_ms: u64,
    /// The gateway's time when the question came, ms since 1970-01-01T00:00:00Z; 0 in a question, and in the answer of
    /// a gateway that does not know the time.
    pub received_unix_ms: u64,
    /// The gateway's time when the answer left, ms since 1970-01-01T00:00:00Z; 0 like `received_unix_ms`.
    pub sent_unix_ms: u64,
}

wire_fields!(TimeSync { asked_boot: u32, asked_uptime_ms: u64, received_unix_ms: u64, sent_unix_ms: u64 });

impl Body for TimeSync {
    const MESSAGE_TYPE: MessageType = MessageType::TIME_SYNC;
    const MIN_LENS: &'static [usize] = &[4];
}

const _: () = assert!(TimeSync::MIN_LEN == 4);
