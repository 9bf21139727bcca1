//! Making and opening frames: header, body, tag.
//!
//! Nothing behind [`open`] ever sees a byte whose tag was not checked.

use serde::Deserialize;

use crate::body::Body;
use crate::crc32c::crc32c;
use crate::error::{BodyFault, DecodeError, EncodeError};
use crate::flavor::{self, PastEnd};
use crate::header::{HEADER_LEN, Header, Suite};
use crate::wire::Wire;

/// Bytes of the longest tag of any suite.
const TAG_LEN_MAX: usize = 64;

/// The longest frame the header can describe. No larger payload is a frame.
pub const MAX_FRAME_LEN: usize = HEADER_LEN + u16::MAX as usize + TAG_LEN_MAX;

/// Bytes that every frame with a body of type `B` fits into.
pub const fn frame_len_max<B: Wire>(suite: Suite) -> usize {
    let tag_len = match suite.tag_len() {
        Some(len) => len,
        None => TAG_LEN_MAX,
    };
    HEADER_LEN + B::MAX_LEN + tag_len
}

/// A frame whose form and tag were checked; only [`open`] makes one. Its body is decoded on demand.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Who made it, which record it is and when.
    pub header: Header,
    /// The body's bytes.
    pub body: &'a [u8],
}

/// Checks a frame: magic, version, flags, suite, exact length, tag.
///
/// Without keys only suite CRC-32C can be checked; every other is refused by name.
pub fn open(bytes: &[u8]) -> Result<Frame<'_>, DecodeError> {
    let (header, body_len) = Header::read(bytes)?;
    let suite = header.suite;
    if suite != Suite::CRC32C {
        return Err(DecodeError::Suite { suite });
    }
    let covered_len = HEADER_LEN + usize::from(body_len);
    let length = DecodeError::Length { expected: covered_len + CRC_LEN, found: bytes.len() };
    let (covered, tag) = bytes.split_at_checked(covered_len).ok_or(length)?;
    let tag: &[u8; CRC_LEN] = tag.try_into().map_err(|_| length)?;
    if *tag != crc32c(covered).to_le_bytes() {
        return Err(DecodeError::Tag { suite });
    }
    Ok(Frame { header, body: covered.get(HEADER_LEN..).ok_or(length)? })
}

/// Writes a frame to the start of `out` and returns its length.
///
/// The header must be one for `B`, made by [`Header::of`]. Only suite CRC-32C can be made without a key.
pub fn seal<B: Body>(header: &Header, body: &B, out: &mut [u8]) -> Result<usize, EncodeError> {
    if (header.message_type, header.revision) != (B::MESSAGE_TYPE, B::REVISION) {
        return Err(EncodeError::Header {
            expected: B::MESSAGE_TYPE,
            found: header.message_type,
            expected_revision: B::REVISION,
            found_revision: header.revision,
        });
    }
    if header.suite != Suite::CRC32C {
        return Err(EncodeError::Suite { suite: header.suite });
    }
    let buffer = EncodeError::Buffer { len: out.len() };
    let (_, after_header) = out.split_at_mut_checked(HEADER_LEN).ok_or(buffer)?;
    let body_len = postcard::to_slice(body, after_header)
        .map_err(|error| match error {
            postcard::Error::SerializeBufferFull => buffer,
            _ => EncodeError::Body,
        })?
        .len();

    let header_bytes = header.write(u16::try_from(body_len).map_err(|_| EncodeError::Body)?)?;
    let (covered, after_body) = out.split_at_mut_checked(HEADER_LEN + body_len).ok_or(buffer)?;
    *covered.first_chunk_mut().ok_or(buffer)? = header_bytes;
    *after_body.first_chunk_mut().ok_or(buffer)? = crc32c(covered).to_le_bytes();
    Ok(HEADER_LEN + body_len + CRC_LEN)
}

/// Bytes of the tag of suite CRC-32C.
const CRC_LEN: usize = 4;

impl<'a> Frame<'a> {
    /// Decodes the body, whatever its revision: missing fields of an older one are 0, the tail of a newer one is
    /// ignored. Texts are borrowed from the frame.
    pub fn decode<B: Body + Deserialize<'a>>(&self) -> Result<B, DecodeError> {
        let Header { message_type, revision, .. } = self.header;
        if message_type != B::MESSAGE_TYPE {
            return Err(DecodeError::MessageType { expected: B::MESSAGE_TYPE, found: message_type });
        }
        let min = B::min_len(revision).ok_or(DecodeError::Revision { message_type })?;
        if self.body.len() < min {
            return Err(DecodeError::BodyShort { message_type, revision, min, found: self.body.len() });
        }
        let past_end = if revision < B::REVISION { PastEnd::Zeros } else { PastEnd::Nothing };
        let (body, rest) = flavor::decode(self.body, past_end)
            .map_err(|error| DecodeError::Body { message_type, fault: BodyFault::from(error) })?;
        if revision <= B::REVISION && !rest.is_empty() {
            return Err(DecodeError::BodyLong { message_type, revision, extra: rest.len() });
        }
        Ok(body)
    }
}
