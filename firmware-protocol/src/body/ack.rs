//! Message type 13: the receipt of a report (down).

use serde::{Deserialize, Serialize};

use crate::body::{Body, RecordRef};
use crate::header::MessageType;
use crate::text::Text;
use crate::wire::{Wire, wire_fields};

open_set! {
    /// What became of a report.
    pub struct AckResult {
        /// Not said.
        UNKNOWN = 0 "unknown",
        /// The platform took it.
        ACCEPTED = 1 "accepted",
        /// The platform refused it for good.
        REJECTED = 2 "rejected",
        /// The gateway could not read it; it is kept there for a technician.
        NOT_UNDERSTOOD = 3 "not_understood",
    }
}

/// The platform's receipt of a report, for the officer (down).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ack<'a> {
    /// The report.
    pub record: RecordRef,
    /// What became of it.
    pub result: AckResult,
    /// Number of the case at the platform, at most 24 bytes; empty = absent.
    #[serde(borrow)]
    pub case_number: Text<'a, 24>,
}

wire_fields!(Ack<'a> { record: RecordRef, result: AckResult, case_number: Text<'a, 24> });

impl Body for Ack<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::ACK;
    const MIN_LENS: &'static [usize] = &[4];
}

const _: () = assert!(Ack::MIN_LEN == 4);
