//! A frame is opened by the one key it was made with, and no key shows itself.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
mod support;

use firmware_protocol::body::Telemetry;
use firmware_protocol::{DecodeError, DeviceSecret, DeviceTag, Direction, FrameKey, Header, Suite, open};
use proptest::prelude::*;
use support::bodies::Sample;
use support::keys::{KEYED_SUITES, SECRET, car_key, key};
use support::{car_header, retag, sealed_with};

for_every_type!(
    a_frame_is_opened_by_its_own_key_only,
    a_frame_is_not_taken_as_one_of_another_suite,
    a_ring_opens_with_the_key_of_the_frames_suite_and_id,
);

fn refusal(frame: &[u8], ring: &[FrameKey]) -> Option<DecodeError> {
    open(frame, ring).err()
}

fn a_frame_is_opened_by_its_own_key_only<B: Sample>() {
    for suite in KEYED_SUITES {
        let up = Direction::Up;
        let frame = sealed_with(&car_key(suite), &car_header::<B>(), &B::typical());
        assert_eq!(refusal(&frame, &[key(&SECRET, suite, 1, up, "car-07")]), None);

        let tag = Some(DecodeError::Tag { suite });
        for bit in 0..256 {
            let mut other = SECRET;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(refusal(&frame, &[key(&other, suite, 1, up, "car-07")]), tag, "bit {bit}");
        }
        assert_eq!(refusal(&frame, &[key(&SECRET, suite, 1, Direction::Down, "car-07")]), tag);
        assert_eq!(refusal(&frame, &[key(&SECRET, suite, 1, up, "car-08")]), tag);
        assert_eq!(refusal(&frame, &[key(&SECRET, suite, 1, up, "bodycam-0118")]), tag);

        let other_id = [key(&SECRET, suite, 2, up, "car-07")];
        assert_eq!(refusal(&frame, &other_id), Some(DecodeError::Key { suite, key_id: 1 }));
        let mut relabelled = frame;
        relabelled[3] = 2;
        assert_eq!(refusal(&relabelled, &other_id), tag);
    }
}

fn a_frame_is_not_taken_as_one_of_another_suite<B: Sample>() {
    let all = KEYED_SUITES.map(car_key);
    for from in KEYED_SUITES {
        let frame = sealed_with(&car_key(from), &car_header::<B>(), &B::typical());
        let tag_len = from.tag_len().unwrap();

        let mut without_key = frame.clone();
        without_key[2] = Suite::CRC32C.0;
        retag(&mut without_key, tag_len);
        let refused = Some(DecodeError::Key { suite: Suite::CRC32C, key_id: 1 });
        assert_eq!(refusal(&without_key, &all), refused);
        assert_eq!(
            open(&without_key, &FrameKey::CRC32C).map(|opened| opened.header.suite),
            Ok(Suite::CRC32C)
        );

        for to in KEYED_SUITES.into_iter().filter(|&to| to != from) {
            let mut changed = frame.clone();
            changed[2] = to.0;
            changed.resize(frame.len() - tag_len + to.tag_len().unwrap(), 0);
            assert_eq!(refusal(&changed, &[car_key(from)]), Some(DecodeError::Key { suite: to, key_id: 1 }));
            assert_eq!(refusal(&changed, &all), Some(DecodeError::Tag { suite: to }), "{from} as {to}");
        }
    }
}

fn a_ring_opens_with_the_key_of_the_frames_suite_and_id<B: Sample>() {
    let ids = [0, 1, 2, u8::MAX];
    let named = KEYED_SUITES.into_iter().flat_map(|suite| ids.map(|id| (suite, id)));
    let ring: Vec<_> = named.map(|(suite, id)| key(&SECRET, suite, id, Direction::Up, "car-07")).collect();
    for (at, key) in ring.iter().enumerate() {
        let frame = sealed_with(key, &car_header::<B>(), &B::typical());
        let opened = open(&frame, &ring[..]).unwrap();
        assert_eq!((opened.header.suite, opened.header.key_id), (key.suite(), key.key_id()));

        let mut without = ring.clone();
        without.remove(at);
        let refused = DecodeError::Key { suite: key.suite(), key_id: key.key_id() };
        assert_eq!(refusal(&frame, &without), Some(refused));
    }
    let without_key = sealed_with(&FrameKey::CRC32C, &car_header::<B>(), &B::typical());
    let refused = DecodeError::Key { suite: Suite::CRC32C, key_id: 0 };
    assert_eq!(refusal(&without_key, &ring), Some(refused));
    assert_eq!(refusal(&without_key, &[FrameKey::CRC32C]), None);
    assert_eq!(refusal(&without_key, &[]), Some(refused));
}

#[test]
fn suites_without_a_key_have_none() {
    for suite in (0..=u8::MAX).map(Suite).filter(|suite| !KEYED_SUITES.contains(suite)) {
        let none = DeviceSecret::new(SECRET).frame_key(suite, 1, Direction::Up, DeviceTag::of("car-07"));
        assert!(none.is_none(), "{suite}");
    }
}

#[test]
fn sealing_names_the_key_in_the_header_whatever_stood_there() {
    let header = Header { suite: Suite::ED25519, key_id: 77, ..car_header::<Telemetry>() };
    for suite in KEYED_SUITES {
        let frame = sealed_with(&car_key(suite), &header, &Telemetry::typical());
        assert_eq!(frame[2..4], [suite.0, 1]);
    }
}

proptest! {
    /// What is the same for any two secrets says nothing about either.
    #[test]
    fn no_secret_shows_in_debug_output(one: [u8; 32], other: [u8; 32], device: [u8; 8], key_id: u8) {
        let shown = |secret: [u8; 32]| {
            let secret = DeviceSecret::new(secret);
            let key = |suite| secret.frame_key(suite, key_id, Direction::Down, DeviceTag(device)).unwrap();
            format!("{secret:?} {secret:#?} {:?} {:#?}", KEYED_SUITES.map(key), KEYED_SUITES.map(key))
        };
        prop_assert_eq!(shown(one), shown(other));
    }
}

#[test]
fn keys_are_shown_by_suite_and_id() {
    assert_eq!(format!("{:?}", DeviceSecret::new(SECRET)), "DeviceSecret(..)");
    assert_eq!(format!("{:?}", car_key(Suite::HMAC_SHA256_128)), "FrameKey(HMAC-SHA256-128, key 1)");
    assert_eq!(format!("{:?}", FrameKey::CRC32C), "FrameKey(CRC-32C, key 0)");
}
