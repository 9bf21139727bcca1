//! A record as a message of NATS: CloudEvents' binary mode, and the header by which a stream recognises it.

use std::fmt::Write;

use async_nats::HeaderMap;
use bytes::Bytes;

use crate::domain::report::Class;
use crate::uplink::cloudevent::CloudEvent;

/// The header by which a stream recognises what it has already.
const MESSAGE_ID: &str = "Nats-Msg-Id";
/// What a message costs beside its headers and data: the line before it, and the acknowledgement.
const AROUND_BYTES: usize = 220;

/// A record, ready to be published.
#[derive(Debug)]
pub(super) struct OutMessage {
    pub(super) headers: HeaderMap,
    pub(super) data: Bytes,
    /// Headers and data as the server counts them against its largest payload.
    pub(super) payload_bytes: usize,
}

impl OutMessage {
    pub(super) fn of(event: &CloudEvent<'_>) -> OutMessage {
        let parts = event.to_binary();
        let value_of =
            |name| parts.attributes.iter().find(|(each, _)| *each == name).map_or("", |(_, value)| value);
        let id = format!("{} {}", value_of("source"), value_of("id"));
        let mut headers = HeaderMap::new();
        let mut header_bytes = "NATS/1.0\r\n\r\n".len();
        let mut insert = |name: &str, value: &str| {
            header_bytes += name.len() + value.len() + ": \r\n".len();
            headers.insert(name, value);
        };
        insert(MESSAGE_ID, &id);
        for (name, value) in &parts.attributes {
            insert(&format!("ce-{name}"), &escaped(value));
        }
        insert("content-type", parts.content_type);
        let payload_bytes = header_bytes + parts.data.len();
        OutMessage { headers, data: parts.data.into(), payload_bytes }
    }

    /// About how many bytes go over the link for it.
    pub(super) fn wire_bytes(&self) -> usize {
        self.payload_bytes + AROUND_BYTES
    }
}

/// Where records of a class go.
pub(super) fn subject(gateway_id: &str, class: Class) -> String {
    format!("patrol.{gateway_id}.{}", class.as_str())
}

/// An attribute's value as a header's: what is not visible ASCII, and `"` and `%`, in percent-encoding, as CloudEvents' bindings
/// to protocols with headers ask for.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'%' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // a String takes every write
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::coordinates::Coordinates;
    use crate::domain::report::{DeviceId, Identity};
    use crate::store::record::StoredRecord;
    use crate::uplink::cloudevent::event;

    #[test]
    fn a_message_names_its_event_and_carries_its_data() {
        let record = StoredRecord {
            device: DeviceId::parse("car-07").unwrap(),
            identity: Identity::Device { boot: 7, seq: 812 },
            class: Class::Telemetry,
            received_at_ms: 1_795_396_366_007,
            payload: Bytes::from_static(br#"{"boot": 7, "seq": 812, "speed_kmh": 23.5}"#),
            casework: None,
            gateway: Some("box-003".into()),
        };
        let message = OutMessage::of(&event("box-017", Coordinates::default(), &record, None));
        let header = |name: &str| message.headers.get(name).map(ToString::to_string).unwrap_or_default();
        assert_eq!(
            header(MESSAGE_ID),
            "urn:patrol-gateway:box-003 car-07/7/812",
            "where it came from, not who sends it"
        );
        assert_eq!(header("ce-id"), "car-07/7/812");
        assert_eq!(header("ce-source"), "urn:patrol-gateway:box-003");
        assert_eq!(header("ce-type"), "cn.patrol.telemetry.v1");
        assert_eq!(header("ce-specversion"), "1.0");
        assert_eq!(header("ce-time"), "2026-11-23T01:12:46.007Z");
        assert_eq!(header("content-type"), "application/geo+json");
        assert!(message.headers.get("ce-subject").is_none());
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&message.data).unwrap()["type"], "Feature");
        assert_eq!(subject("box-017", record.class), "patrol.box-017.telemetry");
    }

    #[test]
    fn no_value_can_end_its_header() {
        assert_eq!(escaped("510603001001001"), "510603001001001");
        assert_eq!(escaped("a\r\nNats-Rollup: all"), "a%0D%0ANats-Rollup:%20all");
        assert_eq!(escaped("文 \"%\""), "%E6%96%87%20%22%25%22");
    }
}
