//! The 36 bytes in front of every body, at fixed offsets, so that a router reads type and device without decoding.

use crate::body::Body;
use crate::error::{DecodeError, EncodeError};
use crate::identity::DeviceTag;
use crate::time::TimeQuality;

/// The first byte of every frame. 0xC1 never starts valid UTF-8.
pub const MAGIC: u8 = 0xC1;
/// The version of the frame, in the high nibble of byte 1.
pub const VERSION: u8 = 1;
/// Bytes of the header.
pub const HEADER_LEN: usize = 36;

/// Largest uptime that fits: 40 bits, 34.8 years.
const UPTIME_MS_MAX: u64 = (1 << 40) - 1;
/// Largest wall-clock time that fits: 48 bits, the year 10889.
const UNIX_MS_MAX: u64 = (1 << 48) - 1;

open_set! {
    /// What a body is.
    pub struct MessageType {
        /// Position and vehicle state.
        TELEMETRY = 1 "telemetry",
        /// Sensor readings.
        SENSOR_REPORT = 2 "sensor_report",
        /// A finding on the street.
        INCIDENT = 3 "incident",
        /// Description of a photo or clip.
        EVIDENCE_META = 4 "evidence_meta",
        /// A piece of a photo or clip.
        EVIDENCE_CHUNK = 5 "evidence_chunk",
        /// Which pieces the gateway lacks (down).
        EVIDENCE_WANT = 6 "evidence_want",
        /// A device's own health.
        STATUS = 7 "status",
        /// An order of the platform (down).
        TASK = 8 "task",
        /// A device's answer to a task.
        TASK_ACK = 9 "task_ack",
        /// Question and answer about the time.
        TIME_SYNC = 10 "time_sync",
        /// Settings for the device (down).
        CONFIG = 11 "config",
        /// A stretch of positions.
        TRACK_BATCH = 12 "track_batch",
        /// The receipt of a report (down).
        ACK = 13 "ack",
    }
}

open_set! {
    /// How the tag behind the body is made.
    pub struct Suite {
        /// CRC-32C, 4 bytes: finds damage, stops no forger. Only where the gateway's registry allows it.
        CRC32C = 0 "CRC-32C",
        /// HMAC-SHA256 cut to 8 bytes, for LoRa.
        HMAC_SHA256_64 = 1 "HMAC-SHA256-64",
        /// HMAC-SHA256 cut to 16 bytes.
        HMAC_SHA256_128 = 2 "HMAC-SHA256-128",
        /// HMAC-SM3 cut to 16 bytes.
        HMAC_SM3_128 = 4 "HMAC-SM3-128",
        /// Reserved for signatures of incidents and evidence, 64 bytes.
        ED25519 = 5 "Ed25519",
    }
}

impl Suite {
    /// Bytes of the longest tag of any suite.
    pub const TAG_LEN_MAX: usize = 64;

    /// Bytes of the tag; `None` for a suite this version does not know.
    pub const fn tag_len(self) -> Option<usize> {
        match self {
            Self::CRC32C => Some(4),
            Self::HMAC_SHA256_64 => Some(8),
            Self::HMAC_SHA256_128 | Self::HMAC_SM3_128 => Some(16),
            Self::ED25519 => Some(64),
            _ => None,
        }
    }
}

/// Flags a receiver must understand or refuse the frame: the low nibble of byte 1. None is defined yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);

    /// The flags this version does not understand.
    const fn unknown(self) -> u8 {
        self.0 & !Self::NONE.0
    }
}

/// Everything before the body, except its length. Make it with [`Header::of`] and fill in the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Flags that must be understood.
    pub flags: Flags,
    /// How the tag is made; set by [`seal`](crate::seal).
    pub suite: Suite,
    /// Which of the device's keys made the tag, for rotation; 0 for suite CRC-32C. Set by [`seal`](crate::seal).
    pub key_id: u8,
    /// What the body is.
    pub message_type: MessageType,
    /// Schema revision of the body, from 1.
    pub revision: u8,
    /// The device. A gateway refuses a frame whose device is not the one of the session.
    pub device: DeviceTag,
    /// The device's boot counter.
    pub boot: u32,
    /// Number within the boot over all message types, from 1; 0 is the MQTT will's.
    pub seq: u32,
    /// Milliseconds since boot when the report was made, below 2^40.
    pub uptime_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z when the report was made, below 2^48; 0 = unknown.
    pub unix_ms: u64,
    /// How far to trust `unix_ms`.
    pub time_quality: TimeQuality,
}

impl Header {
    /// A header for a body of type `B`, with everything else 0.
    pub fn of<B: Body>() -> Self {
        Self {
            flags: Flags::NONE,
            suite: Suite::CRC32C,
            key_id: 0,
            message_type: B::MESSAGE_TYPE,
            revision: B::REVISION,
            device: DeviceTag::default(),
            boot: 0,
            seq: 0,
            uptime_ms: 0,
            unix_ms: 0,
            time_quality: TimeQuality::default(),
        }
    }

    /// When something happened that was `age_ms` old when the report was made: milliseconds since 1970, or `None`
    /// when the clock was not set. It can then be anchored through (boot, uptime) to a later frame of that boot.
    pub fn event_unix_ms(&self, age_ms: u32) -> Option<u64> {
        self.unix_ms.checked_sub(u64::from(age_ms)).filter(|_| self.unix_ms != 0)
    }

    /// Reads the header at the start of `bytes` and the body's length. Magic, version and flags are checked;
    /// length and tag are not: [`open`](crate::open) does that.
    pub fn read(bytes: &[u8]) -> Result<(Self, u16), DecodeError> {
        let short = DecodeError::Short { len: bytes.len() };
        match bytes.first() {
            None => return Err(short),
            Some(&MAGIC) => {}
            Some(&found) => return Err(DecodeError::Magic { found }),
        }
        #[rustfmt::skip] // one line a field
        let &[
            _magic, version_flags, suite, key_id, message_type, revision,
            l0, l1,
            d0, d1, d2, d3, d4, d5, d6, d7,
            b0, b1, b2, b3,
            s0, s1, s2, s3,
            u0, u1, u2, u3, u4,
            t0, t1, t2, t3, t4, t5,
            time_quality,
        ] = bytes.first_chunk::<HEADER_LEN>().ok_or(short)?;

        let (version, flags) = (version_flags >> 4, Flags(version_flags & 0x0F));
        if version != VERSION {
            return Err(DecodeError::Version { found: version });
        }
        if flags.unknown() != 0 {
            return Err(DecodeError::Flags { unknown: flags.unknown() });
        }
        let header = Self {
            flags,
            suite: Suite(suite),
            key_id,
            message_type: MessageType(message_type),
            revision,
            device: DeviceTag([d0, d1, d2, d3, d4, d5, d6, d7]),
            boot: u32::from_le_bytes([b0, b1, b2, b3]),
            seq: u32::from_le_bytes([s0, s1, s2, s3]),
            uptime_ms: u64::from_le_bytes([u0, u1, u2, u3, u4, 0, 0, 0]),
            unix_ms: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, 0, 0]),
            time_quality: TimeQuality::from_byte(time_quality),
        };
        Ok((header, u16::from_le_bytes([l0, l1])))
    }

    /// The header's bytes for a body of `body_len` bytes; an error when a field is larger than its place.
    pub fn write(&self, body_len: u16) -> Result<[u8; HEADER_LEN], EncodeError> {
        if self.flags.unknown() != 0 {
            return Err(EncodeError::Flags { unknown: self.flags.unknown() });
        }
        let in_range =
            |field, value, max| if value <= max { Ok(value) } else { Err(EncodeError::Field { field, max }) };
        let [l0, l1] = body_len.to_le_bytes();
        let DeviceTag([d0, d1, d2, d3, d4, d5, d6, d7]) = self.device;
        let [b0, b1, b2, b3] = self.boot.to_le_bytes();
        let [s0, s1, s2, s3] = self.seq.to_le_bytes();
        let [u0, u1, u2, u3, u4, ..] = in_range("uptime_ms", self.uptime_ms, UPTIME_MS_MAX)?.to_le_bytes();
        let [t0, t1, t2, t3, t4, t5, ..] = in_range("unix_ms", self.unix_ms, UNIX_MS_MAX)?.to_le_bytes();
        #[rustfmt::skip] // one line a field, as in `read`
        let bytes = [
            MAGIC, VERSION << 4 | self.flags.0, self.suite.0, self.key_id, self.message_type.0, self.revision,
            l0, l1,
            d0, d1, d2, d3, d4, d5, d6, d7,
            b0, b1, b2, b3,
            s0, s1, s2, s3,
            u0, u1, u2, u3, u4,
            t0, t1, t2, t3, t4, t5,
            self.time_quality.to_byte(),
        ];
        Ok(bytes)
    }
}

/// What a router needs, without checking the rest of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peek {
    /// What the body is.
    pub message_type: MessageType,
    /// The device it claims to come from.
    pub device: DeviceTag,
}

impl Peek {
    /// Looks at type and device; `None` when the bytes don't start like a frame of this version.
    pub fn at(bytes: &[u8]) -> Option<Self> {
        let &[MAGIC, version_flags, _, _, message_type, _, _, _, d0, d1, d2, d3, d4, d5, d6, d7] =
            bytes.first_chunk()?
        else {
            return None;
        };
        (version_flags >> 4 == VERSION).then_some(Self {
            message_type: MessageType(message_type),
            device: DeviceTag([d0, d1, d2, d3, d4, d5, d6, d7]),
        })
    }
}
