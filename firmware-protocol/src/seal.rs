//! Making and opening frames: header, body, tag.
//!
//! Nothing behind [`open`] ever sees a byte whose tag was not checked.

use serde::Deserialize;

use crate::body::Body;
use crate::error::{BodyFault, DecodeError, EncodeError};
use crate::flavor::{self, PastEnd};
use crate::header::{HEADER_LEN, Header, Suite};
use crate::key::{FrameKey, KeyRing};
use crate::wire::Wire;

/// The longest frame the header can describe. No larger payload is a frame.
pub const MAX_FRAME_LEN: usize = HEADER_LEN + u16::MAX as usize + Suite::TAG_LEN_MAX;

/// Bytes that every frame with a body of type `B` fits into.
pub const fn frame_len_max<B: Wire>(suite: Suite) -> usize {
    let tag_len = match suite.tag_len() {
        Some(len) => len,
        None => Suite::TAG_LEN_MAX,
    };
    HEADER_LEN + B::MAX_LEN + tag_len
}

/// A frame whose form was checked, and its tag too when [`open`] made it. Its body is decoded on demand.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Who made it, which record it is and when.
    pub header: Header,
    /// The body's bytes.
    pub body: &'a [u8],
}

/// Checks a frame: magic, version, flags, exact length, and the tag with the key that `keys` has for it.
///
/// A suite or key id that `keys` has none for is refused: who takes frames without authentication says so, with
/// [`FrameKey::CRC32C`].
pub fn open<'a>(bytes: &'a [u8], keys: &(impl KeyRing + ?Sized)) -> Result<Frame<'a>, DecodeError> {
    let (frame, covered, tag) = parts(bytes)?;
    let Header { suite, key_id, .. } = frame.header;
    let key = keys.key(&frame.header).ok_or(DecodeError::Key { suite, key_id })?;
    if key.suite() != suite || !key.matches(covered, tag) {
        return Err(DecodeError::Tag { suite });
    }
    Ok(frame)
}

/// The frame in `bytes`, what its tag covers, and the tag; it is looked at by nobody yet.
fn parts(bytes: &[u8]) -> Result<(Frame<'_>, &[u8], &[u8]), DecodeError> {
    let (header, body_len) = Header::read(bytes)?;
    let suite = header.suite;
    let tag_len = suite.tag_len().ok_or(DecodeError::Suite { suite })?;
    let covered_len = HEADER_LEN + usize::from(body_len);
    let length = DecodeError::Length { expected: covered_len + tag_len, found: bytes.len() };
    let (covered, tag) = bytes.split_at_checked(covered_len).ok_or(length)?;
    if tag.len() != tag_len {
        return Err(length);
    }
    let body = covered.get(HEADER_LEN..).ok_or(length)?;
    Ok((Frame { header, body }, covered, tag))
}

/// Writes a frame to the start of `out` and returns its length.
///
/// The header must be one for `B`, made by [`Header::of`]; its suite and key id are replaced by those of `key`.
pub fn seal<B: Body>(
    header: &Header,
    body: &B,
    key: &FrameKey,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    if (header.message_type, header.revision) != (B::MESSAGE_TYPE, B::REVISION) {
        return Err(EncodeError::Header {
            expected: B::MESSAGE_TYPE,
            found: header.message_type,
            expected_revision: B::REVISION,
            found_revision: header.revision,
        });
    }
    let suite = key.suite();
    let tag_len = suite.tag_len().ok_or(EncodeError::Suite { suite })?;
    let buffer = EncodeError::Buffer { len: out.len() };
    let (_, after_header) = out.split_at_mut_checked(HEADER_LEN).ok_or(buffer)?;
    let body_len = flavor::encode(body, after_header).map_err(|error| match error {
        postcard::Error::SerializeBufferFull => buffer,
        _ => EncodeError::Body,
    })?;

    let header_bytes = key.stamp(header).write(u16::try_from(body_len).map_err(|_| EncodeError::Body)?)?;
    let (covered, after_body) = out.split_at_mut_checked(HEADER_LEN + body_len).ok_or(buffer)?;
    *covered.first_chunk_mut().ok_or(buffer)? = header_bytes;
    key.write_tag(covered, after_body.get_mut(..tag_len).ok_or(buffer)?);
    Ok(HEADER_LEN + body_len + tag_len)
}

impl<'a> Frame<'a> {
    /// Reads a frame without a look at its tag: one that was opened before and kept safe since, or one that a tool
    /// shows to a person. Its form is checked; who made it, and whether it is undamaged, is not.
    pub fn unchecked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        parts(bytes).map(|(frame, ..)| frame)
    }

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
