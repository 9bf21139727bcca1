//! A payload becomes a report, or a rejection that says why not.
//!
//! - The first byte decides: 0xC1 opens a frame, `{` (after JSON's white space) opens JSON.
//! - The class is the topic's; a frame of another class is refused, and so is a frame of another device.
//! - A rejection is a value. The payload behind it is acknowledged, kept in quarantine with the rejection, and
//!   counted under [`Reason::as_str`].
//! - Payloads are bounded before they come here (the listener's packet size); nothing here grows faster than
//!   the payload.

use std::fmt;

use super::frame;
use super::json;
use super::report::{Class, DeviceId, Report};

/// A rejection's detail is cut here, in bytes: it may quote the payload.
pub const DETAIL_BYTES_MAX: usize = 240;

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

/// The kinds of rejection: a closed set, so that counters stay bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The payload is empty or starts with neither 0xC1 nor `{`.
    NotAFrameNorJson,
    /// Not JSON, or cut off.
    MalformedJson,
    /// A field holds another type than it should, or stands twice.
    WrongType,
    /// A field that is needed is not there.
    MissingField,
    /// A value outside the range of its field.
    OutOfRange,
    /// A word this version does not know where only known ones make sense.
    UnknownValue,
    /// A time that is not RFC 3339.
    InvalidTime,
    /// Only one of `boot` and `seq`.
    HalfIdentity,
    /// A position without its coordinate system.
    UndeclaredCrs,
    /// A position in a coordinate system that is not converted here.
    UnsupportedCrs,
    /// A class that this version does not take yet.
    UnsupportedClass,
    /// A topic of the device's own whose last level is no class.
    UnknownClass,
    /// Bytes that start like a frame and don't have its form.
    FrameMalformed,
    /// A version or a must-understand flag of frames that this version does not know.
    FrameVersion,
    /// A way of authentication that is not checked here.
    FrameSuite,
    /// The tag does not match: damaged or forged.
    FrameTag,
    /// The body does not have the form of its message type.
    FrameBody,
    /// The frame was made by another device than the one that published it.
    FrameDevice,
    /// The message type belongs on another topic.
    FrameClass,
    /// A message type that this version does not take yet.
    FrameType,
}

impl Reason {
    /// Every reason, for metrics that start at zero.
    pub const ALL: [Reason; 20] = [
        Reason::NotAFrameNorJson,
        Reason::MalformedJson,
        Reason::WrongType,
        Reason::MissingField,
        Reason::OutOfRange,
        Reason::UnknownValue,
        Reason::InvalidTime,
        Reason::HalfIdentity,
        Reason::UndeclaredCrs,
        Reason::UnsupportedCrs,
        Reason::UnsupportedClass,
        Reason::UnknownClass,
        Reason::FrameMalformed,
        Reason::FrameVersion,
        Reason::FrameSuite,
        Reason::FrameTag,
        Reason::FrameBody,
        Reason::FrameDevice,
        Reason::FrameClass,
        Reason::FrameType,
    ];

    /// The label in metrics and in the quarantine.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::NotAFrameNorJson => "not_a_frame_nor_json",
            Reason::MalformedJson => "malformed_json",
            Reason::WrongType => "wrong_type",
            Reason::MissingField => "missing_field",
            Reason::OutOfRange => "out_of_range",
            Reason::UnknownValue => "unknown_value",
            Reason::InvalidTime => "invalid_time",
            Reason::HalfIdentity => "half_identity",
            Reason::UndeclaredCrs => "undeclared_crs",
            Reason::UnsupportedCrs => "unsupported_crs",
            Reason::UnsupportedClass => "unsupported_class",
            Reason::UnknownClass => "unknown_class",
            Reason::FrameMalformed => "frame_malformed",
            Reason::FrameVersion => "frame_version",
            Reason::FrameSuite => "frame_suite",
            Reason::FrameTag => "frame_tag",
            Reason::FrameBody => "frame_body",
            Reason::FrameDevice => "frame_device",
            Reason::FrameClass => "frame_class",
            Reason::FrameType => "frame_type",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads the payload that `device` published on its topic of `class`.
pub fn admit<'a>(class: Class, device: &DeviceId, payload: &'a [u8]) -> Result<Report<'a>, Rejection> {
    if payload.first() == Some(&firmware_protocol::MAGIC) {
        return frame::read(class, device, payload);
    }
    match payload.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        Some(b'{') => json::read(class, payload),
        Some(byte) => {
            let detail = format!("the payload starts with {byte:#04x}, a frame with 0xc1, JSON with {{");
            Err(Rejection::new(Reason::NotAFrameNorJson, detail))
        }
        None => Err(Rejection::new(Reason::NotAFrameNorJson, "the payload is empty")),
    }
}

#[cfg(test)]
mod tests;
