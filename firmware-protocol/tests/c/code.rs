//! The errors of the reference by their numbers in `c/include/pgw_error.h`.

use firmware_protocol::serial::SerialError;
use firmware_protocol::{BodyFault, DecodeError};

/// What is wrong with a frame.
pub(crate) fn code(error: DecodeError) -> u8 {
    match error {
        DecodeError::Short { .. } => 1,
        DecodeError::Magic { .. } => 2,
        DecodeError::Version { .. } => 3,
        DecodeError::Flags { .. } => 4,
        DecodeError::Suite { .. } => 5,
        DecodeError::Key { .. } => 6,
        DecodeError::Length { .. } => 7,
        DecodeError::Tag { .. } => 8,
        DecodeError::MessageType { .. } => 9,
        DecodeError::Revision { .. } => 10,
        DecodeError::BodyShort { .. } => 11,
        DecodeError::BodyLong { .. } => 12,
        DecodeError::Body { fault: BodyFault::Ended, .. } => 13,
        DecodeError::Body { fault: BodyFault::Number, .. } => 14,
        DecodeError::Body { fault: BodyFault::Utf8, .. } => 15,
        DecodeError::Body { fault: BodyFault::Capacity, .. } => 16,
        DecodeError::Body { fault: BodyFault::Form, .. } => unreachable!("no body has such a field"),
    }
}

/// What is wrong with a packet.
pub(crate) fn serial_code(error: SerialError) -> u8 {
    match error {
        SerialError::Short { .. } => 19,
        SerialError::Overlong { .. } => 20,
        SerialError::Truncated => 21,
        SerialError::Crc => 22,
    }
}
