//! Photos and clips: what is described can be put together, and what can't is refused before a byte of it is kept.

use firmware_protocol::Bytes;

use super::*;
use crate::domain::report::{EVIDENCE_BYTES_MAX, EvidenceChunk, EvidenceMeta, Sha256};

fn photo() -> body::EvidenceMeta {
    body::EvidenceMeta {
        evidence: WireRef { boot: 7, seq: 801 },
        incident: WireRef { boot: 7, seq: 812 },
        media: body::MediaType::JPEG,
        usage: body::EvidenceUsage::BEFORE,
        size_bytes: 412_345,
        chunk_size_log2: 12,
        sha256: [0xAB; 32],
        age_ms: 2_000,
        width_px: 1_920,
        height_px: 1_080,
        fix: body::FixType::GNSS_3D,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        fix_age_ms: 300,
        ..body::EvidenceMeta::default()
    }
}

#[test]
fn a_description_tells_the_file_its_place_and_its_pieces() {
    let payload = frame(&photo());
    let report = read(Class::Evidence, &payload).expect("a report");
    assert_eq!(report.observed_at.map(|at| at.unix_ms), Some(NOON_MS as i64 - 2_000));
    let Body::EvidenceMeta(meta) = report.body else { panic!("a description") };
    let fix = meta.fix.expect("a fix");
    assert_eq!((fix.lon_deg, fix.lat_deg, fix.fix_age_ms), (104.398, 31.127, Some(300)));
    let expected = EvidenceMeta {
        evidence: RecordRef { boot: 7, seq: 801 },
        incident: Some(RecordRef { boot: 7, seq: 812 }),
        media: Some("jpeg".into()),
        usage: Some("before".into()),
        size_bytes: 412_345,
        chunk_bytes: 4_096,
        sha256: Sha256([0xAB; 32]),
        duration_ms: None,
        width_px: Some(1_920),
        height_px: Some(1_080),
        fix: Some(fix),
    };
    assert_eq!(meta, expected);
}

#[test]
fn a_description_that_can_not_be_is_refused_by_name() {
    let refused = |meta: body::EvidenceMeta| {
        let payload = frame(&meta);
        let rejection = read(Class::Evidence, &payload).expect_err("refused");
        (rejection.reason, rejection.detail)
    };
    let starts = |(reason, detail): (Reason, String), words: &str| {
        assert!(reason == Reason::OutOfRange && detail.starts_with(words), "{detail}");
    };
    for chunk_size_log2 in [0, 5, 16, 255] {
        starts(refused(body::EvidenceMeta { chunk_size_log2, ..photo() }), "chunk_size_log2: ");
    }
    for size_bytes in [0, EVIDENCE_BYTES_MAX + 1, u32::MAX] {
        starts(refused(body::EvidenceMeta { size_bytes, ..photo() }), "size_bytes: ");
    }
    let told =
        |meta: body::EvidenceMeta| match admit(&[FrameKey::CRC32C], Class::Evidence, &car(), &frame(&meta)) {
            Ok(Admission::EvidenceRefused { evidence, .. }) => Some(evidence),
            _ => None,
        };
    let evidence = Some(RecordRef { boot: 7, seq: 801 });
    assert_eq!(
        told(body::EvidenceMeta { size_bytes: u32::MAX, ..photo() }),
        evidence,
        "its device can be told"
    );
    let nameless = body::EvidenceMeta { evidence: WireRef::default(), ..photo() };
    assert_eq!(told(nameless), None);
    assert_eq!(refused(nameless), (Reason::MissingField, "evidence is missing".to_owned()));
    let largest = body::EvidenceMeta { size_bytes: EVIDENCE_BYTES_MAX, chunk_size_log2: 6, ..photo() };
    assert!(read(Class::Evidence, &frame(&largest)).is_ok());
}

#[test]
fn a_piece_is_borrowed_from_its_frame_and_one_that_no_file_has_is_refused() {
    let data = [0x5A; 300];
    let chunk = body::EvidenceChunk {
        evidence: WireRef { boot: 7, seq: 801 },
        index: 100,
        data: Bytes::new(&data).expect("fits"),
    };
    let payload = frame(&chunk);
    let evidence = RecordRef { boot: 7, seq: 801 };
    let expected = EvidenceChunk { evidence, index: 100, data: &data };
    assert_eq!(read(Class::Evidence, &payload).expect("a report").body, Body::EvidenceChunk(expected));
    let refused = |chunk: body::EvidenceChunk<'_>| reason(Class::Evidence, &frame(&chunk));
    assert_eq!(refused(body::EvidenceChunk { index: 1 << 18, ..chunk }), Reason::OutOfRange);
    assert_eq!(refused(body::EvidenceChunk { data: Bytes::default(), ..chunk }), Reason::MissingField);
    assert_eq!(refused(body::EvidenceChunk { evidence: WireRef::default(), ..chunk }), Reason::MissingField);
}
