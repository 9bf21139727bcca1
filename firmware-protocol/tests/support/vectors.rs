//! Reads the golden vectors: `[name]`, then bytes in hexadecimal, `xx*N` for N bytes `xx`; what follows a `#` is for
//! people.

/// The bytes of the vector `name` in the text of a vector file.
pub(crate) fn vector(file: &str, name: &str) -> Vec<u8> {
    let heading = format!("[{name}]");
    let mut lines = file.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.find(|line| *line == heading).unwrap_or_else(|| panic!("no vector {name}"));
    let bytes = lines.take_while(|line| !line.starts_with('['));
    bytes.flat_map(str::split_whitespace).flat_map(bytes_of).collect()
}

/// The bytes of `xx` or `xx*N`.
fn bytes_of(word: &str) -> impl Iterator<Item = u8> {
    let (byte, count) = word.split_once('*').unwrap_or((word, "1"));
    std::iter::repeat_n(u8::from_str_radix(byte, 16).unwrap(), count.parse().unwrap())
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
