//! The segment table of one class: filled at the tail, consumed from the head.
//!
//! Every row carries the running totals up to and including itself, so the backlog is tail minus head and is never
//! counted. Segments that are released out of order leave holes between head and tail; the holes are tallied, and
//! forgotten when the head or the tail moves past them. What is taken out of a segment that stays is a hole as well.
//! The totals of a damaged row may contradict the others: figures are wrong then, and nothing else.

mod aside;
pub(super) mod giving_way;

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::damage;
use super::handle::RawHead;
use super::numbers;
use super::record::StoredRecord;
use super::segment::{self, SegmentBuilder};
use super::settlement::{Limit, RecordKey};
use super::snapshot::ClassBacklog;
use super::tally::Tallies;
use crate::domain::report::Class;

/// Rows that one look at the head reads at most.
const ROWS_PER_READ: u32 = 2048;

/// SQL and tally name of one class's table.
struct Names {
    holes: &'static str,
    head: &'static str,
    tail: &'static str,
    insert: &'static str,
    read: &'static str,
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
            read: concat!("SELECT id, n, bytes, blob FROM ", $table, " ORDER BY id LIMIT ?1"),
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

/// Which records of a segment have their receipt. Kept in memory only: after a restart the segment is sent again and
/// the platform recognises what it has.
#[derive(Debug)]
struct Release {
    n: u32,
    bytes: u64,
    done: u32,
    words: Vec<u64>,
}

impl Release {
    fn has(&self, index: u32) -> bool {
        self.words.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
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
    /// Highest id that was handed out to be sent.
    handed_out_to: i64,
    released: HashMap<i64, Release>,
}

impl SegmentTable {
    /// Reads the figures of a class's table: two seeks. Numbers of new rows are above `floor`.
    pub(super) fn load(connection: &Connection, class: Class, floor: i64) -> rusqlite::Result<SegmentTable> {
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
            handed_out_to: 0,
            released: HashMap::new(),
        };
        table.head = table.read_head(connection)?;
        (table.tail_id, table.cum_n, table.cum_bytes) = table.read_tail(connection)?;
        table.last_id = table.tail_id.max(floor);
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
        self.handed_out_to = before.handed_out_to;
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

    /// Segments from the head on until `limit` is reached, with what is released in each. Segments in which everything is
    /// released or to be skipped are passed over without being read.
    pub(super) fn read(
        &mut self,
        connection: &Connection,
        limit: Limit,
        skip: &HashSet<RecordKey>,
    ) -> rusqlite::Result<Vec<RawHead>> {
        let skipped = self.skipped(skip);
        let mut statement = connection.prepare_cached(self.names.read)?;
        let mut rows = statement.query([ROWS_PER_READ])?;
        let (mut records, mut bytes, mut last_id) = (0u64, 0u64, 0);
        let mut pieces = Vec::new();
        while records < u64::from(limit.records) && bytes < limit.bytes {
            let Some(row) = rows.next()? else { break };
            let (id, n): (i64, u64) = (row.get(0)?, row.get::<_, i64>(1)? as u64);
            if id <= last_id || !numbers::fits(id, self.class) {
                return Err(damage::found("a segment is not where it belongs"));
            }
            last_id = id;
            let release = self.released.get(&id);
            let done = release.map_or(0, |release| u64::from(release.done));
            let open = n.saturating_sub(done + skipped.get(&id).copied().unwrap_or(0));
            if open == 0 {
                continue;
            }
            records += open;
            bytes += row.get::<_, i64>(2)? as u64;
            let released = release.map(|release| release.words.clone()).unwrap_or_default();
            self.handed_out_to = self.handed_out_to.max(id);
            pieces.push(RawHead::Segment { id, n, blob: row.get::<_, Vec<u8>>(3)?.into(), released });
        }
        Ok(pieces)
    }

    /// Which records of a segment have their receipt, a bit a record; none when no record has.
    pub(super) fn released(&self, id: i64) -> Vec<u64> {
        self.released.get(&id).map(|release| release.words.clone()).unwrap_or_default()
    }

    /// How many of each segment's records are to be skipped that are not released anyway.
    fn skipped(&self, skip: &HashSet<RecordKey>) -> HashMap<i64, u64> {
        let mut skipped = HashMap::new();
        for key in skip {
            if let RecordKey::Slot { segment, index } = *key
                && !self.released.get(&segment).is_some_and(|release| release.has(index))
            {
                *skipped.entry(segment).or_default() += 1;
            }
        }
        skipped
    }

    /// Notes that a record has its receipt; deletes the segment when all of them have. False when the segment is not there.
    pub(super) fn release(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
        id: i64,
        index: u32,
    ) -> rusqlite::Result<bool> {
        if !self.released.contains_key(&id) {
            let Some((n, bytes)) = self.figures(connection, id)? else {
                return if self.head.is_some_and(|head| head.id == id) {
                    Err(damage::found("a segment can't be found that is there"))
                } else {
                    Ok(false)
                };
            };
            let words = vec![0; (n as usize).div_ceil(64)];
            self.released.insert(id, Release { n, bytes, done: 0, words });
        }
        let Some(release) = self.released.get_mut(&id) else { return Ok(false) };
        let Some(word) = release.words.get_mut(index as usize / 64) else { return Ok(false) };
        let bit = 1 << (index % 64);
        if index < release.n && *word & bit == 0 {
            *word |= bit;
            release.done += 1;
        }
        if release.done < release.n {
            return Ok(true);
        }
        let (n, bytes) = (u64::from(release.n), release.bytes);
        self.delete(connection, tallies, id, n, bytes).map(|()| true)
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
        self.released.remove(&id);
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
