//! Photos and clips: their description, and their pieces.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::{Fix, RecordRef};

/// Bytes of the largest file that is taken as frames: 16 MiB. A photo has half a megabyte; a longer clip would keep
/// the link from everything else.
pub const EVIDENCE_BYTES_MAX: u32 = 16 << 20;

/// The description of a photo or clip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceMeta {
    /// Names the file for ever, among those of its device. Never (0, 0).
    pub evidence: RecordRef,
    /// The incident it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<RecordRef>,
    /// Format, for instance `jpeg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Cow<'static, str>>,
    /// What it shows: `before`, `after` or `clip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Cow<'static, str>>,
    /// Bytes of the file, 1..=[`EVIDENCE_BYTES_MAX`].
    pub size_bytes: u32,
    /// Bytes of every piece but the last, a power of two, 64..=32768.
    #[serde(skip)]
    pub chunk_bytes: u32,
    /// SHA-256 of the whole file.
    pub sha256: Sha256,
    /// Length of a clip in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u32>,
    /// Width of the picture in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u16>,
    /// Height of the picture in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u16>,
    /// Where it was taken, by the device's own fix.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

/// A piece of a photo or clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceChunk<'a> {
    /// The file, as its description names it. Never (0, 0).
    pub evidence: RecordRef,
    /// Which piece, from 0; below the number of the smallest pieces that the largest file has.
    pub index: u32,
    /// The bytes, 1..=32768. Whether they are as many as the description says is for whoever has it to check.
    pub data: &'a [u8],
}

/// A SHA-256; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
