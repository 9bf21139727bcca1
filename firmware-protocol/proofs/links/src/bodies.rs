//! Sealing and decoding of each message type. A new type is one more line at the end of [`ENTRIES`].

use core::ffi::c_void;

use firmware_protocol::body::{
    Ack, Body, Config, EvidenceChunk, EvidenceMeta, EvidenceWant, Incident, SensorReport, Status, Task,
    TaskAck, Telemetry, TimeSync, TrackBatch,
};
use firmware_protocol::{Frame, FrameKey, Header, MessageType, seal};
use serde::Deserialize;

use crate::bytes_mut;

/// What is done with one message type. The pointers to bodies are to the Rust type.
#[repr(C)]
pub struct Entry {
    message_type: MessageType,
    /// Decodes the frame's body to the last argument; whether there is one.
    decode: unsafe extern "C" fn(&Frame<'static>, *mut c_void) -> bool,
    /// Seals the body into the output; the frame's length, 0 for an error.
    seal: unsafe extern "C" fn(&Header, *const c_void, &FrameKey, *mut u8, usize) -> usize,
}

macro_rules! entries {
    ($($(#[$when:meta])? $body:ty),+ $(,)?) => {
        /// One entry for each message type.
        #[unsafe(no_mangle)]
        pub static ENTRIES: [Entry; TYPES.len()] = [$($(#[$when])? entry::<$body>()),+];

        const TYPES: &[MessageType] = &[$($(#[$when])? <$body>::MESSAGE_TYPE),+];
    };
}

entries! {
    Telemetry,
    SensorReport,
    Incident<'static>,
    EvidenceMeta,
    EvidenceChunk<'static>,
    EvidenceWant<'static>,
    Status<'static>,
    Task<'static>,
    TaskAck<'static>,
    TimeSync,
    Config<'static>,
    TrackBatch,
    #[cfg(not(feature = "control-missing-entry"))] // the control of the check below
    Ack<'static>,
}

/// A message type is one that has a name; each must have its entry.
const _: () = {
    let mut number = 0;
    while number < 256 {
        let message_type = MessageType(number as u8);
        assert!(
            message_type.name().is_none() || has_entry(message_type),
            "a message type has no entry in links/src/bodies.rs"
        );
        number += 1;
    }
};

const fn has_entry(message_type: MessageType) -> bool {
    let mut rest = TYPES;
    while let Some((first, others)) = rest.split_first() {
        if first.0 == message_type.0 {
            return true;
        }
        rest = others;
    }
    false
}

const fn entry<B: Body + Deserialize<'static>>() -> Entry {
    Entry { message_type: B::MESSAGE_TYPE, decode: decode::<B>, seal: seal_body::<B> }
}

/// # Safety
///
/// There is room for a `B` at `out`.
unsafe extern "C" fn decode<B: Body + Deserialize<'static>>(
    frame: &Frame<'static>,
    out: *mut c_void,
) -> bool {
    let Ok(body) = frame.decode::<B>() else { return false };
    // SAFETY: as the caller says.
    unsafe { out.cast::<B>().write(body) };
    true
}

/// # Safety
///
/// There is a `B` at `body`, and there are `len` bytes at `out` that nobody else uses.
unsafe extern "C" fn seal_body<B: Body>(
    header: &Header,
    body: *const c_void,
    key: &FrameKey,
    out: *mut u8,
    len: usize,
) -> usize {
    // SAFETY: as the caller says.
    let (body, out) = unsafe { (&*body.cast::<B>(), bytes_mut(out, len)) };
    seal(header, body, key, out).unwrap_or_default()
}
