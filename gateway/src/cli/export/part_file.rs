//! The file while it is written: `FILE.part`, until it is complete and on the medium.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::domain::report::Class;
use crate::store::scan::Cursor;
use crate::transfer::chunk::{Chunk, RawChunk};
use crate::transfer::format::{FormatError, Header, MAGIC, Totals};
use crate::transfer::part::{self, Part};
use crate::transfer::writer::ExportWriter;

/// Bytes after which what was written is on the medium: a stick that is full or gone shows soon.
const SYNC_BYTES: usize = 8 * 1024 * 1024;

/// Why the file can't be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartError {
    /// It is there already.
    #[error("文件已存在 {} is there already: choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// Another export is writing it.
    #[error("{} is being written by another export", .0.display())]
    Busy(PathBuf),
    /// What stands there is not the beginning of this export.
    #[error("{} {what}: finish that one, or remove it", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// The stick is full.
    #[error("存储介质已满 no space left for {}", .0.display())]
    Full(PathBuf),
    /// The stick is gone, or does not work.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A file that is being written.
pub(super) struct PartFile {
    path: PathBuf,
    part_path: PathBuf,
    writer: ExportWriter<BufWriter<File>>,
    header: Header,
    last: Option<(Class, Cursor)>,
    unsynced_bytes: usize,
}

impl PartFile {
    /// Begins a file, or goes on with what an interrupted export of the same gateway and classes has left.
    pub(super) fn open(path: &Path, header: Header) -> Result<PartFile, PartError> {
        if path.exists() {
            return Err(PartError::Exists(path.to_owned()));
        }
        let part_path = part_path(path);
        let io = |source| failed(&part_path, source);
        // As private as the store, where the file system can.
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&part_path);
        let mut file = file.map_err(io)?;
        // Where the file system has no locks, two exports to one file are the operator's own fault.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(PartError::Busy(part_path));
        }
        let (writer, header, last) = match read_part(&part_path, &file, &header)? {
            Some(part) => {
                file.set_len(part.whole_bytes).map_err(io)?;
                file.seek(SeekFrom::End(0)).map_err(io)?;
                (ExportWriter::resume(BufWriter::new(file), part.progress), part.header, part.last)
            }
            None => {
                file.set_len(0).map_err(io)?;
                file.rewind().map_err(io)?;
                (ExportWriter::begin(BufWriter::new(file), &header).map_err(io)?, header, None)
            }
        };
        Ok(PartFile { path: path.to_owned(), part_path, writer, header, last, unsynced_bytes: 0 })
    }

    /// What the file says of itself: what it said when it was begun.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The class of the last chunk it has, and where that class's backlog goes on.
    pub(super) fn last(&self) -> Option<(Class, Cursor)> {
        self.last
    }

    /// What it has so far.
    pub(super) fn totals(&self) -> &Totals {
        self.writer.totals()
    }

    /// Adds a chunk, in both its forms.
    pub(super) fn push(&mut self, raw: &RawChunk, chunk: &Chunk) -> Result<(), PartError> {
        self.try_push(raw, chunk).map_err(|source| failed(&self.part_path, source))
    }

    fn try_push(&mut self, raw: &RawChunk, chunk: &Chunk) -> io::Result<()> {
        self.writer.push(raw, chunk)?;
        self.unsynced_bytes += raw.bytes().len();
        if self.unsynced_bytes >= SYNC_BYTES {
            self.unsynced_bytes = 0;
            let out = self.writer.get_mut();
            out.flush()?;
            out.get_ref().sync_data()?;
        }
        Ok(())
    }

    /// Writes the trailer, syncs, and gives the file its name. Returns what it has, and its bytes.
    pub(super) fn finish(self) -> Result<(Totals, u64), PartError> {
        let PartFile { path, part_path, writer, .. } = self;
        let finish = || {
            let (out, totals) = writer.finish()?;
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            fs::rename(&part_path, &path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok((totals, bytes))
        };
        finish().map_err(|source| failed(&part_path, source))
    }
}

/// What is whole of the file that is there; `None` when not even its header is.
fn read_part(path: &Path, mut file: &File, wanted: &Header) -> Result<Option<Part>, PartError> {
    let other = |what: String| PartError::Other { path: path.to_owned(), what };
    let mut begin = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut begin).map_err(|source| failed(path, source))?;
    file.rewind().map_err(|source| failed(path, source))?;
    let part = match part::read(BufReader::new(file)) {
        Ok(part) => part,
        Err(FormatError::Truncated) if MAGIC.starts_with(&begin) => return Ok(None),
        Err(FormatError::Io(source)) => return Err(failed(path, source)),
        Err(error) => return Err(other(format!("can't be gone on with ({error})"))),
    };
    if part.header.gateway != wanted.gateway {
        return Err(other(format!("is an export of gateway {}", part.header.gateway)));
    }
    if part.header.classes != wanted.classes {
        let classes: Vec<_> = part.header.classes.iter().map(Class::as_str).collect();
        return Err(other(format!("is an export of {}", classes.join(", "))));
    }
    Ok(Some(part))
}

/// The name of a file that is not complete.
pub(super) fn part_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

fn failed(path: &Path, source: io::Error) -> PartError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            PartError::Full(path.to_owned())
        }
        _ => PartError::Io { path: path.to_owned(), source },
    }
}
