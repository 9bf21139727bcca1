//! What stays of what devices sent.

use proptest::prelude::*;

use super::*;

fn device(number: usize) -> DeviceId {
    DeviceId::parse(&format!("car-{number}")).unwrap()
}

fn report(class: Class, payload: &[u8], received_at_ms: i64) -> Item {
    let content = Content::Report { class, claimed: None, case: None, anchor: None };
    Item {
        received_at_ms,
        payload: Bytes::copy_from_slice(payload),
        best_effort: false,
        content,
        beside: None,
    }
}

fn quarantined(topic: &str, payload: &[u8]) -> Item {
    let content =
        Content::Quarantine { topic: topic.into(), reason: "malformed_json", detail: "no JSON".into() };
    Item {
        received_at_ms: 5,
        payload: Bytes::copy_from_slice(payload),
        best_effort: false,
        content,
        beside: None,
    }
}

#[test]
fn the_last_message_of_each_class_stays_with_what_became_of_it() {
    let sightings = Sightings::default();
    sightings.note(
        &device(1),
        &[
            report(Class::Telemetry, b"{\"boot\":1}", 1),
            report(Class::Incident, b"{\"operator\":\"op-118\"}", 2),
            report(Class::Telemetry, b"{\"boot\":2}", 3),
            quarantined("patrol/v1/up/car-1/incident", b"{\"kind\""),
            quarantined("patrol/v1/up/car-1/selfie", b"\xC1\x10"),
        ],
    );
    sightings.note(&device(1), &[]);
    let seen = sightings.of(&device(1)).unwrap();
    assert_eq!((seen.accepted, seen.quarantined, seen.last_seen_ms), (3, 2, 5));
    let last: Vec<_> = seen.last().into_iter().map(|(class, last)| (class, last.shown())).collect();
    assert_eq!(
        last,
        [
            (Some(Class::Incident), Shown::Text("{\"kind\"".into())),
            (None, Shown::Frame("c110".into())),
            (Some(Class::Telemetry), Shown::Text("{\"boot\":2}".into())),
        ]
    );
    assert_eq!(sightings.of(&device(2)).map(|_| ()), None);
}

#[test]
fn a_message_of_another_system_is_shown_as_it_came() {
    let sightings = Sightings::default();
    let item = report(Class::Reading, b"{\"readings\":[]}", 1);
    sightings.note_mapped(&device(1), "application/1/up", &Bytes::from_static(b"[{\"n\":\"t\"}]"), &item);
    let seen = sightings.of(&device(1)).unwrap();
    let (class, last) = seen.last()[0];
    assert_eq!(
        (class, &*last.topic, last.shown()),
        (Some(Class::Reading), "application/1/up", Shown::Text("[{\"n\":\"t\"}]".into()))
    );
}

#[test]
fn the_device_that_was_silent_longest_leaves_and_a_long_payload_is_cut() {
    let sightings = Sightings::default();
    for number in 0..=DEVICES_MAX {
        sightings.note(&device(number), &[report(Class::Status, &[b'{'; 2000], number as i64)]);
    }
    assert_eq!(sightings.devices().len(), DEVICES_MAX);
    assert!(sightings.of(&device(0)).is_none() && sightings.of(&device(1)).is_some());
    let seen = sightings.of(&device(DEVICES_MAX)).unwrap();
    let last = seen.last()[0].1;
    assert!(last.is_cut() && last.head.len() == HEAD_BYTES_MAX && last.bytes == 2000);
}

proptest! {
    #[test]
    fn whatever_came_is_shown_without_a_panic_and_of_unknown_bytes_nearly_nothing(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        let item = report(Class::Status, &bytes, 0);
        match Sighting::of(&item, "t", &item.payload).shown() {
            Shown::Unknown(hex) => prop_assert!(hex.len() <= 2 * UNKNOWN_BYTES_MAX),
            Shown::Frame(hex) => prop_assert!(hex.len() <= 2 * HEADER_LEN),
            Shown::Text(_) => {}
        }
    }
}
