//! Any bytes on a serial line, to a receiver of short frames and to one of long ones.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)] // each target uses its part
mod checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    checks::serial_stream::<8>(stream);
    checks::serial_stream::<600>(stream);
});
