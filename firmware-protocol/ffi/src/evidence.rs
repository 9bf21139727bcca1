//! Message types 4, 5 and 6: photos and clips, in pieces.

use firmware_protocol::{DegreesE7, body};

use crate::frame::{Input, Output, Received, Sent};
use crate::{PatrolBytes, PatrolError, PatrolHeader, PatrolKey, PatrolRecordRef, edge, error, frame};

/// The description of a photo or clip.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolEvidenceMeta {
    /// Names the file for ever; (0, 0) is refused.
    pub evidence: PatrolRecordRef,
    /// The incident it belongs to; (0, 0) = absent.
    pub incident: PatrolRecordRef,
    /// PGW_MEDIA_TYPE_...
    pub media: u8,
    /// PGW_EVIDENCE_USAGE_...
    pub usage: u8,
    /// Of the file, from 1; 0 is refused.
    pub size_bytes: u32,
    /// 6..=15; 12 = chunks of 4096 bytes, the last one may be shorter.
    pub chunk_size_log2: u8,
    /// Of the whole file.
    pub sha256: [u8; 32],
    /// How long before the frame's time it was taken (a clip: began); 0 = at the frame's time.
    pub age_ms: u32,
    /// Of a clip; 0 = absent, or a photo.
    pub duration_ms: u32,
    /// 0 = absent.
    pub width_px: u16,
    /// 0 = absent.
    pub height_px: u16,
    /// PGW_FIX_TYPE_...; NONE = no position.
    pub fix: u8,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: i32,
    /// Radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent.
    pub accuracy_dm: u16,
    /// Age of the fix at the frame's time, ms; 0 = absent, a fresh fix says 1.
    pub fix_age_ms: u32,
}

impl Sent for PatrolEvidenceMeta {
    type Body<'a> = body::EvidenceMeta;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::EvidenceMeta {
            evidence: self.evidence.get(),
            incident: self.incident.get(),
            media: body::MediaType(self.media),
            usage: body::EvidenceUsage(self.usage),
            size_bytes: self.size_bytes,
            chunk_size_log2: self.chunk_size_log2,
            sha256: self.sha256,
            age_ms: self.age_ms,
            duration_ms: self.duration_ms,
            width_px: self.width_px,
            height_px: self.height_px,
            fix: body::FixType(self.fix),
            lat_e7: DegreesE7::new(self.lat_e7),
            lon_e7: DegreesE7::new(self.lon_e7),
            accuracy_dm: self.accuracy_dm,
            fix_age_ms: self.fix_age_ms,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_EVIDENCE_META_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_evidence_meta_seal(
    header: *const PatrolHeader,
    body: *const PatrolEvidenceMeta,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}

/// A piece of a photo or clip.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolEvidenceChunk {
    /// The file, as its description names it.
    pub evidence: PatrolRecordRef,
    /// Which piece, from 0; its first byte is at `index` times the chunk size.
    pub index: u32,
    /// As many as the description says, at most 32768.
    pub data: PatrolBytes,
}

impl Sent for PatrolEvidenceChunk {
    type Body<'a> = body::EvidenceChunk<'a>;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::EvidenceChunk {
            evidence: self.evidence.get(),
            index: self.index,
            // SAFETY: as the caller says.
            data: unsafe { self.data.get() }?,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_EVIDENCE_CHUNK_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_evidence_chunk_seal(
    header: *const PatrolHeader,
    body: *const PatrolEvidenceChunk,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}

/// What a gateway lacks of a photo or clip (down).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolEvidenceWant {
    /// The file, as its description names it.
    pub evidence: PatrolRecordRef,
    /// PGW_TRANSFER_STATE_...
    pub state: u8,
    /// The chunk of the bitmap's first bit; 0 unless the state is WANTED.
    pub base_index: u32,
    /// A bit a chunk, lowest bit first, 1 = lacking; read it with patrol_evidence_want_lacks.
    pub missing: PatrolBytes,
}

impl Received for PatrolEvidenceWant {
    type Body<'a> = body::EvidenceWant<'a>;

    fn of(body: &Self::Body<'_>) -> Self {
        let body::EvidenceWant { evidence, state, base_index, missing } = *body;
        Self {
            evidence: PatrolRecordRef::of(evidence),
            state: state.0,
            base_index,
            missing: PatrolBytes::of(&missing),
        }
    }
}

/// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
/// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
///
/// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_evidence_want_open(
    bytes: *const u8,
    len: usize,
    keys: *const PatrolKey,
    key_count: usize,
    header: *mut PatrolHeader,
    body: *mut PatrolEvidenceWant,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::open(Input { bytes, len, keys, key_count }, header, body) })
}

/// Chunks of the file; 0 for a chunk size that is not allowed, or a size of 0.
///
/// # Safety
///
/// There is a description at `meta`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_evidence_meta_chunks(meta: *const PatrolEvidenceMeta) -> u32 {
    // SAFETY: as the caller says.
    let meta = unsafe { edge::shared(meta).and_then(|meta| meta.body()) };
    meta.ok().and_then(|meta| meta.chunks()).unwrap_or_default()
}

/// Whether the gateway lacks a chunk, as far as this answer tells.
///
/// # Safety
///
/// There is an answer at `want`, and the frame it was opened from is still there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_evidence_want_lacks(want: *const PatrolEvidenceWant, index: u32) -> bool {
    // SAFETY: as the caller says.
    let Ok(want) = (unsafe { edge::shared(want) }) else { return false };
    // SAFETY: as the caller says.
    let Ok(missing) = (unsafe { want.missing.get() }) else { return false };
    let want = body::EvidenceWant {
        evidence: want.evidence.get(),
        state: body::TransferState(want.state),
        base_index: want.base_index,
        missing,
    };
    want.state == body::TransferState::WANTED && want.missing_chunks().any(|chunk| chunk == index)
}
