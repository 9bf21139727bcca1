//! What devices report in the tests, and on which topics.

use serde_json::{Value, json};

/// A place in the example city: inside a grid.
pub const IN_A_GRID: (f64, f64) = (104.398, 31.127);

/// The topic a device publishes reports of a class to.
pub fn up(device: &str, class: &str) -> String {
    format!("patrol/v1/up/{device}/{class}")
}

/// The topic a device gets messages of a kind on.
pub fn down(device: &str, kind: &str) -> String {
    format!("patrol/v1/down/{device}/{kind}")
}

/// An incident inside a grid.
pub fn incident(boot: u32, seq: u32) -> String {
    let (lon, lat) = IN_A_GRID;
    let position = json!({"lon": lon, "lat": lat, "accuracy_m": 4.5, "crs": "wgs84"});
    json!({"boot": boot, "seq": seq, "kind": "event", "code": "0501", "position": position}).to_string()
}

/// A telemetry with nothing but a speed.
pub fn telemetry(boot: u32, seq: u32) -> String {
    json!({"boot": boot, "seq": seq, "speed_kmh": 23.4}).to_string()
}

/// The receipt in a message to a device.
///
/// # Panics
/// When it is not JSON.
pub fn receipt(payload: impl AsRef<[u8]>) -> Value {
    let payload = payload.as_ref();
    serde_json::from_slice(payload)
        .unwrap_or_else(|error| panic!("no receipt: {error}: {}", String::from_utf8_lossy(payload)))
}
