//! The offline look: is everything in a database as it was written? Nothing is changed by it.
//!
//! SQLite looks at its trees; then every row is read page by page and held against its checksum, every segment block by block,
//! and what is there against what the database says is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::damage::folders::{DATABASE, Folders};
use super::mark::Marked;
use super::medium::Medium;
use super::opening::{self, Before, files};
use super::salvage::account::Account;
use super::salvage::raw::{self, RawDatabase};
use super::salvage::tables::Table;
use super::schema::{self, OpenError};
use super::writer::StoreOptions;

/// Why there was no look.
#[derive(Debug, thiserror::Error)]
pub enum FsckError {
    /// No gateway has run on this folder.
    #[error("{}: there is no database", .0.display())]
    Nothing(PathBuf),
    /// A gateway runs on it.
    #[error("{}: a gateway is running on it", .0.display())]
    InUse(PathBuf),
    /// The files can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What the look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What SQLite found wrong with the structure; at most [`FAULTS_MAX`] lines.
    pub faults: Vec<String>,
    /// Each table.
    pub tables: Vec<CheckedTable>,
    /// Commits that the mark knows of and the write-ahead log has lost.
    pub log_commits_missing: u64,
    /// The log does not belong to the database as it is: see [`opening`].
    pub log_is_foreign: bool,
    /// The folders of damaged databases, oldest first.
    pub damaged: Vec<DamagedFolder>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTable {
    /// Its name in the database.
    pub name: &'static str,
    /// Records that are as they were written; rows, where it has no records.
    pub good: u64,
    /// Records or rows that can't be read, or are missing.
    pub damaged: u64,
}

/// A damaged database that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFolder {
    /// Its name in the data folder.
    pub name: String,
    /// All of it is back that can be read.
    pub is_salvaged: bool,
    /// Bytes of its files.
    pub bytes: u64,
}

/// Faults that are told.
pub const FAULTS_MAX: usize = 20;

impl Checked {
    /// Whether the database is damaged: salvage would put a fresh one in its place.
    pub fn is_damaged(&self) -> bool {
        !self.faults.is_empty() || self.log_is_foreign || self.tables.iter().any(|table| table.damaged > 0)
    }

    /// Whether anything is to be told, be it only that a log has lost its end or something waits to be salvaged.
    pub fn is_alarming(&self) -> bool {
        self.is_damaged()
            || self.log_commits_missing > 0
            || self.damaged.iter().any(|folder| !folder.is_salvaged)
    }
}

/// How far the look is: rows that were looked at, and rows that there are.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Looks at the database of a gateway that does not run.
///
/// # Errors
/// [`FsckError`]: there was no look.
pub fn check(data_dir: &Path, progress: Progress<'_>) -> Result<Checked, FsckError> {
    let io = |source| FsckError::Io { path: data_dir.into(), source };
    if !data_dir.join(DATABASE).exists() {
        return Err(FsckError::Nothing(data_dir.into()));
    }
    let log_is_foreign = files::look(data_dir) != files::Files::Usual;
    let log_commits_missing = if log_is_foreign { 0 } else { commits_missing(data_dir) };
    // SQLite keeps the gateway out as long as this is open, and no other handle of ours on the file is closed.
    let (faults, _connection) = match schema::look(&Medium::Files, data_dir, FAULTS_MAX) {
        Ok((faults, connection)) => (faults, Some(connection)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            return Err(FsckError::InUse(data_dir.into()));
        }
        Err(error) => (vec![error.to_string()], None),
    };
    let raw = RawDatabase::open(data_dir).map_err(io)?;
    let tables = check_tables(&raw, progress);
    Ok(Checked {
        faults,
        tables,
        log_commits_missing,
        log_is_foreign,
        damaged: folders(data_dir).map_err(io)?,
    })
}

fn commits_missing(data_dir: &Path) -> u64 {
    let recovered = raw::last_commits(data_dir).map(|(_, with_log)| with_log);
    match (Marked::read(data_dir), recovered) {
        (Some(marked), Some(recovered)) => marked.commit_seq.saturating_sub(recovered),
        _ => 0,
    }
}

fn check_tables(raw: &RawDatabase, progress: Progress<'_>) -> Vec<CheckedTable> {
    let all = Table::ALL.into_iter().map(|table| raw.row_count(table)).sum();
    let mut done = 0;
    let mut check = |table: Table| {
        let mut account = Account::default();
        for (_, content) in raw.rows(table) {
            account.enter(content.as_ref());
            done += 1;
            progress(done.min(all), all);
        }
        CheckedTable { name: table.name(), good: account.good, damaged: account.lost(raw, table) }
    };
    Table::ALL.into_iter().map(&mut check).collect()
}

fn folders(data_dir: &Path) -> io::Result<Vec<DamagedFolder>> {
    let mut told = Vec::new();
    for folder in Folders::of(data_dir).list()? {
        let mut bytes = 0;
        for file in fs::read_dir(&folder.path)? {
            bytes += file?.metadata()?.len();
        }
        let name = format!("damaged-{}", folder.number);
        told.push(DamagedFolder { name, is_salvaged: folder.is_salvaged, bytes });
    }
    Ok(told)
}

/// Sets a database aside in which the look found damage; a fresh one takes its place, and salvages it when it is opened.
///
/// # Errors
/// [`OpenError`]: it is where it was, or there is no fresh one yet; the next start makes one.
pub fn set_aside(options: &StoreOptions) -> Result<(), OpenError> {
    let generation = Marked::read(&options.data_dir).map_or(0, |marked| marked.generation);
    let before = Before { generation, ..Before::default() };
    opening::replace(options, before, &"found by fsck").map(|_| ())
}
