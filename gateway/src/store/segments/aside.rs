//! How a damaged segment leaves its table.

use bytes::Bytes;
use rusqlite::Connection;

use super::SegmentTable;
use crate::store::record::StoredRecord;
use crate::store::segment::{self, RECORDS_MAX, Salvaged};
use crate::store::tally::Tallies;

/// A damaged segment that was taken out.
pub(in crate::store) struct SetAside {
    pub(in crate::store) blob: Bytes,
    /// The records that can be read and have no receipt.
    pub(in crate::store) readable: Vec<StoredRecord>,
    /// How many have none and can't be read.
    pub(in crate::store) lost: u64,
}

impl SegmentTable {
    /// Takes a damaged segment out.
    pub(in crate::store) fn set_aside(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
        id: i64,
    ) -> rusqlite::Result<Option<SetAside>> {
        let Some((n, bytes)) = self.figures(connection, id)? else { return Ok(None) };
        let blob =
            connection.prepare_cached(self.names.blob)?.query_row([id], |row| row.get::<_, Vec<u8>>(0))?;
        let is_open = |index: u32| !self.progress.is_released(id, index);
        let blob = Bytes::from(blob);
        let Salvaged { records, expected, .. } = segment::salvage(self.class, &blob);
        let had = expected.unwrap_or(n.min(RECORDS_MAX.into()));
        let done = (0..had).filter(|index| !is_open(*index)).count() as u32;
        let readable: Vec<StoredRecord> =
            records.into_iter().filter(|(index, _)| is_open(*index)).map(|(_, record)| record).collect();
        let lost = u64::from(had.saturating_sub(done)).saturating_sub(readable.len() as u64);
        self.delete(connection, tallies, id, u64::from(n), bytes)?;
        Ok(Some(SetAside { blob, readable, lost }))
    }
}
