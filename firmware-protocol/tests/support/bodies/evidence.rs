use firmware_protocol::body::{
    CHUNK_LEN_MAX, EvidenceChunk, EvidenceMeta, EvidenceUsage, EvidenceWant, FixType, MediaType, RecordRef,
    TransferState,
};
use firmware_protocol::{Bytes, DegreesE7};
use proptest::prelude::*;

use super::{LARGEST_RECORD, Sample, any_bytes, any_place, any_record};
use crate::support::vectors;

/// The typical incident's photo, described by the record before it.
const PHOTO: RecordRef = RecordRef { boot: 7, seq: 811 };

/// SHA-256 of "abc".
const SHA256: [u8; 32] = [
    0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA, 0x41, 0x41, 0x40, 0xDE, 0x5D, 0xAE, 0x22, 0x23, 0xB0,
    0x03, 0x61, 0xA3, 0x96, 0x17, 0x7A, 0x9C, 0xB4, 0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD,
];

impl Sample for EvidenceMeta {
    const VECTORS: &'static str = vectors::EVIDENCE_META;

    /// 100 chunks of 4 KiB and one of 61 bytes.
    fn typical() -> Self {
        Self {
            evidence: PHOTO,
            incident: RecordRef { boot: 7, seq: 812 },
            media: MediaType::JPEG,
            usage: EvidenceUsage::BEFORE,
            size_bytes: 409_661,
            chunk_size_log2: 12,
            sha256: SHA256,
            age_ms: 4200,
            duration_ms: 0,
            width_px: 1920,
            height_px: 1080,
            fix: FixType::GNSS_3D,
            lat_e7: DegreesE7::new(311_268_300),
            lon_e7: DegreesE7::new(1_043_979_500),
            accuracy_dm: 38,
            fix_age_ms: 4500,
        }
    }

    fn maximum() -> Self {
        Self {
            evidence: LARGEST_RECORD,
            incident: LARGEST_RECORD,
            media: MediaType(u8::MAX),
            usage: EvidenceUsage(u8::MAX),
            size_bytes: u32::MAX,
            chunk_size_log2: u8::MAX,
            sha256: [u8::MAX; 32],
            age_ms: u32::MAX,
            duration_ms: u32::MAX,
            width_px: u16::MAX,
            height_px: u16::MAX,
            fix: FixType(u8::MAX),
            lat_e7: DegreesE7::new(i32::MIN),
            lon_e7: DegreesE7::new(i32::MIN),
            accuracy_dm: u16::MAX,
            fix_age_ms: u32::MAX,
        }
    }

    fn any() -> BoxedStrategy<Self> {
        let file = (any_record(), any_record(), any::<(u8, u8, u32, u8, [u8; 32])>());
        let picture = (any::<(u32, u32, u16, u16)>(), any_place(), any::<(u16, u32)>());
        (file, picture)
            .prop_map(|((evidence, incident, file), (picture, (fix, lat_e7, lon_e7), accuracy))| Self {
                evidence,
                incident,
                media: MediaType(file.0),
                usage: EvidenceUsage(file.1),
                size_bytes: file.2,
                chunk_size_log2: file.3,
                sha256: file.4,
                age_ms: picture.0,
                duration_ms: picture.1,
                width_px: picture.2,
                height_px: picture.3,
                fix,
                lat_e7,
                lon_e7,
                accuracy_dm: accuracy.0,
                fix_age_ms: accuracy.1,
            })
            .boxed()
    }
}

/// Bytes without a pattern, and the two that end a JPEG.
static LAST_PIECE: [u8; 61] = {
    let mut bytes = [0; 61];
    let mut at = 0;
    while at < 59 {
        bytes[at] = (37 * at + 11) as u8;
        at += 1;
    }
    bytes[59] = 0xFF;
    bytes[60] = 0xD9;
    bytes
};

/// Eight runs of 4096 bytes: e0, e1 ... e7.
static LARGEST_PIECE: [u8; CHUNK_LEN_MAX] = {
    let mut bytes = [0; CHUNK_LEN_MAX];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = 0xE0 + (at / 4096) as u8;
        at += 1;
    }
    bytes
};

impl Sample for EvidenceChunk<'static> {
    const VECTORS: &'static str = vectors::EVIDENCE_CHUNK;

    /// The last piece of the typical photo.
    fn typical() -> Self {
        Self { evidence: PHOTO, index: 100, data: Bytes::new(&LAST_PIECE).unwrap() }
    }

    fn maximum() -> Self {
        Self { evidence: LARGEST_RECORD, index: u32::MAX, data: Bytes::new(&LARGEST_PIECE).unwrap() }
    }

    fn any() -> BoxedStrategy<Self> {
        let lens = prop_oneof![0..=300_usize, 0..=CHUNK_LEN_MAX];
        let data = (lens, any::<u8>(), any::<u8>()).prop_map(|(len, first, step)| {
            // A byte each from a generator would take most of the test's time.
            let bytes = (0..len).map(|at| first.wrapping_add(step.wrapping_mul(at as u8)));
            Bytes::new(bytes.collect::<Vec<_>>().leak()).unwrap()
        });
        (any_record(), any::<u32>(), data)
            .prop_map(|(evidence, index, data)| Self { evidence, index, data })
            .boxed()
    }
}

impl Sample for EvidenceWant<'static> {
    const VECTORS: &'static str = vectors::EVIDENCE_WANT;

    /// Chunks 64, 66 and 100 of the typical photo are lacking.
    fn typical() -> Self {
        let missing = Bytes::new(&[5, 0, 0, 0, 16]).unwrap();
        Self { evidence: PHOTO, state: TransferState::WANTED, base_index: 64, missing }
    }

    fn maximum() -> Self {
        Self {
            evidence: LARGEST_RECORD,
            state: TransferState(u8::MAX),
            base_index: u32::MAX,
            missing: Bytes::new(&[u8::MAX; 32]).unwrap(),
        }
    }

    fn any() -> BoxedStrategy<Self> {
        (any_record(), any::<u8>(), any::<u32>(), any_bytes())
            .prop_map(|(evidence, state, base_index, missing)| Self {
                evidence,
                state: TransferState(state),
                base_index,
                missing,
            })
            .boxed()
    }
}
