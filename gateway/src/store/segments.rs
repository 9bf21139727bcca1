//! The segment table of one class: filled at the tail, consumed from the head.
//!
//! Every row carries the running totals up to and including itself, so the backlog is tail minus head and is never
//! counted. Segments that are released out of order leave holes between head and tail; the holes are tallied, and
//! forgotten when the head or the tail moves past them. What is taken out of a segment that stays is a hole as well.
//! The totals of a damaged row may contradict the others: figures are wrong then, and nothing else.

mod aside;
pub(super) mod giving_way;
mod handing_out;

use rusqlite::{Connection, OptionalExtension, params};

use super::damage;
use super::numbers;
use super::progress::ClassProgress;
use super::record::StoredRecord;
use super::segment::{self, RECORDS_MAX, SegmentBuilder};
use super::snapshot::ClassBacklog;
use super::tally::Tallies;
use crate::domain::report::Class;
use crate::domain::uplinks::{UplinkNo, UplinkPlan};

/// SQL and tally name of one class's table.
struct Names {
    holes: &'static str,
    head: &'static str,
    tail: &'static str,
    insert: &'static str,
    newest: &'static str,
    all: &'static str,
    figures: &'static str,
    blob: &'static str,
    delete: &'static str,
    newer: &'static str,
    between: &'static str,
    replace: &'static str,
}

macro_rules! names {
    ($table:literal, $holes:literal) => {
        Names {
            holes: $holes,
            head: concat!("SELECT id, n, bytes, cum_n, cum_bytes, first_at FROM ", $table, " ORDER BY id LIMIT 1"),
            tail: concat!("SELECT id, cum_n, cum_bytes, commit_seq FROM ", $table, " ORDER BY id DESC LIMIT 1"),
            insert: concat!(
                "INSERT INTO ", $table,
                " (id, commit_seq, n, bytes, cum_n, cum_bytes, first_at, blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            ),
            newest: concat!(
                "SELECT id, n, bytes, blob FROM ", $table, " WHERE id > ?1 AND id <= ?2 ORDER BY id DESC LIMIT ?3"
            ),
            all: concat!("SELECT id, n, bytes FROM ", $table),
            figures: concat!("SELECT n, bytes FROM ", $table, " WHERE id = ?1"),
            blob: concat!("SELECT blob FROM ", $table, " WHERE id = ?1"),
            delete: concat!("DELETE FROM ", $table, " WHERE id = ?1"),
            newer: concat!("SELECT commit_seq, blob FROM ", $table, " ORDER BY id DESC"),
            between: concat!(
                "SELECT id, n, bytes, blob FROM ", $table, " WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3"
            ),
            replace: concat!("UPDATE ", $table, " SET n = ?2, bytes = ?3, first_at = ?4, blob = ?5 WHERE id = ?1"),
        }
    };
}

fn names(class: Class) -> Names {
    match class {
        Class::Telemetry => names!("segment_telemetry", "holes_telemetry"),
        Class::Reading => names!("segment_reading", "holes_reading"),
        _ => names!("segment_status", "holes_status"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Head {
    id: i64,
    n: u64,
    bytes: u64,
    cum_n: u64,
    cum_bytes: u64,
    first_at_ms: i64,
}

/// The table of one class, with the figures that its rows imply.
pub(super) struct SegmentTable {
    class: Class,
    names: Names,
    builder: SegmentBuilder,
    head: Option<Head>,
    /// The last row, 0 when there is none, and the totals it carries.
    tail_id: i64,
    cum_n: u64,
    cum_bytes: u64,
    /// Highest id given out.
    last_id: i64,
    /// The commit that wrote the last segment, as far as this process has seen.
    flushed_at: u64,
    progress: ClassProgress,
}

impl SegmentTable {
    /// Reads the figures of a class's table: two seeks. Numbers of new rows are above `floor`.
    pub(super) fn load(
        connection: &Connection,
        class: Class,
        floor: i64,
        plans: &[UplinkPlan],
    ) -> rusqlite::Result<SegmentTable> {
        let progress = ClassProgress::load(connection, class, plans)?;
        let mut table = SegmentTable {
            class,
            names: names(class),
            builder: SegmentBuilder::default(),
            head: None,
            tail_id: 0,
            cum_n: 0,
            cum_bytes: 0,
            last_id: 0,
            flushed_at: 0,
            progress,
        };
        table.head = table.read_head(connection)?;
        (table.tail_id, table.cum_n, table.cum_bytes) = table.read_tail(connection)?;
        // A number that an uplink is known to have must not come again.
        table.last_id = table.tail_id.max(floor).max(table.progress.last_done());
        if !table.is_plausible() {
            return Err(damage::found("the figures of the segments"));
        }
        Ok(table)
    }

    fn is_plausible(&self) -> bool {
        let Some(head) = self.head else { return self.tail_id == 0 };
        numbers::fits(head.id, self.class)
            && numbers::fits(self.tail_id, self.class)
            && head.id <= self.tail_id
            && head.n <= head.cum_n
            && head.cum_n <= self.cum_n
            && head.bytes <= head.cum_bytes
            && head.cum_bytes <= self.cum_bytes
    }

    /// True when the last segment was written in this commit, and so carries its number.
    pub(super) fn carries(&self, commit_seq: u64) -> bool {
        self.flushed_at == commit_seq
    }

    /// Takes over what is known only in memory: what was released, what somebody may still hold.
    pub(super) fn go_on_from(&mut self, before: &mut SegmentTable) {
        self.last_id = before.last_id;
        self.progress.go_on_from(&mut before.progress);
    }

    fn read_tail(&self, connection: &Connection) -> rusqlite::Result<(i64, u64, u64)> {
        let tail = connection
            .prepare_cached(self.names.tail)?
            .query_row([], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64))
            })
            .optional()?;
        Ok(tail.unwrap_or_default())
    }

    fn read_head(&self, connection: &Connection) -> rusqlite::Result<Option<Head>> {
        let head = |row: &rusqlite::Row<'_>| {
            Ok(Head {
                id: row.get(0)?,
                n: row.get::<_, i64>(1)? as u64,
                bytes: row.get::<_, i64>(2)? as u64,
                cum_n: row.get::<_, i64>(3)? as u64,
                cum_bytes: row.get::<_, i64>(4)? as u64,
                first_at_ms: row.get(5)?,
            })
        };
        connection.prepare_cached(self.names.head)?.query_row([], head).optional()
    }

    /// Number of the last commit that wrote here, 0 when the table is empty.
    pub(super) fn last_commit_seq(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let tail = connection
            .prepare_cached(self.names.tail)?
            .query_row([], |row| row.get::<_, i64>(3))
            .optional()?;
        Ok(tail.unwrap_or(0) as u64)
    }

    /// The backlog that is committed.
    pub(super) fn backlog(&self, tallies: &Tallies) -> ClassBacklog {
        let Some(head) = self.head else { return ClassBacklog::default() };
        let holes = tallies.get(self.names.holes);
        ClassBacklog {
            records: (self.cum_n + head.n).saturating_sub(head.cum_n).saturating_sub(holes.n),
            bytes: (self.cum_bytes + head.bytes).saturating_sub(head.cum_bytes).saturating_sub(holes.bytes),
            oldest_received_at_ms: Some(head.first_at_ms),
        }
    }

    /// Adds a record to the group's segment; writes the segment when it is full.
    pub(super) fn push(
        &mut self,
        connection: &Connection,
        commit_seq: u64,
        record: &StoredRecord,
    ) -> rusqlite::Result<()> {
        self.builder.push(record);
        if self.builder.is_full() { self.flush(connection, commit_seq) } else { Ok(()) }
    }

    /// Writes the group's last segment, if it has one.
    pub(super) fn flush(&mut self, connection: &Connection, commit_seq: u64) -> rusqlite::Result<()> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let segment = self.builder.finish();
        self.last_id += 1;
        self.tail_id = self.last_id;
        self.cum_n += u64::from(segment.n);
        self.cum_bytes += segment.payload_bytes;
        self.flushed_at = commit_seq;
        connection.prepare_cached(self.names.insert)?.execute(params![
            self.last_id,
            commit_seq as i64,
            segment.n,
            segment.payload_bytes as i64,
            self.cum_n as i64,
            self.cum_bytes as i64,
            segment.first_at_ms,
            segment.blob
        ])?;
        self.head.get_or_insert(Head {
            id: self.last_id,
            n: u64::from(segment.n),
            bytes: segment.payload_bytes,
            cum_n: self.cum_n,
            cum_bytes: self.cum_bytes,
            first_at_ms: segment.first_at_ms,
        });
        Ok(())
    }

    /// Which records of a segment all uplinks have that must, a bit a record.
    pub(super) fn released(&self, id: i64, n: u64) -> Vec<u64> {
        let mut words = vec![0u64; (n.min(RECORDS_MAX.into()) as usize).div_ceil(64)];
        for index in
            (0..n.min(RECORDS_MAX.into()) as u32).filter(|index| self.progress.is_released(id, *index))
        {
            words[index as usize / 64] |= 1 << (index % 64);
        }
        words
    }

    /// Notes that an uplink has a record; deletes the segment when all that must have it do. False when the segment is not
    /// there.
    pub(super) fn release(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
        uplink: UplinkNo,
        (id, index): (i64, u32),
    ) -> rusqlite::Result<bool> {
        let figures = match self.progress.figures(uplink, id) {
            Some(known) => Some(known),
            None => self.figures(connection, id)?,
        };
        let Some((n, bytes)) = figures else {
            return if self.head.is_some_and(|head| head.id == id) {
                Err(damage::found("a segment can't be found that is there"))
            } else {
                Ok(false)
            };
        };
        if index >= n {
            return Ok(false);
        }
        if self.progress.note(uplink, id, index, (n, bytes)) {
            self.delete(connection, tallies, id, u64::from(n), bytes)?;
        }
        Ok(true)
    }

    /// Deletes the segments that all uplinks have that must - there are some when the uplinks are others than before - and counts
    /// again what each has of the others. True when something was deleted.
    pub(super) fn delete_finished(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
    ) -> rusqlite::Result<bool> {
        if !self.progress.is_remembered() {
            return Ok(false);
        }
        let (mut finished, mut left) = (Vec::new(), Vec::new());
        {
            let mut statement = connection.prepare(self.names.all)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (id, n) = (row.get(0)?, row.get::<_, i64>(1)? as u64);
                match self.progress.is_finished(id) {
                    true => finished.push((id, n, row.get::<_, i64>(2)? as u64)),
                    false => left.push((id, n)),
                }
            }
        }
        let any = !finished.is_empty();
        for (id, n, bytes) in finished {
            self.delete(connection, tallies, id, n, bytes)?;
        }
        self.progress.recount(&left);
        Ok(any)
    }

    /// Writes down how far the uplinks are.
    pub(super) fn save_progress(
        &mut self,
        connection: &Connection,
        plans: &[UplinkPlan],
    ) -> rusqlite::Result<()> {
        let first = self.head.map_or(self.last_id + 1, |head| head.id);
        self.progress.save(connection, plans, first)
    }

    /// How far the uplinks are.
    pub(super) fn progress(&mut self) -> &mut ClassProgress {
        &mut self.progress
    }

    /// The number of the last row, 0 when there is none.
    pub(super) fn newest(&self) -> i64 {
        self.tail_id
    }

    /// Records that wait for an uplink.
    pub(super) fn waiting_for(&self, uplink: UplinkNo, tallies: &Tallies) -> u64 {
        if !self.progress.carries(uplink) {
            return 0;
        }
        self.backlog(tallies).records.saturating_sub(self.progress.records_had_by(uplink))
    }

    fn figures(&self, connection: &Connection, id: i64) -> rusqlite::Result<Option<(u32, u64)>> {
        let figures = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64));
        connection.prepare_cached(self.names.figures)?.query_row([id], figures).optional()
    }

    fn delete(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
        id: i64,
        n: u64,
        bytes: u64,
    ) -> rusqlite::Result<()> {
        connection.prepare_cached(self.names.delete)?.execute([id])?;
        self.progress.forget(id, n);
        if self.head.is_some_and(|head| head.id == id) {
            self.head_deleted(connection, tallies)
        } else if self.tail_id == id {
            self.tail_deleted(connection, tallies, n, bytes)
        } else {
            tallies.add(self.names.holes, n, bytes);
            Ok(())
        }
    }

    /// Between the old head and the new one lie only holes: they are passed.
    fn head_deleted(&mut self, connection: &Connection, tallies: &mut Tallies) -> rusqlite::Result<()> {
        let Some(old) = self.head else { return Ok(()) };
        self.head = self.read_head(connection)?;
        let (up_to_n, up_to_bytes) = match self.head {
            Some(new) => (new.cum_n.saturating_sub(new.n), new.cum_bytes.saturating_sub(new.bytes)),
            None => (self.cum_n, self.cum_bytes),
        };
        let (n, bytes) = (up_to_n.saturating_sub(old.cum_n), up_to_bytes.saturating_sub(old.cum_bytes));
        self.pass_holes(tallies, n, bytes);
        Ok(())
    }

    /// The next segment counts on from the row that is now the last, as it would after a restart.
    fn tail_deleted(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
        n: u64,
        bytes: u64,
    ) -> rusqlite::Result<()> {
        let (old_n, old_bytes) = (self.cum_n.saturating_sub(n), self.cum_bytes.saturating_sub(bytes));
        (self.tail_id, self.cum_n, self.cum_bytes) = self.read_tail(connection)?;
        let (n, bytes) = (old_n.saturating_sub(self.cum_n), old_bytes.saturating_sub(self.cum_bytes));
        self.pass_holes(tallies, n, bytes);
        Ok(())
    }

    fn pass_holes(&self, tallies: &mut Tallies, n: u64, bytes: u64) {
        if n > 0 {
            tallies.sub(self.names.holes, n, bytes);
        }
    }

    /// Calls `each` with the records of commits after `commit_seq`, newest segment first. A damaged segment is
    /// skipped here: it is noticed and set aside when it is read to be sent.
    pub(super) fn newer_than(
        &self,
        connection: &Connection,
        commit_seq: u64,
        mut each: impl FnMut(&StoredRecord),
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(self.names.newer)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(0)? as u64 <= commit_seq {
                break;
            }
            let blob = row.get::<_, Vec<u8>>(1)?.into();
            for record in segment::decode(self.class, &blob).unwrap_or_default() {
                each(&record);
            }
        }
        Ok(())
    }
}
