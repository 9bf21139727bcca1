//! What an uplink is handed: the segments that it does not have, from either end of a stretch.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::SegmentTable;
use crate::domain::uplinks::UplinkNo;
use crate::store::damage;
use crate::store::numbers;
use crate::store::outbox::RawHead;
use crate::store::settlement::{Limit, RecordKey, Stretch};

/// What a look at the table has found so far.
struct Found {
    records: u64,
    bytes: u64,
    pieces: Vec<RawHead>,
    limit: Limit,
}

impl Found {
    fn is_enough(&self) -> bool {
        self.records >= u64::from(self.limit.records) || self.bytes >= self.limit.bytes
    }
}

impl SegmentTable {
    /// Segments of a stretch until `limit` is reached, with what the uplink has of each. Segments of which it has everything, or
    /// that are to be skipped, are passed over without being read.
    pub(in crate::store) fn read(
        &mut self,
        connection: &Connection,
        (uplink, mut stretch): (UplinkNo, Stretch),
        limit: Limit,
        skip: &HashSet<RecordKey>,
    ) -> rusqlite::Result<Vec<RawHead>> {
        let skipped = self.skipped(uplink, skip);
        let mut found = Found { records: 0, bytes: 0, pieces: Vec::new(), limit };
        // What the uplink has is jumped over, range by range: there may be very much of it while another one is away.
        while !found.is_enough() {
            if stretch.newest_first {
                stretch.up_to = self.progress.last_open(uplink, stretch.up_to);
            } else {
                stretch.after = self.progress.first_open(uplink, stretch.after.saturating_add(1)) - 1;
            }
            let Some(had) = self.read_open(connection, (uplink, stretch), &skipped, &mut found)? else {
                break;
            };
            if stretch.newest_first { stretch.up_to = had } else { stretch.after = had }
        }
        let handed_out = found.pieces.iter().filter_map(RawHead::segment);
        let held = handed_out.chain(skip.iter().map(|key| key.row())).collect();
        self.progress.hand_out(uplink, held);
        Ok(found.pieces)
    }

    /// Reads on up to the first segment of which it is written down that the uplink has it: that one's number, if there is one.
    fn read_open(
        &self,
        connection: &Connection,
        (uplink, stretch): (UplinkNo, Stretch),
        skipped: &HashMap<i64, u64>,
        found: &mut Found,
    ) -> rusqlite::Result<Option<i64>> {
        let sql = if stretch.newest_first { self.names.newest } else { self.names.between };
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![stretch.after, stretch.up_to, -1])?;
        let mut last_id = None;
        while !found.is_enough() {
            let Some(row) = rows.next()? else { break };
            let (id, n): (i64, u64) = (row.get(0)?, row.get::<_, i64>(1)? as u64);
            let is_in_order = last_id.is_none_or(|last| (id < last) == stretch.newest_first && id != last);
            if !is_in_order || !numbers::fits(id, self.class) {
                return Err(damage::found("a segment is not where it belongs"));
            }
            last_id = Some(id);
            if self.progress.is_written_down(uplink, id) {
                return Ok(Some(id));
            }
            let (released, done) = self.progress.had_by(uplink, id);
            let open = n.saturating_sub(u64::from(done) + skipped.get(&id).copied().unwrap_or(0));
            if open > 0 {
                found.records += open;
                found.bytes += row.get::<_, i64>(2)? as u64;
                found.pieces.push(RawHead::Segment {
                    id,
                    n,
                    blob: row.get::<_, Vec<u8>>(3)?.into(),
                    released,
                });
            }
        }
        Ok(None)
    }

    /// How many of each segment's records are to be skipped that the uplink does not have anyway.
    fn skipped(&self, uplink: UplinkNo, skip: &HashSet<RecordKey>) -> HashMap<i64, u64> {
        let mut skipped = HashMap::new();
        for key in skip {
            if let RecordKey::Slot { segment, index } = *key
                && !self.progress.has(uplink, segment, index)
            {
                *skipped.entry(segment).or_default() += 1;
            }
        }
        skipped
    }
}
