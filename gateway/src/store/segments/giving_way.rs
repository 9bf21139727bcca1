//! How a class gives way: old tracks are thinned and packed together, and then the oldest segments go.
//!
//! What was handed out to be sent and is not settled is left alone: somebody holds the places of its records.

use bytes::Bytes;
use rusqlite::{Connection, params};

use super::SegmentTable;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::retention::{self, Point};
use crate::store::losses::LossBook;
use crate::store::record::StoredRecord;
use crate::store::segment::{self, BYTES_MAX, RECORDS_MAX, SegmentBuilder};
use crate::store::tally::Tallies;
use crate::store::windows::{meta, set_meta};

/// How often a track is thinned at most: to every second point, then to every fourth.
pub(in crate::store) const THINNINGS_MAX: usize = 2;
/// Up to which segment the table was thinned once, and twice.
const THINNED_TO: [&str; THINNINGS_MAX] = ["thinned_once_to", "thinned_twice_to"];
/// Segments that are packed into one at most.
const PACKED_MAX: usize = 512;

/// A segment's row as giving way needs it.
struct Old {
    id: i64,
    n: u64,
    bytes: u64,
    blob: Bytes,
}

/// What giving way needs besides the table.
pub(in crate::store) struct GivingWay<'a> {
    pub(in crate::store) connection: &'a Connection,
    pub(in crate::store) tallies: &'a mut Tallies,
    pub(in crate::store) losses: &'a mut LossBook,
    pub(in crate::store) now_ms: i64,
}

impl SegmentTable {
    /// Drops the oldest segment that nobody holds. False when there is none.
    pub(in crate::store) fn drop_oldest(&mut self, way: &mut GivingWay<'_>) -> rusqlite::Result<bool> {
        let Some(old) = self.old(way.connection, 0, i64::MAX, 1)?.pop() else {
            return Ok(false);
        };
        match self.open_records(&old) {
            Some(open) => {
                let loss = |record| self.loss(record, LossReason::Evicted, way.now_ms);
                open.iter().for_each(|record| way.losses.note(loss(record)));
            }
            None => way.losses.note(Loss::unknown(Some(self.class), LossReason::Evicted, old.n, way.now_ms)),
        }
        self.delete(way.connection, way.tallies, old.id, old.n, old.bytes)?;
        Ok(true)
    }

    /// Thins the oldest tracks that were thinned `level` times so far, as many segments as fit into one, and packs them into it.
    /// False when there is nothing left to thin.
    pub(in crate::store) fn thin_oldest(
        &mut self,
        way: &mut GivingWay<'_>,
        level: usize,
    ) -> rusqlite::Result<bool> {
        let from = meta(way.connection, THINNED_TO[level])? as i64;
        let to = match level.checked_sub(1) {
            None => i64::MAX,
            Some(before) => meta(way.connection, THINNED_TO[before])? as i64,
        };
        let old = self.old(way.connection, from, to, PACKED_MAX)?;
        let Some(first) = old.first() else { return Ok(false) };
        let open: Vec<_> = old.iter().map_while(|old| self.open_records(old)).collect();
        let (readable, records) = (open.len(), open.concat());
        // One that is damaged stays as it is: it is noticed when it is to be sent.
        let thinned_to = old[..readable].last().unwrap_or(first).id;
        if let Some((last, others)) = old[..readable].split_last() {
            self.pack(way, &records, last, others)?;
        }
        set_meta(way.connection, THINNED_TO[level], thinned_to as u64)?;
        Ok(true)
    }

    /// The records of a segment that have no receipt; `None` when it is damaged.
    fn open_records(&self, old: &Old) -> Option<Vec<StoredRecord>> {
        let is_open = |index: usize| !self.progress.is_released(old.id, index as u32);
        let all = segment::decode(self.class, &old.blob).ok()?.into_iter().enumerate();
        Some(all.filter(|(index, _)| is_open(*index)).map(|(_, record)| record).collect())
    }

    /// Packs the points that stay into the last of the segments that held them.
    fn pack(
        &mut self,
        way: &mut GivingWay<'_>,
        records: &[StoredRecord],
        last: &Old,
        others: &[Old],
    ) -> rusqlite::Result<()> {
        let points: Vec<Point> = records.iter().map(point).collect();
        let keep = retention::thin(&points);
        let mut builder = SegmentBuilder::default();
        for (record, keep) in records.iter().zip(keep) {
            if keep {
                builder.push(record);
            } else {
                way.losses.note(self.loss(record, LossReason::Thinned, way.now_ms));
            }
        }
        for old in others {
            self.delete(way.connection, way.tallies, old.id, old.n, old.bytes)?;
        }
        if builder.is_empty() {
            return self.delete(way.connection, way.tallies, last.id, last.n, last.bytes);
        }
        self.replace(way, last, &mut builder)
    }

    /// Puts another segment in the place of one; its running totals stay, and what it has less is a hole.
    fn replace(
        &mut self,
        way: &mut GivingWay<'_>,
        old: &Old,
        builder: &mut SegmentBuilder,
    ) -> rusqlite::Result<()> {
        let segment = builder.finish();
        let (n, bytes) = (u64::from(segment.n), segment.payload_bytes);
        way.connection.prepare_cached(self.names.replace)?.execute(params![
            old.id,
            n as i64,
            bytes as i64,
            segment.first_at_ms,
            segment.blob
        ])?;
        self.progress.replaced(old.id, old.n, n);
        // It may have more than before, from the others: their rows have left holes that are larger.
        match self.head.as_mut().filter(|head| head.id == old.id) {
            Some(head) => (head.n, head.bytes, head.first_at_ms) = (n, bytes, segment.first_at_ms),
            None => {
                way.tallies.add(self.names.holes, old.n, old.bytes);
                way.tallies.sub(self.names.holes, n, bytes);
            }
        }
        Ok(())
    }

    /// Segments above `from` up to `to` that nobody holds, oldest first, as many as fit into one: side by side, and the same
    /// uplinks have them.
    fn old(&self, connection: &Connection, from: i64, to: i64, at_most: usize) -> rusqlite::Result<Vec<Old>> {
        let mut statement = connection.prepare_cached(self.names.between)?;
        let mut rows = statement.query(params![from, to, -1])?;
        let (mut found, mut n, mut bytes): (Vec<Old>, _, _) = (Vec::new(), 0, 0);
        while found.len() < at_most {
            let Some(row) = rows.next()? else { break };
            let (id, row_n, row_bytes) =
                (row.get(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64);
            let differs = |first: &Old| self.progress.pattern(first.id) != self.progress.pattern(id);
            match (self.progress.is_held(id), found.first()) {
                (true, None) => continue,
                (true, Some(_)) => break,
                (false, Some(first)) if differs(first) => break,
                (false, _) => {}
            }
            (n, bytes) = (n + row_n, bytes + row_bytes);
            // Several must fit into one with what each record takes beside its payload.
            if !found.is_empty() && (n > u64::from(RECORDS_MAX) || bytes > BYTES_MAX as u64 / 2) {
                break;
            }
            found.push(Old { id, n: row_n, bytes: row_bytes, blob: row.get::<_, Vec<u8>>(3)?.into() });
        }
        Ok(found)
    }

    fn loss(&self, record: &StoredRecord, reason: LossReason, now_ms: i64) -> Loss {
        Loss::of(&record.device, Some(record.identity), Some(self.class), reason, now_ms)
    }
}

fn point(record: &StoredRecord) -> Point {
    Point::of(&record.device, record.identity, record.received_at_ms, &record.payload)
}
