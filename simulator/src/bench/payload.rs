//! What the load generator publishes: telemetry, each message with its own number.

use firmware_protocol::FrameKey;
use firmware_protocol::body::{FixType, Telemetry, VehicleState};
use firmware_protocol::{DegreesE7, DeviceTag, Header, seal};

/// Seven digits from the first to the last message, so that the number has the same width in all of them.
const FIRST_SEQ: u32 = 1_000_000;
const SEQ_DIGITS: usize = 7;
const SEQ_LABEL: &str = "\"seq\":";
/// Room for a sealed telemetry frame.
const FRAME_LEN_MAX: usize = 256;

/// Which payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PayloadKind {
    /// JSON telemetry, padded with spaces to the size asked for.
    Json,
    /// A firmware-protocol telemetry frame in its natural length.
    Frame,
}

/// The payload can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The telemetry itself is longer.
    #[error("a JSON telemetry message needs at least {0} bytes: give --payload-bytes accordingly")]
    TooSmall(usize),
    /// The frame could not be made.
    #[error("no frame: {0}")]
    Frame(firmware_protocol::EncodeError),
}

/// One device's payloads: a template and how to put a number into it.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Json { template: Vec<u8>, seq_at: usize },
    Frame { header: Box<Header>, body: Box<Telemetry>, template: Vec<u8> },
}

impl Payload {
    /// `len` is the payload's length in bytes; a frame has its own.
    pub(super) fn new(kind: PayloadKind, device: &str, len: usize) -> Result<Payload, PayloadError> {
        match kind {
            PayloadKind::Json => json(len),
            PayloadKind::Frame => frame(device),
        }
    }

    pub(super) fn template(&self) -> &[u8] {
        match self {
            Payload::Json { template, .. } | Payload::Frame { template, .. } => template,
        }
    }

    /// Makes a copy of the template the `index`-th message, counted from 0.
    pub(super) fn patch(&self, index: u32, payload: &mut [u8]) {
        let seq = FIRST_SEQ + index;
        match self {
            Payload::Json { seq_at, .. } => write_digits(&mut payload[*seq_at..*seq_at + SEQ_DIGITS], seq),
            Payload::Frame { header, body, .. } => {
                // The template has this very length, so sealing another number into it can't fail.
                seal(&Header { seq, ..**header }, &**body, &FrameKey::CRC32C, payload).ok();
            }
        }
    }
}

fn json(len: usize) -> Result<Payload, PayloadError> {
    let mut text = format!(
        "{{\"boot\":7,{SEQ_LABEL}{FIRST_SEQ},\"time\":\"2026-11-23T09:12:44.120+08:00\",\
         \"position\":{{\"lon\":104.3980125,\"lat\":31.1270417,\"accuracy_m\":4.5,\"crs\":\"wgs84\"}},\"speed_kmh\":23.4,\
         \"heading_deg\":87.5,\"ignition\":true"
    );
    let padding = len.checked_sub(text.len() + 1).ok_or(PayloadError::TooSmall(text.len() + 1))?;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('}');
    let seq_at = text.find(SEQ_LABEL).map_or(0, |at| at + SEQ_LABEL.len());
    Ok(Payload::Json { template: text.into_bytes(), seq_at })
}

fn frame(device: &str) -> Result<Payload, PayloadError> {
    let header = Header {
        device: DeviceTag::of(device),
        boot: 7,
        seq: FIRST_SEQ,
        unix_ms: 1_795_396_364_120,
        ..Header::of::<Telemetry>()
    };
    let body = Telemetry {
        valid: VehicleState::IGNITION | VehicleState::MOVING,
        state: VehicleState::IGNITION | VehicleState::MOVING,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        altitude_dm: 4960,
        accuracy_dm: 45,
        speed_cm_s: 650,
        heading_cdeg: 8750,
        fix_age_ms: 100,
        supply_mv: 13_800,
        battery_percent: 88,
        odometer_m: 120_345,
    };
    let mut buffer = [0; FRAME_LEN_MAX];
    let len = seal(&header, &body, &FrameKey::CRC32C, &mut buffer).map_err(PayloadError::Frame)?;
    Ok(Payload::Frame { header: Box::new(header), body: Box::new(body), template: buffer[..len].to_vec() })
}

/// Decimal digits, right aligned, filling the place.
fn write_digits(place: &mut [u8], number: u32) {
    let mut rest = number;
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_message_is_valid_and_has_its_own_number(index in 0..8_999_999_u32) {
            let json = Payload::new(PayloadKind::Json, "bench-01", 200).unwrap();
            let mut bytes = json.template().to_vec();
            json.patch(index, &mut bytes);
            let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(said["seq"].as_u64(), Some(u64::from(FIRST_SEQ + index)));
            prop_assert_eq!(bytes.len(), 200);

            let frame = Payload::new(PayloadKind::Frame, "bench-01", 0).unwrap();
            let mut bytes = frame.template().to_vec();
            frame.patch(index, &mut bytes);
            let opened = firmware_protocol::open(&bytes, &FrameKey::CRC32C).unwrap();
            prop_assert_eq!(opened.header.seq, FIRST_SEQ + index);
            prop_assert!(opened.decode::<Telemetry>().is_ok());
        }
    }

    #[test]
    fn the_padding_of_two_hundred_bytes_is_small() {
        let json = Payload::new(PayloadKind::Json, "bench-01", 200).unwrap();
        let text = String::from_utf8(json.template().to_vec()).unwrap();
        assert!(text.matches(' ').count() < 12, "{text}");
        assert!(matches!(Payload::new(PayloadKind::Json, "bench-01", 100), Err(PayloadError::TooSmall(_))));
    }
}
