//! Message types 8 and 9: the platform's orders, and what became of them.

use firmware_protocol::body;

use crate::frame::{Input, Output, Received, Sent};
use crate::{
    PATROL_EVIDENCE_MAX, PatrolError, PatrolHeader, PatrolKey, PatrolRecordRef, PatrolText, error, frame,
    text,
};

/// An order of the platform (down).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolTask {
    /// Its number at the platform; 0 is refused.
    pub task: u64,
    /// Rising: a newer one takes the place of an older.
    pub revision: u32,
    /// PGW_TASK_KIND_...
    pub kind: u8,
    /// Urgency, from 1, higher is more urgent; 0 = absent.
    pub priority: u8,
    /// Ms since 1970-01-01T00:00:00Z; 0 = absent.
    pub issued_unix_ms: u64,
    /// By when it is to be done, likewise; 0 = absent.
    pub deadline_unix_ms: u64,
    /// PGW_FIX_TYPE_...: how its place is known; NONE = no place.
    pub fix: u8,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: i32,
    /// How far around the place it is about; 0 = absent.
    pub radius_m: u32,
    /// Number of the stall card it is about, at most 24 bytes; empty = absent.
    pub stall_card: PatrolText,
    /// One line for a person, at most 64 bytes; empty = absent.
    pub title: PatrolText,
    /// The order in full, at most 240 bytes; empty = absent.
    pub text: PatrolText,
}

impl Received for PatrolTask {
    type Body<'a> = body::Task<'a>;

    fn of(body: &Self::Body<'_>) -> Self {
        let body::Task {
            task,
            revision,
            kind,
            priority,
            issued_unix_ms,
            deadline_unix_ms,
            fix,
            lat_e7,
            lon_e7,
            radius_m,
            stall_card,
            title,
            text,
        } = *body;
        Self {
            task,
            revision,
            kind: kind.0,
            priority,
            issued_unix_ms,
            deadline_unix_ms,
            fix: fix.0,
            lat_e7: lat_e7.get(),
            lon_e7: lon_e7.get(),
            radius_m,
            stall_card: PatrolText::of(&stall_card),
            title: PatrolText::of(&title),
            text: PatrolText::of(&text),
        }
    }
}

/// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
/// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
///
/// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_task_open(
    bytes: *const u8,
    len: usize,
    keys: *const PatrolKey,
    key_count: usize,
    header: *mut PatrolHeader,
    body: *mut PatrolTask,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::open(Input { bytes, len, keys, key_count }, header, body) })
}

/// A device's answer to a task. (task, revision, state) may be told more than once; the first one counts.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolTaskAck {
    /// The task's number at the platform; 0 is refused.
    pub task: u64,
    /// The revision of the task it is about.
    pub revision: u32,
    /// PGW_TASK_STATE_...: how far the task is; UNKNOWN is refused.
    pub state: u8,
    /// PGW_TASK_REASON_...: why, when it was rejected or could not be done; 0 = absent.
    pub reason: u8,
    /// How long before the frame's time it became so; 0 = at the frame's time.
    pub age_ms: u32,
    /// What the officer adds, at most 120 bytes; empty = absent.
    pub note: PatrolText,
    /// Photos and clips of it; empty = none.
    pub evidence: [PatrolRecordRef; PATROL_EVIDENCE_MAX],
    /// How many of those count.
    pub evidence_count: usize,
}

impl Sent for PatrolTaskAck {
    type Body<'a> = body::TaskAck<'a>;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::TaskAck {
            task: self.task,
            revision: self.revision,
            state: body::TaskState(self.state),
            reason: body::TaskReason(self.reason),
            age_ms: self.age_ms,
            // SAFETY: as the caller says.
            note: unsafe { self.note.get() }?,
            evidence: text::list(&self.evidence, self.evidence_count, PatrolRecordRef::get)?,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_TASK_ACK_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_task_ack_seal(
    header: *const PatrolHeader,
    body: *const PatrolTaskAck,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}
