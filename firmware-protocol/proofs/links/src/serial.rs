//! The serial link.

use firmware_protocol::serial::{CRC_LEN, Decoder, encode};

use crate::{bytes, bytes_mut};

/// Enough for the frames of most devices; the code is the same for every length.
type Receiver = Decoder<{ 512 + CRC_LEN }>;

/// The packet's length, 0 for an error.
///
/// # Safety
///
/// There are `frame_len` bytes at `frame` that nobody writes to, and `out_len` at `out` that nobody else uses.
#[unsafe(no_mangle)]
unsafe extern "C" fn serial_encode(
    frame: *const u8,
    frame_len: usize,
    out: *mut u8,
    out_len: usize,
) -> usize {
    // SAFETY: as the caller says.
    let (frame, out) = unsafe { (bytes(frame, frame_len), bytes_mut(out, out_len)) };
    encode(frame, out).unwrap_or_default()
}

#[unsafe(no_mangle)]
extern "C" fn serial_start(out: &mut Receiver) {
    *out = Receiver::new();
}

/// The frame's length, with its start in `frame`; 0 for none, -1 for a packet that holds none.
#[unsafe(no_mangle)]
extern "C" fn serial_push(decoder: &mut Receiver, byte: u8, frame: &mut *const u8) -> isize {
    match decoder.push(byte) {
        None => 0,
        Some(Err(_)) => -1,
        Some(Ok(whole)) => {
            *frame = whole.as_ptr();
            whole.len().cast_signed()
        }
    }
}
