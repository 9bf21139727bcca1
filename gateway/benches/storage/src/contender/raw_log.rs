//! The least that durability can cost: append to a file that has its length, sync, begin again at its start.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::Result;

use super::Contender;
use crate::samples::Sample;

const LOG_BYTES: usize = 32 << 20;

pub(crate) struct RawLog {
    file: File,
    at: usize,
    commits: u64,
}

impl RawLog {
    pub(crate) fn open(dir: &Path) -> Result<RawLog> {
        let file = File::options().read(true).write(true).create_new(true).open(dir.join("log"))?;
        file.write_all_at(&vec![0; LOG_BYTES], 0)?;
        file.sync_all()?;
        Ok(RawLog { file, at: 0, commits: 0 })
    }
}

impl Contender for RawLog {
    type Group = Vec<u8>;

    /// Length and checksum before each payload, as a log needs them to be read again.
    fn prepare(&self, messages: &[Sample]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages {
            bytes.extend_from_slice(&(message.payload.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&message.seq.to_le_bytes());
            bytes.extend_from_slice(&message.payload);
        }
        bytes
    }

    fn turn(&mut self, group: Vec<u8>, settle: usize) -> Result<usize> {
        if self.at + group.len() > LOG_BYTES {
            self.at = 0;
        }
        self.file.write_all_at(&group, self.at as u64)?;
        self.at += group.len();
        self.file.sync_data()?;
        self.commits += 1;
        Ok(settle)
    }

    fn commits(&self) -> u64 {
        self.commits
    }
}
