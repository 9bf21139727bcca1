//! Message types 8 and 9: the platform's orders to a responsible grid, and what became of them.

use serde::{Deserialize, Serialize};

use crate::body::{Body, FixType, RecordRef};
use crate::header::MessageType;
use crate::list::List;
use crate::text::Text;
use crate::units::DegreesE7;
use crate::wire::{Wire, wire_fields};

open_set! {
    /// What a task asks for.
    pub struct TaskKind {
        /// Not said.
        UNKNOWN = 0 "unknown",
        /// See whether a reported case is so (核实).
        VERIFY = 1 "verify",
        /// Handle a case (处置).
        HANDLE = 2 "handle",
        /// See whether a handled case is in order (核查).
        CHECK = 3 "check",
        /// Patrol a place (巡查).
        PATROL = 4 "patrol",
        /// Help another unit (协助).
        ASSIST = 5 "assist",
        /// Something to know; nothing to do.
        NOTICE = 6 "notice",
    }
}

open_set! {
    /// How far a task is.
    pub struct TaskState {
        /// Not said; a gateway refuses it.
        UNKNOWN = 0 "unknown",
        /// The device has it.
        RECEIVED = 1 "received",
        /// A person has seen it.
        READ = 2 "read",
        /// Taken on.
        ACCEPTED = 3 "accepted",
        /// Not taken on; the reason says why.
        REJECTED = 4 "rejected",
        /// On the way.
        EN_ROUTE = 5 "en_route",
        /// At the place.
        ON_SCENE = 6 "on_scene",
        /// Done.
        HANDLED = 7 "handled",
        /// It could not be done; the reason says why.
        UNABLE = 8 "unable",
    }
}

open_set! {
    /// Why a task was rejected or could not be done.
    pub struct TaskReason {
        /// Not said.
        UNKNOWN = 0 "unknown",
        /// Nobody is on duty.
        OFF_DUTY = 1 "off_duty",
        /// Another unit or grid is responsible.
        NOT_RESPONSIBLE = 2 "not_responsible",
        /// Other work comes first.
        BUSY = 3 "busy",
        /// The place can't be found.
        PLACE_NOT_FOUND = 4 "place_not_found",
        /// There is nothing of what was reported.
        NOTHING_FOUND = 5 "nothing_found",
        /// It was reported and handled before.
        DUPLICATE = 6 "duplicate",
        /// Other people or tools are needed.
        NEEDS_HELP = 7 "needs_help",
        /// It would be dangerous.
        UNSAFE = 8 "unsafe",
        /// The people concerned refuse.
        REFUSED_BY_PARTY = 9 "refused_by_party",
        /// The note says it.
        OTHER = 255 "other",
    }
}

/// An order of the platform (down).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Task<'a> {
    /// The task's number at the platform; 0 is refused.
    pub task: u64,
    /// The task's revision, rising: a newer one takes the place of an older.
    pub revision: u32,
    /// What it asks for.
    pub kind: TaskKind,
    /// Urgency, from 1, higher is more urgent; 0 = absent.
    pub priority: u8,
    /// When it was issued, ms since 1970-01-01T00:00:00Z; 0 = absent.
    pub issued_unix_ms: u64,
    /// By when it is to be done, ms since 1970-01-01T00:00:00Z; 0 = absent.
    pub deadline_unix_ms: u64,
    /// How its place is known; [`FixType::NONE`] = no place.
    pub fix: FixType,
    /// Latitude of the place, 1e-7 degrees north; absent without a fix.
    pub lat_e7: DegreesE7,
    /// Longitude of the place, 1e-7 degrees east; absent without a fix.
    pub lon_e7: DegreesE7,
    /// How far around the place it is about, in m; 0 = absent.
    pub radius_m: u32,
    /// Number of the stall card it is about, at most 24 bytes; empty = absent.
    #[serde(borrow)]
    pub stall_card: Text<'a, 24>,
    /// One line for a person, at most 64 bytes of UTF-8; empty = absent.
    #[serde(borrow)]
    pub title: Text<'a, 64>,
    /// The order in full, at most 240 bytes of UTF-8; empty = absent.
    #[serde(borrow)]
    pub text: Text<'a, 240>,
}

wire_fields!(Task<'a> {
    task: u64,
    revision: u32,
    kind: TaskKind,
    priority: u8,
    issued_unix_ms: u64,
    deadline_unix_ms: u64,
    fix: FixType,
    lat_e7: DegreesE7,
    lon_e7: DegreesE7,
    radius_m: u32,
    stall_card: Text<'a, 24>,
    title: Text<'a, 64>,
    text: Text<'a, 240>,
});

impl Body for Task<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::TASK;
    const MIN_LENS: &'static [usize] = &[19];
}

const _: () = assert!(Task::MIN_LEN == 19);

/// A device's answer to a task. (task, revision, state) may be told more than once; the first one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskAck<'a> {
    /// The task's number at the platform; 0 is refused.
    pub task: u64,
    /// The revision of the task it is about.
    pub revision: u32,
    /// How far the task is.
    pub state: TaskState,
    /// Why, when it was rejected or could not be done; 0 = absent.
    pub reason: TaskReason,
    /// How long before the frame's time it became so, in ms; 0 = at the frame's time.
    pub age_ms: u32,
    /// What the officer adds, at most 120 bytes of UTF-8; empty = absent.
    #[serde(borrow)]
    pub note: Text<'a, 120>,
    /// Photos and clips of it, at most 8; empty = none.
    pub evidence: List<RecordRef, 8>,
}

wire_fields!(TaskAck<'a> {
    task: u64,
    revision: u32,
    state: TaskState,
    reason: TaskReason,
    age_ms: u32,
    note: Text<'a, 120>,
    evidence: List<RecordRef, 8>,
});

impl Body for TaskAck<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::TASK_ACK;
    const MIN_LENS: &'static [usize] = &[7];
}

const _: () = assert!(TaskAck::MIN_LEN == 7);
