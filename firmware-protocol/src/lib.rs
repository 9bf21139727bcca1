//! The patrol gateway's wire format, shared by device firmware, the gateway and the simulator.
//!
//! `no_std`, no allocation, no unsafe code, no panic on any input: everything is encoded into and decoded from
//! buffers of the caller, and texts are borrowed from the input.
//!
//! # The rules on the wire
//!
//! A frame is a fixed header of 36 bytes, a body and a tag. All fixed-width numbers are little-endian.
//!
//! | offset | field | width | meaning |
//! |---|---|---|---|
//! | 0 | magic | 1 | [`MAGIC`], which never starts UTF-8: one byte tells a frame from JSON |
//! | 1 | version, flags | 1 | high nibble [`VERSION`]; low nibble [`Flags`]: an unknown flag is refused |
//! | 2 | suite | 1 | [`Suite`]: how the tag is made |
//! | 3 | key id | 1 | which of the device's keys |
//! | 4 | message type | 1 | [`MessageType`] |
//! | 5 | revision | 1 | schema revision of that type, from 1 |
//! | 6 | body length | 2 | bytes between header and tag |
//! | 8 | device | 8 | [`DeviceTag`] |
//! | 16 | boot | 4 | the device's boot counter, persisted, bumped before the first send of a boot |
//! | 20 | seq | 4 | number within the boot, over all types; 0 is the MQTT will's |
//! | 24 | uptime_ms | 5 | milliseconds since boot, at creation |
//! | 29 | unix_ms | 6 | milliseconds since 1970 at creation, 0 = unknown |
//! | 35 | time quality | 1 | [`TimeQuality`] |
//! | 36 | body | 0..=65535 | a postcard struct, see [`body`] |
//! | then | tag | by suite | covers header and body; the frame ends exactly behind it |
//!
//! - (device, boot, seq) names a record for ever: a resend carries the same bytes.
//! - In bodies, integers are varints (signed ones zigzag), bytes and coordinates are fixed, and **0 means
//!   absent** unless a field says otherwise. Units are in the names.
//! - Decoding checks the form. Whether a value is plausible, its range, is the receiver's to judge.
//!
//! # Evolution
//!
//! - Bodies only ever grow at the end; each append adds one to the type's revision.
//! - An older body reads as if its missing fields were 0, but is never shorter than its revision's minimum.
//! - A newer body's tail is ignored. A body of the same revision has exactly the right length.
//! - Sets that may grow are open numbers with constants ([`FixType`](body::FixType)): an unknown value survives.
//!
//! ```
//! use firmware_protocol::body::{FixType, Telemetry};
//! use firmware_protocol::{DegreesE7, DeviceSecret, DeviceTag, Direction, Header, Suite, open, seal};
//!
//! let car = DeviceTag::of("car-07");
//! let secret = DeviceSecret::new([7; 32]);
//! let key = secret.frame_key(Suite::HMAC_SHA256_128, 1, Direction::Up, car).ok_or("a build without HMAC-SHA256")?;
//!
//! let header = Header { device: car, boot: 7, seq: 901, ..Header::of::<Telemetry>() };
//! let sent = Telemetry {
//!     fix: FixType::GNSS_3D,
//!     lat_e7: DegreesE7::new(311_270_000),
//!     lon_e7: DegreesE7::new(1_043_980_000),
//!     speed_cm_s: 650,
//!     ..Telemetry::default()
//! };
//! let mut buffer = [0; 128];
//! let len = seal(&header, &sent, &key, &mut buffer)?;
//!
//! let frame = open(&buffer[..len], &key)?;
//! assert_eq!(frame.header.seq, 901);
//! assert_eq!(frame.decode::<Telemetry>()?, sent);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[macro_use]
mod set;

pub mod body;
mod bytes;
mod crc32c;
pub mod device;
mod error;
mod flavor;
mod header;
mod identity;
mod key;
mod list;
mod seal;
pub mod serial;
mod text;
mod time;
pub mod track;
mod units;
mod wire;

pub use bytes::Bytes;
pub use error::{BodyFault, DecodeError, EncodeError, TooLong};
pub use header::{Flags, HEADER_LEN, Header, MAGIC, MessageType, Peek, Suite, VERSION};
pub use identity::DeviceTag;
pub use key::{DERIVATION_SALT, DeviceSecret, Direction, FrameKey, KeyRing};
pub use list::List;
pub use seal::{Frame, MAX_FRAME_LEN, frame_len_max, open, seal};
pub use text::Text;
pub use time::{ErrorBound, TimeQuality, TimeSource};
pub use units::DegreesE7;
pub use wire::Wire;
