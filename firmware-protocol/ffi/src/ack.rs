//! Message type 13: the receipt of a report.

use firmware_protocol::body;

use crate::frame::{Input, Received};
use crate::{PatrolError, PatrolHeader, PatrolKey, PatrolRecordRef, PatrolText, error, frame};

/// The platform's receipt of a report, for the officer (down).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolAck {
    /// The report.
    pub record: PatrolRecordRef,
    /// PGW_ACK_RESULT_...
    pub result: u8,
    /// At the platform, at most 24 bytes; empty = absent.
    pub case_number: PatrolText,
}

impl Received for PatrolAck {
    type Body<'a> = body::Ack<'a>;

    fn of(body: &Self::Body<'_>) -> Self {
        let body::Ack { record, result, case_number } = *body;
        Self {
            record: PatrolRecordRef::of(record),
            result: result.0,
            case_number: PatrolText::of(&case_number),
        }
    }
}

/// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
/// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
///
/// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_ack_open(
    bytes: *const u8,
    len: usize,
    keys: *const PatrolKey,
    key_count: usize,
    header: *mut PatrolHeader,
    body: *mut PatrolAck,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::open(Input { bytes, len, keys, key_count }, header, body) })
}
