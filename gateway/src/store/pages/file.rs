//! The pages of a database file, each in its newest committed version.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::log;
use super::tree::Page;
use crate::store::damage::folders::{DATABASE, LOG};
use crate::store::schema;

pub(super) const PAGE_BYTES: usize = schema::PAGE_BYTES as usize;

/// A database and its log, open to be read.
#[derive(Debug)]
pub(in crate::store) struct Pages {
    database: File,
    log: Option<(File, log::Index)>,
    count: u32,
}

impl Pages {
    /// Opens the database in a folder, with its log if there is one.
    ///
    /// # Errors
    /// There is no such file, or it can't be read.
    pub(in crate::store) fn open(folder: &Path) -> io::Result<Pages> {
        Pages::open_with(folder, true)
    }

    /// The same; without its log, as the database was when that was last copied into it.
    pub(in crate::store) fn open_with(folder: &Path, has_log: bool) -> io::Result<Pages> {
        let database = File::open(folder.join(DATABASE))?;
        let log = match File::open(folder.join(LOG)) {
            Ok(_) if !has_log => None,
            Ok(file) => {
                let index = log::index(&file)?;
                Some((file, index))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let in_file = u32::try_from(database.metadata()?.len() / PAGE_BYTES as u64).unwrap_or(u32::MAX);
        let in_log = log.iter().flat_map(|(_, index)| index.keys()).copied().max().unwrap_or(0);
        Ok(Pages { database, log, count: in_file.max(in_log) })
    }

    /// How many there are; they are numbered from 1.
    pub(in crate::store) fn count(&self) -> u32 {
        self.count
    }

    /// A page; `None` when there is none of that number, or the disk does not give it.
    pub(in crate::store) fn read(&self, number: u32) -> Option<Page> {
        if number == 0 || number > self.count {
            return None;
        }
        let mut bytes = Box::new([0; PAGE_BYTES]);
        let in_log = self.log.as_ref().and_then(|(file, index)| Some((file, *index.get(&number)?)));
        let (file, at) = in_log.unwrap_or((&self.database, u64::from(number - 1) * PAGE_BYTES as u64));
        file.read_exact_at(bytes.as_mut(), at).ok()?;
        Some(Page { number, bytes })
    }
}
