//! An incident as a case system sees it, read out of its event: what every one of them asks for, whatever it speaks.

use serde_json::Value;

use crate::domain::coordinates::Coordinates;
use crate::store::settlement::Pending;
use crate::uplink::cloudevent;

/// An incident.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::uplink) struct Case {
    /// Which one in all the world: `box-017/car-07/7/812`. It never stands for anything else.
    pub(in crate::uplink) id: String,
    /// The device that reported it.
    pub(in crate::uplink) device: String,
    /// `event` or `component`.
    pub(in crate::uplink) kind: String,
    /// Its code, which means something only with its kind.
    pub(in crate::uplink) code: String,
    /// What the code is called, and what the reporter wrote.
    pub(in crate::uplink) text: String,
    /// Longitude and latitude in WGS-84.
    pub(in crate::uplink) position: Option<[f64; 2]>,
    /// Street, community and grid, as far as they are known.
    pub(in crate::uplink) address: Option<String>,
    /// When it happened, in RFC 3339.
    pub(in crate::uplink) time: String,
}

/// The record is no incident that this version can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an incident that can be read")]
pub(in crate::uplink) struct Unreadable;

impl Case {
    pub(in crate::uplink) fn of(
        gateway_id: &str,
        coordinates: Coordinates,
        pending: &Pending,
    ) -> Result<Case, Unreadable> {
        let event = cloudevent::event(gateway_id, coordinates, &pending.record, pending.anchor);
        let event = serde_json::to_value(event).map_err(|_| Unreadable)?;
        Case::read(&event).ok_or(Unreadable)
    }

    fn read(event: &Value) -> Option<Case> {
        let source = event["source"].as_str()?.strip_prefix("urn:patrol-gateway:")?;
        let facts = &event["data"]["properties"];
        let fact = |name: &str| facts[name].as_str().filter(|text| !text.is_empty());
        let text: Vec<&str> = ["code_zh", "description"].into_iter().filter_map(fact).collect();
        let address: Vec<&str> = ["street", "community", "grid_name"].into_iter().filter_map(fact).collect();
        let number = |at: usize| event["data"]["geometry"]["coordinates"][at].as_f64();
        Some(Case {
            id: format!("{source}/{}", event["id"].as_str()?),
            device: fact("device")?.to_owned(),
            kind: fact("kind")?.to_owned(),
            code: fact("code")?.to_owned(),
            text: text.join("："),
            position: number(0).zip(number(1)).map(|(lon, lat)| [lon, lat]),
            address: (!address.is_empty()).then(|| address.join(" ")),
            time: event["time"].as_str()?.to_owned(),
        })
    }
}

#[cfg(test)]
pub(in crate::uplink) mod tests {
    use super::*;
    use crate::domain::report::{Class, DeviceId, Identity};
    use crate::store::record::StoredRecord;
    use crate::store::settlement::RecordKey;

    pub(in crate::uplink) fn incident(payload: &str) -> Pending {
        let record = StoredRecord {
            device: DeviceId::parse("car-07").unwrap(),
            identity: Identity::Device { boot: 7, seq: 812 },
            class: Class::Incident,
            received_at_ms: 1_795_396_366_007,
            payload: payload.to_owned().into(),
            casework: None,
            gateway: None,
        };
        Pending { key: RecordKey::Row(1), record, anchor: None }
    }

    #[test]
    fn an_incident_is_read_and_anything_else_is_not() {
        let payload = r#"{"boot": 7, "seq": 812, "time": "2026-11-23T09:12:44.120+08:00", "kind": "event",
            "code": "0501", "position": {"lon": 104.398, "lat": 31.127, "crs": "wgs84"}, "description": "占道"}"#;
        let case = Case::of("box-017", Coordinates::default(), &incident(payload)).unwrap();
        assert_eq!((case.id.as_str(), case.device.as_str()), ("box-017/car-07/7/812", "car-07"));
        assert_eq!((case.kind.as_str(), case.code.as_str(), case.text.as_str()), ("event", "0501", "占道"));
        assert_eq!(case.position, Some([104.398, 31.127]));
        assert_eq!(case.time, "2026-11-23T01:12:44.120Z");
        assert_eq!(Case::of("box-017", Coordinates::default(), &incident("?")), Err(Unreadable));
    }
}
