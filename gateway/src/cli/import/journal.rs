//! `FILE.progress`: how far the records of a file have come to a platform, and which it refused. One JSON object a line, synced
//! batch by batch; a line that was torn off by an interruption does not count.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::transfer::format::ExportId;

/// Bytes of a journal that are read; refused records fill it, and a file with so many is a case for a person.
const JOURNAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Refused records that are shown.
pub(super) const SHOWN_MAX: usize = 20;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first one: what is sent where.
    Sending { export: String, platform: String },
    /// All records before this place are settled; what became of those since the line before.
    Settled { chunk: u32, record: usize, accepted: u64, rejected: Vec<Refused> },
}

/// A record that the platform will never take. It stays in the exported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) reason: String,
}

/// What the file says, and what is added to it.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// The chunk that is being sent, and how many of its records are settled.
    pub(super) place: (u32, usize),
    /// Records that the platform has, over all runs.
    pub(super) accepted: u64,
    /// Records that it refused, over all runs, and the first of them.
    pub(super) rejected: u64,
    pub(super) shown: Vec<Refused>,
}

impl Journal {
    /// Opens the journal of a file, or begins it.
    ///
    /// # Errors
    /// It can't be written, or is another file's or about another platform.
    pub(super) fn open(exported: &Path, export: ExportId, platform: &str) -> io::Result<Journal> {
        let mut name = OsString::from(exported);
        name.push(".progress");
        let path = PathBuf::from(name);
        let mut options = File::options();
        let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let mut text = Vec::new();
        (&mut file).take(JOURNAL_BYTES_MAX).read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        let (place, shown) = ((0, 0), Vec::new());
        let mut journal = Journal { file, path, place, accepted: 0, rejected: 0, shown };
        let begin = Line::Sending { export: export.to_string(), platform: platform.to_owned() };
        let mut lines = text[..whole].split_inclusive(|byte| *byte == b'\n');
        match lines.next() {
            None => journal.write(&begin)?,
            Some(first) => journal.check_begin(first, &begin)?,
        }
        lines.try_for_each(|line| journal.take(line))?;
        Ok(journal)
    }

    fn check_begin(&self, first: &[u8], begin: &Line) -> io::Result<()> {
        let is_same = serde_json::to_vec(begin).is_ok_and(|begin| first.trim_ascii_end() == begin);
        is_same.then_some(()).ok_or_else(|| {
            let path = self.path.display();
            io::Error::other(format!(
                "{path} is about another file or another platform: remove it to begin anew"
            ))
        })
    }

    fn take(&mut self, line: &[u8]) -> io::Result<()> {
        if let Line::Settled { chunk, record, accepted, rejected } = serde_json::from_slice(line)? {
            self.note((chunk, record), accepted, rejected);
        }
        Ok(())
    }

    fn note(&mut self, place: (u32, usize), accepted: u64, rejected: Vec<Refused>) {
        self.place = place;
        self.accepted += accepted;
        self.rejected += rejected.len() as u64;
        let room = SHOWN_MAX - self.shown.len();
        self.shown.extend(rejected.into_iter().take(room));
    }

    /// Notes a batch: all records before a place are settled now. Returns when that is on the medium.
    ///
    /// # Errors
    /// It is not: the batch will be sent again, and the platform recognise it.
    pub(super) fn settle(
        &mut self,
        place: (u32, usize),
        accepted: u64,
        rejected: Vec<Refused>,
    ) -> io::Result<()> {
        let (chunk, record) = place;
        self.write(&Line::Settled { chunk, record, accepted, rejected: rejected.clone() })?;
        self.note(place, accepted, rejected);
        Ok(())
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.file.sync_data()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: ExportId = ExportId([1; 16]);

    fn refused(id: &str) -> Refused {
        Refused { source: "box-a".into(), id: id.into(), reason: "no such code".into() }
    }

    #[test]
    fn it_goes_on_where_it_stood_and_a_torn_line_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("backlog");
        let open = || Journal::open(&file, EXPORT, "https://a.example/").unwrap();
        let mut journal = open();
        journal.settle((1, 500), 499, vec![refused("car-07/1/7")]).unwrap();
        journal.settle((1, 1000), 500, Vec::new()).unwrap();
        let path = journal.path().to_owned();
        let whole = std::fs::read(&path).unwrap();
        journal.settle((2, 500), 500, Vec::new()).unwrap();
        let longer = std::fs::read(&path).unwrap();
        for cut in whole.len()..longer.len() {
            std::fs::write(&path, &longer[..cut]).unwrap();
            let mut journal = open();
            assert_eq!((journal.place, journal.accepted, journal.rejected), ((1, 1000), 999, 1));
            assert_eq!(journal.shown, [refused("car-07/1/7")]);
            journal.settle((2, 500), 500, Vec::new()).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), longer);
        }
        assert_eq!(open().place, (2, 500));
    }

    #[test]
    fn another_file_or_platform_is_not_mixed_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("backlog");
        drop(Journal::open(&file, EXPORT, "https://a.example/").unwrap());
        for (export, platform) in [(ExportId([2; 16]), "https://a.example/"), (EXPORT, "https://b.example/")]
        {
            let error = Journal::open(&file, export, platform).unwrap_err().to_string();
            assert!(error.contains("backlog.progress is about another"), "{error}");
        }
    }
}
