//! The disk under the database: how much of it is free, and the ballast that is dropped when it is not.
//!
//! A disk that somebody else's files fill must not stop deletions: the log has its room already (`wal`), pages that are free
//! in the database need none, and what a checkpoint must append to the database finds room when the ballast goes.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::medium::Medium;
use super::schema::PAGE_BYTES;
use super::wal::LOG_BYTES;

/// Room that is always left on the disk for what is not the store's; within it the disk counts as full.
const LEFT_TO_OTHERS_BYTES: u64 = 8 << 20;

/// The file system of the data directory.
#[derive(Debug)]
pub(super) struct Disk {
    /// `None` on a simulated disk, which is never full.
    data_dir: Option<PathBuf>,
    has_ballast: bool,
}

impl Disk {
    /// Looks at the disk and takes the ballast aboard.
    pub(super) fn open(medium: &Medium, data_dir: &Path) -> Disk {
        let mut disk = Disk {
            data_dir: matches!(medium, Medium::Files).then(|| data_dir.to_owned()),
            has_ballast: false,
        };
        disk.take_ballast();
        disk
    }

    /// Pages by which the database may grow; `None` when nobody can say.
    pub(super) fn free_pages(&self) -> Option<u64> {
        Some(self.free_bytes()?.saturating_sub(LEFT_TO_OTHERS_BYTES) / PAGE_BYTES)
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = statvfs(self.data_dir.as_deref()?).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Gives the ballast's room to whoever needs it; false when there is none.
    pub(super) fn drop_ballast(&mut self) -> bool {
        let Some(path) = self.ballast_path().filter(|_| self.has_ballast) else { return false };
        self.has_ballast = false;
        match fs::remove_file(path) {
            Ok(()) => {
                tracing::warn!("the disk is full, its ballast was dropped");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the ballast can't be dropped");
                false
            }
        }
    }

    /// Takes the ballast aboard when there is room for it beside what is left to others.
    pub(super) fn take_ballast(&mut self) {
        let Some(path) = self.ballast_path().filter(|_| !self.has_ballast) else { return };
        let exists = fs::metadata(&path).is_ok_and(|file| file.len() == LOG_BYTES);
        let has_room = self.free_bytes().is_some_and(|free| free > LOG_BYTES + 2 * LEFT_TO_OTHERS_BYTES);
        if !exists && !has_room {
            return;
        }
        match exists.then_some(()).map_or_else(|| allocate(&path), Ok) {
            Ok(()) => self.has_ballast = true,
            // Such a file system is watched only.
            Err(error) => {
                tracing::debug!(%error, "no ballast");
                _ = fs::remove_file(path);
            }
        }
    }

    fn ballast_path(&self) -> Option<PathBuf> {
        Some(self.data_dir.as_deref()?.join("patrol.ballast"))
    }
}

fn allocate(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    Ok(fallocate(&file, FallocateFlags::empty(), 0, LOG_BYTES)?)
}
