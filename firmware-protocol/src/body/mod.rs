//! The bodies, one file each. Their fields are law: append only, never reorder, remove, retype or change a unit.
//!
//! Plain structs with plain derives; the order of the fields is their order on the wire. To add a field: append it
//! with its unit in the name, add its type to `wire_fields!`, append the new minimum to `MIN_LENS`, add golden
//! vectors of the new revision and leave the old ones as they are.

mod ack;
mod config;
mod evidence;
mod fix;
mod incident;
mod record;
mod sensor;
mod status;
mod task;
mod telemetry;
mod time_sync;
mod track;

pub use ack::{Ack, AckResult};
pub use config::{Config, Setting, SettingKey};
pub use evidence::{
    CHUNK_LEN_MAX, CHUNK_SIZE_LOG2_MAX, EvidenceChunk, EvidenceMeta, EvidenceUsage, EvidenceWant, MediaType,
    TransferState, WANT_CHUNKS_MAX,
};
pub use fix::FixType;
pub use incident::{CaseKind, Incident};
pub use record::RecordRef;
pub use sensor::{Quantity, ReadingStatus, SensorReading, SensorReport};
pub use status::{Capabilities, ResetReason, Status};
pub use task::{Task, TaskAck, TaskKind, TaskReason, TaskState};
pub use telemetry::{Telemetry, VehicleState};
pub use time_sync::TimeSync;
pub use track::{HEADING_LOST, TRACK_POINTS_MAX, TrackBatch, TrackStep};

use serde::Serialize;

use crate::header::MessageType;
use crate::wire::Wire;

/// A body: its number and the shortest form of each of its revisions.
pub trait Body: Wire + Serialize {
    /// Its number in the header.
    const MESSAGE_TYPE: MessageType;

    /// Bytes of the shortest body of each revision, from revision 1; the last one is [`Wire::MIN_LEN`].
    const MIN_LENS: &'static [usize];

    /// The revision this version writes.
    const REVISION: u8 = Self::MIN_LENS.len() as u8;

    /// Bytes a body of `revision` has at least, `None` for revision 0. One of a newer revision has at least our
    /// fields.
    fn min_len(revision: u8) -> Option<usize> {
        let index = usize::from(revision).checked_sub(1)?;
        Some(Self::MIN_LENS.get(index).copied().unwrap_or(Self::MIN_LEN))
    }
}
