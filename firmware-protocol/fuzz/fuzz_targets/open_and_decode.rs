//! Any bytes as a frame, as they are and with what must be right for a frame put right.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)] // each target uses its part
mod checks;

use std::sync::LazyLock;

use firmware_protocol::{DeviceSecret, DeviceTag, Direction, Frame, FrameKey, Peek, Suite, open};
use libfuzzer_sys::fuzz_target;

/// One key of every suite, those of the golden frames of `car-07`.
static KEYS: LazyLock<Vec<FrameKey>> = LazyLock::new(|| {
    let secret = DeviceSecret::new(std::array::from_fn(|at| at as u8));
    let suites = [Suite::HMAC_SHA256_64, Suite::HMAC_SHA256_128, Suite::HMAC_SM3_128];
    let keyed = suites.map(|suite| {
        secret.frame_key(suite, 1, Direction::Up, DeviceTag::of("car-07")).expect("built with every suite")
    });
    keyed.into_iter().chain([FrameKey::CRC32C]).collect()
});

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&checks::mended(bytes));
});

fn check(bytes: &[u8]) {
    let read = Frame::unchecked(bytes);
    if let Ok(frame) = &read {
        let peek = Peek::at(bytes).expect("a frame starts like one");
        assert_eq!((peek.message_type, peek.device), (frame.header.message_type, frame.header.device));
        checks::decode(frame);
    }
    if let Ok(frame) = open(bytes, &KEYS[..]) {
        assert_eq!(Ok(frame), read);
    }
}
