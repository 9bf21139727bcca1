//! The files of the log: `audit.jsonl`, older ones beside it, and where the chain stands.
//!
//! ```text
//! audit.jsonl              the newest lines, up to 1 MiB
//! audit-0000000123.jsonl   older ones, by the number of their first line; 8 files in all
//! audit.head               number and hash of the last line: the end can't be cut off unnoticed
//! audit.lock               whoever writes or verifies has locked it
//! ```
//!
//! The head is written after the lines are synced, so it is never ahead of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::chain::{self, Hash, Link};
use super::event::Event;
use super::folding::Noted;
use crate::ownership;

/// A file is closed when the next lines would make it larger.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Files that are kept, with the newest.
pub const FILES_MAX: usize = 8;
/// Only the gateway's user reads it.
const MODE: u32 = 0o600;

/// The newest file.
pub(super) fn newest(folder: &Path) -> PathBuf {
    folder.join("audit.jsonl")
}

/// The older files, oldest first, each with the number that its name gives its first line.
pub(super) fn older(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".jsonl"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            files.push((number, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// Where the chain stood when something was last written.
pub(super) fn head(folder: &Path) -> Option<Link> {
    let text = fs::read_to_string(folder.join("audit.head")).ok()?;
    let (seq, hash) = text.trim_end().split_once(' ')?;
    Some(Link { seq: seq.parse().ok()?, hash: Hash::parse(hash)? })
}

/// Locks the folder; it is unlocked when the file is dropped.
pub(super) fn lock(folder: &Path, operation: FlockOperation) -> io::Result<File> {
    let path = folder.join("audit.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(MODE).open(&path)?;
    ownership::give(&path, &fs::metadata(folder)?);
    flock(&file, operation)?;
    Ok(file)
}

/// The log, for writing.
#[derive(Debug)]
pub struct Log {
    folder: PathBuf,
    /// The newest file as it was left, and the chain's end in it: nobody else has written when the file is still the same.
    left: Option<Left>,
}

#[derive(Debug)]
struct Left {
    inode: u64,
    bytes: u64,
    first_seq: u64,
    last: Link,
}

impl Log {
    /// A log in this folder, which is made when it is first written.
    pub fn new(folder: PathBuf) -> Log {
        Log { folder, left: None }
    }

    /// Appends lines; returns when they are on disk.
    pub(super) fn append(&mut self, noted: &[Noted]) -> io::Result<()> {
        if !self.folder.exists() {
            fs::create_dir_all(&self.folder)?;
            if let Some(data_dir) = self.folder.parent().and_then(|folder| fs::metadata(folder).ok()) {
                ownership::give(&self.folder, &data_dir);
            }
        }
        let _lock = lock(&self.folder, FlockOperation::LockExclusive)?;
        let Left { mut first_seq, mut last, bytes: mut before, .. } = self.look()?;
        let mut text = String::new();
        for noted in noted {
            let (line, link) = chain::seal(&last, noted);
            if before > 0 && before + (text.len() + line.len()) as u64 > FILE_BYTES_MAX {
                self.write(&text)?;
                self.rotate(first_seq)?;
                (text, before, first_seq) = (String::new(), 0, link.seq);
            } else if before == 0 && text.is_empty() {
                first_seq = link.seq;
            }
            text.push_str(&line);
            text.push('\n');
            last = link;
        }
        let (inode, bytes) = self.write(&text)?;
        self.write_head(&last)?;
        self.left = Some(Left { inode, bytes, first_seq, last });
        Ok(())
    }

    fn write_head(&self, last: &Link) -> io::Result<()> {
        let path = self.folder.join("audit.head");
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).mode(MODE).open(&path)?;
        ownership::give(&path, &fs::metadata(&self.folder)?);
        // In one write, over the one before: numbers have a fixed width.
        file.write_all(format!("{:020} {}\n", last.seq, last.hash.as_str()).as_bytes())
    }

    fn write(&self, text: &str) -> io::Result<(u64, u64)> {
        let mut file = OpenOptions::new().create(true).append(true).mode(MODE).open(newest(&self.folder))?;
        ownership::give(&newest(&self.folder), &fs::metadata(&self.folder)?);
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        let metadata = file.metadata()?;
        Ok((metadata.ino(), metadata.len()))
    }

    /// The newest file becomes an older one; the oldest leaves.
    fn rotate(&self, first_seq: u64) -> io::Result<()> {
        fs::rename(newest(&self.folder), self.folder.join(format!("audit-{first_seq:010}.jsonl")))?;
        let older = older(&self.folder)?;
        for (_, path) in older.iter().take(older.len().saturating_sub(FILES_MAX - 1)) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// Where the chain ends. Reads the newest file only when somebody else has written it, or nobody yet.
    fn look(&mut self) -> io::Result<Left> {
        let (inode, bytes) = match fs::metadata(newest(&self.folder)) {
            Ok(metadata) => (metadata.ino(), metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (0, 0),
            Err(error) => return Err(error),
        };
        match self.left.take() {
            Some(left) if left.inode == inode && left.bytes == bytes => Ok(left),
            _ => self.find_end(),
        }
    }

    fn find_end(&self) -> io::Result<Left> {
        let path = newest(&self.folder);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        // A line that a power cut has torn was never told to be there.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            OpenOptions::new().write(true).open(&path)?.set_len(whole as u64)?;
        }
        let text = String::from_utf8_lossy(&text[..whole]);
        let mut last = text.lines().next_back().and_then(chain::open).map(|line| line.link);
        if last.is_none() {
            last = self.end_of_older()?;
        }
        let head = head(&self.folder);
        let mut left = Left {
            inode: fs::metadata(&path).map_or(0, |metadata| metadata.ino()),
            bytes: whole as u64,
            first_seq: text.lines().next().and_then(chain::open).map_or(1, |line| line.link.seq),
            last: last.unwrap_or_else(Link::start),
        };
        if let Some(head) = head.filter(|head| head.seq > left.last.seq) {
            // Lines are gone that were on disk. The chain goes on where it stood, so that the gap stays to be seen.
            tracing::error!(
                last = head.seq,
                found = left.last.seq,
                "the last lines of the audit log are gone"
            );
            let missing = Noted::once(Event::Missing { last: head.seq }, crate::clock::unix_ms());
            let (line, link) = chain::seal(&head, &missing);
            if left.bytes == 0 {
                left.first_seq = link.seq;
            }
            left.last = link;
            (left.inode, left.bytes) = self.write(&format!("{line}\n"))?;
        }
        Ok(left)
    }

    fn end_of_older(&self) -> io::Result<Option<Link>> {
        let Some((_, path)) = older(&self.folder)?.pop() else { return Ok(None) };
        let text = fs::read_to_string(path)?;
        Ok(text.lines().next_back().and_then(chain::open).map(|line| line.link))
    }
}
