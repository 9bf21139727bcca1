//! The wire format's golden vectors: the bytes that devices in the field speak.

use std::path::PathBuf;

use firmware_protocol::body::Telemetry;
use firmware_protocol::{DeviceTag, ErrorBound, Header, MessageType, TimeQuality, TimeSource};

/// The vectors in one file, each with its name.
///
/// # Panics
/// When there is no such file, or it is written in another way.
pub fn vectors(file: &str) -> Vec<(String, Vec<u8>)> {
    let path = folder().join(format!("{file}.hex"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut vectors: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        match (line.strip_prefix('['), vectors.last_mut()) {
            (Some(name), _) => vectors.push((name.trim_end_matches(']').to_owned(), Vec::new())),
            (None, Some((_, bytes))) => line.split_whitespace().for_each(|word| bytes.extend(repeated(word))),
            (None, None) => assert_eq!(line, "", "{}: bytes without a name", path.display()),
        }
    }
    vectors
}

/// The one with this name.
///
/// # Panics
/// When there is none.
pub fn vector(file: &str, name: &str) -> Vec<u8> {
    let found = vectors(file).into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("there is no vector {name} in {file}")).1
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware-protocol/tests/golden")
}

/// `xx`, or `xx*N` for N of them.
fn repeated(word: &str) -> Vec<u8> {
    let (byte, count) = word.split_once('*').unwrap_or((word, "1"));
    let byte = u8::from_str_radix(byte, 16).unwrap_or_else(|error| panic!("{word}: {error}"));
    vec![byte; count.parse().unwrap_or_else(|error| panic!("{word}: {error}"))]
}

/// A frame of `car-07` around a body of revision 1: record 901 of its boot 7, an hour after it, with CRC-32C.
///
/// # Panics
/// When the body is longer than a frame can be.
pub fn framed(message_type: MessageType, body: &[u8]) -> Vec<u8> {
    let header = Header {
        message_type,
        device: DeviceTag::of("car-07"),
        boot: 7,
        seq: 901,
        uptime_ms: 3_600_000,
        unix_ms: 1_795_396_364_120,
        time_quality: TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) },
        ..Header::of::<Telemetry>()
    };
    let body_len = u16::try_from(body.len()).expect("it fits into a frame");
    let mut bytes = header.write(body_len).expect("every field fits").to_vec();
    bytes.extend_from_slice(body);
    let tag = crc32c::crc32c(&bytes);
    bytes.extend(tag.to_le_bytes());
    bytes
}
