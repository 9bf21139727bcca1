//! Which payload goes which way, and what a rejection says.

use proptest::prelude::*;

use super::*;

fn car() -> DeviceId {
    DeviceId::parse("car-07").expect("a device id")
}

fn reason(payload: &[u8]) -> Reason {
    admit(Class::Telemetry, &car(), payload).expect_err("refused").reason
}

#[test]
fn the_first_byte_decides() {
    assert!(admit(Class::Telemetry, &car(), b" \r\n\t{}").is_ok());
    assert_eq!(reason(b"\xC1"), Reason::FrameMalformed);
    assert_eq!(reason(b" \xC1"), Reason::NotAFrameNorJson);
    assert_eq!(reason(b"[1]"), Reason::NotAFrameNorJson);
    assert_eq!(reason(b""), Reason::NotAFrameNorJson);
    assert_eq!(reason(b"  "), Reason::NotAFrameNorJson);
}

#[test]
fn every_reason_has_a_label_of_its_own() {
    let labels: std::collections::BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(labels.len(), Reason::ALL.len());
    assert!(labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
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
            if let Ok(report) = admit(class, &car(), &payload) {
                prop_assert_eq!(report.body.class(), class);
            }
        }
    }
}
