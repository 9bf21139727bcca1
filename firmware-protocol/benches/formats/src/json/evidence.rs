//! The description of a photo or clip.

use firmware_protocol::body;
use serde::{Deserialize, Serialize};

use super::{Position, RecordRef, given};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EvidenceMeta<'a> {
    evidence: RecordRef,
    incident: RecordRef,
    media: &'a str,
    usage: &'a str,
    size_bytes: u32,
    chunk_size: u32,
    /// In hexadecimal.
    sha256: &'a str,
    age_ms: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u32>,
    width_px: u16,
    height_px: u16,
    #[serde(borrow)]
    position: Option<Position<'a>>,
}

impl From<&body::EvidenceMeta> for EvidenceMeta<'static> {
    fn from(from: &body::EvidenceMeta) -> Self {
        let sha256: String = from.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            evidence: RecordRef::from(&from.evidence),
            incident: RecordRef::from(&from.incident),
            media: from.media.name().unwrap_or_default(),
            usage: from.usage.name().unwrap_or_default(),
            size_bytes: from.size_bytes,
            chunk_size: 1 << from.chunk_size_log2,
            sha256: sha256.leak(), // once a run
            age_ms: from.age_ms,
            duration_ms: given(from.duration_ms),
            width_px: from.width_px,
            height_px: from.height_px,
            position: Position::of(from.fix, from.lat_e7, from.lon_e7, from.accuracy_dm, from.fix_age_ms),
        }
    }
}
