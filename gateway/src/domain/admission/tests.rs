//! Which payload goes which way, and what a rejection says.

use firmware_protocol::DeviceSecret;
use proptest::prelude::*;

use super::*;
use crate::domain::coordinates::Coordinates;
use crate::domain::keyring::{Credential, KeyedSuite, Unlisted};

fn car() -> DeviceId {
    DeviceId::parse("car-07").expect("a device id")
}

fn reason(payload: &[u8]) -> Reason {
    admit(&Keyring::default(), Coordinates::default(), Class::Telemetry, &car(), payload)
        .expect_err("refused")
        .reason
}

#[test]
fn the_first_byte_decides() {
    assert!(
        admit(&Keyring::default(), Coordinates::default(), Class::Telemetry, &car(), b" \r\n\t{}").is_ok()
    );
    assert_eq!(reason(b"\xC1"), Reason::FrameMalformed);
    assert_eq!(reason(b" \xC1"), Reason::NotAFrameNorJson);
    assert_eq!(reason(b"[1]"), Reason::NotAFrameNorJson);
    assert_eq!(reason(b""), Reason::NotAFrameNorJson);
    assert_eq!(reason(b"  "), Reason::NotAFrameNorJson);
}

#[test]
fn json_of_a_device_with_a_key_and_anything_of_a_refused_device_is_not_taken() {
    let credential = Credential::Keyed {
        suite: KeyedSuite::HmacSha256Bits128,
        key_id: 0,
        secret: DeviceSecret::new([7; 32]),
    };
    let keyed = Keyring::new(Unlisted::Refuse, [(car(), credential)]);
    let refused = |device: &str, payload: &[u8]| {
        let device = DeviceId::parse(device).expect("a device id");
        admit(&keyed, Coordinates::default(), Class::Telemetry, &device, payload).expect_err("refused").reason
    };
    assert_eq!(refused("car-07", b"{}"), Reason::JsonUnauthenticated);
    assert_eq!(refused("car-07", b"\xC1"), Reason::FrameMalformed);
    for payload in [&b"{}"[..], b"\xC1", b"nonsense", b""] {
        assert_eq!(refused("car-08", payload), Reason::DeviceUnlisted);
    }
    let listed = Keyring::new(Unlisted::Refuse, [(car(), Credential::Crc32c)]);
    assert!(
        admit(&listed, Coordinates::default(), Class::Telemetry, &car(), b"{}").is_ok(),
        "listed without a key"
    );
    assert!(
        reread(Coordinates::default(), Class::Telemetry, b"{}").is_ok(),
        "what was taken before a key came stays readable"
    );
}

#[test]
fn every_reason_has_a_label_of_its_own() {
    let labels: std::collections::BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(labels.len(), Reason::ALL.len());
    assert!(labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}

#[test]
fn the_manual_explains_every_reason() {
    let manual = include_str!("../../../../docs/json.md");
    let rows: Vec<&str> = manual.lines().filter(|line| line.starts_with("| `")).collect();
    for label in Reason::ALL.map(Reason::as_str) {
        let named =
            |row: &&&str| row.split(" | ").next().is_some_and(|names| names.contains(&format!("`{label}`")));
        assert_eq!(rows.iter().filter(named).count(), 1, "{label}");
    }
}

proptest! {
    #[test]
    fn a_detail_is_cut_between_characters(text in "\\PC{0,600}") {
        let detail = Rejection::new(Reason::WrongType, text.clone()).detail;
        prop_assert!(detail.len() <= DETAIL_BYTES_MAX);
        prop_assert!(text.starts_with(detail.trim_end_matches('…')));
    }

    #[test]
    fn any_payload_on_any_topic_gives_a_value(payload in prop::collection::vec(any::<u8>(), 0..300), frame: bool) {
        let payload = if frame { [&[firmware_protocol::MAGIC, 0x10][..], &payload].concat() } else { payload };
        for class in Class::ALL {
            if let Ok(Admission::Report(report)) = admit(&Keyring::default(), Coordinates::default(), class, &car(), &payload) {
                prop_assert_eq!(report.body.class(), class);
            }
            let _ = reread(Coordinates::default(), class, &payload);
        }
    }
}
