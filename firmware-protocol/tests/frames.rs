//! A frame is opened only when every byte of it is right.

mod support;

use firmware_protocol::FrameKey;
use firmware_protocol::body::{Body, Incident, Status, Telemetry};
use firmware_protocol::{
    DecodeError, DeviceTag, EncodeError, Flags, Header, MAX_FRAME_LEN, MessageType, Peek, Suite,
};
use firmware_protocol::{Wire, frame_len_max, open, seal};
use proptest::prelude::*;
use support::bodies::{
    any_incident_parts, any_status_parts, any_telemetry, incident_of, maximum_incident, status_of,
    typical_incident, typical_telemetry,
};
use support::{any_header, car_header, retag, sealed};

fn car_frame() -> Vec<u8> {
    sealed(&car_header::<Telemetry>(), &typical_telemetry())
}

fn by_postcard<B: Body>(body: &B) -> Vec<u8> {
    let mut out = vec![0; B::MAX_LEN];
    postcard::to_slice(body, &mut out).expect("as long as the longest").to_vec()
}

proptest! {
    #[test]
    fn what_is_sealed_comes_out_again(
        telemetry in (any_header::<Telemetry>(), any_telemetry()),
        incident in (any_header::<Incident>(), any_incident_parts()),
        status in (any_header::<Status>(), any_status_parts()),
    ) {
        let bytes = sealed(&telemetry.0, &telemetry.1);
        let frame = open(&bytes, &FrameKey::CRC32C).unwrap();
        prop_assert_eq!(frame.header, telemetry.0);
        prop_assert_eq!(frame.decode::<Telemetry>(), Ok(telemetry.1));

        let sent = incident_of(&incident.1);
        let bytes = sealed(&incident.0, &sent);
        let frame = open(&bytes, &FrameKey::CRC32C).unwrap();
        prop_assert_eq!(frame.header, incident.0);
        prop_assert_eq!(frame.decode::<Incident>(), Ok(sent));

        let sent = status_of(&status.1);
        let bytes = sealed(&status.0, &sent);
        let frame = open(&bytes, &FrameKey::CRC32C).unwrap();
        prop_assert_eq!(frame.header, status.0);
        prop_assert_eq!(frame.decode::<Status>(), Ok(sent));
    }

    #[test]
    fn a_body_is_written_as_postcard_writes_it(
        header in any_header::<Telemetry>(), telemetry in any_telemetry(), incident in any_incident_parts(),
    ) {
        let bytes = sealed(&header, &telemetry);
        let body = open(&bytes, &FrameKey::CRC32C).unwrap().body;
        prop_assert_eq!(body, by_postcard(&telemetry));

        let incident = incident_of(&incident);
        let bytes = sealed(&car_header::<Incident>(), &incident);
        let body = open(&bytes, &FrameKey::CRC32C).unwrap().body;
        prop_assert_eq!(body, by_postcard(&incident));
    }

    #[test]
    fn a_peek_sees_what_opening_sees(header in any_header::<Telemetry>(), body in any_telemetry()) {
        let bytes = sealed(&header, &body);
        let peek = Peek { message_type: MessageType::TELEMETRY, device: header.device };
        prop_assert_eq!(Peek::at(&bytes), Some(peek));
    }
}

#[test]
fn a_change_of_any_byte_to_any_other_value_is_refused() {
    for frame in [car_frame(), sealed(&car_header::<Incident>(), &typical_incident())] {
        for at in 0..frame.len() {
            for change in 1..=u8::MAX {
                let mut changed = frame.clone();
                changed[at] ^= change;
                assert!(open(&changed, &FrameKey::CRC32C).is_err(), "byte {at} changed by {change:#04x}");
            }
        }
    }
}

#[test]
fn a_frame_of_any_other_length_is_refused() {
    let frame = car_frame();
    for len in 0..frame.len() {
        assert!(open(&frame[..len], &FrameKey::CRC32C).is_err(), "cut to {len}");
    }
    let longer = [&frame[..], &[0]].concat();
    assert_eq!(
        open(&longer, &FrameKey::CRC32C),
        Err(DecodeError::Length { expected: frame.len(), found: frame.len() + 1 })
    );
}

#[test]
fn json_and_nothing_are_no_frames() {
    assert_eq!(open(b"{\"boot\":7}", &FrameKey::CRC32C), Err(DecodeError::Magic { found: b'{' }));
    assert_eq!(open(b"", &FrameKey::CRC32C), Err(DecodeError::Short { len: 0 }));
    assert_eq!(Peek::at(b"{\"boot\":7,\"seq\":812}"), None);
}

#[test]
fn another_version_is_refused_even_with_a_right_tag() {
    for version in (0..16).filter(|&version| version != 1) {
        let mut frame = car_frame();
        frame[1] = version << 4;
        retag(&mut frame, 4);
        assert_eq!(open(&frame, &FrameKey::CRC32C), Err(DecodeError::Version { found: version }));
        assert_eq!(Peek::at(&frame), None);
    }
}

#[test]
fn a_flag_that_must_be_understood_and_is_not_is_refused() {
    for flags in 1..16 {
        let mut frame = car_frame();
        frame[1] |= flags;
        retag(&mut frame, 4);
        assert_eq!(open(&frame, &FrameKey::CRC32C), Err(DecodeError::Flags { unknown: flags }));

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
        assert_eq!(open(&frame, &FrameKey::CRC32C), Err(refused));
    }
    let message = DecodeError::Key { suite: Suite::HMAC_SHA256_128, key_id: 3 }.to_string();
    assert_eq!(message, "no HMAC-SHA256-128 key with id 3 is known for the device");
}

#[test]
fn a_body_is_decoded_as_its_own_type_only() {
    let bytes = car_frame();
    let refused = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<Status>();
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

#[test]
fn the_largest_frame_fits_into_the_declared_length_and_into_no_less() {
    let mut out = [0; frame_len_max::<Incident>(Suite::CRC32C)];
    let len = seal(&car_header::<Incident>(), &maximum_incident(), &FrameKey::CRC32C, &mut out);
    assert_eq!(len, Ok(36 + Incident::MAX_LEN + 4));
    for shorter in 0..out.len() {
        let refused =
            seal(&car_header::<Incident>(), &maximum_incident(), &FrameKey::CRC32C, &mut out[..shorter]);
        assert_eq!(refused, Err(EncodeError::Buffer { len: shorter }));
    }
    const { assert!(MAX_FRAME_LEN > frame_len_max::<Incident>(Suite::ED25519)) };
}

#[test]
fn short_device_ids_are_readable_and_long_ones_never_look_like_them() {
    assert_eq!(DeviceTag::of("car-07"), DeviceTag(*b"car-07\0\0"));
    assert_eq!(DeviceTag::of("noise-12"), DeviceTag(*b"noise-12"));
    assert_eq!(DeviceTag::of("noise-12").id(), Some("noise-12"));
    let long = DeviceTag::of("bodycam-0118");
    assert_eq!(long, DeviceTag([0xD9, 0xE5, 0xD0, 0x88, 0x25, 0x34, 0x19, 0xC6]));
    assert_eq!(long.id(), None);
    assert_eq!(long.to_string(), "#d9e5d088253419c6");
}

proptest! {
    #[test]
    fn device_ids_keep_their_tags_apart(
        one in "[a-z0-9][a-z0-9-]{0,31}",
        other in "[a-z0-9][a-z0-9-]{0,31}",
    ) {
        let tag = DeviceTag::of(&one);
        prop_assert_eq!(tag == DeviceTag::of(&other), one == other);
        prop_assert_eq!(tag.0[0] & 0x80 != 0, one.len() > 8);
        prop_assert_eq!(tag.id(), (one.len() <= 8).then_some(one.as_str()));
    }
}
