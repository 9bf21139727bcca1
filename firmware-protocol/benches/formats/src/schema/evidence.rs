//! The description of a photo or clip.

use firmware_protocol::body;
use serde::{Deserialize, Serialize};

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct EvidenceMeta {
    #[n(0)] #[prost(uint32, tag = 1)] evidence_boot: u32, // a message for the pair would take 2 bytes more
    #[n(1)] #[prost(uint32, tag = 2)] evidence_seq: u32,
    #[n(2)] #[prost(uint32, tag = 3)] incident_boot: u32,
    #[n(3)] #[prost(uint32, tag = 4)] incident_seq: u32,
    #[n(4)] #[prost(uint32, tag = 5)] media: u32,
    #[n(5)] #[prost(uint32, tag = 6)] usage: u32,
    #[n(6)] #[prost(uint32, tag = 7)] size_bytes: u32,
    #[n(7)] #[prost(uint32, tag = 8)] chunk_size_log2: u32,
    #[n(8)] #[prost(bytes = "vec", tag = 9)] #[serde(with = "serde_bytes")] #[cbor(with = "minicbor::bytes")] sha256: Vec<u8>,
    #[n(9)] #[prost(uint32, tag = 10)] age_ms: u32,
    #[n(10)] #[prost(uint32, tag = 11)] width_px: u32,
    #[n(11)] #[prost(uint32, tag = 12)] height_px: u32,
    #[n(12)] #[prost(uint32, tag = 13)] fix: u32,
    #[n(13)] #[prost(sfixed32, tag = 14)] lat_e7: i32,
    #[n(14)] #[prost(sfixed32, tag = 15)] lon_e7: i32,
    #[n(15)] #[prost(uint32, tag = 16)] accuracy_dm: u32, // from here on protobuf's field numbers take 2 bytes
    #[n(16)] #[prost(uint32, tag = 17)] fix_age_ms: u32,
    #[n(17)] #[prost(uint32, tag = 18)] duration_ms: u32,
}

impl From<&body::EvidenceMeta> for EvidenceMeta {
    fn from(meta: &body::EvidenceMeta) -> Self {
        Self {
            evidence_boot: meta.evidence.boot,
            evidence_seq: meta.evidence.seq,
            incident_boot: meta.incident.boot,
            incident_seq: meta.incident.seq,
            media: meta.media.0.into(),
            usage: meta.usage.0.into(),
            size_bytes: meta.size_bytes,
            chunk_size_log2: meta.chunk_size_log2.into(),
            sha256: meta.sha256.to_vec(),
            age_ms: meta.age_ms,
            width_px: meta.width_px.into(),
            height_px: meta.height_px.into(),
            fix: meta.fix.0.into(),
            lat_e7: meta.lat_e7.get(),
            lon_e7: meta.lon_e7.get(),
            accuracy_dm: meta.accuracy_dm.into(),
            fix_age_ms: meta.fix_age_ms,
            duration_ms: meta.duration_ms,
        }
    }
}
