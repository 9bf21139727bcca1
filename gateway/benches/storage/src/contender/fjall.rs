//! fjall: a log-structured merge tree with a journal, lz4 in its tables.

use std::path::Path;

use anyhow::Result;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::Contender;
use super::redb::row;
use crate::samples::Sample;

pub(crate) struct Fjall {
    database: Database,
    messages: Keyspace,
    next: u64,
    first: u64,
    commits: u64,
}

impl Fjall {
    pub(crate) fn open(dir: &Path) -> Result<Fjall> {
        let database = Database::builder(dir.join("fjall")).open()?;
        let messages = database.keyspace("messages", KeyspaceCreateOptions::default)?;
        Ok(Fjall { database, messages, next: 0, first: 0, commits: 0 })
    }
}

impl Contender for Fjall {
    type Group = Vec<Vec<u8>>;

    fn prepare(&self, messages: &[Sample]) -> Vec<Vec<u8>> {
        messages.iter().map(row).collect()
    }

    fn turn(&mut self, group: Vec<Vec<u8>>, settle: usize) -> Result<usize> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for message in group {
            batch.insert(&self.messages, self.next.to_be_bytes(), message);
            self.next += 1;
        }
        let mut settled = 0;
        while settled < settle && self.first < self.next {
            // It is read to be sent, as by the others.
            self.messages.get(self.first.to_be_bytes())?;
            batch.remove(&self.messages, self.first.to_be_bytes());
            (self.first, settled) = (self.first + 1, settled + 1);
        }
        batch.commit()?;
        self.commits += 1;
        Ok(settled)
    }

    fn commits(&self) -> u64 {
        self.commits
    }
}
