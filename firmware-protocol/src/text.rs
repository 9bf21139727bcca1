//! Text of bounded length, borrowed from the frame it came in.

use core::fmt;
use core::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::error::TooLong;
use crate::wire::{Wire, length_prefix_len};

/// UTF-8 text of at most `N` bytes. On the wire: its length in bytes as a varint, then the bytes. Empty means
/// absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Text<'a, const N: usize>(&'a str);

impl<'a, const N: usize> Text<'a, N> {
    /// The whole text, or an error when it has more than `N` bytes.
    pub const fn new(text: &'a str) -> Result<Self, TooLong> {
        if text.len() <= N { Ok(Self(text)) } else { Err(TooLong { len: text.len(), max: N }) }
    }

    /// As much of the text as fits into `N` bytes without splitting a character.
    pub fn truncated(text: &'a str) -> Self {
        Self(text.get(..text.floor_char_boundary(N)).unwrap_or_default())
    }

    /// The text, with the lifetime of the frame.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl<const N: usize> Deref for Text<'_, N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<'a, const N: usize> TryFrom<&'a str> for Text<'a, N> {
    type Error = TooLong;

    fn try_from(text: &'a str) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const N: usize> fmt::Display for Text<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl<const N: usize> Serialize for Text<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de: 'a, 'a, const N: usize> Deserialize<'de> for Text<'a, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(<&str>::deserialize(deserializer)?).map_err(Error::custom)
    }
}

impl<const N: usize> Wire for Text<'_, N> {
    const MIN_LEN: usize = 1;
    const MAX_LEN: usize = length_prefix_len(N) + N;
}
