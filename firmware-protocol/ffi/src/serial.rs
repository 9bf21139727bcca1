//! Frames over a serial link.

use firmware_protocol::serial::{CRC_LEN, Decoder, encode};

use crate::{PatrolError, edge, error};

/// Bytes of the longest frame a receiver takes.
pub const PATROL_SERIAL_FRAME_LEN_MAX: usize = 1024;
/// Words of 8 bytes that a receiver takes.
pub const PATROL_SERIAL_WORDS: usize = 136;

type Receiver = Decoder<{ PATROL_SERIAL_FRAME_LEN_MAX + CRC_LEN }>;

/// Finds frames in a stream. Started by patrol_serial_start; its bytes are of no meaning.
#[repr(C)]
pub struct PatrolSerial {
    /// Tells a receiver from memory that is none, such as all zeros.
    pub made: u64,
    /// The packet so far.
    pub words: [u64; PATROL_SERIAL_WORDS],
}

/// What `made` is in a receiver.
const MADE: u64 = 0x7061_7472_6F6C_7331;

const _: () = assert!(size_of::<Receiver>() <= size_of::<[u64; PATROL_SERIAL_WORDS]>());
const _: () = assert!(align_of::<Receiver>() <= align_of::<u64>());
const _: () = assert!(!core::mem::needs_drop::<Receiver>(), "nobody would drop it");

impl PatrolSerial {
    fn of(receiver: Receiver) -> Self {
        let mut place = Self { made: MADE, words: [0; PATROL_SERIAL_WORDS] };
        // SAFETY: the words have the room and the alignment of a receiver, as asserted above.
        unsafe { (&raw mut place.words).cast::<Receiver>().write(receiver) };
        place
    }

    fn get(&mut self) -> Result<&mut Receiver, PatrolError> {
        if self.made != MADE {
            return Err(PatrolError::Nothing);
        }
        // SAFETY: only `of` makes one with this number, and it puts a receiver there.
        Ok(unsafe { &mut *(&raw mut self.words).cast::<Receiver>() })
    }
}

/// Waits for the first packet, also from the middle of one.
///
/// # Safety
///
/// There is room at `serial` that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_serial_start(serial: *mut PatrolSerial) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { edge::put(serial, PatrolSerial::of(Receiver::new())) })
}

/// Takes the next byte of the stream. `frame` is set to the frame that ended with it, `frame_len` to its length; it
/// stands until the next byte. Length 0: no frame ended; then an error says what a packet that ended was.
///
/// # Safety
///
/// There are a receiver and places that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_serial_push(
    serial: *mut PatrolSerial,
    byte: u8,
    frame: *mut *const u8,
    frame_len: *mut usize,
) -> PatrolError {
    let push = || {
        // SAFETY: as the caller says.
        unsafe { edge::put(frame_len, 0) }?;
        // SAFETY: as the caller says.
        let receiver = unsafe { edge::exclusive(serial)?.get() }?;
        let Some(found) = receiver.push(byte) else { return Ok(()) };
        let found = found?;
        // SAFETY: as the caller says.
        unsafe { edge::put(frame, found.as_ptr()) }?;
        // SAFETY: as the caller says.
        unsafe { edge::put(frame_len, found.len()) }
    };
    error::status(push())
}

/// Writes the packet of a frame to `out`, at most PATROL_SERIAL_LEN(frame_len) bytes, and its length to `packet_len`.
///
/// # Safety
///
/// The pointers lead to what their lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_serial_encode(
    frame: *const u8,
    frame_len: usize,
    out: *mut u8,
    out_len: usize,
    packet_len: *mut usize,
) -> PatrolError {
    let pack = || {
        // SAFETY: as the caller says.
        let (frame, out) = unsafe { (edge::slice(frame, frame_len)?, edge::output(out, out_len)?) };
        let len = encode(frame, out)?;
        // SAFETY: as the caller says.
        unsafe { edge::put(packet_len, len) }
    };
    error::status(pack())
}
