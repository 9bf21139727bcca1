//! Where postcard's bytes come from and go to.
//!
//! Reading is behind rule 2 of the evolution. A body of an older revision ends where that revision's fields ended. Every
//! byte behind the end reads as 0, and 0 is the encoding of every absent field: number 0, empty text, empty list,
//! coordinate 0.
//!
//! Writing makes the same bytes as `postcard::to_slice` in about half the time: the numbers of our bodies mostly take one
//! to three bytes, and to copy them one by one is faster than to call the routine that copies memory.

use postcard::{Deserializer, Error, de_flavors, ser_flavors};
use serde::{Deserialize, Serialize};

/// Encodes `body` to the start of `out` and returns its length.
pub(crate) fn encode<T: Serialize>(body: &T, out: &mut [u8]) -> Result<usize, Error> {
    postcard::serialize_with_flavor(body, Space { out, len: 0 })
}

/// What lies behind a body's last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PastEnd {
    /// Nothing: a field that is missing is an error.
    Nothing,
    /// Zeros without end: a field that is missing is absent.
    Zeros,
}

/// Decodes `T` from the start of `bytes`; also gives the bytes that were left over.
pub(crate) fn decode<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
    past_end: PastEnd,
) -> Result<(T, &'de [u8]), Error> {
    let mut deserializer = Deserializer::from_flavor(Bytes { rest: bytes, past_end });
    let value = T::deserialize(&mut deserializer)?;
    Ok((value, deserializer.finalize()?))
}

struct Bytes<'de> {
    rest: &'de [u8],
    past_end: PastEnd,
}

impl<'de> de_flavors::Flavor<'de> for Bytes<'de> {
    type Remainder = &'de [u8];
    type Source = &'de [u8];

    fn pop(&mut self) -> Result<u8, Error> {
        match (self.rest.split_first(), self.past_end) {
            (Some((&first, rest)), _) => {
                self.rest = rest;
                Ok(first)
            }
            (None, PastEnd::Zeros) => Ok(0),
            (None, PastEnd::Nothing) => Err(Error::DeserializeUnexpectedEnd),
        }
    }

    fn try_take_n(&mut self, len: usize) -> Result<&'de [u8], Error> {
        // Also behind the end: a text's length reads as 0 there, so only a text cut in two comes here and fails.
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Error::DeserializeUnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    fn finalize(self) -> Result<&'de [u8], Error> {
        Ok(self.rest)
    }
}

/// Room for a body, of which the first `len` bytes are written.
struct Space<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl ser_flavors::Flavor for Space<'_> {
    type Output = usize;

    #[inline]
    fn try_push(&mut self, byte: u8) -> Result<(), Error> {
        *self.out.get_mut(self.len).ok_or(Error::SerializeBufferFull)? = byte;
        self.len += 1;
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match *bytes {
            [a] => self.try_push(a),
            [a, b] => self.try_push(a).and_then(|()| self.try_push(b)),
            [a, b, c] => self.try_push(a).and_then(|()| self.try_push(b)).and_then(|()| self.try_push(c)),
            _ => {
                let rest = self.out.get_mut(self.len..).and_then(|rest| rest.get_mut(..bytes.len()));
                rest.ok_or(Error::SerializeBufferFull)?.copy_from_slice(bytes);
                self.len += bytes.len();
                Ok(())
            }
        }
    }

    fn finalize(self) -> Result<usize, Error> {
        Ok(self.len)
    }
}
