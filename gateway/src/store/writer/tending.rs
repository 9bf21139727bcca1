//! What the writer does beside the groups: overdue syncs, checkpoints, the disk, the figures.

use std::time::{Duration, Instant};

use super::{TEND_EVERY, Writer, is_full};
use crate::store::database::Database;
use crate::store::wal::Checkpoint;

impl Writer {
    /// How long the writer may wait for a request before it looks after the disk again.
    pub(super) fn idle_time(&self) -> Duration {
        if self.keeping_room {
            return Duration::ZERO;
        }
        let sync_in = self
            .unsynced_since
            .map(|since| (since + self.sync_within).saturating_duration_since(Instant::now()));
        sync_in.unwrap_or(TEND_EVERY).min(TEND_EVERY)
    }

    /// What is to be done when nobody asks for anything: overdue syncs, room that is to be kept, the figures.
    pub(super) fn tend(&mut self) -> rusqlite::Result<()> {
        self.sync_if_due()?;
        match self.database.keep_room() {
            Ok(keeping) => self.keeping_room = keeping,
            Err(error) if is_full(&error) => {
                self.database.roll_back()?;
                self.keeping_room = false;
            }
            Err(error) => return Err(error),
        }
        self.checkpoint()?;
        if !self.database.wal.is_exhausted() {
            self.database.disk.take_ballast();
        }
        self.full &= !self.database.has_room();
        self.end_sessions()?;
        self.publish()
    }

    /// Between two groups: syncs that are due, the log, and once in a while what is done in idle moments.
    pub(super) fn after_commit(&mut self) -> rusqlite::Result<()> {
        self.sync_if_due()?;
        self.checkpoint()?;
        if self.tended_at.elapsed() >= TEND_EVERY {
            self.tended_at = Instant::now();
            self.tend()?;
        }
        Ok(())
    }

    pub(super) fn sync_if_due(&mut self) -> rusqlite::Result<()> {
        let is_due = self.unsynced_since.is_some_and(|since| since.elapsed() >= self.sync_within);
        if is_due { self.sync() } else { Ok(()) }
    }

    pub(super) fn sync(&mut self) -> rusqlite::Result<()> {
        if self.unsynced_since.is_none() {
            return Ok(());
        }
        self.database.sync()?;
        self.unsynced_since = None;
        self.publish()
    }

    /// Copies the log into the database when it is long; when the disk has no room for that, the ballast goes.
    pub(super) fn checkpoint(&mut self) -> rusqlite::Result<()> {
        let Database { wal, connection, disk, .. } = &mut self.database;
        if wal.checkpoint_if_due(connection)? == Checkpoint::NoRoom && disk.drop_ballast() {
            wal.checkpoint_if_due(connection)?;
        }
        Ok(())
    }
}
