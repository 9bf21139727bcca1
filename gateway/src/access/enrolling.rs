//! What a device is told that has enrolled.

use bytes::Bytes;
use serde_json::json;

use crate::domain::report::DeviceId;

/// The kind of the message: `patrol/v1/down/{device}/config`.
pub(super) const KIND: &str = "config";

/// The message with a device's user name and password.
pub(super) fn message(device: &DeviceId, password: &str) -> Bytes {
    json!({"kind": "credentials", "user": device.as_str(), "password": password}).to_string().into()
}
