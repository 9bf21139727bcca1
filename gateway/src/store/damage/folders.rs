//! The folders of damaged databases: `damaged-<n>` beside the database, n growing.
//!
//! A damaged database goes there whole and unchanged, with its log. When all that could be read of it is back in the store, a
//! file `salvaged` is laid beside it. Nothing leaves before that, unless there are too many: see [`Folders::surplus`].

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Folders kept at most, when the oldest of them are salvaged; a person should have looked by then.
const KEPT_MAX: usize = 3;
/// Folders at most, salvaged or not.
const HELD_MAX: usize = 5;

pub(in crate::store) const DATABASE: &str = "patrol.db";
pub(in crate::store) const LOG: &str = "patrol.db-wal";
pub(in crate::store) const MARK: &str = "patrol.mark";
/// What moves together: the database goes first, so that a log left alone tells that the move was interrupted.
const FILES: [&str; 5] = [DATABASE, LOG, "patrol.db-shm", "patrol.db-journal", MARK];
const SALVAGED: &str = "salvaged";

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Folder {
    pub(in crate::store) number: u32,
    pub(in crate::store) path: PathBuf,
    pub(in crate::store) is_salvaged: bool,
}

/// The folders of one data directory.
#[derive(Debug, Clone)]
pub(in crate::store) struct Folders {
    data_dir: PathBuf,
}

impl Folders {
    pub(in crate::store) fn of(data_dir: &Path) -> Folders {
        Folders { data_dir: data_dir.into() }
    }

    /// All of them, oldest first.
    pub(in crate::store) fn list(&self) -> io::Result<Vec<Folder>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(&self.data_dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let number = name.and_then(|name| name.strip_prefix("damaged-")?.parse().ok());
            if let Some(number) = number.filter(|_| path.is_dir()) {
                let is_salvaged = path.join(SALVAGED).exists();
                folders.push(Folder { number, path, is_salvaged });
            }
        }
        folders.sort_by_key(|folder| folder.number);
        Ok(folders)
    }

    /// A number above those of all folders, and above `known`, the highest that was ever used as far as anybody remembers.
    pub(in crate::store) fn next_number(&self, known: u32) -> io::Result<u32> {
        let last = self.list()?.last().map_or(0, |folder| folder.number);
        Ok(last.max(known).saturating_add(1))
    }

    /// Moves the database, which nobody has open any more, into folder `number`, and makes that durable.
    pub(in crate::store) fn set_aside(&self, number: u32) -> io::Result<PathBuf> {
        let folder = self.data_dir.join(format!("damaged-{number}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        self.move_into(&folder, &FILES)?;
        Ok(folder)
    }

    /// The same for a log alone, whose database is whole without it.
    pub(in crate::store) fn set_log_aside(&self, number: u32) -> io::Result<PathBuf> {
        let folder = self.data_dir.join(format!("damaged-{number}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        self.move_into(&folder, &[LOG])?;
        Ok(folder)
    }

    /// Ends a move that the process did not live to end: a log without a database belongs to the one that has moved.
    pub(in crate::store) fn finish_move(&self) -> io::Result<()> {
        if self.data_dir.join(DATABASE).exists() || !self.data_dir.join(LOG).exists() {
            return Ok(());
        }
        let last = self.list()?.into_iter().next_back();
        match last.filter(|last| last.path.join(DATABASE).exists() && !last.path.join(LOG).exists()) {
            Some(last) => self.move_into(&last.path, &FILES[1..]),
            None => Ok(()),
        }
    }

    fn move_into(&self, folder: &Path, files: &[&str]) -> io::Result<()> {
        for name in files {
            match fs::rename(self.data_dir.join(name), folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        File::open(folder)?.sync_all()?;
        File::open(&self.data_dir)?.sync_all()
    }

    /// Notes that all that could be read of a folder's database is back; `summary` says what that was.
    pub(in crate::store) fn note_salvaged(&self, folder: &Folder, summary: &str) -> io::Result<()> {
        let path = folder.path.join(SALVAGED);
        let mut file =
            fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(summary.as_bytes())?;
        file.sync_all()?;
        File::open(&folder.path)?.sync_all()
    }

    /// The folder that has to leave next: the oldest that is salvaged while there are more than [`KEPT_MAX`], and then, beyond
    /// [`HELD_MAX`], the oldest of all. `in_use` stays in any case.
    pub(in crate::store) fn surplus(&self, in_use: Option<u32>) -> io::Result<Option<Folder>> {
        let held = self.list()?;
        let may_leave = |folder: &&Folder| Some(folder.number) != in_use;
        let salvaged = held.iter().filter(may_leave).find(|folder| folder.is_salvaged);
        let oldest = held.iter().find(may_leave).filter(|_| held.len() > HELD_MAX);
        Ok(salvaged.filter(|_| held.len() > KEPT_MAX).or(oldest).cloned())
    }

    /// Removes a folder, for good.
    pub(in crate::store) fn remove(&self, folder: &Folder) -> io::Result<()> {
        fs::remove_dir_all(&folder.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folders: &Folders) -> Vec<u32> {
        folders.list().unwrap().iter().map(|folder| folder.number).collect()
    }

    fn damage(folders: &Folders) -> Folder {
        for name in [DATABASE, LOG] {
            fs::write(folders.data_dir.join(name), name).unwrap();
        }
        let number = folders.next_number(0).unwrap();
        folders.set_aside(number).unwrap();
        folders.list().unwrap().pop().unwrap()
    }

    fn leave(folders: &Folders, in_use: Option<u32>) -> Vec<u32> {
        let mut left = Vec::new();
        while let Some(folder) = folders.surplus(in_use).unwrap() {
            folders.remove(&folder).unwrap();
            left.push(folder.number);
        }
        left
    }

    #[test]
    fn an_interrupted_move_is_ended_and_a_log_is_never_left_to_another_database() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::of(dir.path());
        let folder = damage(&folders);
        fs::rename(folder.path.join(LOG), dir.path().join(LOG)).unwrap();
        folders.finish_move().unwrap();
        assert_eq!(fs::read_to_string(folder.path.join(LOG)).unwrap(), LOG);
        fs::write(dir.path().join(LOG), "of nobody").unwrap();
        folders.finish_move().unwrap();
        assert_eq!(fs::read_to_string(folder.path.join(LOG)).unwrap(), LOG, "that one has its log");
    }

    #[test]
    fn the_oldest_salvaged_leaves_first_and_an_unsalvaged_only_when_there_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::of(dir.path());
        for _ in 0..5 {
            damage(&folders);
        }
        assert_eq!((leave(&folders, None), names(&folders)), (vec![], vec![1, 2, 3, 4, 5]));
        let all = folders.list().unwrap();
        folders.note_salvaged(&all[1], "all of it").unwrap();
        assert_eq!((leave(&folders, None), names(&folders)), (vec![2], vec![1, 3, 4, 5]));
        damage(&folders);
        damage(&folders);
        assert_eq!((leave(&folders, Some(1)), names(&folders)), (vec![3], vec![1, 4, 5, 6, 7]));
        assert_eq!(folders.next_number(20).unwrap(), 21);
    }
}
