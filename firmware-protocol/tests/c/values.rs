//! Ids of devices and qualities of time.

use firmware_protocol::{DeviceTag, ErrorBound, TimeQuality};
use serde_json::json;

use crate::ask;
use crate::cc::hex;

#[test]
fn a_device_has_the_same_eight_bytes() {
    for id in ["c", "car-07", "noise-12", "noise-123", "bodycam-0118", "车", "车-07", "a-\u{7f}"] {
        assert_eq!(ask(&[format!("device {id}")])[0], json!({ "device": DeviceTag::of(id).0 }), "{id}");
    }
}

#[test]
fn a_clock_is_as_good() {
    let steps = (0..32).flat_map(|bit| [1_u32 << bit, (1 << bit) - 1, (1 << bit) + 1]);
    for error_ms in steps.chain([0, u32::MAX]) {
        for source in [0, 1, 5, 15, 16, 255] {
            let TimeQuality { source: source_nibble, .. } = TimeQuality::from_byte(source);
            let right = TimeQuality { source: source_nibble, error_bound: ErrorBound::within_ms(error_ms) };
            let answer = ask(&[format!("quality {error_ms} {}", hex(&[source]))]);
            assert_eq!(answer[0], json!({ "quality": right.to_byte() }), "{error_ms} ms, source {source}");
        }
    }
}
