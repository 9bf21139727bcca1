//! Nothing of a body is hidden, and nothing is shown without somebody having said what it means: over the largest golden
//! vector of every type, in which no field is 0.

use firmware_protocol::body::Telemetry;
use firmware_protocol::{HEADER_LEN, MessageType};
use proptest::prelude::*;

use super::meaning::meaning;
use super::*;

/// The types with a body; a new one is not shown until it stands here, in `body.rs` and in `meaning.rs`.
const GOLDEN: [(MessageType, &str); 13] = [
    (MessageType::TELEMETRY, include_str!("../../../../firmware-protocol/tests/golden/telemetry.hex")),
    (
        MessageType::SENSOR_REPORT,
        include_str!("../../../../firmware-protocol/tests/golden/sensor_report.hex"),
    ),
    (MessageType::INCIDENT, include_str!("../../../../firmware-protocol/tests/golden/incident.hex")),
    (
        MessageType::EVIDENCE_META,
        include_str!("../../../../firmware-protocol/tests/golden/evidence_meta.hex"),
    ),
    (
        MessageType::EVIDENCE_CHUNK,
        include_str!("../../../../firmware-protocol/tests/golden/evidence_chunk.hex"),
    ),
    (
        MessageType::EVIDENCE_WANT,
        include_str!("../../../../firmware-protocol/tests/golden/evidence_want.hex"),
    ),
    (MessageType::STATUS, include_str!("../../../../firmware-protocol/tests/golden/status.hex")),
    (MessageType::TASK, include_str!("../../../../firmware-protocol/tests/golden/task.hex")),
    (MessageType::TASK_ACK, include_str!("../../../../firmware-protocol/tests/golden/task_ack.hex")),
    (MessageType::TIME_SYNC, include_str!("../../../../firmware-protocol/tests/golden/time_sync.hex")),
    (MessageType::CONFIG, include_str!("../../../../firmware-protocol/tests/golden/config.hex")),
    (MessageType::TRACK_BATCH, include_str!("../../../../firmware-protocol/tests/golden/track_batch.hex")),
    (MessageType::ACK, include_str!("../../../../firmware-protocol/tests/golden/ack.hex")),
];

/// The bytes of the largest body of the newest revision in a golden file, and that revision.
fn maximum(golden: &str) -> (u8, Vec<u8>) {
    let of = |revision: u8| {
        let heading = format!("[r{revision} maximum]");
        let mut lines = golden.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        lines.find(|line| *line == heading)?;
        let words = lines.take_while(|line| !line.starts_with('[')).flat_map(str::split_whitespace);
        Some(words.flat_map(repeated).collect())
    };
    (1..=u8::MAX).map_while(|revision| Some((revision, of(revision)?))).last().expect("a maximum vector")
}

/// `xx`, or `xx*N` for N of them.
fn repeated(word: &str) -> Vec<u8> {
    let (byte, count) = word.split_once('*').unwrap_or((word, "1"));
    hex(byte.as_bytes()).expect("a byte").repeat(count.parse().expect("a number"))
}

fn frame(message_type: MessageType, revision: u8, body: &[u8]) -> Vec<u8> {
    let header = Header { message_type, revision, ..Header::of::<Telemetry>() };
    let mut bytes = header.write(u16::try_from(body.len()).expect("fits")).expect("a header").to_vec();
    bytes.extend_from_slice(body);
    let tag = crc32c::crc32c(&bytes);
    bytes.extend(tag.to_le_bytes());
    bytes
}

/// Every field's place and name, those of structs inside too.
fn names(place: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                found.push((place.to_owned(), name.clone()));
                names(&format!("{place}.{name}"), inner, found);
            }
        }
        Value::Array(elements) => elements.iter().take(1).for_each(|element| names(place, element, found)),
        _ => {}
    }
}

#[test]
fn every_named_message_type_is_decoded() {
    for number in 0..=u8::MAX {
        let known = GOLDEN.iter().any(|(message_type, _)| message_type.0 == number);
        assert_eq!(MessageType(number).name().is_some(), known, "message type {number}");
    }
}

#[test]
fn every_field_of_every_body_is_shown_under_its_name_and_means_something() {
    for (message_type, golden) in GOLDEN {
        let (revision, body) = maximum(golden);
        let bytes = frame(message_type, revision, &body);
        let (shown, right) = decode(&bytes, &Secrets::None);
        assert!(right, "{shown:#}");
        let frame = Frame::unchecked(&bytes).expect("a frame");
        let Ok(raw) = body::raw(&frame) else { panic!("{message_type}: not shown at all") };
        let (mut sent, mut told) = (Vec::new(), Vec::new());
        names(&message_type.to_string(), &Value::Object(raw), &mut sent);
        names(&message_type.to_string(), &shown["body"], &mut told);
        assert!(!sent.is_empty());
        for (place, name) in sent {
            assert!(meaning(&place, &name).is_some(), "{place}.{name}: what does it mean? See meaning.rs");
            assert!(told.contains(&(place.clone(), name.clone())), "{place}.{name} is not shown:\n{shown:#}");
        }
    }
}

#[test]
fn a_field_that_nobody_has_explained_is_shown_all_the_same() {
    let newer: Map<String, Value> =
        serde_json::from_str(r#"{"mood": 7, "crew": {"size": 2, "fix": 3}, "speed_cm_s": 650}"#)
            .expect("JSON");
    let shown = Value::Object(fields::show("incident", &newer));
    let expected = json!({
        "mood": 7,
        "crew": {"size": 2, "fix": {"wire": 3, "value": "gnss_3d"}},
        "speed_cm_s": {"wire": 650, "value": 23.4, "unit": "km/h"},
    });
    assert_eq!(shown, expected);
}

proptest! {
    #[test]
    fn any_bytes_are_shown_with_or_without_an_error(
        number in 0..16_u8,
        revision in 0..3_u8,
        body in prop::collection::vec(any::<u8>(), 0..120),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = frame(MessageType(number), revision, &body);
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            let (shown, right) = decode(bytes, &Secrets::None);
            prop_assert_eq!(shown.get("error").is_none(), right, "{:#}", shown);
            prop_assert_eq!(shown.get("header").is_some(), bytes.len() >= HEADER_LEN);
        }
    }
}
