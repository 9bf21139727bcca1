//! Keys of the golden frames' secret.

use firmware_protocol::{DeviceSecret, DeviceTag, Direction, FrameKey, Suite};

/// 00 01 02 ... 1f.
pub(crate) const SECRET: [u8; 32] = {
    let mut bytes = [0; 32];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = at as u8;
        at += 1;
    }
    bytes
};

/// The suites that have keys.
pub(crate) const KEYED_SUITES: [Suite; 3] =
    [Suite::HMAC_SHA256_64, Suite::HMAC_SHA256_128, Suite::HMAC_SM3_128];

/// The key of `SECRET` for `car-07`, key id 1, up; for suite CRC-32C none.
pub(crate) fn car_key(suite: Suite) -> FrameKey {
    match suite {
        Suite::CRC32C => FrameKey::CRC32C,
        suite => key(&SECRET, suite, 1, Direction::Up, "car-07"),
    }
}

pub(crate) fn key(
    secret: &[u8; 32],
    suite: Suite,
    key_id: u8,
    direction: Direction,
    device: &str,
) -> FrameKey {
    DeviceSecret::new(*secret).frame_key(suite, key_id, direction, DeviceTag::of(device)).unwrap()
}
