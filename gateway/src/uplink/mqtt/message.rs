//! An event as an MQTT message, and how large its packet is.

use bytes::Bytes;

use crate::config::MqttVersion;
use crate::domain::coordinates::Coordinates;
use crate::mqtt_client::Publication;
use crate::store::settlement::Pending;
use crate::uplink::cloudevent::{self, EventId};

/// The content type of one event in structured mode.
const STRUCTURED: &str = "application/cloudevents+json";

/// What events look like.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) gateway_id: String,
    /// The systems in which devices send their positions.
    pub(super) coordinates: Coordinates,
    pub(super) version: MqttVersion,
}

/// An event that is ready to be published.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) publication: Publication,
    pub(super) packet_bytes: usize,
}

impl Form {
    pub(super) fn message(&self, pending: &Pending) -> Message {
        let record = &pending.record;
        let event = cloudevent::event(&self.gateway_id, self.coordinates, record, pending.anchor);
        let topic = format!("city/{}/up/{}", self.gateway_id, record.class.as_str());
        let publication = match self.version {
            MqttVersion::V5 => {
                let event = event.to_binary();
                let own = |(name, value): (&str, String)| (name.to_owned(), value);
                Publication {
                    topic,
                    payload: event.data.into(),
                    content_type: Some(event.content_type.to_owned()),
                    properties: event.attributes.into_iter().map(own).collect(),
                }
            }
            MqttVersion::V3 => {
                let mut body = Vec::new();
                cloudevent::write_event(
                    &mut body,
                    &self.gateway_id,
                    self.coordinates,
                    record,
                    pending.anchor,
                );
                let content_type = Some(STRUCTURED.to_owned());
                Publication { topic, payload: Bytes::from(body), content_type, properties: Vec::new() }
            }
        };
        Message {
            id: EventId { device: &record.device, identity: record.identity }.to_string(),
            packet_bytes: packet_bytes(self.version, &publication),
            publication,
        }
    }
}

/// The size of a PUBLISH at QoS 1 (MQTT 5.0, section 3.3), fixed header included.
fn packet_bytes(version: MqttVersion, publication: &Publication) -> usize {
    let body = 2 + publication.topic.len() + 2 + publication.payload.len();
    let properties = match version {
        MqttVersion::V3 => 0,
        MqttVersion::V5 => {
            let content_type = publication.content_type.as_ref().map_or(0, |it| 1 + 2 + it.len());
            let user =
                publication.properties.iter().map(|(name, value)| 1 + 2 + name.len() + 2 + value.len());
            let all = content_type + user.sum::<usize>();
            length_bytes(all) + all
        }
    };
    1 + length_bytes(body + properties) + body + properties
}

/// The size of a variable byte integer.
fn length_bytes(length: usize) -> usize {
    match length {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::{Class, DeviceId, Identity};
    use crate::store::record::StoredRecord;
    use crate::store::settlement::RecordKey;

    fn pending(payload: &'static [u8]) -> Pending {
        let record = StoredRecord {
            device: DeviceId::parse("car-07").unwrap(),
            identity: Identity::Device { boot: 7, seq: 902 },
            class: Class::Status,
            received_at_ms: 1_795_396_366_007,
            payload: Bytes::from_static(payload),
            casework: None,
            gateway: None,
        };
        Pending { key: RecordKey::Row(1), record, anchor: None }
    }

    fn message(version: MqttVersion, payload: &'static [u8]) -> Message {
        let form = Form { gateway_id: "box-017".into(), coordinates: Coordinates::default(), version };
        form.message(&pending(payload))
    }

    #[test]
    fn an_event_of_mqtt_5_has_its_attributes_in_properties_and_its_data_alone_as_payload() {
        let Message { id, publication, .. } =
            message(MqttVersion::V5, br#"{"boot": 7, "seq": 902, "battery_percent": 80}"#);
        assert_eq!((id.as_str(), publication.topic.as_str()), ("car-07/7/902", "city/box-017/up/status"));
        let property = |name: &str| {
            let found = publication.properties.iter().find(|(each, _)| each == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(property("specversion"), Some("1.0"));
        assert_eq!(property("id"), Some("car-07/7/902"));
        assert_eq!(property("source"), Some("urn:patrol-gateway:box-017"));
        assert_eq!(property("type"), Some("cn.patrol.status.v1"));
        assert_eq!(property("time"), Some("2026-11-23T01:12:46.007Z"));
        assert_eq!(property("subject"), None);
        assert_eq!(publication.content_type.as_deref(), Some("application/geo+json"));
        let data: serde_json::Value = serde_json::from_slice(&publication.payload).unwrap();
        assert_eq!((data["type"].as_str(), data["properties"]["seq"].as_u64()), (Some("Feature"), Some(902)));
    }

    #[test]
    fn a_payload_that_is_not_understood_travels_as_its_own_bytes() {
        let publication = message(MqttVersion::V5, b"\x01\x02garbage").publication;
        assert_eq!(publication.content_type.as_deref(), Some("application/octet-stream"));
        assert_eq!(&publication.payload[..], b"\x01\x02garbage");
    }

    #[test]
    fn an_event_of_mqtt_3_is_one_json_object() {
        let publication = message(MqttVersion::V3, br#"{"boot": 7, "seq": 902}"#).publication;
        let event: serde_json::Value = serde_json::from_slice(&publication.payload).unwrap();
        assert_eq!(event["id"], "car-07/7/902");
        assert_eq!(event["data"]["type"], "Feature");
    }
}
