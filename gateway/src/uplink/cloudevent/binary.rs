//! An event in CloudEvents' binary mode: attributes beside the data, for protocols whose messages have headers.

use super::CloudEvent;

/// An event in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryEvent {
    /// Context attributes by name, `id` and `source` first; `datacontenttype` is not among them.
    pub attributes: Vec<(&'static str, String)>,
    /// The content type of the data.
    pub content_type: &'static str,
    /// The data: JSON, or the payload as the device sent it.
    pub data: Vec<u8>,
}

impl CloudEvent<'_> {
    /// The event in binary mode: as much a function of the stored record as its JSON is.
    pub fn into_binary(self) -> BinaryEvent {
        let text = |value: serde_json::Result<serde_json::Value>| match value {
            Ok(serde_json::Value::String(text)) => text,
            _ => String::new(), // each of them serializes as a text
        };
        let mut attributes = vec![
            ("id", self.id.to_string()),
            ("source", text(serde_json::to_value(&self.source))),
            ("specversion", self.specversion.to_owned()),
            ("type", self.r#type.to_owned()),
            ("time", text(serde_json::to_value(self.time))),
        ];
        attributes.extend(self.subject.map(|subject| ("subject", subject.into_owned())));
        let data = match (&self.data, &self.data_base64) {
            (Some(feature), _) => serde_json::to_vec(feature)
                .expect("a Vec takes every write, and a feature has text keys and finite numbers only"),
            (None, Some(payload)) => payload.0.to_vec(),
            (None, None) => Vec::new(),
        };
        BinaryEvent { attributes, content_type: self.datacontenttype, data }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::domain::coordinates::Coordinates;
    use crate::domain::report::{Class, DeviceId, Identity};
    use crate::store::record::StoredRecord;
    use crate::uplink::cloudevent::event;

    fn record(payload: &str) -> StoredRecord {
        StoredRecord {
            device: DeviceId::parse("car-07").unwrap(),
            identity: Identity::Device { boot: 7, seq: 812 },
            class: Class::Telemetry,
            received_at_ms: 1_795_396_366_007,
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            casework: None,
            gateway: None,
        }
    }

    #[test]
    fn the_parts_are_those_of_the_event_in_json() {
        let record = record(r#"{"boot": 7, "seq": 812, "speed_kmh": 23.5}"#);
        let whole = || event("box-017", Coordinates::default(), &record, None);
        let json = serde_json::to_value(whole()).unwrap();
        let parts = whole().into_binary();
        for (name, value) in &parts.attributes {
            assert_eq!(json[name], **value, "{name}");
        }
        assert_eq!(json.as_object().unwrap().len(), parts.attributes.len() + 2, "all but type and data");
        assert_eq!(json["datacontenttype"], parts.content_type);
        assert_eq!(json["data"], serde_json::from_slice::<serde_json::Value>(&parts.data).unwrap());
    }

    #[test]
    fn a_payload_that_nobody_reads_is_the_data() {
        let record = record("not for us");
        let parts = event("box-017", Coordinates::default(), &record, None).into_binary();
        assert_eq!((parts.content_type, &*parts.data), ("application/octet-stream", &b"not for us"[..]));
    }
}
