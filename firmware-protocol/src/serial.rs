//! Frames over a serial link: finds where one ends, and which came through whole.
//!
//! A packet is COBS(frame, CRC-32C of the frame as 4 bytes little-endian), then [`DELIMITER`]:
//!
//! - COBS (consistent overhead byte stuffing) cuts the bytes at each zero and puts in front of each piece how far
//!   it is to the next one: a code byte 1..=254 stands for itself minus 1 bytes and a zero, 255 for 254 bytes and
//!   no zero. The zero of the last piece is not there. No byte of a packet is 0, so the delimiter is found from
//!   anywhere, whatever was lost.
//! - The CRC finds damage. Who sent a frame is for the frame's own tag to say. Behind a frame of suite CRC-32C,
//!   which ends with its own, this CRC is always 0x48674BC7 and finds what the frame's finds; cut exactly there, at
//!   the end of a full block, the packet passes for the frame without its tag, which `open` refuses by its length.
//! - A frame has at least one byte. The CRC of none is 0, so four zeros left over from any packet would pass for it.
//! - Delimiters back to back are no packets. A sender starts with one after a reboot, so that the half packet
//!   before it costs nothing else.
//! - A packet that is damaged, cut or longer than the receiver's buffer costs itself, and with its delimiter the
//!   one behind it; the packet after that arrives.
//!
//! ```
//! use firmware_protocol::serial::{CRC_LEN, Decoder, encode, encoded_len_max};
//!
//! let frame = [0xC1, 0, 0, 7];
//! let mut packet = [0; encoded_len_max(4)];
//! let len = encode(&frame, &mut packet)?;
//!
//! let mut decoder = Decoder::<{ 4 + CRC_LEN }>::new();
//! let mut frames = 0;
//! for &byte in &packet[..len] {
//!     if let Some(result) = decoder.push(byte) {
//!         assert_eq!(result, Ok(&frame[..]));
//!         frames += 1;
//!     }
//! }
//! assert_eq!(frames, 1);
//! # Ok::<(), firmware_protocol::serial::WriteError>(())
//! ```

use core::fmt;

use crate::crc32c::{Crc32c, crc32c};

/// Ends every packet and is nowhere else.
pub const DELIMITER: u8 = 0;
/// Bytes of the CRC-32C behind the frame.
pub const CRC_LEN: usize = 4;

/// The code of a full block: 254 bytes without a zero behind them.
const FULL: u8 = 0xFF;
/// Bytes of a full block.
const BLOCK_LEN_MAX: usize = 254;

/// Bytes that the packet of every frame of `frame_len` bytes fits into, delimiter included.
pub const fn encoded_len_max(frame_len: usize) -> usize {
    let payload_len = frame_len + CRC_LEN;
    payload_len.div_ceil(BLOCK_LEN_MAX) + payload_len + 1
}

/// Why a packet can't be written. Nothing of the output may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// The frame has no byte.
    Empty,
    /// The output is too small; [`encoded_len_max`] bytes are always enough.
    Buffer {
        /// Bytes given.
        len: usize,
    },
}

/// Writes the packet of `frame` to the start of `out` and returns its length, delimiter included.
pub fn encode(frame: &[u8], out: &mut [u8]) -> Result<usize, WriteError> {
    if frame.is_empty() {
        return Err(WriteError::Empty);
    }
    let too_small = WriteError::Buffer { len: out.len() };
    Blocks { out, code_at: 0, code: 1 }.write(frame).ok_or(too_small)
}

/// The blocks of a packet while it is written: the last one is open.
struct Blocks<'o> {
    out: &'o mut [u8],
    /// Where the open block's code will stand.
    code_at: usize,
    /// The open block's code so far, and how far behind `code_at` the next byte goes: 1..=255.
    code: u8,
}

impl Blocks<'_> {
    /// The packet's length; `None` when it does not fit.
    fn write(mut self, frame: &[u8]) -> Option<usize> {
        for &byte in frame.iter().chain(&crc32c(frame).to_le_bytes()) {
            if self.code == FULL {
                self.close()?;
            }
            if byte == 0 {
                self.close()?;
            } else {
                *self.out.get_mut(self.code_at + usize::from(self.code))? = byte;
                self.code += 1;
            }
        }
        self.close()?;
        *self.out.get_mut(self.code_at)? = DELIMITER;
        Some(self.code_at + 1)
    }

    /// Writes the open block's code and opens the next one.
    fn close(&mut self) -> Option<()> {
        *self.out.get_mut(self.code_at)? = self.code;
        self.code_at += usize::from(self.code);
        self.code = 1;
        Some(())
    }
}

/// Why a packet holds no frame. It is gone; the stream goes on behind its delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SerialError {
    /// It is longer than the decoder's buffer.
    Overlong {
        /// Bytes of the longest frame the decoder takes.
        max: usize,
    },
    /// It ends within a block: bytes are missing, or a code is damaged.
    Truncated,
    /// It has no more bytes than a CRC.
    Short {
        /// Bytes it has.
        len: usize,
    },
    /// The CRC does not fit the bytes before it.
    Crc,
}

/// Finds frames in a stream, one byte at a time, with the same small work for each: fit for an interrupt.
///
/// `N` is the bytes of the longest frame it takes plus [`CRC_LEN`]; it holds no more than one frame.
/// Invariant: `len <= N`.
#[derive(Debug, Clone)]
pub struct Decoder<const N: usize> {
    /// The packet's bytes so far, decoded.
    buffer: [u8; N],
    len: usize,
    /// The CRC of those.
    crc: Crc32c,
    block: Block,
}

/// Where in a packet the decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Behind a delimiter: nothing of a packet was seen.
    None,
    /// `left` bytes before the next code, and whether that one stands for a zero too.
    Open { left: u8, zero_behind: bool },
    /// In a packet that was too long: nothing of it counts any more.
    Overlong,
}

impl<const N: usize> Decoder<N> {
    /// Waits for the first packet; it may also start in the middle of one.
    pub const fn new() -> Self {
        const { assert!(N > CRC_LEN, "a decoder's buffer holds a frame and its CRC") };
        Self { buffer: [0; N], len: 0, crc: Crc32c::new(), block: Block::None }
    }

    /// Takes the next byte of the stream. A packet's delimiter gives its frame, which stands until the next byte,
    /// or what is wrong with the packet.
    pub fn push(&mut self, byte: u8) -> Option<Result<&[u8], SerialError>> {
        if byte == DELIMITER {
            return self.end();
        }
        self.block = match self.block {
            Block::None => Block::behind_code(byte),
            Block::Open { left: 0, zero_behind: false } => Block::behind_code(byte),
            Block::Open { left: 0, zero_behind: true } => self.keep(0, Block::behind_code(byte)),
            Block::Open { left, zero_behind } => {
                self.keep(byte, Block::Open { left: left.saturating_sub(1), zero_behind })
            }
            Block::Overlong => Block::Overlong,
        };
        None
    }

    /// Keeps a decoded byte and gives where the decoder is then: `next`, unless there is no room.
    fn keep(&mut self, byte: u8, next: Block) -> Block {
        let Some(slot) = self.buffer.get_mut(self.len) else {
            return Block::Overlong;
        };
        *slot = byte;
        self.len += 1;
        self.crc.push(byte);
        next
    }

    /// Ends the packet, if there is one, and is ready for the next.
    fn end(&mut self) -> Option<Result<&[u8], SerialError>> {
        let Self { buffer, len, crc, block } = self;
        let (len, crc, block) = (
            core::mem::take(len),
            core::mem::replace(crc, Crc32c::new()),
            core::mem::replace(block, Block::None),
        );
        match block {
            Block::None => None,
            Block::Overlong => Some(Err(SerialError::Overlong { max: N - CRC_LEN })),
            Block::Open { left: 1.., .. } => Some(Err(SerialError::Truncated)),
            Block::Open { left: 0, .. } => {
                let frame_len = len.checked_sub(CRC_LEN).filter(|&frame_len| frame_len > 0);
                let frame = frame_len.and_then(|frame_len| buffer.get(..frame_len));
                let whole = |frame| if crc.ends_with_itself() { Ok(frame) } else { Err(SerialError::Crc) };
                Some(frame.ok_or(SerialError::Short { len }).and_then(whole))
            }
        }
    }
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl Block {
    /// Behind the code byte `code`, which is not 0.
    fn behind_code(code: u8) -> Self {
        Self::Open { left: code.saturating_sub(1), zero_behind: code != FULL }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a frame has at least one byte"),
            Self::Buffer { len } => write!(f, "{len} bytes of output are too few for the packet"),
        }
    }
}

impl fmt::Display for SerialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Overlong { max } => write!(f, "the packet holds a frame of more than {max} bytes"),
            Self::Truncated => f.write_str("the packet ends within a block"),
            Self::Short { len } => write!(f, "the packet's {len} bytes are too few for a frame and its CRC"),
            Self::Crc => f.write_str("the packet's CRC does not match"),
        }
    }
}

impl core::error::Error for WriteError {}
impl core::error::Error for SerialError {}
