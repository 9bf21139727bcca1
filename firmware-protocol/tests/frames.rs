//! The form of a frame: what goes in comes out, what does not fit is not written, and what is not understood is refused.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
mod support;

use firmware_protocol::body::{Status, Telemetry};
use firmware_protocol::{
    DecodeError, DeviceSecret, Direction, EncodeError, Flags, Frame, FrameKey, Header, MAX_FRAME_LEN,
    MessageType, Peek, Suite, frame_len_max, open, seal,
};
use proptest::prelude::*;
use support::bodies::{Sample, any_telemetry, typical_telemetry};
use support::keys::{KEYED_SUITES, car_key};
use support::{any_header, car_header, encoded, retag, sealed, sealed_with};

for_every_type!(
    what_is_sealed_comes_out_again,
    a_body_is_written_as_postcard_writes_it,
    the_largest_frame_fits_into_the_declared_length_and_no_less,
);

fn what_is_sealed_comes_out_again<B: Sample>() {
    let keys = (any::<[u8; 32]>(), any::<u8>(), prop_oneof![Just(Direction::Up), Just(Direction::Down)]);
    proptest!(|(header in any_header::<B>(), body in B::any(), (secret, key_id, direction) in keys)| {
        comes_out_again(&FrameKey::CRC32C, &header, &body)?;
        for suite in KEYED_SUITES {
            let key = DeviceSecret::new(secret).frame_key(suite, key_id, direction, header.device).unwrap();
            comes_out_again(&key, &Header { suite, key_id, ..header }, &body)?;
        }
    });
}

/// Checks that a frame is opened with this header and body.
fn comes_out_again<B: Sample>(key: &FrameKey, header: &Header, body: &B) -> Result<(), TestCaseError> {
    let bytes = sealed_with(key, header, body).leak(); // texts borrow from it
    let frame = open(bytes, key).unwrap();
    prop_assert_eq!(&frame.header, header);
    prop_assert_eq!(frame.decode::<B>(), Ok(*body));
    Ok(())
}

fn the_largest_frame_fits_into_the_declared_length_and_no_less<B: Sample>() {
    for suite in [Suite::CRC32C].into_iter().chain(KEYED_SUITES) {
        let (header, body, key) = (car_header::<B>(), B::maximum(), car_key(suite));
        let mut out = vec![0; frame_len_max::<B>(suite)];
        assert_eq!(seal(&header, &body, &key, &mut out), Ok(out.len()));
        assert!(out.len() < MAX_FRAME_LEN);
        for shorter in 0..out.len() {
            let refused = seal(&header, &body, &key, &mut out[..shorter]);
            assert_eq!(refused, Err(EncodeError::Buffer { len: shorter }), "{suite}");
        }
    }
}

fn a_body_is_written_as_postcard_writes_it<B: Sample>() {
    proptest!(|(body in B::any())| {
        let mut out = vec![0; B::MAX_LEN];
        prop_assert_eq!(encoded(&body), postcard::to_slice(&body, &mut out).unwrap());
    });
}

proptest! {
    #[test]
    fn a_peek_sees_what_opening_sees(header in any_header::<Telemetry>(), body in any_telemetry()) {
        let bytes = sealed(&header, &body);
        let peek = Peek { message_type: MessageType::TELEMETRY, device: header.device };
        prop_assert_eq!(Peek::at(&bytes), Some(peek));
    }
}

fn car_frame() -> Vec<u8> {
    sealed(&car_header::<Telemetry>(), &typical_telemetry())
}

fn opened(bytes: &[u8]) -> Result<Frame<'_>, DecodeError> {
    open(bytes, &FrameKey::CRC32C)
}

#[test]
fn json_and_nothing_are_no_frames() {
    assert_eq!(opened(b"{\"boot\":7}"), Err(DecodeError::Magic { found: b'{' }));
    assert_eq!(opened(b""), Err(DecodeError::Short { len: 0 }));
    assert_eq!(Peek::at(b"{\"boot\":7,\"seq\":812}"), None);
}

#[test]
fn another_version_is_refused_even_with_a_right_tag() {
    for version in (0..16).filter(|&version| version != 1) {
        let mut frame = car_frame();
        frame[1] = version << 4;
        retag(&mut frame, 4);
        assert_eq!(opened(&frame), Err(DecodeError::Version { found: version }));
        assert_eq!(Peek::at(&frame), None);
    }
}

#[test]
fn a_flag_that_must_be_understood_and_is_not_is_refused() {
    for flags in 1..16 {
        let mut frame = car_frame();
        frame[1] |= flags;
        retag(&mut frame, 4);
        assert_eq!(opened(&frame), Err(DecodeError::Flags { unknown: flags }));

        let header = Header { flags: Flags(flags), ..car_header::<Telemetry>() };
        let refused = seal(&header, &typical_telemetry(), &FrameKey::CRC32C, &mut [0; 128]);
        assert_eq!(refused, Err(EncodeError::Flags { unknown: flags }));
    }
}

#[test]
fn a_suite_without_a_key_is_refused_by_name() {
    for suite in (1..=u8::MAX).map(Suite) {
        let mut frame = car_frame();
        frame[2] = suite.0;
        frame.truncate(frame.len() - 4);
        frame.resize(frame.len() + suite.tag_len().unwrap_or(4), 0);
        let refused = match suite.tag_len() {
            Some(_) => DecodeError::Key { suite, key_id: 0 },
            None => DecodeError::Suite { suite },
        };
        assert_eq!(opened(&frame), Err(refused));
    }
    let message = DecodeError::Key { suite: Suite::HMAC_SHA256_128, key_id: 3 }.to_string();
    assert_eq!(message, "no HMAC-SHA256-128 key with id 3 is known for the device");
}

#[test]
fn a_body_is_decoded_as_its_own_type_only() {
    let bytes = car_frame();
    let refused = opened(&bytes).unwrap().decode::<Status>();
    let (expected, found) = (MessageType::STATUS, MessageType::TELEMETRY);
    assert_eq!(refused, Err(DecodeError::MessageType { expected, found }));
}

#[test]
fn a_header_of_another_type_is_not_sealed() {
    let refused = seal(&Header::of::<Status>(), &typical_telemetry(), &FrameKey::CRC32C, &mut [0; 128]);
    assert!(matches!(refused, Err(EncodeError::Header { .. })));
}

#[test]
fn times_that_do_not_fit_are_not_sealed() {
    let late = Header { unix_ms: 1 << 48, ..car_header::<Telemetry>() };
    let old = Header { uptime_ms: 1 << 40, ..car_header::<Telemetry>() };
    for (header, name) in [(late, "unix_ms"), (old, "uptime_ms")] {
        let refused = seal(&header, &typical_telemetry(), &FrameKey::CRC32C, &mut [0; 128]);
        assert!(matches!(refused, Err(EncodeError::Field { field, .. }) if field == name));
    }
}
