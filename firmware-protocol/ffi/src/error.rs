//! Errors as C sees them.

use core::ffi::{CStr, c_char, c_int};

use firmware_protocol::serial::{SerialError, WriteError};
use firmware_protocol::{BodyFault, DecodeError, EncodeError, TooLong};

/// What can be wrong. The numbers below 100 are those of pgw_error in the codec in C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub enum PatrolError {
    /// Nothing.
    Ok = 0,
    /// Fewer bytes than a header has.
    Short = 1,
    /// The first byte is not that of a frame.
    Magic = 2,
    /// A version of the frame that is not known here.
    Version = 3,
    /// A flag that must be understood and is not; also when sealing.
    Flags = 4,
    /// An authentication suite that is not offered here; also when deriving a key.
    Suite = 5,
    /// None of the keys is for this suite and key id, or a key was not made by this library.
    Key = 6,
    /// The frame does not end where its header says.
    Length = 7,
    /// Damaged or forged.
    Tag = 8,
    /// The frame carries another type than the one asked for.
    MessageType = 9,
    /// Revision 0, which no type has.
    Revision = 10,
    /// The body is shorter than its revision allows.
    BodyShort = 11,
    /// The body goes on behind the last field of its revision.
    BodyLong = 12,
    /// The body ends within a field.
    Ended = 13,
    /// A number is too large for its field.
    Number = 14,
    /// A text is not UTF-8.
    Utf8 = 15,
    /// A text or a list is longer than its field allows.
    Capacity = 16,
    /// uptime_ms needs more than 40 bits, or unix_ms more than 48.
    Field = 17,
    /// The output is too small.
    Buffer = 18,
    /// A packet without a byte of a frame.
    Empty = 19,
    /// A packet that is longer than the receiver's buffer.
    Overlong = 20,
    /// A packet that ends within a block.
    Truncated = 21,
    /// A packet whose CRC does not match.
    Crc = 22,
    /// A pointer is NULL that must not be, or a length is none that an object can have.
    Null = 100,
    /// There is nothing to seal: the track is empty.
    Nothing = 101,
    /// A fault of this library.
    Internal = 102,
    /// Neither PATROL_UP nor PATROL_DOWN.
    Direction = 103,
}

/// An error in words, for a log. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn patrol_error_text(error: c_int) -> *const c_char {
    let known = TEXTS.iter().find(|(of, _)| *of as c_int == error);
    known.map_or(c"unknown error", |(_, text)| text).as_ptr()
}

const TEXTS: [(PatrolError, &CStr); 27] = [
    (PatrolError::Ok, c"no error"),
    (PatrolError::Short, c"too few bytes for a header of 36"),
    (PatrolError::Magic, c"does not start with 0xc1 as a frame does"),
    (PatrolError::Version, c"the frame's version is not understood"),
    (PatrolError::Flags, c"a must-understand flag is not understood"),
    (PatrolError::Suite, c"the authentication suite is not offered"),
    (PatrolError::Key, c"no key for the frame's suite and key id"),
    (PatrolError::Length, c"the frame does not end where its header says"),
    (PatrolError::Tag, c"the tag does not match"),
    (PatrolError::MessageType, c"another message type than the one asked for"),
    (PatrolError::Revision, c"revision 0 does not exist"),
    (PatrolError::BodyShort, c"the body is too short for its revision"),
    (PatrolError::BodyLong, c"the body has bytes too many for its revision"),
    (PatrolError::Ended, c"the body ends within a field"),
    (PatrolError::Number, c"a number is too large for its field"),
    (PatrolError::Utf8, c"a text is not UTF-8"),
    (PatrolError::Capacity, c"a text or a list is longer than its field allows"),
    (PatrolError::Field, c"uptime_ms or unix_ms is too large for the header"),
    (PatrolError::Buffer, c"the output is too small"),
    (PatrolError::Empty, c"a packet without a byte of a frame"),
    (PatrolError::Overlong, c"the packet is longer than the buffer"),
    (PatrolError::Truncated, c"the packet ends within a block"),
    (PatrolError::Crc, c"the packet's CRC does not match"),
    (PatrolError::Null, c"a pointer is NULL or a length impossible"),
    (PatrolError::Nothing, c"the track is empty"),
    (PatrolError::Internal, c"a fault of this library"),
    (PatrolError::Direction, c"neither PATROL_UP nor PATROL_DOWN"),
];

/// What a function returns.
pub(crate) fn status(result: Result<(), PatrolError>) -> PatrolError {
    result.err().unwrap_or(PatrolError::Ok)
}

impl From<DecodeError> for PatrolError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Short { .. } => Self::Short,
            DecodeError::Magic { .. } => Self::Magic,
            DecodeError::Version { .. } => Self::Version,
            DecodeError::Flags { .. } => Self::Flags,
            DecodeError::Suite { .. } => Self::Suite,
            DecodeError::Key { .. } => Self::Key,
            DecodeError::Length { .. } => Self::Length,
            DecodeError::Tag { .. } => Self::Tag,
            DecodeError::MessageType { .. } => Self::MessageType,
            DecodeError::Revision { .. } => Self::Revision,
            DecodeError::BodyShort { .. } => Self::BodyShort,
            DecodeError::BodyLong { .. } => Self::BodyLong,
            DecodeError::Body { fault, .. } => fault.into(),
        }
    }
}

impl From<BodyFault> for PatrolError {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Ended => Self::Ended,
            BodyFault::Number => Self::Number,
            BodyFault::Utf8 => Self::Utf8,
            BodyFault::Capacity => Self::Capacity,
            BodyFault::Form => Self::Internal,
        }
    }
}

impl From<EncodeError> for PatrolError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Flags { .. } => Self::Flags,
            EncodeError::Suite { .. } => Self::Suite,
            EncodeError::Field { .. } => Self::Field,
            EncodeError::Buffer { .. } => Self::Buffer,
            EncodeError::Header { .. } | EncodeError::Body => Self::Internal,
        }
    }
}

impl From<TooLong> for PatrolError {
    fn from(_: TooLong) -> Self {
        Self::Capacity
    }
}

impl From<SerialError> for PatrolError {
    fn from(error: SerialError) -> Self {
        match error {
            SerialError::Overlong { .. } => Self::Overlong,
            SerialError::Truncated => Self::Truncated,
            SerialError::Short { .. } => Self::Empty,
            SerialError::Crc => Self::Crc,
        }
    }
}

impl From<WriteError> for PatrolError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Empty => Self::Empty,
            WriteError::Buffer { .. } => Self::Buffer,
        }
    }
}
