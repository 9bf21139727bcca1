//! A device's own name for one of its records.

use serde::{Deserialize, Serialize};

use crate::wire::wire_fields;

/// Names another record of the same device. Sealed: a nested struct can't grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RecordRef {
    /// Boot counter of the record.
    pub boot: u32,
    /// Number within that boot.
    pub seq: u32,
}

wire_fields!(RecordRef { boot: u32, seq: u32 });
