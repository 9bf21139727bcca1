//! The registry as a file: read whole, replaced whole.
//!
//! Whoever changes it holds the lock beside it (`registry.toml.lock`), reads it again, and puts a synced file in its place: a reader sees
//! the old or the new one, whatever happens.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::config::{ConfigError, registry_file};
use crate::domain::registry::{Registry, RegistryFault};
use crate::ownership;

/// The file is read up to here: 10,000 accounts have some 3 MiB.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Only the gateway's user reads it.
const MODE: u32 = 0o600;
/// Others than owner and group may read or write.
const OPEN_TO_OTHERS: u32 = 0o006;
/// How long another one may hold the lock.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often the lock is tried.
const LOCK_GLANCE: Duration = Duration::from_millis(20);

/// Why the registry can't be had or changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    Content(#[from] ConfigError),
    /// Somebody else is changing it.
    #[error("{}: somebody else is changing it", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// What is wanted can't be.
    #[error(transparent)]
    Refused(#[from] RegistryFault),
}

/// Which version of the file it is: another one has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
    mode: u32,
}

impl Stamp {
    /// True when people other than the file's owner and group may read or write it.
    pub fn is_exposed(&self) -> bool {
        self.mode & OPEN_TO_OTHERS != 0
    }
}

/// The version that is there now; `None` when there is none.
///
/// # Errors
/// It can't be looked at.
pub fn stamp(path: &Path) -> Result<Option<Stamp>, FileError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(stamp_of(&metadata))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(FileError::File { path: path.to_owned(), source }),
    }
}

/// There is no such file, or not even such a folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn stamp_of(metadata: &fs::Metadata) -> Stamp {
    let (inode, bytes, mode) = (metadata.ino(), metadata.len(), metadata.mode());
    Stamp { inode, bytes, changed: (metadata.mtime(), metadata.mtime_nsec()), mode }
}

/// Reads the registry, and which version it is; an empty one when there is no file.
///
/// # Errors
/// [`FileError`].
pub fn read(path: &Path) -> Result<(Registry, Option<Stamp>), FileError> {
    let failed = |source| FileError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok((Registry::default(), None)),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if metadata.len() > FILE_BYTES_MAX {
        let message = format!("{} bytes, at most {FILE_BYTES_MAX} are read", metadata.len());
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    let text = io::read_to_string(file).map_err(failed)?;
    Ok((registry_file::read(&text, &path.display().to_string())?, Some(stamp_of(&metadata))))
}

/// Changes the registry under the lock; gives the new one and its version. When `change` fails, nothing has changed.
///
/// # Errors
/// [`FileError`].
pub fn edit<T>(
    path: &Path,
    change: impl FnOnce(&mut Registry) -> Result<T, RegistryFault>,
) -> Result<(Registry, Option<Stamp>, T), FileError> {
    let failed = |source| FileError::File { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let _lock = lock(path, folder)?;
    let (mut registry, _) = read(path)?;
    let changed = change(&mut registry)?;
    let stamp = replace(path, folder, &registry_file::show(&registry)).map_err(failed)?;
    Ok((registry, Some(stamp), changed))
}

fn replace(path: &Path, folder: &Path, text: &str) -> io::Result<Stamp> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = folder.join(name);
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(MODE).open(&new)?;
    // One that a power cut left may have had another mode.
    file.set_permissions(Permissions::from_mode(MODE))?;
    // The gateway's user must be able to read it: the one of the file before, or of its folder.
    ownership::give(&new, &fs::metadata(path).or_else(|_| fs::metadata(folder))?);
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let stamp = stamp_of(&file.metadata()?);
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()?;
    Ok(stamp)
}

fn lock(path: &Path, folder: &Path) -> Result<File, FileError> {
    let failed = |source| FileError::File { path: path.to_owned(), source };
    let mut name = path.to_owned().into_os_string();
    name.push(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(MODE).open(&name);
    let file = file.map_err(failed)?;
    ownership::give(name.as_ref(), &fs::metadata(folder).map_err(failed)?);
    let start = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < LOCK_WAIT_MAX => {
                thread::sleep(LOCK_GLANCE)
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(FileError::Locked { path: path.to_owned() }),
            Err(error) => return Err(failed(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::registry::{Credentials, DeviceEntry, DeviceKind};
    use crate::domain::report::DeviceId;

    fn add(path: &Path, id: &str) -> Result<(Registry, Option<Stamp>, ()), FileError> {
        edit(path, |registry| {
            let credentials = Credentials { certificate: true, ..Credentials::default() };
            let (kind, home_grid, vehicle, enrolled_with) = (DeviceKind::Other, None, None, None);
            let id = DeviceId::parse(id).unwrap();
            registry.add_device(DeviceEntry { id, kind, home_grid, vehicle, credentials, enrolled_with })
        })
    }

    #[test]
    fn a_change_is_read_back_under_a_new_stamp_and_a_refused_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/registry.toml");
        assert_eq!(read(&path).unwrap().1, None);
        let (_, first, ()) = add(&path, "car-07").unwrap();
        assert_eq!(stamp(&path).unwrap(), first);
        assert!(!first.unwrap().is_exposed());
        assert!(matches!(add(&path, "car-07"), Err(FileError::Refused(_))));
        assert_eq!(stamp(&path).unwrap(), first);
        let (registry, second, ()) = add(&path, "car-08").unwrap();
        assert_ne!(second, first);
        assert_eq!(registry.census().devices, 2);
        fs::write(&path, "[[device]\n").unwrap();
        assert!(matches!(add(&path, "car-09"), Err(FileError::Content(_))), "a broken file is not replaced");
    }

    #[test]
    fn of_many_who_change_it_at_once_nobody_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry.toml");
        thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    (0..5).for_each(|n| drop(add(path, &format!("car-{writer}-{n}")).unwrap()))
                });
            }
        });
        assert_eq!(read(&path).unwrap().0.census().devices, 20);
    }
}
