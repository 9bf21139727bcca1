//! Message type 11: settings for a device (down).

use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::bytes::Bytes;
use crate::header::MessageType;
use crate::list::List;
use crate::wire::{Wire, wire_fields};

open_set! {
    /// What a setting sets. Numbers from 1024 on belong to the makers of devices.
    ///
    /// Numbers stand in the value as little-endian unsigned integers of 4 bytes unless said otherwise.
    pub struct SettingKey: u16 {
        /// Not said; a device passes over it.
        UNKNOWN = 0 "unknown",
        /// Time between two telemetries while moving, in ms.
        MOVING_INTERVAL_MS = 1 "moving_interval_ms",
        /// Time between two telemetries while standing, in ms.
        STANDING_INTERVAL_MS = 2 "standing_interval_ms",
        /// Time between two sensor reports, in ms.
        SENSOR_INTERVAL_MS = 3 "sensor_interval_ms",
        /// Time between two statuses, in ms.
        STATUS_INTERVAL_MS = 4 "status_interval_ms",
        /// Points of a track batch, 1..=64; 1 = telemetry instead.
        TRACK_POINTS = 5 "track_points",
        /// Frames in flight at most.
        WINDOW = 6 "window",
        /// Binary logarithm of the bytes of an evidence chunk, 6..=15.
        CHUNK_SIZE_LOG2 = 7 "chunk_size_log2",
        /// Time between two questions about the time, in ms.
        TIME_SYNC_INTERVAL_MS = 8 "time_sync_interval_ms",
    }
}

/// One setting. Sealed: a nested struct can't grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Setting<'a> {
    /// What it sets.
    pub key: SettingKey,
    /// To what, at most 24 bytes; empty = back to the factory's.
    #[serde(borrow)]
    pub value: Bytes<'a, 24>,
}

wire_fields!(Setting<'a> { key: SettingKey, value: Bytes<'a, 24> });

impl Setting<'_> {
    /// The value as a number; `None` when it does not have 4 bytes.
    pub fn number(&self) -> Option<u32> {
        Some(u32::from_le_bytes(self.value.as_slice().try_into().ok()?))
    }
}

/// Settings for a device (down). Those it does not name stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Config<'a> {
    /// Names this set of settings; the device repeats it in its status once they are in force. 0 is refused.
    pub config_id: u32,
    /// The settings, at most 8; empty = everything back to the factory's.
    #[serde(borrow)]
    pub settings: List<Setting<'a>, 8>,
}

wire_fields!(Config<'a> { config_id: u32, settings: List<Setting<'a>, 8> });

impl Body for Config<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::CONFIG;
    const MIN_LENS: &'static [usize] = &[2];
}

const _: () = assert!(Config::MIN_LEN == 2);
