//! Reads the golden vectors: `[name]`, then bytes in hexadecimal; what follows a `#` is for people.

/// The bytes of the vector `name` in the text of a vector file.
pub(crate) fn vector(file: &str, name: &str) -> Vec<u8> {
    let heading = format!("[{name}]");
    let mut lines = file.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.find(|line| *line == heading).unwrap_or_else(|| panic!("no vector {name}"));
    let bytes = lines.take_while(|line| !line.starts_with('['));
    bytes.flat_map(str::split_whitespace).map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

pub(crate) const TELEMETRY: &str = include_str!("../golden/telemetry.hex");
pub(crate) const INCIDENT: &str = include_str!("../golden/incident.hex");
pub(crate) const STATUS: &str = include_str!("../golden/status.hex");
pub(crate) const FRAME: &str = include_str!("../golden/frame.hex");
pub(crate) const SERIAL: &str = include_str!("../golden/serial.hex");
