//! A payload becomes a report, or a rejection that says why not.
//!
//! - The first byte decides: 0xC1 opens a frame, `{` (after JSON's white space) opens JSON.
//! - The class is the topic's; a frame of another class is refused, and so is a frame of another device.
//! - Positions are brought into WGS-84 with the [`Coordinates`] of the city; those of frames are WGS-84.
//! - What a device must prove is said by the [`Keyring`]; nothing of a payload is looked at before it is proven.
//! - A rejection is a value. The payload behind it is acknowledged, kept in quarantine with the rejection,
//!   and counted under [`Reason::as_str`].
//! - Payloads are bounded before they come here (the listener's packet size); nothing here grows faster than
//!   the payload.

mod reason;

use std::fmt;

pub use reason::Reason;

use super::coordinates::Coordinates;
use super::frame;
use super::json;
use super::keyring::Keyring;
use super::report::{Class, DeviceId, RecordRef, Report};

/// A rejection's detail is cut here, in bytes: it may quote the payload.
pub const DETAIL_BYTES_MAX: usize = 240;

/// What a payload that was understood is.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission<'a> {
    /// Something to keep and to forward.
    Report(Report<'a>),
    /// Something to answer at once, and not to keep.
    TimeQuestion(TimeQuestion),
    /// The description of a photo or clip that can't be taken: quarantined like any rejection, and its device is told.
    EvidenceRefused {
        /// The file.
        evidence: RecordRef,
        /// Why.
        rejection: Rejection,
    },
}

/// A device asks for the time. The answer repeats both fields, so that the device knows which question it is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeQuestion {
    /// The device's boot counter when it asked.
    pub asked_boot: u32,
    /// Its uptime when it asked, in milliseconds.
    pub asked_uptime_ms: u64,
}

/// Why a payload was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The reason, as it is counted.
    pub reason: Reason,
    /// What a technician needs to correct the device: field, value, what was expected. At most
    /// [`DETAIL_BYTES_MAX`] bytes.
    pub detail: String,
}

impl Rejection {
    /// A rejection; a detail that is too long is cut.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Rejection {
        let mut detail = detail.into();
        if detail.len() > DETAIL_BYTES_MAX {
            let end = (0..=DETAIL_BYTES_MAX - 3).rev().find(|end| detail.is_char_boundary(*end)).unwrap_or(0);
            detail.truncate(end);
            detail.push('…');
        }
        Rejection { reason, detail }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.detail)
    }
}

/// Reads the payload that `device` published on its topic of `class`.
pub fn admit<'a>(
    keyring: &Keyring,
    coordinates: Coordinates,
    class: Class,
    device: &DeviceId,
    payload: &'a [u8],
) -> Result<Admission<'a>, Rejection> {
    let Some(keys) = keyring.up(device) else {
        let detail = format!("{device} is not in the file of device keys, and others are refused");
        return Err(Rejection::new(Reason::DeviceUnlisted, detail));
    };
    match Encoding::of(payload)? {
        Encoding::Frame => frame::admit(keys, class, device, payload),
        Encoding::Json if keyring.authenticates(device) => {
            let detail = format!("{device} has a key, and JSON carries no tag: send frames");
            Err(Rejection::new(Reason::JsonUnauthenticated, detail))
        }
        Encoding::Json => json::read(coordinates, class, payload).map(Admission::Report),
    }
}

/// Reads a payload again that was admitted as a report of `class` before and kept safe since. What its device must
/// prove may have changed; that it was proven has not.
///
/// A position on a plane is read with the systems in effect now (docs/decisions/0020).
pub fn reread(coordinates: Coordinates, class: Class, payload: &[u8]) -> Result<Report<'_>, Rejection> {
    match Encoding::of(payload)? {
        Encoding::Frame => frame::reread(payload),
        Encoding::Json => json::read(coordinates, class, payload),
    }
}

/// How a payload is written.
enum Encoding {
    Frame,
    Json,
}

impl Encoding {
    fn of(payload: &[u8]) -> Result<Encoding, Rejection> {
        if payload.first() == Some(&firmware_protocol::MAGIC) {
            return Ok(Encoding::Frame);
        }
        match payload.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            Some(b'{') => Ok(Encoding::Json),
            Some(byte) => {
                let detail = format!("the payload starts with {byte:#04x}, a frame with 0xc1, JSON with {{");
                Err(Rejection::new(Reason::NotAFrameNorJson, detail))
            }
            None => Err(Rejection::new(Reason::NotAFrameNorJson, "the payload is empty")),
        }
    }
}

#[cfg(test)]
mod tests;
