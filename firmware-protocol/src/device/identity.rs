//! Who a device is.

use crate::header::Suite;
use crate::identity::DeviceTag;
use crate::key::{DeviceSecret, Direction, FrameKey};

/// A device's id as frames carry it, and its key for each direction.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) device: DeviceTag,
    pub(super) up: FrameKey,
    pub(super) down: FrameKey,
}

impl Identity {
    /// A device with a secret; `None` for a suite without a key or one that this build does not have.
    pub fn new(device: DeviceTag, secret: &DeviceSecret, suite: Suite, key_id: u8) -> Option<Self> {
        let key = |direction| secret.frame_key(suite, key_id, direction, device);
        Some(Self { device, up: key(Direction::Up)?, down: key(Direction::Down)? })
    }

    /// A device without a secret: suite CRC-32C, where the gateway's registry allows it. It takes what anybody sends it.
    pub const fn without_key(device: DeviceTag) -> Self {
        Self { device, up: FrameKey::CRC32C, down: FrameKey::CRC32C }
    }
}
