//! Ledger files: one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Loss;
use crate::device::Class;

/// One fact. Ids are `{device}/{boot}/{seq}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A device got a PUBACK for the record.
    Acknowledged {
        /// The record.
        id: String,
        /// Its class.
        class: Class,
    },
    /// A device got a PUBACK for the description of a photo.
    Described {
        /// The record that describes it.
        id: String,
    },
    /// A device was told that the gateway has the whole photo.
    PhotoComplete {
        /// The record that describes it.
        id: String,
    },
    /// A device was told that the gateway will never take the photo.
    PhotoRefused {
        /// The record that describes it.
        id: String,
    },
    /// A device got a PUBACK with a reason code of 0x80 or more.
    Refused {
        /// The record.
        id: String,
        /// The reason code's name.
        reason: String,
    },
    /// A device got the receipt for its record.
    Receipt {
        /// The record.
        id: String,
        /// `accepted` or `rejected`.
        result: String,
        /// The case number, for incidents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
    },
    /// The platform took the event in for the first time.
    Delivered {
        /// The event's id.
        id: String,
        /// The gateway.
        source: String,
        /// For instance `cn.patrol.incident.v1`.
        event_type: String,
        /// The case number, for incidents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// Hash of the content, hexadecimal.
        content: String,
        /// Number of the request that brought it.
        request: u64,
    },
    /// The platform got a copy of an event it had.
    Duplicate {
        /// The event's id.
        id: String,
    },
    /// The platform got the id again with other content.
    Conflict {
        /// The event's id.
        id: String,
    },
    /// The platform refused the event for good.
    Rejected {
        /// The event's id.
        id: String,
    },
    /// The platform took a loss record in for the first time.
    Loss {
        /// The gateway that told it.
        gateway: String,
        /// What it told.
        loss: Loss,
    },
    /// The platform got a loss record again with other content.
    LossConflict {
        /// The gateway that told it.
        gateway: String,
        /// Its id.
        id: String,
    },
}

/// Why a ledger file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file can't be opened, read or written; the caller names another or makes room.
    #[error("ledger {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is no ledger entry; the file is not a ledger or was cut.
    #[error("ledger {path}, line {line}: {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A ledger file open for appending.
#[derive(Debug)]
pub struct LedgerFile {
    path: PathBuf,
    out: BufWriter<File>,
}

impl LedgerFile {
    /// Opens `path` for appending and makes it when it is missing.
    pub fn append(path: &Path) -> Result<LedgerFile, LedgerError> {
        let open = OpenOptions::new().create(true).append(true).open(path);
        let file = open.map_err(|source| LedgerError::Io { path: path.to_owned(), source })?;
        Ok(LedgerFile { path: path.to_owned(), out: BufWriter::new(file) })
    }

    /// Adds one line to the buffer.
    pub fn write(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        let written = serde_json::to_writer(&mut self.out, entry).map_err(std::io::Error::from);
        written.and_then(|()| self.out.write_all(b"\n")).map_err(|source| self.failed(source))
    }

    /// Hands the buffered lines to the operating system.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        self.out.flush().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> LedgerError {
        LedgerError::Io { path: self.path.clone(), source }
    }
}

/// Reads a ledger file line by line; a missing file is an error.
pub fn read(path: &Path) -> Result<impl Iterator<Item = Result<Entry, LedgerError>>, LedgerError> {
    let path = path.to_owned();
    let file = File::open(&path).map_err(|source| LedgerError::Io { path: path.clone(), source })?;
    Ok(BufReader::new(file).lines().enumerate().map(move |(index, line)| {
        let line = line.map_err(|source| LedgerError::Io { path: path.clone(), source })?;
        serde_json::from_str(&line).map_err(|source| LedgerError::Line {
            path: path.clone(),
            line: index + 1,
            source,
        })
    }))
}
