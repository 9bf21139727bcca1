//! What can be wrong with a frame, with the evidence.

use core::fmt;

use crate::header::{MessageType, Suite};

/// Why bytes are not a frame this version understands. All are final: the same bytes fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// Fewer bytes than a header has.
    Short {
        /// Bytes given.
        len: usize,
    },
    /// The first byte is not [`MAGIC`](crate::MAGIC): no frame at all.
    Magic {
        /// The first byte.
        found: u8,
    },
    /// A version of the frame this version of the crate does not know.
    Version {
        /// The version in the header.
        found: u8,
    },
    /// A flag that must be understood and is not.
    Flags {
        /// The unknown flags, low nibble.
        unknown: u8,
    },
    /// A suite this version of the crate does not know.
    Suite {
        /// The suite in the header.
        suite: Suite,
    },
    /// No key for this device, suite and key id.
    Key {
        /// The suite in the header.
        suite: Suite,
        /// The key id in the header.
        key_id: u8,
    },
    /// The frame does not end where its header says.
    Length {
        /// Bytes by the header.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The tag does not fit header and body: damaged or forged.
    Tag {
        /// The suite it was checked with.
        suite: Suite,
    },
    /// The frame carries another type than the one asked for.
    MessageType {
        /// The type asked for.
        expected: MessageType,
        /// The type in the header.
        found: MessageType,
    },
    /// Revision 0, which no type has.
    Revision {
        /// The type in the header.
        message_type: MessageType,
    },
    /// The body is shorter than its revision allows.
    BodyShort {
        /// The type in the header.
        message_type: MessageType,
        /// The revision in the header.
        revision: u8,
        /// Bytes it must have.
        min: usize,
        /// Bytes it has.
        found: usize,
    },
    /// The body goes on behind the last field of its revision.
    BodyLong {
        /// The type in the header.
        message_type: MessageType,
        /// The revision in the header.
        revision: u8,
        /// Bytes too many.
        extra: usize,
    },
    /// A field of the body can't be read.
    Body {
        /// The type in the header.
        message_type: MessageType,
        /// What is wrong.
        fault: BodyFault,
    },
}

/// What is wrong inside a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFault {
    /// It ends within a field.
    Ended,
    /// A number is too large for its field.
    Number,
    /// A text is not UTF-8.
    Utf8,
    /// A text or a list is longer than its field allows.
    Capacity,
    /// The body's type can't be read from this format at all: a fault of the program, not of the frame.
    Form,
}

/// Why a frame can't be written. Nothing of the output may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// The header's message type or revision is not the body's; make it with [`Header::of`](crate::Header::of).
    Header {
        /// The body's type.
        expected: MessageType,
        /// The type in the header.
        found: MessageType,
        /// The body's revision.
        expected_revision: u8,
        /// The revision in the header.
        found_revision: u8,
    },
    /// A flag this version does not know.
    Flags {
        /// The unknown flags.
        unknown: u8,
    },
    /// A suite this version of the crate does not know.
    Suite {
        /// The suite in the header.
        suite: Suite,
    },
    /// A header field is larger than its place.
    Field {
        /// The field's name.
        field: &'static str,
        /// The largest value that fits.
        max: u64,
    },
    /// The output is too small; [`frame_len_max`](crate::frame_len_max) bytes are always enough.
    Buffer {
        /// Bytes given.
        len: usize,
    },
    /// The body does not fit into a frame, or its type can't be written in this format: a fault of the program.
    Body,
}

/// A text or list with more than fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Bytes of the text or elements of the list.
    pub len: usize,
    /// How many fit.
    pub max: usize,
}

impl From<postcard::Error> for BodyFault {
    fn from(error: postcard::Error) -> Self {
        match error {
            postcard::Error::DeserializeUnexpectedEnd => Self::Ended,
            postcard::Error::DeserializeBadVarint => Self::Number,
            postcard::Error::DeserializeBadUtf8 => Self::Utf8,
            // The only errors of our own that deserializing makes are those of `Text` and `List`.
            postcard::Error::SerdeDeCustom => Self::Capacity,
            _ => Self::Form,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Short { len } => write!(f, "{len} bytes are too few for a header of 36"),
            Self::Magic { found } => write!(f, "starts with {found:#04x}, not with 0xc1 as a frame does"),
            Self::Version { found } => write!(f, "frame version {found} is not understood"),
            Self::Flags { unknown } => write!(f, "must-understand flags {unknown:#06b} are not understood"),
            Self::Suite { suite } => write!(f, "authentication suite {suite} is not supported"),
            Self::Key { suite, key_id } => {
                write!(f, "no {suite} key with id {key_id} is known for the device")
            }
            Self::Length { expected, found } => write!(f, "{found} bytes where the header says {expected}"),
            Self::Tag { suite } => write!(f, "the {suite} tag does not match"),
            Self::MessageType { expected, found } => write!(f, "message type {found} instead of {expected}"),
            Self::Revision { message_type } => {
                write!(f, "{message_type} of revision 0, which does not exist")
            }
            Self::BodyShort { message_type, revision, min, found } => {
                write!(f, "{message_type} of revision {revision} has {found} bytes and needs {min}")
            }
            Self::BodyLong { message_type, revision, extra } => {
                write!(f, "{message_type} of revision {revision} has {extra} bytes too many")
            }
            Self::Body { message_type, fault } => write!(f, "{message_type}: {fault}"),
        }
    }
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the body ends within a field",
            Self::Number => "a number is too large for its field",
            Self::Utf8 => "a text is not UTF-8",
            Self::Capacity => "a text or a list is longer than its field allows",
            Self::Form => "the body's type can't be read from this format",
        })
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Header { expected, found, expected_revision, found_revision } => write!(
                f,
                "header of {found} revision {found_revision} for a body of {expected} revision {expected_revision}"
            ),
            Self::Flags { unknown } => write!(f, "flags {unknown:#06b} are not defined"),
            Self::Suite { suite } => write!(f, "authentication suite {suite} is not supported"),
            Self::Field { field, max } => write!(f, "{field} is above {max}"),
            Self::Buffer { len } => write!(f, "{len} bytes of output are too few"),
            Self::Body => f.write_str("the body does not fit into a frame"),
        }
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} where at most {} fit", self.len, self.max)
    }
}

impl core::error::Error for DecodeError {}
impl core::error::Error for BodyFault {}
impl core::error::Error for EncodeError {}
impl core::error::Error for TooLong {}
