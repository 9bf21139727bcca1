//! The kinds of rejection.

use std::fmt;

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
    /// A payload of another system that no rule of `[[mapping]]` could make a report of.
    MappingFailed,
    /// Devices that are not listed are refused, and this one is not.
    DeviceUnlisted,
    /// JSON of a device that has a key: it carries no tag.
    JsonUnauthenticated,
    /// Bytes that start like a frame and don't have its form.
    FrameMalformed,
    /// A version or a must-understand flag of frames that this version does not know.
    FrameVersion,
    /// A way of authentication that this version does not know.
    FrameSuite,
    /// A suite or key id that the device has no key of.
    FrameKey,
    /// The tag does not match: damaged or forged.
    FrameTag,
    /// The body does not have the form of its message type.
    FrameBody,
    /// The frame was made by another device than the one that published it.
    FrameDevice,
    /// The message type belongs on another topic.
    FrameClass,
    /// A message type that only the gateway sends.
    FrameDirection,
    /// A message type that this version does not know.
    FrameType,
    /// A description of a photo or clip that says otherwise than an earlier one of the same name.
    EvidenceContradicts,
}

impl Reason {
    /// Every reason, for metrics that start at zero.
    pub const ALL: [Reason; 26] = [
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
        Reason::MappingFailed,
        Reason::DeviceUnlisted,
        Reason::JsonUnauthenticated,
        Reason::FrameMalformed,
        Reason::FrameVersion,
        Reason::FrameSuite,
        Reason::FrameKey,
        Reason::FrameTag,
        Reason::FrameBody,
        Reason::FrameDevice,
        Reason::FrameClass,
        Reason::FrameDirection,
        Reason::FrameType,
        Reason::EvidenceContradicts,
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
            Reason::MappingFailed => "mapping_failed",
            Reason::DeviceUnlisted => "device_unlisted",
            Reason::JsonUnauthenticated => "json_unauthenticated",
            Reason::FrameMalformed => "frame_malformed",
            Reason::FrameVersion => "frame_version",
            Reason::FrameSuite => "frame_suite",
            Reason::FrameKey => "frame_key",
            Reason::FrameTag => "frame_tag",
            Reason::FrameBody => "frame_body",
            Reason::FrameDevice => "frame_device",
            Reason::FrameClass => "frame_class",
            Reason::FrameDirection => "frame_direction",
            Reason::FrameType => "frame_type",
            Reason::EvidenceContradicts => "evidence_contradicts",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
