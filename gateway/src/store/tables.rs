//! The figures that the tables imply: what waits, how much of it, since when.

use rusqlite::Connection;

use super::damage;
use super::evidence::{self, Bound};
use super::journal;
use super::losses;
use super::numbers;
use super::progress::{self, ClassProgress};
use super::quota::Quota;
use super::record::StoredRecord;
use super::rows;
use super::schema::PAGE_BYTES;
use super::segments::SegmentTable;
use super::snapshot::{ClassBacklog, LossFigures, Snapshot};
use super::tally::Tallies;
use super::windows::meta;
use crate::domain::loss::LossReason;
use crate::domain::report::Class;
use crate::domain::uplinks::{UplinkNo, UplinkPlan};

/// Where the database keeps its generation.
pub(super) const GENERATION: &str = "generation";
/// Classes that live in segment tables ...
pub(super) const SEGMENT_CLASSES: [Class; 3] = [Class::Status, Class::Reading, Class::Telemetry];
/// ... and those that have a row a record.
pub(super) const ROW_CLASSES: [Class; 3] = [Class::Incident, Class::Task, Class::Evidence];

/// The figures that the tables imply, kept beside the connection.
pub(super) struct Tables {
    pub(super) segments: [SegmentTable; 3],
    pub(super) tallies: Tallies,
    pub(super) commit_seq: u64,
    /// 0 is the first database, one in the place of a damaged one has the next number.
    pub(super) generation: u32,
    /// The last row given out in the table of each row class. Never the same again while the process lives, also when the
    /// table was emptied: somebody may still hold the number.
    last_ids: [i64; 3],
    /// Urgent incidents that were taken since the start: who holds others looks again when it grows.
    urgent_taken: u64,
    /// The uplinks, and how far each is with the row classes.
    plans: Vec<UplinkPlan>,
    row_progress: [ClassProgress; 3],
}

impl Tables {
    pub(super) fn load(connection: &Connection, plans: Vec<UplinkPlan>) -> rusqlite::Result<Tables> {
        let generation = meta(connection, GENERATION)? as u32;
        let load =
            |class| SegmentTable::load(connection, class, numbers::floor_of(generation, class), &plans);
        let segments = [load(Class::Status)?, load(Class::Reading)?, load(Class::Telemetry)?];
        let progress = |class| ClassProgress::load(connection, class, &plans);
        let row_progress = [progress(Class::Incident)?, progress(Class::Task)?, progress(Class::Evidence)?];
        let mut last_ids = [0; 3];
        for ((class, last_id), progress) in ROW_CLASSES.into_iter().zip(&mut last_ids).zip(&row_progress) {
            let floor = numbers::floor_of(generation, class).max(progress.last_done());
            *last_id = rows::last_id(connection, class)?.max(floor);
        }
        let tallies = Tallies::load(connection)?;
        let floor = numbers::floor(generation) as u64;
        let commit_seq = last_commit_seq(connection, &segments, &tallies)?.max(floor);
        Ok(Tables {
            segments,
            tallies,
            commit_seq,
            generation,
            last_ids,
            urgent_taken: 0,
            plans,
            row_progress,
        })
    }

    /// Reads again what the tables hold after a group failed; numbers that were given out stay given out.
    pub(super) fn reload(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let (commit_seq, last_ids, urgent_taken) = (self.commit_seq, self.last_ids, self.urgent_taken);
        let plans = self.plans.clone();
        let mut loaded = Tables { commit_seq, last_ids, urgent_taken, ..Tables::load(connection, plans)? };
        for (table, before) in loaded.segments.iter_mut().zip(&mut self.segments) {
            table.go_on_from(before);
        }
        *self = loaded;
        Ok(())
    }

    /// Takes note that the uplinks may be others than before: forgets what those had that are gone, and deletes what all have
    /// that are left. True when something was deleted.
    pub(super) fn take_over_uplinks(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        progress::forget_others(connection, &self.plans)?;
        let mut any_deleted = false;
        for table in &mut self.segments {
            any_deleted |= table.delete_finished(connection, &mut self.tallies)?;
        }
        for (class, progress) in ROW_CLASSES.into_iter().zip(&mut self.row_progress) {
            if progress.is_remembered() {
                let (finished, left): (Vec<i64>, Vec<i64>) =
                    rows::ids(connection, class)?.into_iter().partition(|id| progress.is_finished(*id));
                any_deleted |= !finished.is_empty();
                progress.recount(&left.into_iter().map(|id| (id, 1)).collect::<Vec<_>>());
                for id in finished {
                    rows::delete(connection, &mut self.tallies, class, id)?;
                    progress.forget(id, 1);
                }
            }
        }
        self.save_progress(connection)?;
        self.write_tallies(connection)?;
        Ok(any_deleted)
    }

    /// Writes down how far the uplinks are.
    pub(super) fn save_progress(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for table in &mut self.segments {
            table.save_progress(connection, &self.plans)?;
        }
        for ((class, progress), last_id) in
            ROW_CLASSES.into_iter().zip(&mut self.row_progress).zip(self.last_ids)
        {
            if !progress.is_changed() {
                continue;
            }
            let first = rows::first_id(connection, class)?.unwrap_or(last_id + 1);
            progress.save(connection, &self.plans, first)?;
        }
        Ok(())
    }

    /// How far the uplinks are with a row class.
    pub(super) fn row_progress(&self, class: Class) -> Option<&ClassProgress> {
        let at = ROW_CLASSES.iter().position(|&each| each == class)?;
        self.row_progress.get(at)
    }

    /// The same to be changed, with the tallies that deletions change.
    pub(super) fn row_progress_mut(&mut self, class: Class) -> Option<(&mut ClassProgress, &mut Tallies)> {
        let at = ROW_CLASSES.iter().position(|&each| each == class)?;
        Some((self.row_progress.get_mut(at)?, &mut self.tallies))
    }

    /// Adds a pending record of a row class and gives its row.
    pub(super) fn insert_row(
        &mut self,
        connection: &Connection,
        record: &StoredRecord,
    ) -> rusqlite::Result<i64> {
        let at = ROW_CLASSES.iter().position(|&class| class == record.class).unwrap_or_default();
        self.last_ids[at] += 1;
        let id = self.last_ids[at];
        rows::insert(connection, &mut self.tallies, self.commit_seq, id, record)?;
        Ok(id)
    }

    /// Puts an incident before those that are not urgent.
    pub(super) fn put_first(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        self.urgent_taken += 1;
        connection.prepare_cached("INSERT OR IGNORE INTO urgent_incident (id) VALUES (?1)")?.execute([id])?;
        Ok(())
    }

    /// The segment table of a class, if it is one that has one, with the tallies that its deletions change.
    pub(super) fn segment(&mut self, class: Class) -> Option<(&mut SegmentTable, &mut Tallies)> {
        let index = SEGMENT_CLASSES.iter().position(|&each| each == class)?;
        Some((self.segments.get_mut(index)?, &mut self.tallies))
    }

    /// Payload bytes of a class that wait, those of the group in hand included.
    pub(super) fn waiting_bytes(&self, class: Class) -> u64 {
        match SEGMENT_CLASSES.iter().position(|&each| each == class) {
            Some(index) => self.segments[index].backlog(&self.tallies).bytes,
            None => self.tallies.get(rows::table(class)).bytes,
        }
    }

    /// Writes the tallies, and with them the number of the commit, unless a segment of it carries that.
    pub(super) fn write_tallies(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let is_carried = self.segments.iter().any(|table| table.carries(self.commit_seq));
        self.tallies.write(connection, self.commit_seq, is_carried)
    }

    fn losses(&self) -> LossFigures {
        LossFigures {
            unreported_rows: self.tallies.get(losses::UNREPORTED).n,
            lost: LossReason::ALL.map(|reason| self.tallies.get(losses::lost(reason)).n),
        }
    }

    pub(super) fn snapshot(
        &self,
        connection: &Connection,
        quota: &Quota,
        bound: Bound,
        full: bool,
    ) -> rusqlite::Result<Snapshot> {
        let mut snapshot = Snapshot {
            commit_seq: self.commit_seq,
            accepted_kept: self.tallies.get("accepted_case").n,
            dead_letters: self.tallies.get("dead_letter").n,
            quarantined: self.tallies.get("quarantine").n,
            journal_entries: self.tallies.get(journal::TALLY).n,
            urgent_taken: self.urgent_taken,
            down_waiting: self.tallies.get("down").n,
            losses: self.losses(),
            evidence: evidence::figures(&self.tallies, bound),
            used_bytes: quota.used_bytes(),
            max_bytes: quota.max_bytes(),
            full,
            room_bytes: quota.room_bytes(Class::Telemetry),
            kept_room_bytes: quota.pages().kept * PAGE_BYTES,
            ..Snapshot::default()
        };
        for (class, table) in SEGMENT_CLASSES.into_iter().zip(&self.segments) {
            snapshot.backlog[class as usize] = table.backlog(&self.tallies);
            snapshot.newest[class as usize] = table.newest();
            for uplink in UplinkNo::all() {
                snapshot.waiting[uplink.place()][class as usize] = table.waiting_for(uplink, &self.tallies);
            }
        }
        for (at, class) in ROW_CLASSES.into_iter().enumerate() {
            snapshot.newest[class as usize] = self.last_ids[at];
            let tally = self.tallies.get(rows::table(class));
            let oldest_received_at_ms =
                if tally.n == 0 { None } else { rows::oldest_received_at_ms(connection, class)? };
            snapshot.backlog[class as usize] =
                ClassBacklog { records: tally.n, bytes: tally.bytes, oldest_received_at_ms };
            let progress = &self.row_progress[at];
            for uplink in UplinkNo::all().filter(|uplink| progress.carries(*uplink)) {
                let waiting = tally.n.saturating_sub(progress.records_had_by(uplink));
                snapshot.waiting[uplink.place()][class as usize] = waiting;
            }
        }
        Ok(snapshot)
    }
}

/// Number of the last commit: every commit stands in the tallies, or in the last segment of a class.
fn last_commit_seq(
    connection: &Connection,
    segments: &[SegmentTable],
    tallies: &Tallies,
) -> rusqlite::Result<u64> {
    let mut last = tallies.commit_seq().max(meta(connection, "windows_at")?);
    for table in segments {
        last = last.max(table.last_commit_seq(connection)?);
    }
    if tallies.commit_seq() == 0 {
        // From before the tallies had it.
        for class in ROW_CLASSES {
            last = last.max(rows::last_commit_seq(connection, class)?);
        }
    }
    if last < 1 << 62 { Ok(last) } else { Err(damage::found("the number of the last commit")) }
}
