//! What an event must say.

use serde_json::{Value, json};

/// Everything in `expected` is in `event`, at whatever depth; the event may have more.
///
/// # Panics
/// When it is not.
pub fn assert_says(event: &Value, expected: &Value) {
    match (event, expected) {
        (Value::Object(event), Value::Object(expected)) => {
            for (name, expected) in expected {
                let said = event.get(name).unwrap_or_else(|| panic!("no {name} in {event:#?}"));
                assert_says(said, expected);
            }
        }
        _ => assert_eq!(event, expected),
    }
}

/// What every event of the tests' gateway has around its properties.
pub fn around(id: &str, class: &str, time: &str, geometry: Value, properties: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:patrol-gateway:box-demo",
        "type": format!("cn.patrol.{class}.v1"), "time": time, "datacontenttype": "application/geo+json",
        "data": {"type": "Feature", "geometry": geometry, "properties": properties},
    })
}

/// A GeoJSON point.
pub fn point(lon: f64, lat: f64) -> Value {
    json!({"type": "Point", "coordinates": [lon, lat]})
}
