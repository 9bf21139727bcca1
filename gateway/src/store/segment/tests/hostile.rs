//! What somebody could write under right checksums: refused or read, within bounds, without a panic.

use super::super::block::HEADER_BYTES;
use super::super::columns::Columns;
use super::super::compress::{Codec, INFLATED_BYTES_MAX, inflate};
use super::super::directory::Entry;
use super::*;

/// A segment of these blocks with all checksums right; `body_crc` and `stored_len` are filled in.
fn seal(blocks: &[(Header, Vec<u8>)], records: u16) -> Bytes {
    let mut blob = MAGIC.to_vec();
    let mut directory = Directory { entries: Vec::new(), records };
    for (header, body) in blocks {
        let (body_crc, stored_len) = (crc32c::crc32c(body), body.len() as u32);
        let (bytes, header_crc) = Header { body_crc, stored_len, ..*header }.to_bytes();
        blob.extend_from_slice(&bytes);
        blob.extend_from_slice(body);
        directory.entries.push(Entry { len: (HEADER_BYTES + body.len()) as u32, header_crc });
    }
    directory.write(&mut blob);
    blob.into()
}

fn header(codec: Codec, first: u16, records: u16, raw_len: usize) -> Header {
    Header { body_crc: 0, codec: codec as u8, first, records, raw_len: raw_len as u32, stored_len: 0 }
}

fn read_both(blob: &Bytes) -> (Result<Vec<StoredRecord>, SegmentError>, Salvaged) {
    (decode(Class::Telemetry, blob), salvage(Class::Telemetry, blob))
}

fn zstd_of(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, 1).unwrap()
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), version in 0u8..4) {
        drop(read_both(&bytes.clone().into()));
        let blob = [&[b'P', b'S', version, 0][..], &bytes].concat();
        drop(read_both(&blob.into()));
        let mut version_1 = version_1::MAGIC.to_vec();
        version_1.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        version_1.extend_from_slice(&bytes);
        drop(read_both(&version_1.into()));
    }

    #[test]
    fn any_body_under_right_checksums_is_refused_or_read(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        codec in 0u8..4,
        first in 0u16..4,
        count in prop_oneof![0u16..8, any::<u16>()],
        raw_len in prop_oneof![0usize..400, any::<u32>().prop_map(|len| len as usize)],
        total: u16,
    ) {
        let header = Header { codec, ..header(Codec::Raw, first, count, raw_len) };
        drop(read_both(&seal(&[(header, body.clone())], total)));
        let header = Header { raw_len: body.len() as u32, codec: 0, ..header };
        drop(read_both(&seal(&[(header, body)], count)));
    }

    #[test]
    fn a_true_body_with_some_bytes_changed_under_right_checksums_is_refused_or_read(
        records in records(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut columns = Columns::default();
        for record in records.iter().take(20) {
            let StoredRecord { device, gateway, identity, received_at_ms, payload, .. } = record;
            columns.push(device, gateway.as_ref(), *identity, *received_at_ms, payload);
        }
        let mut body = Vec::new();
        columns.write(&mut body);
        // Most of a body is payload, and changing that is no challenge: the changes go to the columns.
        let until = body.len().min(200);
        for (at, byte) in changes {
            body[at.index(until)] = byte;
        }
        let count = columns.records();
        let raw = (header(Codec::Raw, 0, count, body.len()), body.clone());
        let compressed = (header(Codec::Zstd, 0, count, body.len()), zstd_of(&body));
        prop_assert_eq!(read_both(&seal(&[raw], count)), read_both(&seal(&[compressed], count)));
    }
}

#[test]
fn nothing_is_inflated_beyond_the_bounds() {
    let bomb = zstd_of(&vec![0; 64 << 20]);
    assert!(bomb.len() < 10_000);
    for codec in [Codec::Zstd, Codec::ZstdDictionary1] {
        assert_eq!(inflate(codec, &bomb, 64 << 20), None, "more than a body may be");
        assert_eq!(inflate(codec, &bomb, INFLATED_BYTES_MAX), None, "more than the header says");
    }
    let body = zstd_of(&vec![0; INFLATED_BYTES_MAX - 1]);
    assert_eq!(inflate(Codec::Zstd, &body, INFLATED_BYTES_MAX), None, "less than the header says");
    // Whole segments have a bound too: here there is room for three.
    let large = record("a", Identity::Device { boot: 1, seq: 1 }, 0, vec![0; 200 * 1024]);
    let mut columns = Columns::default();
    columns.push(&large.device, None, large.identity, 0, &large.payload);
    let mut raw = Vec::new();
    columns.write(&mut raw);
    let block = |first| (header(Codec::Zstd, first, 1, raw.len()), zstd_of(&raw));
    assert!(decode(Class::Telemetry, &seal(&[0, 1, 2].map(block), 3)).is_ok());
    let (decoded, salvaged) = read_both(&seal(&[0, 1, 2, 3, 4].map(block), 5));
    assert_eq!(decoded, Err(SegmentError::Malformed));
    assert_eq!((salvaged.records.len(), salvaged.damaged_blocks), (3, 2));
}

#[test]
fn blocks_that_overlap_or_leave_something_out_are_no_segment() {
    let mut raw = Vec::new();
    let mut columns = Columns::default();
    columns.push(&device("a"), None, Identity::Device { boot: 1, seq: 1 }, 0, b"x");
    columns.write(&mut raw);
    let block = |first| (header(Codec::Raw, first, 1, raw.len()), raw.clone());
    assert!(decode(Class::Telemetry, &seal(&[block(0), block(1)], 2)).is_ok());
    for (blocks, total) in [
        (vec![block(0), block(0)], 2),
        (vec![block(0), block(2)], 2),
        (vec![block(1), block(0)], 2),
        (vec![block(0), block(1)], 3),
        (vec![block(0)], 2),
        (vec![block(2047), block(2048)], 2),
    ] {
        let (decoded, salvaged) = read_both(&seal(&blocks, total));
        assert_eq!(decoded, Err(SegmentError::Malformed));
        assert!(salvaged.records.is_sorted_by(|one, next| one.0 < next.0));
        assert!(salvaged.records.iter().all(|(index, _)| *index < 2048));
    }
    let mut longer = seal(&[block(0)], 1).to_vec();
    longer.insert(MAGIC.len(), 0);
    assert!(decode(Class::Telemetry, &longer.into()).is_err());
}
