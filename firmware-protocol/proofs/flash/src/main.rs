//! An image of nothing but what is to be measured: what a sensor node does with this crate, once. It is never run.
//!
//! Its arguments come from outside, so that nothing is computed by the compiler.
#![no_std]
#![no_main]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The empty image.
#[cfg(not(any(
    feature = "telemetry-crc32c",
    feature = "telemetry-hmac-sha256",
    feature = "telemetry-hmac-sm3"
)))]
#[unsafe(no_mangle)]
extern "C" fn _start() {}

/// Seals a telemetry with CRC-32C; the frame's length, 0 for an error.
#[cfg(feature = "telemetry-crc32c")]
#[unsafe(no_mangle)]
extern "C" fn _start(
    header: &firmware_protocol::Header,
    telemetry: &firmware_protocol::body::Telemetry,
    out: &mut [u8; 256],
) -> usize {
    use firmware_protocol::{FrameKey, seal};

    seal(header, telemetry, &FrameKey::CRC32C, out).unwrap_or_default()
}

/// Derives the key and seals a telemetry with it; the frame's length, 0 for an error.
#[cfg(any(feature = "telemetry-hmac-sha256", feature = "telemetry-hmac-sm3"))]
#[unsafe(no_mangle)]
extern "C" fn _start(
    secret: &firmware_protocol::DeviceSecret,
    header: &firmware_protocol::Header,
    telemetry: &firmware_protocol::body::Telemetry,
    out: &mut [u8; 256],
) -> usize {
    use firmware_protocol::{Direction, Suite, seal};

    let sm3 = cfg!(feature = "telemetry-hmac-sm3");
    let suite = if sm3 { Suite::HMAC_SM3_128 } else { Suite::HMAC_SHA256_128 };
    let key = secret.frame_key(suite, header.key_id, Direction::Up, header.device);
    key.and_then(|key| seal(header, telemetry, &key, out).ok()).unwrap_or_default()
}
