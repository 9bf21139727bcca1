//! Frames as such: keys, opening, headers, a router's look, what is wrong with one in words.

use core::fmt::Write;

use firmware_protocol::{
    DecodeError, DeviceSecret, DeviceTag, Direction, EncodeError, Frame, FrameKey, HEADER_LEN, Header, Peek,
    Suite, open,
};

use crate::bytes;

#[unsafe(no_mangle)]
extern "C" fn frame_key(
    secret: &DeviceSecret,
    suite: &Suite,
    key_id: u8,
    device: &DeviceTag,
    up: &mut Option<FrameKey>,
    down: &mut Option<FrameKey>,
) {
    *up = secret.frame_key(*suite, key_id, Direction::Up, *device);
    *down = secret.frame_key(*suite, key_id, Direction::Down, *device);
}

/// # Safety
///
/// There are `len` bytes at `start` that nobody writes to.
#[unsafe(no_mangle)]
unsafe extern "C" fn frame_open(
    start: *const u8,
    len: usize,
    keys: &&'static [FrameKey],
    out: &mut Result<Frame<'static>, DecodeError>,
) {
    // SAFETY: as the caller says.
    *out = open(unsafe { bytes(start, len) }, *keys);
}

/// # Safety
///
/// There are `len` bytes at `start` that nobody writes to.
#[unsafe(no_mangle)]
unsafe extern "C" fn frame_unchecked(
    start: *const u8,
    len: usize,
    out: &mut Result<Frame<'static>, DecodeError>,
) {
    // SAFETY: as the caller says.
    *out = Frame::unchecked(unsafe { bytes(start, len) });
}

/// # Safety
///
/// There are `len` bytes at `start` that nobody writes to.
#[unsafe(no_mangle)]
unsafe extern "C" fn frame_peek(start: *const u8, len: usize, out: &mut Option<Peek>) {
    // SAFETY: as the caller says.
    *out = Peek::at(unsafe { bytes(start, len) });
}

/// # Safety
///
/// There are `len` bytes at `start` that nobody writes to.
#[unsafe(no_mangle)]
unsafe extern "C" fn header_read(start: *const u8, len: usize, out: &mut Result<(Header, u16), DecodeError>) {
    // SAFETY: as the caller says.
    *out = Header::read(unsafe { bytes(start, len) });
}

#[unsafe(no_mangle)]
extern "C" fn header_write(header: &Header, body_len: u16, out: &mut Result<[u8; HEADER_LEN], EncodeError>) {
    *out = header.write(body_len);
}

#[unsafe(no_mangle)]
extern "C" fn header_event_unix_ms(header: &Header, age_ms: u32) -> u64 {
    header.event_unix_ms(age_ms).unwrap_or_default()
}

/// Writes errors to wherever a device logs to.
struct Log(extern "C" fn(*const u8, usize));

impl Write for Log {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0(text.as_ptr(), text.len());
        Ok(())
    }
}

#[unsafe(no_mangle)]
extern "C" fn errors_in_words(
    decode: &DecodeError,
    encode: &EncodeError,
    log: extern "C" fn(*const u8, usize),
) -> bool {
    write!(Log(log), "{decode}; {encode}").is_ok()
}
