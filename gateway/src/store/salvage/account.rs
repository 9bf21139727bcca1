//! What of a table could be read, and how much is lost.

use super::raw::RawDatabase;
use super::rows::{Content, SegmentRow};
use super::tables::Table;
use crate::store::segment::RECORDS_MAX;

/// The account of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store) struct Account {
    /// Records, or rows of what is no record, that can be read.
    pub(in crate::store) good: u64,
    /// Rows of which nothing can be read.
    damaged_rows: u64,
    /// Records of segments whose row can be read and they can't.
    damaged_records: u64,
    /// Number and running total of the segment before.
    before: Option<(i64, u64)>,
    /// Records of segments that are missing between others, deleted ones included.
    missing: u64,
}

impl Account {
    /// Enters a row; they come in the order of their numbers.
    pub(in crate::store) fn enter(&mut self, content: Option<&Content>) {
        match content {
            None => self.damaged_rows += 1,
            Some(Content::Segment(row)) => self.enter_segment(row),
            Some(Content::Kept(_) | Content::Tally(..) | Content::Own) => self.good += 1,
        }
    }

    /// Nothing vouches for the figures of a segment's row, so they count for no more than can be.
    fn enter_segment(&mut self, row: &SegmentRow) {
        let read = row.records.len() as u64;
        self.good += read;
        self.damaged_records += row.had.saturating_sub(read);
        if let Some((id, cum_n)) = self.before {
            let segments = u64::try_from(row.id - id - 1).unwrap_or(0);
            let records = row.cum_n.saturating_sub(row.n).saturating_sub(cum_n);
            self.missing += records.min(segments.saturating_mul(RECORDS_MAX.into()));
        }
        self.before = Some((row.id, row.cum_n));
    }

    /// What there should be, by the database's own figures; `None` when these can't be read.
    fn expected(&self, raw: &RawDatabase, table: Table) -> Option<u64> {
        if let Table::Segments(_) = table {
            self.before?;
            let missing = self.missing.saturating_sub(raw.tally(table.holes())?.n);
            return Some(self.good + self.damaged_records + missing);
        }
        let mut tallies = table.tallies().iter().peekable();
        tallies.peek()?;
        tallies.map(|name| raw.tally(name).map(|tally| tally.n)).sum()
    }

    /// How much is lost: by the database's figures where there are any, or else by the rows that are damaged. Where pages are
    /// hidden or damaged and nothing says how many, it is one at least.
    pub(in crate::store) fn lost(&self, raw: &RawDatabase, table: Table) -> u64 {
        let is_hidden = table.class().is_some() && raw.is_broken(table);
        match (self.expected(raw, table), table) {
            (Some(expected), Table::Segments(_)) => {
                (expected - self.good).max(u64::from(self.damaged_rows > 0))
            }
            (Some(expected), _) => expected.saturating_sub(self.good),
            (None, _) => self.damaged_rows.max(is_hidden.into()),
        }
    }
}
