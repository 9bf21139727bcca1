//! Why something was not made or not sent: values, each with what to do.

use core::convert::Infallible;
use core::fmt;

use super::downlink::Refused;
use crate::body::RecordRef;
use crate::error::EncodeError;

/// Why a device can't start. `S` is the storage's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartError<S> {
    /// The storage; start again.
    Storage(S),
    /// The buffer is shorter than a slot: a fault of the program.
    Buffer {
        /// Bytes it needs.
        needed: usize,
    },
    /// The table has fewer entries than the storage has slots for records: a fault of the program.
    Table {
        /// Entries it has.
        entries: usize,
    },
    /// The boot counter has reached its end, after 4 thousand million boots: the device needs another id.
    Exhausted,
}

/// Why no record was made. `S` is the storage's error, `E` that of whoever writes the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade<S, E = EncodeError> {
    /// No slot is free. No number is used up; count the loss, or make room with [`Device::forget`](super::Device::forget).
    Full,
    /// All numbers of this boot are used, 4 thousand million: restart the device.
    Exhausted,
    /// The buffer is shorter than a slot, or the bytes are longer than one. No number is used up.
    Buffer {
        /// Bytes it needs.
        needed: usize,
    },
    /// The bytes could not be written. No number is used up.
    Content(E),
    /// The storage. The number is used up, and the record may be there after a restart: nobody knows.
    Storage(S),
}

/// A frame that is not stored can fail only in these ways.
pub type NotSealed = NotMade<Infallible>;

/// Why a record can't be sent now. `S` is the storage's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent<S> {
    /// The storage; the record waits on, ask again later.
    Storage(S),
    /// The buffer is shorter than a slot: a fault of the program.
    Buffer {
        /// Bytes it needs.
        needed: usize,
    },
    /// The storage holds something else than was written. The record is lost: count it and ask for the next one.
    Damaged(RecordRef),
}

/// Why no chunk of evidence can be sent now. `M` is the error of the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkError<M> {
    /// The file could not be read; ask again, or give the transfer up.
    Media(M),
    /// The buffer is too short: a fault of the program.
    Buffer {
        /// Bytes it needs.
        needed: usize,
    },
    /// The frame could not be made.
    Frame(NotSealed),
}

impl<S: fmt::Display> fmt::Display for StartError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "storage: {error}"),
            Self::Buffer { needed } => write!(f, "the buffer needs {needed} bytes"),
            Self::Table { entries } => {
                write!(f, "a table of {entries} entries is too short for the storage's slots")
            }
            Self::Exhausted => f.write_str("the boot counter has reached its end"),
        }
    }
}

impl<S: fmt::Display, E: fmt::Display> fmt::Display for NotMade<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the outbox is full"),
            Self::Exhausted => f.write_str("all numbers of this boot are used"),
            Self::Buffer { needed } => write!(f, "the buffer or the slot needs {needed} bytes"),
            Self::Content(error) => error.fmt(f),
            Self::Storage(error) => write!(f, "storage: {error}"),
        }
    }
}

impl<S: fmt::Display> fmt::Display for NotSent<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "storage: {error}"),
            Self::Buffer { needed } => write!(f, "the buffer needs {needed} bytes"),
            Self::Damaged(RecordRef { boot, seq }) => write!(f, "record {boot}/{seq} is damaged"),
        }
    }
}

impl<M: fmt::Display> fmt::Display for ChunkError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Media(error) => write!(f, "media: {error}"),
            Self::Buffer { needed } => write!(f, "the buffer needs {needed} bytes"),
            Self::Frame(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Device { addressee } => write!(f, "for another device, {addressee}"),
            Self::Replayed { boot, seq } => write!(f, "{boot}/{seq} came before, or is too old"),
            Self::MessageType(message_type) => write!(f, "{message_type} is not for devices"),
        }
    }
}

impl<S: fmt::Debug + fmt::Display> core::error::Error for StartError<S> {}
impl<S: fmt::Debug + fmt::Display, E: fmt::Debug + fmt::Display> core::error::Error for NotMade<S, E> {}
impl<S: fmt::Debug + fmt::Display> core::error::Error for NotSent<S> {}
impl<M: fmt::Debug + fmt::Display> core::error::Error for ChunkError<M> {}
impl core::error::Error for Refused {}
