//! Devices live ten years: an older or newer sender and receiver understand each other.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::FrameKey;
use firmware_protocol::body::{Body, FixType, RecordRef, Telemetry};
use firmware_protocol::{BodyFault, DecodeError, DegreesE7, List, MessageType, Text, Wire, open};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use support::bodies::{any_telemetry, typical_telemetry};
use support::vectors::{TELEMETRY, vector};
use support::{car_header, forged, sealed};

/// Telemetry as its second revision could be: one field of every kind, appended. (A nested struct has no bytes of
/// its own, so this is what appending to `Telemetry` gives.)
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

fn appended(revision_1: Telemetry, driver: &str) -> Appended<'_> {
    Appended {
        revision_1,
        humidity_percent: 61,
        tilt_cdeg: -12_000,
        fix: FixType::MANUAL,
        lat_e7: DegreesE7::new(-1),
        driver: Text::truncated(driver),
        trips: List::from_slice(&[RecordRef { boot: 7, seq: 1 }]).unwrap(),
        trip_m: 4000,
    }
}

proptest! {
    #[test]
    fn fields_an_older_device_does_not_know_are_absent(sent in any_telemetry()) {
        let bytes = sealed(&car_header::<Telemetry>(), &sent);
        let read = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Appended>();
        prop_assert_eq!(read, Ok(Appended { revision_1: sent, ..Appended::default() }));
    }

    #[test]
    fn fields_a_newer_device_appends_are_ignored(sent in any_telemetry(), driver in ".{0,8}") {
        let bytes = sealed(&car_header::<Appended>(), &appended(sent, &driver));
        prop_assert_eq!(open(&bytes, &FrameKey::CRC32C).unwrap().header.revision, 2);
        prop_assert_eq!(open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Telemetry>(), Ok(sent));
    }

    #[test]
    fn any_tail_of_any_newer_revision_is_ignored(
        sent in any_telemetry(),
        revision in 2_u8..,
        tail in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let sealed = sealed(&car_header::<Telemetry>(), &sent);
        let body = [open(&sealed, &FrameKey::CRC32C).unwrap().body, &tail].concat();
        let bytes = forged(MessageType::TELEMETRY, revision, &body);
        prop_assert_eq!(open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Telemetry>(), Ok(sent));
    }
}

#[test]
fn the_same_revision_has_exactly_its_length() {
    let body = vector(TELEMETRY, "r1 typical");
    for len in 0..body.len() {
        let bytes = forged(MessageType::TELEMETRY, 1, &body[..len]);
        let refused = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Telemetry>();
        match len {
            0..20 => {
                assert!(matches!(refused, Err(DecodeError::BodyShort { min: 20, found, .. }) if found == len))
            }
            _ => assert!(matches!(refused, Err(DecodeError::Body { fault: BodyFault::Ended, .. }))),
        }
    }
    let bytes = forged(MessageType::TELEMETRY, 1, &[&body[..], &[0]].concat());
    assert!(matches!(
        open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Telemetry>(),
        Err(DecodeError::BodyLong { extra: 1, .. })
    ));
}

#[test]
fn each_revision_has_its_own_minimum_length() {
    let bodies =
        [(1, Telemetry::MIN_LEN), (2, Appended::MIN_LEN), (3, Appended::MIN_LEN), (255, Appended::MIN_LEN)];
    for (revision, min) in bodies {
        let bytes = forged(MessageType::TELEMETRY, revision, &vec![0; min - 1]);
        let refused = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Appended>();
        assert!(
            matches!(refused, Err(DecodeError::BodyShort { min: needed, .. }) if needed == min),
            "{revision}"
        );
        let bytes = forged(MessageType::TELEMETRY, revision, &vec![0; min]);
        assert_eq!(
            open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Appended>(),
            Ok(Appended::default()),
            "{revision}"
        );
    }
}

#[test]
fn an_older_body_longer_than_ours_is_refused() {
    let sealed = sealed(&car_header::<Appended>(), &appended(typical_telemetry(), "op-118"));
    let longer = [open(&sealed, &FrameKey::CRC32C).unwrap().body, &[0]].concat();
    let bytes = forged(MessageType::TELEMETRY, 1, &longer);
    assert!(matches!(
        open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Appended>(),
        Err(DecodeError::BodyLong { extra: 1, .. })
    ));
}

#[test]
fn an_older_body_cut_within_a_text_is_refused() {
    let mut body = vector(TELEMETRY, "r1 typical");
    body.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 6, b'o', b'p']); // the driver's text claims 6 bytes and has 2
    let bytes = forged(MessageType::TELEMETRY, 1, &body);
    let refused = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Appended>();
    assert!(matches!(refused, Err(DecodeError::Body { fault: BodyFault::Ended, .. })));
}

#[test]
fn revision_0_does_not_exist() {
    let bytes = forged(MessageType::TELEMETRY, 0, &vector(TELEMETRY, "r1 typical"));
    let message_type = MessageType::TELEMETRY;
    assert_eq!(
        open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Telemetry>(),
        Err(DecodeError::Revision { message_type })
    );
}
