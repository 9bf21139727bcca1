//! A frame is opened only when every byte of it is right.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
mod support;

use firmware_protocol::body::{EvidenceChunk, RecordRef};
use firmware_protocol::{Bytes, DecodeError, HEADER_LEN, Suite, open};
use support::bodies::Sample;
use support::keys::{KEYED_SUITES, car_key};
use support::{car_header, sealed_with};

for_every_type!(
    a_change_of_any_byte_is_refused_with_its_reason,
    a_frame_of_any_other_length_is_refused_with_its_reason,
);

/// Bytes of a frame whose every byte is tried with care; of a longer one the ends, and some between.
const CAREFUL_LEN_MAX: usize = 2048;

fn suites() -> impl Iterator<Item = Suite> {
    [Suite::CRC32C].into_iter().chain(KEYED_SUITES)
}

fn a_change_of_any_byte_is_refused_with_its_reason<B: Sample>() {
    for suite in suites() {
        for body in [B::typical(), B::maximum()] {
            let frame = sealed_with(&car_key(suite), &car_header::<B>(), &body);
            let step = if frame.len() > CAREFUL_LEN_MAX { 61 } else { 1 };
            check_changes(suite, frame, step);
        }
    }
}

#[test]
fn a_change_of_any_byte_of_a_usual_chunk_is_refused() {
    let data = [0xA5; 4096];
    let evidence = RecordRef { boot: 7, seq: 811 };
    let chunk = EvidenceChunk { evidence, index: 3, data: Bytes::new(&data).unwrap() };
    for suite in suites() {
        check_changes(suite, sealed_with(&car_key(suite), &car_header::<EvidenceChunk>(), &chunk), 1);
    }
}

/// Changes each byte of header and tag to each other value, and every `step`th one of the body to three; of a long
/// frame also those of header and tag to three.
fn check_changes(suite: Suite, mut frame: Vec<u8>, step: usize) {
    let key = car_key(suite);
    let body = HEADER_LEN..frame.len() - suite.tag_len().unwrap();
    for at in 0..frame.len() {
        let changes: &[u8] = match body.contains(&at) {
            true if !(at - body.start).is_multiple_of(step) && body.end - at > 64 => &[],
            false if frame.len() <= CAREFUL_LEN_MAX => &const { other_values() },
            _ => &[0x01, 0x80, 0xFF],
        };
        for change in changes {
            frame[at] ^= change;
            let refused = open(&frame, &key).map(|_| ());
            assert_eq!(
                refused,
                Err(reason(suite, at, &frame)),
                "{suite}: byte {at} changed by {change:#04x}"
            );
            frame[at] ^= change;
        }
    }
    assert!(open(&frame, &key).is_ok());
}

/// What turns a byte into each of its 255 other values.
const fn other_values() -> [u8; 255] {
    let mut changes = [0; 255];
    let mut at = 0;
    while at < changes.len() {
        changes[at] = at as u8 + 1;
        at += 1;
    }
    changes
}

/// Why a frame of `suite` is refused whose byte `at` is wrong.
fn reason(suite: Suite, at: usize, changed: &[u8]) -> DecodeError {
    let claimed = Suite(changed[2]);
    let body_len = usize::from(u16::from_le_bytes([changed[6], changed[7]]));
    let length =
        |tag_len| DecodeError::Length { expected: HEADER_LEN + body_len + tag_len, found: changed.len() };
    match (at, claimed.tag_len()) {
        (0, _) => DecodeError::Magic { found: changed[0] },
        (1, _) if changed[1] >> 4 != 1 => DecodeError::Version { found: changed[1] >> 4 },
        (1, _) => DecodeError::Flags { unknown: changed[1] & 0x0F },
        (2, None) => DecodeError::Suite { suite: claimed },
        (2, tag_len) if tag_len == suite.tag_len() => DecodeError::Key { suite: claimed, key_id: changed[3] },
        (2, Some(tag_len)) => length(tag_len),
        (3, _) if suite != Suite::CRC32C => DecodeError::Key { suite, key_id: changed[3] },
        (6 | 7, Some(tag_len)) => length(tag_len),
        _ => DecodeError::Tag { suite },
    }
}

fn a_frame_of_any_other_length_is_refused_with_its_reason<B: Sample>() {
    for suite in suites() {
        let key = car_key(suite);
        for body in [B::typical(), B::maximum()] {
            let mut frame = sealed_with(&key, &car_header::<B>(), &body);
            let expected = frame.len();
            for len in 0..HEADER_LEN {
                assert_eq!(open(&frame[..len], &key), Err(DecodeError::Short { len }), "{suite}");
            }
            for found in HEADER_LEN..expected {
                let length = DecodeError::Length { expected, found };
                assert_eq!(open(&frame[..found], &key), Err(length), "{suite}");
            }
            frame.push(0);
            let length = DecodeError::Length { expected, found: expected + 1 };
            assert_eq!(open(&frame, &key), Err(length), "{suite}");
        }
    }
}
