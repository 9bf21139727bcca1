//! Any bytes as a frame, as they are and with what must be right for a frame put right.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)] // each target uses its part
mod checks;

use std::sync::LazyLock;

use firmware_protocol::{DeviceSecret, DeviceTag, Direction, FrameKey, Peek, Suite, open};
use libfuzzer_sys::fuzz_target;

/// One key of every suite.
static KEYS: LazyLock<Vec<FrameKey>> = LazyLock::new(|| {
    let secret = DeviceSecret::new([7; 32]);
    let suites = [Suite::HMAC_SHA256_64, Suite::HMAC_SHA256_128, Suite::HMAC_SM3_128];
    let keyed = suites.map(|suite| {
        secret.frame_key(suite, 1, Direction::Up, DeviceTag::of("car-07")).expect("built with every suite")
    });
    keyed.into_iter().chain([FrameKey::CRC32C]).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let _ = Peek::at(bytes);
    if let Ok(frame) = open(bytes, &KEYS[..]) {
        checks::decode(&frame);
    }
    let mended = checks::mended(bytes);
    if let Ok(frame) = open(&mended, &KEYS[..]) {
        assert_eq!(Peek::at(&mended).map(|peek| peek.device), Some(frame.header.device));
        checks::decode(&frame);
    }
});
