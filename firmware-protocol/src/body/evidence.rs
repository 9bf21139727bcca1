//! Message types 4, 5 and 6: photos and clips, in pieces that survive any outage.
//!
//! The device describes the file ([`EvidenceMeta`]), the gateway answers which pieces it lacks ([`EvidenceWant`]), the
//! device sends those ([`EvidenceChunk`]) and its description again, until the gateway says that the file is complete
//! and its SHA-256 holds. Only then may the device delete it.

use serde::{Deserialize, Serialize};

use crate::body::{Body, FixType, RecordRef};
use crate::bytes::Bytes;
use crate::header::MessageType;
use crate::units::DegreesE7;
use crate::wire::{Wire, wire_fields};

/// The largest chunk: 2^15 bytes.
pub const CHUNK_SIZE_LOG2_MAX: u8 = 15;

/// Bytes of the largest chunk.
pub const CHUNK_LEN_MAX: usize = 1 << CHUNK_SIZE_LOG2_MAX;

/// Chunks one [`EvidenceWant`] can name.
pub const WANT_CHUNKS_MAX: usize = 8 * WANT_BITMAP_LEN_MAX;

/// Bytes of the largest bitmap in an [`EvidenceWant`].
const WANT_BITMAP_LEN_MAX: usize = 32;

open_set! {
    /// The format of a file.
    pub struct MediaType {
        /// Not said.
        UNKNOWN = 0 "unknown",
        /// Photo, JPEG.
        JPEG = 1 "jpeg",
        /// Photo, PNG.
        PNG = 2 "png",
        /// Photo, WebP.
        WEBP = 3 "webp",
        /// Photo, HEIF.
        HEIF = 4 "heif",
        /// Clip, MP4 with H.264.
        MP4_H264 = 5 "mp4_h264",
        /// Clip, MP4 with H.265.
        MP4_H265 = 6 "mp4_h265",
        /// Sound, AAC.
        AAC = 7 "aac",
        /// Sound, Opus in Ogg.
        OPUS = 8 "opus",
    }
}

open_set! {
    /// What a photo or clip shows of its incident.
    pub struct EvidenceUsage {
        /// Not said.
        UNKNOWN = 0 "unknown",
        /// The place as it was found (处置前).
        BEFORE = 1 "before",
        /// The place after it was handled (处置后).
        AFTER = 2 "after",
        /// A stretch of video or sound.
        CLIP = 3 "clip",
    }
}

open_set! {
    /// How far a transfer is.
    pub struct TransferState {
        /// Not said; a device takes it for [`TransferState::WAIT`].
        UNKNOWN = 0 "unknown",
        /// The chunks in the bitmap are lacking.
        WANTED = 1 "wanted",
        /// Every byte is there, safe, and the SHA-256 holds: the device may delete the file.
        COMPLETE = 2 "complete",
        /// Not now; the description is to be sent again later.
        WAIT = 3 "wait",
        /// Never: too large, or a description that can't be; the device keeps the file and reports it.
        REFUSED = 4 "refused",
        /// All bytes were there and the SHA-256 did not hold: what was sent is dropped, the transfer starts over.
        MISMATCH = 5 "mismatch",
    }
}

/// The description of a photo or clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EvidenceMeta {
    /// Names the file for ever: a record number of the device's own, as incidents refer to it; usually that of the
    /// record that described it first. (0, 0) is refused.
    pub evidence: RecordRef,
    /// The incident it belongs to; (0, 0) = absent.
    pub incident: RecordRef,
    /// The file's format.
    pub media: MediaType,
    /// What it shows.
    pub usage: EvidenceUsage,
    /// Bytes of the file, from 1; 0 is refused.
    pub size_bytes: u32,
    /// Binary logarithm of the bytes of a chunk, 6..=15; 12 = 4096 bytes. The last chunk may be shorter. The same for
    /// the file's whole transfer.
    pub chunk_size_log2: u8,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// How long before the frame's time it was taken, in ms; for a clip its beginning. 0 = at the frame's time.
    pub age_ms: u32,
    /// Length of a clip in ms; 0 = absent, or a photo.
    pub duration_ms: u32,
    /// Width of the picture in pixels; 0 = absent.
    pub width_px: u16,
    /// Height of the picture in pixels; 0 = absent.
    pub height_px: u16,
    /// How the position was found; [`FixType::NONE`] = no position.
    pub fix: FixType,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: DegreesE7,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: DegreesE7,
    /// Radius of the horizontal accuracy circle in 0.1 m, 1..=65535 (that or worse); 0 = absent.
    pub accuracy_dm: u16,
    /// Age of the fix in ms, at the frame's time like a telemetry's; 0 = absent, a fresh fix says 1.
    pub fix_age_ms: u32,
}

wire_fields!(EvidenceMeta {
    evidence: RecordRef,
    incident: RecordRef,
    media: MediaType,
    usage: EvidenceUsage,
    size_bytes: u32,
    chunk_size_log2: u8,
    sha256: [u8; 32],
    age_ms: u32,
    duration_ms: u32,
    width_px: u16,
    height_px: u16,
    fix: FixType,
    lat_e7: DegreesE7,
    lon_e7: DegreesE7,
    accuracy_dm: u16,
    fix_age_ms: u32,
});

impl Body for EvidenceMeta {
    const MESSAGE_TYPE: MessageType = MessageType::EVIDENCE_META;
    const MIN_LENS: &'static [usize] = &[55];
}

const _: () = assert!(EvidenceMeta::MIN_LEN == 55);

impl EvidenceMeta {
    /// Bytes of every chunk but the last; `None` for a size that is not allowed.
    pub fn chunk_len(&self) -> Option<u32> {
        (6..=CHUNK_SIZE_LOG2_MAX).contains(&self.chunk_size_log2).then(|| 1 << self.chunk_size_log2)
    }

    /// Chunks the file has; `None` for a chunk size that is not allowed.
    pub fn chunks(&self) -> Option<u32> {
        self.chunk_len().map(|len| self.size_bytes.div_ceil(len))
    }
}

/// A piece of a photo or clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EvidenceChunk<'a> {
    /// The file, as its description names it.
    pub evidence: RecordRef,
    /// Which piece, from 0; its first byte is at `index` times the chunk size.
    pub index: u32,
    /// The bytes, as many as the description says, at most 32768.
    #[serde(borrow)]
    pub data: Bytes<'a, CHUNK_LEN_MAX>,
}

wire_fields!(EvidenceChunk<'a> { evidence: RecordRef, index: u32, data: Bytes<'a, CHUNK_LEN_MAX> });

impl Body for EvidenceChunk<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::EVIDENCE_CHUNK;
    const MIN_LENS: &'static [usize] = &[4];
}

const _: () = assert!(EvidenceChunk::MIN_LEN == 4);

/// What a gateway lacks of a photo or clip (down).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EvidenceWant<'a> {
    /// The file, as its description names it.
    pub evidence: RecordRef,
    /// How far the transfer is.
    pub state: TransferState,
    /// The chunk that the bitmap's first bit is about; 0 unless the state is *wanted*.
    pub base_index: u32,
    /// A bit a chunk, lowest bit of the first byte first: 1 = lacking, chunk `base_index` + bit. At most 32 bytes, 256
    /// chunks: what lies behind is asked for later. Empty unless the state is *wanted*.
    #[serde(borrow)]
    pub missing: Bytes<'a, WANT_BITMAP_LEN_MAX>,
}

wire_fields!(EvidenceWant<'a> {
    evidence: RecordRef,
    state: TransferState,
    base_index: u32,
    missing: Bytes<'a, WANT_BITMAP_LEN_MAX>,
});

impl Body for EvidenceWant<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::EVIDENCE_WANT;
    const MIN_LENS: &'static [usize] = &[5];
}

const _: () = assert!(EvidenceWant::MIN_LEN == 5);

impl<'a> EvidenceWant<'a> {
    /// The indexes of the chunks that are lacking, ascending; one beyond `u32` is left out.
    pub fn missing_chunks(&self) -> impl Iterator<Item = u32> + 'a {
        let base_index = self.base_index;
        let bytes = self.missing.as_slice().iter();
        let bits = bytes.flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        bits.zip(0_u32..)
            .filter(|(lacking, _)| *lacking)
            .filter_map(move |(_, at)| base_index.checked_add(at))
    }
}
