//! What a recording has gone through. Without this a survey could pass because nothing happened.

use std::collections::BTreeMap;

use patrol_power_cut::call::Call;

use super::workload::{DATABASE, Recording};

/// How often the disk was used in each way that matters.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    pub(crate) syncs: usize,
    pub(crate) directory_syncs: usize,
    /// The log was written from its beginning on.
    pub(crate) log_begun: usize,
    pub(crate) log_writes: usize,
    /// Pages that were brought from the log into the database.
    pub(crate) database_writes: usize,
    pub(crate) deletions: usize,
}

impl Reached {
    pub(crate) fn by(recording: &Recording) -> Reached {
        let mut names: BTreeMap<usize, &str> =
            (0..).zip(recording.image.keys().map(String::as_str)).collect();
        let mut reached = Reached::default();
        for call in &recording.log {
            match call {
                Call::Create { name, inode } => drop(names.insert(*inode, name)),
                Call::Delete { .. } => reached.deletions += 1,
                Call::Sync { .. } => reached.syncs += 1,
                Call::SyncDirectory => reached.directory_syncs += 1,
                Call::Write { inode, .. } if names[inode] == DATABASE => reached.database_writes += 1,
                Call::Write { inode, at, .. } if names[inode].ends_with("-wal") => {
                    reached.log_writes += 1;
                    reached.log_begun += usize::from(*at == 0);
                }
                Call::Write { .. } | Call::Truncate { .. } => {}
            }
        }
        reached
    }
}
