//! Any body of any type and revision in a right frame: the first byte is the type, the second the revision.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)] // each target uses its part
mod checks;

use firmware_protocol::{FrameKey, MessageType, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let &[message_type, revision, ref body @ ..] = bytes else { return };
    let bytes = checks::forged(MessageType(message_type), revision, body);
    let frame = open(&bytes, &FrameKey::CRC32C).expect("a right frame opens");
    checks::decode(&frame);
});
