//! What devices report in the tests, and on which topics.

use firmware_protocol::FrameKey;
use firmware_protocol::body::Body;
use firmware_protocol::{DeviceTag, ErrorBound, Header, MAX_FRAME_LEN, TimeQuality, TimeSource, seal};
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

/// A frame as firmware without a key seals it, made at this time by a clock that was set by GNSS.
///
/// # Panics
/// When the body has no form on the wire.
pub fn frame<B: Body>(device: &str, boot: u32, seq: u32, unix_ms: u64, body: &B) -> Vec<u8> {
    sealed(&FrameKey::CRC32C, device, boot, seq, unix_ms, body)
}

/// The same, sealed with this key.
///
/// # Panics
/// When the body has no form on the wire.
pub fn sealed<B: Body>(key: &FrameKey, device: &str, boot: u32, seq: u32, unix_ms: u64, body: &B) -> Vec<u8> {
    let header = Header {
        device: DeviceTag::of(device),
        boot,
        seq,
        uptime_ms: 5_000,
        unix_ms,
        time_quality: TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) },
        ..Header::of::<B>()
    };
    sealed_as(&header, body, key)
}

/// A frame with all that its header says, sealed with this key.
///
/// # Panics
/// When header or body have no form on the wire.
pub fn sealed_as<B: Body>(header: &Header, body: &B, key: &FrameKey) -> Vec<u8> {
    let mut buffer = vec![0; MAX_FRAME_LEN];
    let len = seal(header, body, key, &mut buffer).expect("header and body have a form on the wire");
    buffer.truncate(len);
    buffer
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
