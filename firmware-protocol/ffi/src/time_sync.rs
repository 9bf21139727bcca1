//! Message type 10: question and answer about the time.

use firmware_protocol::body;

use crate::frame::{Input, Output, Received, Sent};
use crate::{PatrolError, PatrolHeader, PatrolKey, error, frame};

/// The question leaves the gateway's times 0. The answer repeats what was asked with: take it only if that is the
/// question that is open, and its times are not 0. The round trip took (uptime now - asked_uptime_ms) less
/// (sent_unix_ms - received_unix_ms). The time is now sent_unix_ms plus half of that, wrong by at most that half.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolTimeSync {
    /// The device's boot counter when it asked.
    pub asked_boot: u32,
    /// The device's uptime when it asked.
    pub asked_uptime_ms: u64,
    /// The gateway's time when the question came; 0 in a question, and when it does not know it.
    pub received_unix_ms: u64,
    /// The gateway's time when the answer left; 0 likewise.
    pub sent_unix_ms: u64,
}

impl Sent for PatrolTimeSync {
    type Body<'a> = body::TimeSync;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::TimeSync {
            asked_boot: self.asked_boot,
            asked_uptime_ms: self.asked_uptime_ms,
            received_unix_ms: self.received_unix_ms,
            sent_unix_ms: self.sent_unix_ms,
        })
    }
}

impl Received for PatrolTimeSync {
    type Body<'a> = body::TimeSync;

    fn of(body: &Self::Body<'_>) -> Self {
        let body::TimeSync { asked_boot, asked_uptime_ms, received_unix_ms, sent_unix_ms } = *body;
        Self { asked_boot, asked_uptime_ms, received_unix_ms, sent_unix_ms }
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_TIME_SYNC_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_time_sync_seal(
    header: *const PatrolHeader,
    body: *const PatrolTimeSync,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
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
pub unsafe extern "C" fn patrol_time_sync_open(
    bytes: *const u8,
    len: usize,
    keys: *const PatrolKey,
    key_count: usize,
    header: *mut PatrolHeader,
    body: *mut PatrolTimeSync,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::open(Input { bytes, len, keys, key_count }, header, body) })
}
