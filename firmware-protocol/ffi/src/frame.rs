//! Frames: what every body is sealed and opened with.

use firmware_protocol::body::Body;
use firmware_protocol::{DeviceTag, ErrorBound, Flags, MessageType, Peek, Suite, TimeQuality};
use serde::Deserialize;

use crate::key::Keys;
use crate::{PatrolError, PatrolKey, edge};

/// Everything before the body, except its length.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolHeader {
    /// Flags that must be understood; none is defined, so 0.
    pub flags: u8,
    /// PGW_SUITE_...; set by sealing.
    pub suite: u8,
    /// Set by sealing, but for suite CRC-32C.
    pub key_id: u8,
    /// PGW_MESSAGE_TYPE_...; set by sealing.
    pub message_type: u8,
    /// Of the body, from 1; set by sealing.
    pub revision: u8,
    /// The sender; on the way down the addressee.
    pub device: [u8; 8],
    /// Boot counter, persisted, raised before the first send of a boot.
    pub boot: u32,
    /// Number within the boot over all message types, from 1.
    pub seq: u32,
    /// Milliseconds since boot when the report was made, below 2^40.
    pub uptime_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z when it was made, below 2^48; 0 = unknown.
    pub unix_ms: u64,
    /// How far to trust unix_ms: patrol_time_quality.
    pub time_quality: u8,
}

impl PatrolHeader {
    fn of(header: &firmware_protocol::Header) -> Self {
        let firmware_protocol::Header {
            flags,
            suite,
            key_id,
            message_type,
            revision,
            device,
            boot,
            seq,
            uptime_ms,
            unix_ms,
            time_quality,
        } = *header;
        Self {
            flags: flags.0,
            suite: suite.0,
            key_id,
            message_type: message_type.0,
            revision,
            device: device.0,
            boot,
            seq,
            uptime_ms,
            unix_ms,
            time_quality: time_quality.to_byte(),
        }
    }

    /// For a body of type `B`.
    fn get<B: Body>(&self) -> firmware_protocol::Header {
        firmware_protocol::Header {
            flags: Flags(self.flags),
            suite: Suite(self.suite),
            key_id: self.key_id,
            message_type: B::MESSAGE_TYPE,
            revision: B::REVISION,
            device: DeviceTag(self.device),
            boot: self.boot,
            seq: self.seq,
            uptime_ms: self.uptime_ms,
            unix_ms: self.unix_ms,
            time_quality: TimeQuality::from_byte(self.time_quality),
        }
    }
}

/// A body in C that a device sends.
pub(crate) trait Sent {
    type Body<'a>: Body
    where
        Self: 'a;

    /// The same in the reference.
    ///
    /// # Safety
    ///
    /// Texts and bytes lead to what their lengths say.
    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError>;
}

/// A body in C that a device receives.
pub(crate) trait Received: Sized {
    type Body<'a>: Body + Deserialize<'a>;

    fn of(body: &Self::Body<'_>) -> Self;
}

/// Where a sealed frame goes.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) out: *mut u8,
    pub(crate) out_len: usize,
    pub(crate) frame_len: *mut usize,
}

/// # Safety
///
/// What is not NULL leads to what its type says; nobody else uses the output.
pub(crate) unsafe fn seal<T: Sent>(
    header: *const PatrolHeader,
    body: *const T,
    key: *const PatrolKey,
    output: Output,
) -> Result<(), PatrolError> {
    // SAFETY: as the caller says.
    let body = unsafe { edge::shared(body)?.body() }?;
    // SAFETY: as the caller says.
    unsafe { seal_body(header, &body, key, output) }
}

/// # Safety
///
/// As for [`seal`].
pub(crate) unsafe fn seal_body<B: Body>(
    header: *const PatrolHeader,
    body: &B,
    key: *const PatrolKey,
    Output { out, out_len, frame_len }: Output,
) -> Result<(), PatrolError> {
    // SAFETY: as the caller says.
    let (header, key) = unsafe { (edge::shared(header)?.get::<B>(), edge::shared(key)?.get()?) };
    // SAFETY: as the caller says.
    let out = unsafe { edge::output(out, out_len) }?;
    let len = firmware_protocol::seal(&header, body, key, out)?;
    // SAFETY: as the caller says.
    unsafe { edge::put(frame_len, len) }
}

/// A received frame and the keys it may be sealed with.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    pub(crate) bytes: *const u8,
    pub(crate) len: usize,
    pub(crate) keys: *const PatrolKey,
    pub(crate) key_count: usize,
}

/// # Safety
///
/// What is not NULL leads to what its type says; nobody else uses the outputs; the input stays as it is while the body
/// is in use.
pub(crate) unsafe fn open<T: Received>(
    Input { bytes, len, keys, key_count }: Input,
    header: *mut PatrolHeader,
    body: *mut T,
) -> Result<(), PatrolError> {
    // SAFETY: as the caller says.
    let (bytes, keys) = unsafe { (edge::slice(bytes, len)?, Keys(edge::slice(keys, key_count)?)) };
    let frame = firmware_protocol::open(bytes, &keys)?;
    let opened = T::of(&frame.decode::<T::Body<'_>>()?);
    // SAFETY: as the caller says.
    unsafe { edge::put(header, PatrolHeader::of(&frame.header)) }?;
    // SAFETY: as the caller says.
    unsafe { edge::put(body, opened) }
}

/// What a received frame claims to be, to choose how to open it: PGW_MESSAGE_TYPE_..., 0 for no frame. Nothing is
/// checked but its first bytes.
///
/// # Safety
///
/// There are `len` bytes at `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_message_type(bytes: *const u8, len: usize) -> u8 {
    // SAFETY: as the caller says.
    let bytes = unsafe { edge::slice(bytes, len) }.unwrap_or_default();
    let Peek { message_type: MessageType(number), .. } = match Peek::at(bytes) {
        Some(peek) => peek,
        None => return 0,
    };
    number
}

/// The header's byte for a clock set from `source` (PGW_TIME_SOURCE_...) that is wrong by at most `error_ms`.
#[unsafe(no_mangle)]
pub extern "C" fn patrol_time_quality(source: u8, error_ms: u32) -> u8 {
    let error_bound = ErrorBound::within_ms(error_ms);
    TimeQuality { error_bound, ..TimeQuality::from_byte(source) }.to_byte()
}
