//! Message type 7: how a device is, and what it understands.

use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::header::MessageType;
use crate::list::List;
use crate::text::Text;
use crate::wire::{Wire, wire_fields};

open_set! {
    /// Why the device started.
    pub struct ResetReason {
        /// Not said.
        UNKNOWN = 0 "unknown",
        /// Power came.
        POWER_ON = 1 "power_on",
        /// The reset pin.
        PIN = 2 "pin",
        /// The firmware asked for it.
        SOFTWARE = 3 "software",
        /// The watchdog.
        WATCHDOG = 4 "watchdog",
        /// The supply sank too low.
        BROWN_OUT = 5 "brown_out",
        /// A fault of the processor or the firmware.
        FAULT = 6 "fault",
        /// A firmware update.
        UPDATE = 7 "update",
        /// Waking from deep sleep.
        WAKE = 8 "wake",
    }
}

bit_set! {
    /// What a device can do.
    pub struct Capabilities: u32 {
        /// Finds its own position.
        POSITION = 0,
        /// Takes photos or clips.
        CAMERA = 1,
        /// Sends photos and clips as frames.
        EVIDENCE = 2,
        /// Reads sensors.
        SENSORS = 3,
        /// Shows tasks and answers them.
        TASKS = 4,
        /// Shows receipts.
        RECEIPTS = 5,
        /// Sets its clock from the gateway.
        TIME_SYNC = 6,
        /// Takes settings from the gateway.
        CONFIG = 7,
        /// Keeps reports over a power cut until they are acknowledged.
        STORE_AND_RESEND = 8,
    }
}

/// A device's own health, and what it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status<'a> {
    /// Firmware version as its maker writes it, at most 24 bytes; empty = absent.
    #[serde(borrow)]
    pub firmware: Text<'a, 24>,
    /// Hardware revision by its maker; 0 = absent.
    pub hardware_revision: u16,
    /// Why the device started.
    pub reset_reason: ResetReason,
    /// What the device can do; a bit that is 0 = it can't, or does not say.
    pub capabilities: Capabilities,
    /// The highest revision of each message type the device understands: entry 0 is for type 1. 0 or behind the
    /// end = it does not understand the type. See [`Status::revision_of`].
    pub revisions: List<u8, 32>,
    /// Battery charge in percent, 1..=100; 0 = absent, an empty battery says 1.
    pub battery_percent: u8,
    /// Supply voltage in mV; 0 = absent.
    pub supply_mv: u16,
    /// Temperature of the device in 0.1 degrees Celsius; 0 = absent, a measured 0 is sent as 1.
    pub temperature_deci_c: i16,
    /// Signal strength in dBm, below 0; 0 = absent.
    pub signal_dbm: i16,
    /// Free storage in KiB; 0 = absent, a full storage says 1.
    pub storage_free_kib: u32,
    /// Records waiting on the device; 0 = none, or not counted.
    pub queued: u32,
    /// Records the device had to drop since its boot; 0 = none, or not counted.
    pub dropped: u32,
    /// Frames from the gateway whose tag the device refused since its boot; 0 = none, or not counted.
    pub auth_failures: u32,
    /// Id of the settings in force; 0 = those it left the factory with.
    pub config_id: u32,
}

wire_fields!(Status<'a> {
    firmware: Text<'a, 24>,
    hardware_revision: u16,
    reset_reason: ResetReason,
    capabilities: Capabilities,
    revisions: List<u8, 32>,
    battery_percent: u8,
    supply_mv: u16,
    temperature_deci_c: i16,
    signal_dbm: i16,
    storage_free_kib: u32,
    queued: u32,
    dropped: u32,
    auth_failures: u32,
    config_id: u32,
});

impl Body for Status<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::STATUS;
    const MIN_LENS: &'static [usize] = &[14];
}

const _: () = assert!(Status::MIN_LEN == 14);

impl Status<'_> {
    /// The highest revision of a message type the device understands; 0 = it does not understand the type.
    pub fn revision_of(&self, message_type: MessageType) -> u8 {
        let index = usize::from(message_type.0).checked_sub(1);
        index.and_then(|index| self.revisions.get(index)).copied().unwrap_or_default()
    }
}
