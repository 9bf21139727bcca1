//! What comes back besides records.

use crate::domain::anchor::Anchor;
use crate::domain::loss::Loss;
use crate::domain::report::DeviceId;
use crate::domain::seen::SeenWindow;
use crate::store::evidence::KeptFile;
use crate::store::losses::LossRow;
use crate::store::record::StoredRecord;

/// One row of something that is no pending record.
#[derive(Debug, Clone)]
pub(in crate::store) enum Rest {
    Anchor {
        device: DeviceId,
        boot: u32,
        anchor: Anchor,
    },
    /// A message that waits for its device.
    Down {
        device: DeviceId,
        topic: String,
        created_at_ms: i64,
        payload: Vec<u8>,
    },
    /// A case that the platform accepted; its record has no payload.
    Case {
        record: StoredRecord,
        uplink: String,
        case_number: Option<String>,
        accepted_at_ms: i64,
    },
    DeadLetter {
        record: StoredRecord,
        uplink: String,
        reason: String,
        refused_at_ms: i64,
    },
    /// A loss record as it was, told to the platform or not.
    Loss(LossRow),
    Quarantined {
        device: String,
        topic: String,
        reason: String,
        detail: String,
        received_at_ms: i64,
        payload: Vec<u8>,
    },
    /// A photo or clip, before its pieces ...
    File(KeptFile),
    /// ... when all pieces that could be read are there: whether it is complete ...
    FileWhole(KeptFile),
    /// ... and what is to become of it if not.
    FileBroken(KeptFile),
    /// What a device had delivered. Comes last: it knows records that are themselves still to come back.
    Window {
        device: DeviceId,
        window: SeenWindow,
    },
    /// A run of the gateway: what has an identity of it was taken. Comes last, as windows do.
    Run(u64),
    /// How far an import had come.
    Progress {
        source: String,
        cursor: i64,
    },
    /// What could not be read.
    Lost(Loss),
}

impl Rest {
    /// Bytes that it takes in the store, but for what every row takes.
    pub(super) fn stored_bytes(&self) -> usize {
        match self {
            Rest::Down { payload, .. } => payload.len(),
            Rest::Case { record, .. } | Rest::DeadLetter { record, .. } => {
                record.payload.len() + record.casework.as_deref().map_or(0, str::len)
            }
            Rest::Quarantined { topic, detail, payload, .. } => topic.len() + detail.len() + payload.len(),
            Rest::Window { window, .. } => window.encode().len(),
            _ => 0,
        }
    }
}
