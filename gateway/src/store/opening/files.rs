//! A look at database and log before SQLite opens them: there are logs that it takes, and that would cost the database.
//!
//! - An empty file is a new database to it, and it deletes the log beside it.
//! - A log that was copied into the database stays as it is until the next commit. When it is damaged then, what is left of it
//!   is older than the database; SQLite would copy the old pages over the new ones.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};

use crate::store::damage::folders::{DATABASE, LOG};
use crate::store::salvage::raw;

/// How the two files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Files {
    /// For SQLite to judge.
    Usual,
    /// The database is empty, and its log is not.
    LogAlone,
    /// The log is older than the database.
    LogIsOld,
}

/// Looks at the files, unless somebody else works on them.
pub(in crate::store) fn look(data_dir: &Path) -> Files {
    let Ok(database) = File::options().read(true).write(true).open(data_dir.join(DATABASE)) else {
        return Files::Usual;
    };
    // Held until the end of this look; SQLite would lose its own locks by it, and has none yet.
    let is_ours = fcntl_lock(&database, FlockOperation::NonBlockingLockExclusive).is_ok();
    let has_log = fs::metadata(data_dir.join(LOG)).is_ok_and(|log| log.len() > 0);
    if !is_ours || !has_log {
        return Files::Usual;
    }
    if database.metadata().is_ok_and(|database| database.len() == 0) {
        return Files::LogAlone;
    }
    match raw::last_commits(data_dir) {
        Some((without_log, with_log)) if with_log < without_log => Files::LogIsOld,
        _ => Files::Usual,
    }
}
