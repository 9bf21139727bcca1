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
#[cfg(not(feature = "telemetry-crc32c"))]
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
    firmware_protocol::seal(header, telemetry, out).unwrap_or_default()
}
