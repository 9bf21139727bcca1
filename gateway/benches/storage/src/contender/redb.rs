//! redb: a B-tree of its own, copied on write.

use std::path::Path;

use anyhow::Result;
use redb::{Database, ReadableTable, TableDefinition};

use super::Contender;
use crate::samples::Sample;

const MESSAGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");
const CACHE_BYTES: usize = 4 << 20;

pub(crate) struct Redb {
    database: Database,
    next: u64,
    commits: u64,
}

impl Redb {
    pub(crate) fn open(dir: &Path) -> Result<Redb> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(dir.join("redb"))?;
        Ok(Redb { database, next: 0, commits: 0 })
    }
}

impl Contender for Redb {
    type Group = Vec<Vec<u8>>;

    fn prepare(&self, messages: &[Sample]) -> Vec<Vec<u8>> {
        messages.iter().map(row).collect()
    }

    fn turn(&mut self, group: Vec<Vec<u8>>, settle: usize) -> Result<usize> {
        let transaction = self.database.begin_write()?;
        let mut settled = 0;
        {
            let mut table = transaction.open_table(MESSAGES)?;
            for message in group {
                table.insert(self.next, &message[..])?;
                self.next += 1;
            }
            while settled < settle && table.pop_first()?.is_some() {
                settled += 1;
            }
            debug_assert!(table.first()?.is_some() || settle > 0);
        }
        transaction.commit()?;
        self.commits += 1;
        Ok(settled)
    }

    fn commits(&self) -> u64 {
        self.commits
    }
}

/// Who, which number, when, and the payload.
pub(super) fn row(message: &Sample) -> Vec<u8> {
    let mut row = Vec::with_capacity(message.payload.len() + 32);
    row.extend_from_slice(message.device.as_str().as_bytes());
    row.push(0);
    row.extend_from_slice(&message.boot.to_le_bytes());
    row.extend_from_slice(&message.seq.to_le_bytes());
    row.extend_from_slice(&message.received_at_ms.to_le_bytes());
    row.extend_from_slice(&message.payload);
    row
}
