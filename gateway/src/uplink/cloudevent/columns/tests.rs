//! The format byte for byte, and what goes into it. That a reader gets the same events back is shown with a reader of its own,
//! in `gateway/tests/telemetry_columns.rs`.

use serde_json::json;

use super::*;

/// Two vehicles with three points, and a track: as the reference has it.
const EVENTS: &str = include_str!("../../../../../docs/platform-api/telemetry-columns-v1.json");
/// The body that becomes of them. Platforms read it: what is written must stay as it is, whatever else changes.
const GOLDEN: &str = include_str!("../../../../../docs/platform-api/telemetry-columns-v1.hex");

fn event(seq: u32, properties: Value) -> Value {
    let mut all =
        json!({"device": "car-07", "boot": 7, "seq": seq, "received_at": "2026-11-23T01:12:46.007Z"});
    for (name, value) in properties.as_object().expect("an object") {
        all[name] = value.clone();
    }
    json!({
        "specversion": "1.0", "id": format!("car-07/7/{seq}"), "source": "urn:patrol-gateway:box-017",
        "type": "cn.patrol.telemetry.v1", "time": "2026-11-23T01:12:44.120Z", "datacontenttype": "application/geo+json",
        "data": {"type": "Feature", "geometry": null, "properties": all},
    })
}

#[test]
fn the_bytes_of_a_body_are_those_of_the_reference() {
    let events: Vec<Value> = serde_json::from_str(EVENTS).expect("events");
    let mut columns = Columns::default();
    for event in events {
        columns.push(event);
    }
    assert_eq!((columns.records(), columns.whole()), (4, 1), "the track stands in it whole");
    let body: String = columns.into_body().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(body, GOLDEN.split_whitespace().collect::<String>());
}

#[test]
fn what_could_not_be_put_together_again_stands_in_the_body_whole() {
    let mut columns = Columns::default();
    assert_eq!(columns.push(event(1, json!({"speed_kmh": 23.4}))), 0);
    let odd = [
        json!({"speed_kmh": 23}),                       // of another kind than the others
        json!({"speed_kmh": 0.123_456_789}),            // more digits than are exact
        json!({"speed_kmh": -0.0}),                     // no whole number has this sign
        json!({"odometer_m": (1u64 << 50) + 1}),        // beyond what a double and its differences have
        json!({"coordinateProperties": {"times": []}}), // a track
        json!({"lon": 104.4}),                          // a name that has a meaning of its own
    ];
    for (index, odd) in odd.into_iter().enumerate() {
        assert!(columns.push(event(2, odd.clone())) > 100, "{odd}");
        assert_eq!(columns.whole(), index + 1);
    }
    let mut other = event(3, json!({}));
    other["subject"] = json!("510603001001001");
    columns.push(other);
    let mut foreign = event(4, json!({}));
    foreign["source"] = json!("urn:patrol-gateway:box-018");
    columns.push(foreign);
    let mut minted = event(5, json!({}));
    minted["id"] = json!("car-07/g1c0ffee42/15");
    columns.push(minted);
    assert_eq!((columns.whole(), columns.records()), (9, 10));
}
