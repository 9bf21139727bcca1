//! What the C codec does not open, and what it says then.

use firmware_protocol::body::Telemetry;
use firmware_protocol::{Direction, FrameKey, HEADER_LEN, Suite};
use serde_json::json;

use crate::answers::{SUITES, key_of, opened, word};
use crate::ask;
use crate::cc::hex;
use crate::code::code;
use crate::support::bodies::typical_telemetry;
use crate::support::vectors::{FRAME, KEYED_FRAMES, vector};
use crate::support::{car_header, sealed_with};

fn car_frame(suite: Suite, direction: Direction) -> Vec<u8> {
    let header = car_header::<Telemetry>();
    sealed_with(&key_of(suite, direction, &header), &header, &typical_telemetry())
}

/// The number of the error the C codec refuses these frames with; `null` for none.
fn errors(frames: &[Vec<u8>], direction: Direction) -> Vec<serde_json::Value> {
    let lines: Vec<_> =
        frames.iter().map(|frame| format!("open {} {}", word(direction), hex(frame))).collect();
    ask(&lines).iter().map(|answer| answer["error"].clone()).collect()
}

/// The reference has suites that the codec has not, and then lacks but their key.
fn right_code(frame: &[u8]) -> serde_json::Value {
    match opened(frame, Direction::Up).map_err(code) {
        Ok(_) => json!(null),
        Err(_) if frame.len() >= HEADER_LEN && [4, 5].contains(&frame[2]) && frame[0] == 0xC1 => json!(5),
        Err(code) => json!(code),
    }
}

#[test]
fn a_frame_changed_or_cut_anywhere_is_refused_for_the_same_reason() {
    for suite in SUITES {
        let right = car_frame(suite, Direction::Up);
        let mut frames: Vec<_> = (0..right.len()).map(|len| right[..len].to_vec()).collect();
        frames.push([&right[..], &[0]].concat());
        for place in 0..right.len() {
            for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF] {
                let mut changed = right.clone();
                changed[place] ^= change;
                frames.push(changed);
            }
        }
        for (frame, error) in frames.iter().zip(errors(&frames, Direction::Up)) {
            assert!(!error.is_null(), "opened: {}", hex(frame));
            assert_eq!(error, right_code(frame), "{}", hex(frame));
        }
    }
}

#[test]
fn a_frame_thrown_back_at_its_sender_is_refused() {
    for suite in [Suite::HMAC_SHA256_64, Suite::HMAC_SHA256_128] {
        assert_eq!(errors(&[car_frame(suite, Direction::Up)], Direction::Down), [json!(8)]);
    }
}

#[test]
fn golden_frames_open_if_the_codec_has_their_suite() {
    for device in ["car-07", "bodycam-0118"] {
        for direction in [Direction::Up, Direction::Down] {
            for (suite, right) in [(1, json!(null)), (2, json!(null)), (4, json!(5))] {
                let frame = vector(KEYED_FRAMES, &format!("{device} {} suite {suite}", word(direction)));
                assert_eq!(errors(&[frame], direction), [right], "{device} suite {suite}");
            }
        }
    }
    for name in
        ["telemetry zero", "telemetry typical", "incident typical", "status typical", "status maximum"]
    {
        let frame = vector(FRAME, name);
        let answer = &ask(&[format!("open up {}", hex(&frame))])[0];
        assert_eq!(answer["resealed"], json!(hex(&frame)), "{name}");
    }
}

#[test]
fn every_error_has_words_of_its_own() {
    let short = ask(&["open up c1".to_owned()]);
    assert_eq!(short[0], json!({ "error": 1, "text": "too few bytes for a header of 36" }));
    let nothing = ask(&["open up ".to_owned()]);
    assert_eq!(nothing[0]["error"], json!(1));
    let json = ask(&["open up 7b7d".to_owned()]);
    assert_eq!(
        json[0],
        serde_json::json!({ "error": 2, "text": "does not start with 0xc1 as a frame does" })
    );
    let header = car_header::<Telemetry>();
    let frame = sealed_with(&FrameKey::CRC32C, &header, &typical_telemetry());
    let read = ask(&[format!("header up {}", hex(&frame[..HEADER_LEN]))]);
    assert_eq!(read[0]["body_len"], json!(frame.len() - HEADER_LEN - 4));
}
