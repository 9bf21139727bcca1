//! The header, by name.

use firmware_protocol::{Header, TimeQuality, VERSION};
use serde_json::{Value, json};

use super::fields::time;
use super::input::to_hex;
use super::secrets::Secrets;

/// Where a clock got its time, by number.
const TIME_SOURCES: [&str; 6] = ["none", "rtc", "disciplined_rtc", "network", "gateway_sync", "gnss"];

pub(super) fn show(header: &Header, body_len: u16, secrets: &Secrets) -> Value {
    // Each by name: a field that is added must be shown here.
    let Header {
        flags,
        suite,
        key_id,
        message_type,
        revision,
        device,
        boot,
        seq,
        uptime_ms,
        unix_ms,
        time_quality,
    } = *header;
    let device_name = device.id().map(str::to_owned).or_else(|| secrets.device_name(device));
    json!({
        "version": VERSION,
        "flags": flags.0,
        "suite": {"wire": suite.0, "value": suite.name()},
        "key_id": key_id,
        "message_type": {"wire": message_type.0, "value": message_type.name()},
        "revision": revision,
        "body_bytes": body_len,
        "device": {"wire": to_hex(&device.0), "value": device_name},
        "boot": boot,
        "seq": seq,
        "uptime_ms": {"wire": uptime_ms, "value": uptime_ms as f64 / 1e3, "unit": "s"},
        "unix_ms": {"wire": unix_ms, "value": time(unix_ms)},
        "time_quality": quality(time_quality),
    })
}

fn quality(quality: TimeQuality) -> Value {
    let source = TIME_SOURCES.get(usize::from(quality.source.number()));
    json!({
        "wire": quality.to_byte(),
        "value": {"source": source, "error_ms": quality.error_bound.max_ms()},
    })
}
