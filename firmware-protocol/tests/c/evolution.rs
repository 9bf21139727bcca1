//! Firmware in C is older or newer than its gateway: fields past the end of an older body are absent, the tail of a
//! newer one is ignored.

use firmware_protocol::body::{Body, FixType, RecordRef, Telemetry};
use firmware_protocol::{DegreesE7, Direction, Frame, FrameKey, List, MessageType, Text, Wire, open};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answers::{SUITES, body_in_json, header_in_json, key_of};
use crate::ask;
use crate::cc::{hex, unhex};
use crate::code::code;
use crate::support::bodies::{Sample, typical_telemetry};
use crate::support::{car_header, forged, sealed_with};

/// What c/test/appended.c reads and writes: telemetry as its second revision could be.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Appended<'a> {
    revision_1: Telemetry,
    humidity_percent: u8,
    tilt_cdeg: i32,
    fix: FixType,
    lat_e7: DegreesE7,
    #[serde(borrow)]
    driver: Text<'a, 8>,
    trips: List<RecordRef, 4>,
    trip_m: u32,
}

impl Wire for Appended<'_> {
    const MIN_LEN: usize = Telemetry::MIN_LEN + 10;
    const MAX_LEN: usize = Telemetry::MAX_LEN + 1 + 5 + 1 + 4 + 9 + 41 + 5;
}

impl Body for Appended<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::TELEMETRY;
    const MIN_LENS: &'static [usize] = &[Telemetry::MIN_LEN, Self::MIN_LEN];
}

fn appended() -> Appended<'static> {
    Appended {
        revision_1: typical_telemetry(),
        humidity_percent: 61,
        tilt_cdeg: -12_000,
        fix: FixType::MANUAL,
        lat_e7: DegreesE7::new(-1),
        driver: Text::new("陈-118").unwrap(),
        trips: List::from_slice(&[RecordRef { boot: 7, seq: 1 }, RecordRef { boot: u32::MAX, seq: 0 }])
            .unwrap(),
        trip_m: 4000,
    }
}

fn bytes_of(answer: &Value) -> Vec<u8> {
    unhex(answer["resealed"].as_str().unwrap())
}

#[test]
fn newer_firmware_in_c_reads_the_missing_fields_of_an_older_frame_as_absent() {
    for old in [Telemetry::default(), Telemetry::typical(), Telemetry::maximum()] {
        for suite in SUITES {
            let header = car_header::<Telemetry>();
            let frame = sealed_with(&key_of(suite, Direction::Down, &header), &header, &old);
            let answers = ask(&[format!("appended down {}", hex(&frame))]);
            let right = Appended { revision_1: old, ..Appended::default() };
            assert_eq!(answers[0]["body"], body_in_json(&right));
        }
    }
}

#[test]
fn older_firmware_in_c_ignores_the_tail_of_a_newer_frame() {
    let header = car_header::<Appended<'_>>();
    for suite in SUITES {
        let frame = sealed_with(&key_of(suite, Direction::Down, &header), &header, &appended());
        let answers = ask(&[format!("open down {}", hex(&frame))]);
        let read = Frame::unchecked(&frame).unwrap().header;
        assert_eq!(answers[0]["header"], header_in_json(&read));
        assert_eq!(answers[0]["body"], body_in_json(&appended().revision_1));
    }
}

#[test]
fn an_older_gateway_reads_what_newer_firmware_in_c_sends() {
    let header = car_header::<Appended<'_>>();
    for suite in SUITES {
        let key = key_of(suite, Direction::Up, &header);
        let frame = sealed_with(&key, &header, &appended());
        let answers = ask(&[format!("appended up {}", hex(&frame))]);
        assert_eq!(answers[0]["body"], body_in_json(&appended()));
        let made_in_c = bytes_of(&answers[0]);
        assert_eq!(made_in_c, frame);
        assert_eq!(open(&made_in_c, &key).unwrap().decode::<Telemetry>(), Ok(typical_telemetry()));
    }
}

#[test]
fn a_newer_gateway_reads_what_older_firmware_in_c_sends() {
    let header = car_header::<Telemetry>();
    for suite in SUITES {
        let key = key_of(suite, Direction::Up, &header);
        let frame = sealed_with(&key, &header, &typical_telemetry());
        let made_in_c = bytes_of(&ask(&[format!("open up {}", hex(&frame))])[0]);
        let read = open(&made_in_c, &key).unwrap().decode::<Appended<'_>>();
        assert_eq!(read, Ok(Appended { revision_1: typical_telemetry(), ..Appended::default() }));
    }
}

/// Bodies of every length from nothing to too long, said to be of every revision around ours: one of an older revision
/// may end before our last field but not within a text, one of ours ends exactly there, one of a newer revision behind.
#[test]
fn every_length_of_every_revision_is_judged_as_by_the_reference() {
    let newest = sealed_with(&FrameKey::CRC32C, &car_header::<Appended<'_>>(), &appended());
    let mut body = Frame::unchecked(&newest).unwrap().body.to_vec();
    body.extend_from_slice(&[0, 1, 2]);
    let mut lines = Vec::new();
    let mut right = Vec::new();
    for revision in [0, 1, 2, 3, 255] {
        for len in 0..=body.len() {
            let frame = forged(MessageType::TELEMETRY, revision, &body[..len]);
            lines.push(format!("appended up {}", hex(&frame)));
            right.push(match open(&frame, &FrameKey::CRC32C).unwrap().decode::<Appended<'_>>() {
                Ok(body) => json!([null, body_in_json(&body)]),
                Err(error) => json!([code(error), null]),
            });
        }
    }
    for ((line, answer), right) in lines.iter().zip(ask(&lines)).zip(right) {
        assert_eq!(json!([answer["error"], answer["body"]]), right, "{line}");
    }
}
