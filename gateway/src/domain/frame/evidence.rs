//! Message types 4 and 5: photos and clips.

use firmware_protocol::body;

use super::values::{fix, missing, named, needed_record, present, reference, within};
use crate::domain::admission::Rejection;
use crate::domain::report::{EVIDENCE_BYTES_MAX, EvidenceChunk, EvidenceMeta, RecordRef, Sha256};

/// Binary logarithm of the smallest chunk.
const CHUNK_SIZE_LOG2_MIN: u8 = 6;

/// Pieces of the largest file, were they the smallest.
const CHUNKS_MAX: u32 = EVIDENCE_BYTES_MAX >> CHUNK_SIZE_LOG2_MIN;

pub(super) fn read_meta(wire: &body::EvidenceMeta) -> Result<EvidenceMeta, Rejection> {
    let sizes = CHUNK_SIZE_LOG2_MIN..=body::CHUNK_SIZE_LOG2_MAX;
    Ok(EvidenceMeta {
        evidence: name(wire)?,
        incident: present(wire.incident).map(reference),
        media: present(wire.media).map(|media| named(media.name(), "media", media.0)),
        usage: present(wire.usage).map(|usage| named(usage.name(), "usage", usage.0)),
        size_bytes: within("size_bytes", wire.size_bytes, 1..=EVIDENCE_BYTES_MAX)?,
        chunk_bytes: 1 << within("chunk_size_log2", wire.chunk_size_log2, sizes)?,
        sha256: Sha256(wire.sha256),
        duration_ms: present(wire.duration_ms),
        width_px: present(wire.width_px),
        height_px: present(wire.height_px),
        fix: fix(wire.fix, wire.lat_e7, wire.lon_e7, wire.accuracy_dm, wire.fix_age_ms)?,
    })
}

/// Which file a description is about, whatever else it says.
pub(super) fn name(wire: &body::EvidenceMeta) -> Result<RecordRef, Rejection> {
    needed_record("evidence", wire.evidence)
}

pub(super) fn read_chunk<'a>(wire: &body::EvidenceChunk<'a>) -> Result<EvidenceChunk<'a>, Rejection> {
    let data = wire.data.as_slice();
    if data.is_empty() {
        return Err(missing("data"));
    }
    Ok(EvidenceChunk {
        evidence: needed_record("evidence", wire.evidence)?,
        index: within("index", wire.index, 0..=CHUNKS_MAX - 1)?,
        data,
    })
}
