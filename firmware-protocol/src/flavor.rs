//! Reading a body that may end early: the postcard flavor behind rule 2 of the evolution.
//!
//! A body of an older revision ends where that revision's fields ended. Every byte behind the end reads as 0, and
//! 0 is the encoding of every absent field: number 0, empty text, empty list, coordinate 0.

use postcard::de_flavors::Flavor;
use postcard::{Deserializer, Error};
use serde::Deserialize;

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

impl<'de> Flavor<'de> for Bytes<'de> {
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
