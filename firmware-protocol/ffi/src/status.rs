//! Message type 7: how a device is, and what it understands.

use firmware_protocol::body;

use crate::frame::{Output, Sent};
use crate::{PatrolError, PatrolHeader, PatrolKey, PatrolText, error, frame, text};

/// Revisions of a status at most.
pub const PATROL_REVISIONS_MAX: usize = 32;

/// A device's own health, and what it understands.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolStatus {
    /// Version as its maker writes it, at most 24 bytes; empty = absent.
    pub firmware: PatrolText,
    /// By its maker; 0 = absent.
    pub hardware_revision: u16,
    /// PGW_RESET_REASON_...: why the device started.
    pub reset_reason: u8,
    /// PGW_CAPABILITIES_... bits; one that is 0 = it can't, or does not say.
    pub capabilities: u32,
    /// Highest revision understood of each message type, entry 0 for type 1; 0 = none.
    pub revisions: [u8; PATROL_REVISIONS_MAX],
    /// How many of those count.
    pub revisions_count: usize,
    /// 1..=100; 0 = absent, an empty battery says 1.
    pub battery_percent: u8,
    /// Supply voltage; 0 = absent.
    pub supply_mv: u16,
    /// Of the device, 0.1 degrees Celsius; 0 = absent, a measured 0 is sent as 1.
    pub temperature_deci_c: i16,
    /// Signal strength, below 0; 0 = absent.
    pub signal_dbm: i16,
    /// 0 = absent, a full storage says 1.
    pub storage_free_kib: u32,
    /// Records waiting on the device; 0 = none, or not counted.
    pub queued: u32,
    /// Records dropped since the boot; 0 = none, or not counted.
    pub dropped: u32,
    /// Frames from the gateway whose tag was refused since the boot; 0 = none, or not counted.
    pub auth_failures: u32,
    /// Id of the settings in force; 0 = those it left the factory with.
    pub config_id: u32,
}

impl Sent for PatrolStatus {
    type Body<'a> = body::Status<'a>;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::Status {
            // SAFETY: as the caller says.
            firmware: unsafe { self.firmware.get() }?,
            hardware_revision: self.hardware_revision,
            reset_reason: body::ResetReason(self.reset_reason),
            capabilities: body::Capabilities(self.capabilities),
            revisions: text::list(&self.revisions, self.revisions_count, |revision| revision)?,
            battery_percent: self.battery_percent,
            supply_mv: self.supply_mv,
            temperature_deci_c: self.temperature_deci_c,
            signal_dbm: self.signal_dbm,
            storage_free_kib: self.storage_free_kib,
            queued: self.queued,
            dropped: self.dropped,
            auth_failures: self.auth_failures,
            config_id: self.config_id,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_STATUS_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_status_seal(
    header: *const PatrolHeader,
    body: *const PatrolStatus,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}
