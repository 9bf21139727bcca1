//! Segments as they lie on the flash of boxes in the field. Do not change these bytes: whoever has to has broken the format.

use super::super::compress::DICTIONARY_1;
use super::*;

const VERSION_1: &str = "
    50530100f3c90d105867f605a20100000302066361722d303706706f73742d33
    00000785070003c100ff010181808080100f27027b7d00000786070003c100ff";

/// One block, raw.
const VERSION_2: &str = "
    50530200be026c35282820f600000003003a0000003a0000000200066361722d
    303707626f782d30313706706f73742d33000100951c00073d01818080801000
    b09db3dfc0682728060102c100ff7b7dc100ff4f000000be026c350100030067
    94a03732535000";

/// Three blocks: raw, zstd, zstd with dictionary 1.
const VERSION_2_COMPRESSED: &str = "
    50530200057fe030cdaebdad000000010018000000180000000100066361722d
    303700951c0007b09db3dfc06806c100ff81955d49bc52608001010001002180
    00003400000028b52ffd00305d010024020107626f782d30313706706f73742d
    33003d018180808010889db3dfc068808004200100e2ff77f0041e7d345322bf
    50720202000100a90000004c00000028b52ffd00001d02008402010006636172
    2d303700991c0007b09db3dfc068a6023930393a313339383237342e3532332e
    347d09fc14846101c877b666f8b50e0178e186c3d1bde5ceb0a11f2d00000005
    7fe0304900000081955d49610000001e7d3453030003002565912532535000";

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn records() -> [StoredRecord; 3] {
    let numbered = |seq| Identity::Device { boot: 7, seq };
    let minted = Identity::Minted { run: 0x1_0000_0001, number: 15 };
    let imported = record("post-3", minted, 1_795_396_364_100, "{}");
    [
        record("car-07", numbered(901), 1_795_396_364_120, &b"\xC1\x00\xFF"[..]),
        StoredRecord { gateway: Some("box-017".into()), ..imported },
        record("car-07", numbered(902), 1_795_396_364_120, &b"\xC1\x00\xFF"[..]),
    ]
}

#[test]
fn version_1_is_read() {
    let [own, imported, next] = records();
    let records = vec![own, StoredRecord { gateway: None, ..imported }, next];
    let blob = bytes(VERSION_1);
    assert_eq!(decode(Class::Telemetry, &blob), Ok(records.clone()));
    let salvaged = salvage(Class::Telemetry, &blob);
    assert_eq!(salvaged.records, (0..).zip(records).collect::<Vec<_>>());
    assert_eq!((salvaged.expected, salvaged.damaged_blocks), (Some(3), 0));
}

#[test]
fn any_flipped_bit_of_version_1_is_noticed() {
    let blob = bytes(VERSION_1);
    for bit in 0..blob.len() * 8 {
        let mut blob = blob.to_vec();
        blob[bit / 8] ^= 1 << (bit % 8);
        let blob = blob.into();
        assert!(decode(Class::Telemetry, &blob).is_err());
        // All of it is one block, and only the magic is beside it.
        assert_eq!(salvage(Class::Telemetry, &blob).records.len(), if bit < 32 { 3 } else { 0 });
    }
}

#[test]
fn version_2_is_written_and_read() {
    assert_eq!(build(&records()).blob, bytes(VERSION_2));
    assert_eq!(decode(Class::Telemetry, &bytes(VERSION_2)), Ok(records().to_vec()));
}

/// What a compressor makes of a body may change with its version; what it made must be read for ever.
#[test]
fn version_2_with_compressed_blocks_is_read() {
    let [own, imported, next] = records();
    let json = r#"{"boot":7,"seq":902,"time":"2026-11-23T09:13:00.000+08:00","position":{"lon":104.398,"lat":31.127,"accuracy_m":4.5,"crs":"wgs84"},"speed_kmh":23.4}"#;
    let records = vec![
        own,
        StoredRecord { payload: vec![b' '; 32 * 1024].into(), ..imported },
        StoredRecord { payload: json.into(), ..next },
    ];
    let blob = bytes(VERSION_2_COMPRESSED);
    assert_eq!(decode(Class::Telemetry, &blob), Ok(records));
    let codec = |at: usize| Header::parse(&blob[at..]).unwrap().0.codec;
    assert_eq!(blocks(&blob).into_iter().map(|(place, _)| codec(place.start)).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn the_dictionary_is_the_one_that_was_released() {
    assert_eq!((DICTIONARY_1.len(), crc32c::crc32c(DICTIONARY_1)), (4096, 0xC7B2_C908));
}
