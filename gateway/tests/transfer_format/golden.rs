//! The bytes of version 1, made by hand from docs/export-format.md. Do not change them: files of this version lie in drawers.

use super::*;

const HEADER: &str = "\
    504154524f4c4558012107626f782d303137000102030405060708090a0b0c0d0e0f5867f605a20100001768045b\
";
const BODY_1: &str = "\
    02066361722d303707ac0680ddb2dfc068107b226b696e64223a226576656e74227d0e7b2267726964223a22e794b222\
    7d0d0563616d2d31c2dcff871c0fb71702c11007626f782d30313880aeaad9c06805\
";
const BODY_2: &str = "\
    00066361722d303707ad06d0ecb2dfc068027b7d\
";
const CHUNK_1: &str = "\
    43484e4ba4ab7630000000000100000002000000000000000900000000000000d204000000000000efcdab8967452301\
    520000005b00000030f006be28b52ffd205291020002066361722d303707ac0680ddb2dfc068107b226b696e64223a22\
    6576656e74227d0e7b2267726964223a22e794b2227d0d0563616d2d31c2dcff871c0fb71702c11007626f782d303138\
    80aeaad9c06805\
";
const CHUNK_2: &str = "\
    43484e4b07eccc9b050000000200000001000000000800000300000000000000ce04000000000000efcdab8967452301\
    140000001d000000a3b8690f28b52ffd2014a1000000066361722d303707ad06d0ecb2dfc068027b7d\
";
const TRAILER: &str = "\
    444f4e450200000002000000000000001200000000000000000000000000000000000000000000000000000000000000\
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    000000000000000000000000000000000000000000000000000000000000000001000000000000000200000000000000\
    00080000000000009161f55f1b21e67c9bb4f605a04de1d0b9281ca7ef521c153ab70d8938a1d339\
";

/// A chunk made by hand, from docs/export-format.md and not by the code under test.
pub(super) fn chunk_of(
    export: &ExportId,
    class: u8,
    number: u32,
    records: u32,
    raw_len: u32,
    body: &[u8],
) -> Vec<u8> {
    let mut fields = vec![class, 0, 0, 0];
    fields.extend(number.to_le_bytes());
    fields.extend(records.to_le_bytes());
    fields.extend(3u32.to_le_bytes()); // unreadable
    fields.extend(17i64.to_le_bytes()); // cursor: row
    fields.extend(42u64.to_le_bytes()); // cursor: commit
    fields.extend(43u64.to_le_bytes()); // cursor: store
    fields.extend(raw_len.to_le_bytes());
    fields.extend((body.len() as u32).to_le_bytes());
    fields.extend(crc32c::crc32c(body).to_le_bytes());
    let crc = crc32c::crc32c(&[&export.0[..], &fields].concat());
    [b"CHNK", &crc.to_le_bytes()[..], &fields, body].concat()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn golden_header() -> Header {
    Header { classes: Classes::of([Class::Incident, Class::Telemetry]), ..header() }
}

fn golden_chunks() -> Vec<Chunk> {
    let record = |class, name: &str, identity, received_at_ms, payload: &'static [u8]| StoredRecord {
        device: device(name),
        identity,
        class,
        received_at_ms,
        payload: payload.into(),
        casework: None,
        gateway: None,
    };
    let incident = StoredRecord {
        casework: Some(r#"{"grid":"甲"}"#.into()),
        ..record(
            Class::Incident,
            "car-07",
            Identity::Device { boot: 7, seq: 812 },
            1_795_396_360_000,
            br#"{"kind":"event"}"#,
        )
    };
    let minted = StoredRecord {
        gateway: Some("box-018".into()),
        ..record(
            Class::Incident,
            "cam-1",
            Identity::Minted { run: 0x1_c0ff_ee42, number: 15 },
            1_795_396_358_500,
            b"\xc1\x10",
        )
    };
    let anchor = Some(Anchor { booted_at_ms: 1_795_390_000_000, quality: TimeQuality::Gnss });
    let identity = Identity::Device { boot: 7, seq: 813 };
    let telemetry = record(Class::Telemetry, "car-07", identity, 1_795_396_361_000, b"{}");
    vec![
        Chunk {
            class: Class::Incident,
            number: 1,
            unreadable: 0,
            next: Cursor { row: 9, commit_seq: 1234, store: 0x0123_4567_89ab_cdef },
            records: vec![
                ExportedRecord { record: incident, anchor: None },
                ExportedRecord { record: minted, anchor },
            ],
        },
        Chunk {
            class: Class::Telemetry,
            number: 2,
            unreadable: 2048,
            next: Cursor { row: 3, commit_seq: 1230, store: 0x0123_4567_89ab_cdef },
            records: vec![ExportedRecord { record: telemetry, anchor: None }],
        },
    ]
}

#[test]
fn a_file_of_version_1_reads_as_it_always_did() {
    let file = bytes(&[HEADER, CHUNK_1, CHUNK_2, TRAILER].concat());
    let (told, totals) = verify(&file[..], |_| ()).expect("it is whole");
    assert_eq!((told, totals.chunks), (golden_header(), 2));
    assert_eq!(read(&file).expect("it is whole"), golden_chunks());
}

/// But for what zstd makes of the records, which is its own affair.
#[test]
fn a_file_is_written_as_version_1_says() {
    assert_eq!(golden_header().encode(), bytes(HEADER));
    let mut totals = Totals::default();
    for (chunk, (body, fixed)) in golden_chunks().iter().zip([(BODY_1, CHUNK_1), (BODY_2, CHUNK_2)]) {
        let written = chunk.encode(&header().export).expect("in bounds").into_bytes();
        let raw = zstd::bulk::decompress(&written[HEAD_LEN..], 10_000).expect("zstd");
        assert_eq!(raw, bytes(body));
        // From the class to the raw length.
        assert_eq!(written[8..52], bytes(fixed)[8..52]);
        totals.add(chunk.class, chunk.totals());
    }
    assert_eq!(totals.encode(), bytes(TRAILER)[..totals.encode().len()]);
}
