//! Records on their way out: handed out while they wait, and the platform's word on them.

use bytes::Bytes;

use super::record::StoredRecord;
use crate::domain::anchor::Anchor;
use crate::domain::report::Class;
use crate::domain::uplinks::UplinkNo;

/// How much to hand out at most: whole segments are handed out, so one large segment may exceed it.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Records.
    pub records: u32,
    /// Payload bytes.
    pub bytes: u64,
}

/// A stretch of the rows of a class by their numbers, and from which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Rows with greater numbers,
    pub after: i64,
    /// up to this one.
    pub up_to: i64,
    /// From the newest on. Only of classes with many records.
    pub newest_first: bool,
}

impl RecordKey {
    /// The number of its row.
    pub fn row(self) -> i64 {
        match self {
            RecordKey::Row(id) | RecordKey::Slot { segment: id, .. } => id,
        }
    }
}

impl Stretch {
    /// All of them, the oldest first.
    pub const ALL: Stretch = Stretch { after: 0, up_to: i64::MAX, newest_first: false };
}

/// Where a record stands in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKey {
    /// A row of its class's record table.
    Row(i64),
    /// A place in a segment.
    Slot {
        /// The segment's row.
        segment: i64,
        /// The place, from 0.
        index: u32,
    },
}

/// A record that waits for the platform's receipt.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Where it stands.
    pub key: RecordKey,
    /// The record.
    pub record: StoredRecord,
    /// For a frame whose device did not know the time: when its boot was, if another frame has said so.
    pub anchor: Option<Anchor>,
}

/// What the platform said about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It has it, now or from before.
    Accepted {
        /// The number of the case it opened.
        case_number: Option<String>,
    },
    /// It will never take it: the record goes to the dead letters.
    Rejected {
        /// Why, in the platform's words.
        reason: String,
    },
}

/// The platform's word on one record.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Where the record stands.
    pub key: RecordKey,
    /// The record; a rejected one is kept from here.
    pub record: StoredRecord,
    /// The decision.
    pub decision: Decision,
    /// What to tell the device, stored in the same transaction.
    pub receipt: Option<Bytes>,
}

/// The platform's word on some records of one class.
#[derive(Debug)]
pub struct Settlement {
    /// Whose platform.
    pub uplink: UplinkNo,
    /// The class.
    pub class: Class,
    /// When the gateway heard it, in milliseconds since 1970.
    pub settled_at_ms: i64,
    /// Record by record.
    pub records: Vec<Settled>,
}

/// The settlement could not be stored, for want of space or because the database was damaged; nothing of it holds, the records
/// stay pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("receipts can't be stored: the disk is full, or the database was damaged")]
pub struct Unsettled;
