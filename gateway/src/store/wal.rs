//! The write-ahead log: when it is checkpointed, how its commits are synced, and how much of it goes to flash.
//!
//! - The log is checkpointed by us, after the answers to a group have left, so that no acknowledgement waits for it; and so that
//!   we hear when it could not be done.
//! - It keeps its size for good, is allocated when the store opens, and is not removed at the end: on a disk that somebody
//!   else has filled, commits and checkpoints go on within it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use rustix::fs::{FallocateFlags, fallocate};

use super::medium::Medium;
use super::schema::{self, PAGE_BYTES};

/// Room that the log has from the start: the pages before a checkpoint, and the largest group after them.
pub(super) const LOG_BYTES: u64 = 12 << 20;
/// Room that the log must have left for another group.
const LEFT_IN_LOG_BYTES: u64 = 2 << 20;
/// Bytes of the log's header, and of the header of a frame, which is followed by a page.
const HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;
const FRAME_BYTES: u64 = FRAME_HEADER_BYTES + PAGE_BYTES;

/// The log of one connection.
pub(super) struct Wal {
    /// `None` on a simulated disk.
    path: Option<PathBuf>,
    checkpoint_pages: u64,
    /// The level of `PRAGMA synchronous` for commits that are synced, and the one that is set.
    synced_level: &'static str,
    level: &'static str,
    /// Frames in the log after the last commit.
    frames: u64,
    /// Bytes written to log and database since the store was opened.
    written_bytes: u64,
}

/// How a checkpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checkpoint {
    /// It was not due.
    NotDue,
    /// The log starts again at its beginning.
    Done,
    /// The database could not grow: the disk is full of somebody else's files.
    NoRoom,
}

impl Wal {
    /// Takes the log over from SQLite and gives it its room, as far as the file system can.
    pub(super) fn open(connection: &Connection, medium: &Medium, data_dir: &Path) -> rusqlite::Result<Wal> {
        connection.execute_batch("PRAGMA wal_autocheckpoint=0")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let path = matches!(medium, Medium::Files).then(|| schema::log_path(data_dir));
        if let Some(Err(error)) = path.as_deref().map(allocate) {
            tracing::warn!(%error, "no room could be set aside for the write-ahead log");
        }
        let level = medium.synchronous();
        let mut wal = Wal {
            path,
            checkpoint_pages: u64::from(medium.checkpoint_pages()),
            synced_level: level,
            level,
            frames: 0,
            written_bytes: 0,
        };
        wal.frames = wal.count(connection)?;
        Ok(wal)
    }

    /// Goes on counting from the log of a database that was replaced.
    pub(super) fn go_on_from(&mut self, before: &Wal) {
        self.written_bytes += before.written_bytes;
    }

    /// Says how the next commit is synced: at once, or by a later one.
    pub(super) fn sync_next(&mut self, connection: &Connection, at_once: bool) -> rusqlite::Result<()> {
        let level = if at_once { self.synced_level } else { "1" };
        if level != self.level {
            connection.execute_batch(&format!("PRAGMA synchronous={level}"))?;
            self.level = level;
        }
        Ok(())
    }

    /// Counts what a commit has written. A log that is shorter than before has begun again.
    pub(super) fn committed(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let frames = self.count(connection)?;
        let new = if frames < self.frames { frames } else { frames - self.frames };
        self.written_bytes += new * FRAME_BYTES;
        self.frames = frames;
        Ok(())
    }

    /// Copies the log into the database when it is long enough.
    pub(super) fn checkpoint_if_due(&mut self, connection: &Connection) -> rusqlite::Result<Checkpoint> {
        if self.frames < self.checkpoint_pages {
            return Ok(Checkpoint::NotDue);
        }
        let pages = self.distinct_pages().unwrap_or(self.frames);
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        match connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)) {
            Ok(_) => {
                self.written_bytes += pages * PAGE_BYTES;
                self.frames = 0; // the next commit begins at the start of the log
                Ok(Checkpoint::Done)
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(Checkpoint::NoRoom),
            Err(error) => Err(error),
        }
    }

    /// True when another group might not find room in the log, because it could not be checkpointed for long.
    pub(super) fn is_exhausted(&self) -> bool {
        self.frames * FRAME_BYTES + LEFT_IN_LOG_BYTES > LOG_BYTES
    }

    /// Bytes handed to the file system since the store was opened; what the file system adds of its own is not among them.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    fn count(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let sql = "PRAGMA wal_checkpoint(NOOP)";
        let frames = connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(1))?;
        Ok(u64::try_from(frames).unwrap_or(0))
    }

    /// Pages that the frames are of: a page that was written many times is copied once.
    fn distinct_pages(&self) -> Option<u64> {
        let log = File::open(self.path.as_deref()?).ok()?;
        let mut pages = Vec::with_capacity(self.frames as usize);
        for frame in 0..self.frames {
            let mut number = [0; 4];
            log.read_exact_at(&mut number, HEADER_BYTES + frame * FRAME_BYTES).ok()?;
            pages.push(u32::from_be_bytes(number));
        }
        pages.sort_unstable();
        pages.dedup();
        Some(pages.len() as u64)
    }
}

/// Allocates the file's blocks; what it holds stays as it is, and zeros behind it are no frames.
fn allocate(path: &Path) -> io::Result<()> {
    let log = File::options().write(true).open(path)?;
    Ok(fallocate(&log, FallocateFlags::empty(), 0, LOG_BYTES)?)
}
