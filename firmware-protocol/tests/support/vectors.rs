//! The golden vectors, by file and name.

use super::hex;

/// The bytes of the vector `name` in the text of a vector file.
pub(crate) fn vector(file: &str, name: &str) -> Vec<u8> {
    let found = hex::vectors(file).into_iter().find(|(each, _)| each == name);
    found.unwrap_or_else(|| panic!("no vector {name}")).1
}

pub(crate) const ACK: &str = include_str!("../golden/ack.hex");
pub(crate) const CONFIG: &str = include_str!("../golden/config.hex");
pub(crate) const EVIDENCE_CHUNK: &str = include_str!("../golden/evidence_chunk.hex");
pub(crate) const EVIDENCE_META: &str = include_str!("../golden/evidence_meta.hex");
pub(crate) const EVIDENCE_WANT: &str = include_str!("../golden/evidence_want.hex");
pub(crate) const FRAME: &str = include_str!("../golden/frame.hex");
pub(crate) const INCIDENT: &str = include_str!("../golden/incident.hex");
pub(crate) const KEYED_FRAMES: &str = include_str!("../golden/keyed_frames.hex");
pub(crate) const KEYS: &str = include_str!("../golden/keys.hex");
pub(crate) const SENSOR_REPORT: &str = include_str!("../golden/sensor_report.hex");
pub(crate) const SERIAL: &str = include_str!("../golden/serial.hex");
pub(crate) const STATUS: &str = include_str!("../golden/status.hex");
pub(crate) const TASK: &str = include_str!("../golden/task.hex");
pub(crate) const TASK_ACK: &str = include_str!("../golden/task_ack.hex");
pub(crate) const TELEMETRY: &str = include_str!("../golden/telemetry.hex");
pub(crate) const TIME_SYNC: &str = include_str!("../golden/time_sync.hex");
pub(crate) const TRACK_BATCH: &str = include_str!("../golden/track_batch.hex");
