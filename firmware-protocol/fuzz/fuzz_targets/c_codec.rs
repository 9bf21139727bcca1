//! The codec in C and the reference about the same bytes: the same verdict, the same frame again, the same frames in a
//! stream. Input: the first byte is what the rest is (0 a frame, 1 a serial stream, else a body of that type plus 1), the
//! second a body's revision.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)] // each target uses its part
mod checks;
#[path = "../../tests/c/code.rs"]
mod code;

use std::ffi::{c_int, c_void};

use firmware_protocol::serial::{CRC_LEN, Decoder};
use firmware_protocol::{FrameKey, Header, MAX_FRAME_LEN, MessageType, Suite, open};
use libfuzzer_sys::fuzz_target;

/// The longest frame the receivers take.
const FRAME_LEN_MAX: usize = 300;

/// What a receiver says: the number of an error, or 0 and a frame.
type Said = Vec<(c_int, Vec<u8>)>;

unsafe extern "C" {
    fn c_reseal(bytes: *const u8, len: usize, out: *mut u8, out_len: usize, frame_len: *mut usize) -> c_int;
    fn c_receive(
        stream: *const u8,
        len: usize,
        buffer: *mut u8,
        buffer_len: usize,
        said: *mut c_void,
        say: unsafe extern "C" fn(said: *mut c_void, error: c_int, frame: *const u8, frame_len: usize),
    );
}

fuzz_target!(|bytes: &[u8]| {
    match bytes {
        [0, rest @ ..] => frame(&checks::mended(rest)),
        [1, rest @ ..] => stream(rest),
        [message_type, revision, body @ ..] => {
            frame(&checks::forged(MessageType(message_type - 1), *revision, body));
        }
        _ => {}
    }
});

/// Suites of the reference that C does not offer and refuses as such.
const NOT_IN_C: [Suite; 2] = [Suite::HMAC_SM3_128, Suite::ED25519];

fn frame(bytes: &[u8]) {
    if Header::read(bytes).is_ok_and(|(header, _)| NOT_IN_C.contains(&header.suite)) {
        return;
    }
    let right = match open(bytes, &FrameKey::CRC32C) {
        Err(error) => Err(error),
        Ok(frame) if frame.header.message_type == MessageType::TRACK_BATCH => return, // not offered in C
        Ok(frame) => match checks::decode(&frame) {
            Some(sealed) => sealed,
            None => return, // a type that neither knows
        },
    };
    let bytes = bytes.to_vec(); // of exactly their length, so that a read beyond is seen
    let mut out = vec![0; MAX_FRAME_LEN];
    let mut len = 0;
    // SAFETY: all lengths are those of the buffers; the sanitizers watch the rest.
    let error = unsafe { c_reseal(bytes.as_ptr(), bytes.len(), out.as_mut_ptr(), out.len(), &mut len) };
    let found = if error == 0 { Ok(&out[..len]) } else { Err(error) };
    assert_eq!(found, right.as_deref().map_err(|&error| code::code(error).into()));
}

fn stream(stream: &[u8]) {
    let mut decoder = Decoder::<{ FRAME_LEN_MAX + CRC_LEN }>::new();
    let mut right = Said::new();
    for &byte in stream {
        match decoder.push(byte) {
            None => {}
            Some(Ok(frame)) => right.push((0, frame.to_vec())),
            Some(Err(error)) => right.push((code::serial_code(error).into(), Vec::new())),
        }
    }
    let (stream, mut buffer) = (stream.to_vec(), vec![0; FRAME_LEN_MAX + CRC_LEN]);
    let mut found = Said::new();
    // SAFETY: all lengths are those of the buffers, and `say` gets what it asks for; the sanitizers watch the rest.
    unsafe {
        c_receive(
            stream.as_ptr(),
            stream.len(),
            buffer.as_mut_ptr(),
            buffer.len(),
            (&raw mut found).cast(),
            say,
        );
    }
    assert_eq!(found, right);
}

/// # Safety
///
/// `said` is a [`Said`]; there are `frame_len` bytes at `frame` when there is no error.
unsafe extern "C" fn say(said: *mut c_void, error: c_int, frame: *const u8, frame_len: usize) {
    // SAFETY: as the caller says.
    let (said, frame) = unsafe {
        let frame = if error == 0 { std::slice::from_raw_parts(frame, frame_len) } else { &[] };
        (&mut *said.cast::<Said>(), frame)
    };
    said.push((error, frame.to_vec()));
}
