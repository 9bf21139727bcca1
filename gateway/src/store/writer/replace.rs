//! What the writer does when its database turns out to be damaged: a fresh one takes its place, and the work goes on.

use std::time::{Duration, Instant};

use super::Writer;
use crate::store::damage;
use crate::store::database::Database;
use crate::store::group::Group;
use crate::store::medium::Medium;
use crate::store::opening::{self, Before};

/// A database that is damaged so soon after the one before it is the work of a disk, or of a mistake of ours, that the next one
/// would not survive either.
const TOO_SOON: Duration = Duration::from_secs(60);

impl Writer {
    /// Reads; from a fresh database when the one there was is damaged.
    pub(super) fn read<T>(
        &mut self,
        look: impl Fn(&mut Database) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        match look(&mut self.database) {
            Err(error) if damage::is(&error) => {
                self.replace(error)?;
                look(&mut self.database)
            }
            read => read,
        }
    }

    /// Does something that asks nobody's answer. When the database turns out to be damaged, a fresh one has nothing to do yet.
    pub(super) fn mend(&mut self, work: fn(&mut Writer) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        match work(self) {
            Err(error) if damage::is(&error) => self.replace(error),
            done => done,
        }
    }

    /// Puts a fresh database in the place of the damaged one. When that can't be done, the damage is the end.
    pub(super) fn replace(&mut self, damage: rusqlite::Error) -> rusqlite::Result<()> {
        let is_too_soon = self.replaced_at.is_some_and(|replaced| replaced.elapsed() < TOO_SOON);
        let options = self.database.options.clone();
        if is_too_soon || !matches!(options.medium, Medium::Files) {
            return Err(damage);
        }
        let before = Before {
            generation: self.database.generation(),
            start_number: self.database.start_number,
            log_commits_missing: self.database.log_commits_missing,
        };
        let mut fresh = match opening::replace(&options, before, &damage) {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::error!(%error, "no fresh database can take its place");
                return Err(damage);
            }
        };
        fresh.losses.go_on_from(&mut self.database.losses);
        fresh.take_sessions(&mut self.database.sessions)?;
        fresh.wal.go_on_from(&self.database.wal);
        // Closing the old one leaves its files alone: they are what is salvaged.
        self.database = fresh;
        self.replaced_at = Some(Instant::now());
        self.full = false;
        self.unsynced_since = None;
        self.salvager.look();
        self.publish()
    }

    /// The group in hand when the damage was found: nobody hears that anything of it is done. Devices send again.
    pub(super) fn withhold(&mut self, mut group: Group) -> rusqlite::Result<()> {
        for batch in group.batches.drain(..) {
            batch.line.withhold();
        }
        self.refuse_settlements(group)
    }
}
