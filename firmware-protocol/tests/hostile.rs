//! Bytes from a broken or hostile sender: always an answer, never a panic, never more than a field allows.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::FrameKey;
use firmware_protocol::body::{Incident, Status, Telemetry};
use firmware_protocol::{BodyFault, DecodeError, MessageType, Peek, open};
use proptest::collection::vec;
use proptest::prelude::*;
use support::bodies::{any_incident_parts, incident_of, maximum_incident, typical_incident};
use support::{car_header, forged, retag, sealed};

/// Opens and decodes as everything; only that it returns counts.
fn read(bytes: &[u8]) {
    let _ = Peek::at(bytes);
    if let Ok(frame) = open(bytes, &FrameKey::CRC32C) {
        let _ = frame.decode::<Telemetry>();
        let _ = frame.decode::<Incident>();
        let _ = frame.decode::<Status>();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..600)) {
        read(&bytes);
    }

    #[test]
    fn any_body_in_a_right_frame_is_answered(
        message_type in prop_oneof![Just(1_u8), Just(3), Just(7), any::<u8>()],
        revision in prop_oneof![0_u8..4, any::<u8>()],
        body in prop_oneof![vec(any::<u8>(), 0..600), vec(0x7E_u8..=0x81, 0..40), vec(0_u8..3, 0..60)],
    ) {
        read(&forged(MessageType(message_type), revision, &body));
    }

    #[test]
    fn a_damaged_body_under_a_right_tag_is_answered(
        parts in any_incident_parts(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut frame = sealed(&car_header::<Incident>(), &incident_of(&parts));
        for (at, value) in damage {
            let at = at.index(frame.len() - 4);
            frame[at] = value;
        }
        retag(&mut frame, 4);
        read(&frame);
    }
}

/// Offset of the operator in the typical incident, by the golden vector.
const OPERATOR_AT: usize = 18;

fn fault_of(body: &[u8]) -> BodyFault {
    let bytes = forged(MessageType::INCIDENT, 1, body);
    match open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Incident>() {
        Err(DecodeError::Body { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn body_of(incident: &Incident) -> Vec<u8> {
    let frame = sealed(&car_header::<Incident>(), incident);
    open(&frame, &FrameKey::CRC32C).unwrap().body.to_vec()
}

#[test]
fn a_text_longer_than_its_field_is_refused() {
    let mut body = body_of(&typical_incident());
    body.splice(OPERATOR_AT..=OPERATOR_AT, [6 + 19]);
    body.splice(OPERATOR_AT + 1..OPERATOR_AT + 1, [b'o'; 19]);
    assert_eq!(fault_of(&body), BodyFault::Capacity);
}

#[test]
fn a_list_longer_than_its_field_is_refused() {
    let mut body = body_of(&maximum_incident());
    let count_at = body.len() - 81;
    assert_eq!(body[count_at], 8);
    body[count_at] = 9;
    body.extend_from_slice(&[1, 1]);
    assert_eq!(fault_of(&body), BodyFault::Capacity);
}

#[test]
fn a_list_that_claims_more_than_there_is_is_refused() {
    let mut body = body_of(&Incident::default());
    body.pop();
    body.extend_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
    assert_eq!(fault_of(&body), BodyFault::Ended);
}

#[test]
fn a_text_that_is_not_utf8_is_refused() {
    let mut body = body_of(&typical_incident());
    body[OPERATOR_AT + 1] = 0xFF;
    assert_eq!(fault_of(&body), BodyFault::Utf8);
}

#[test]
fn a_number_too_large_for_its_field_is_refused() {
    let mut body = body_of(&typical_incident());
    body.splice(0..2, [0xFF, 0xFF, 0x04]); // category 65536 + 65535
    assert_eq!(fault_of(&body), BodyFault::Number);
}
