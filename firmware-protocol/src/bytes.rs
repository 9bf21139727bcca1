//! Bytes of bounded number, borrowed from the frame they came in.

use core::fmt;
use core::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::error::TooLong;
use crate::wire::{Wire, length_prefix_len};

/// At most `N` bytes. On the wire: their number as a varint, then the bytes. Empty means absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Bytes<'a, const N: usize>(&'a [u8]);

impl<'a, const N: usize> Bytes<'a, N> {
    /// All the bytes, or an error when there are more than `N`.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, TooLong> {
        if bytes.len() <= N { Ok(Self(bytes)) } else { Err(TooLong { len: bytes.len(), max: N }) }
    }

    /// The bytes, with the lifetime of the frame.
    pub const fn as_slice(&self) -> &'a [u8] {
        self.0
    }
}

impl<const N: usize> Deref for Bytes<'_, N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl<'a, const N: usize> TryFrom<&'a [u8]> for Bytes<'a, N> {
    type Error = TooLong;

    fn try_from(bytes: &'a [u8]) -> Result<Self, TooLong> {
        Self::new(bytes)
    }
}

impl<const N: usize> Serialize for Bytes<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a, const N: usize> Deserialize<'de> for Bytes<'a, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Borrowed).and_then(|bytes| Self::new(bytes).map_err(Error::custom))
    }
}

/// Takes bytes that outlive the decoding.
struct Borrowed;

impl<'de> Visitor<'de> for Borrowed {
    type Value = &'de [u8];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes of the input")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(bytes)
    }
}

impl<const N: usize> Wire for Bytes<'_, N> {
    const MIN_LEN: usize = 1;
    const MAX_LEN: usize = length_prefix_len(N) + N;
}
