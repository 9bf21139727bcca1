//! What a row says, when its checksum vouches for it.

mod kept;
mod records;

use super::tables::Table;
use crate::store::inlet::RUN_KEYS;
use crate::store::pages::{Row, Value, columns};
use crate::store::record::StoredRecord;
use crate::store::restore::rest::Rest;
use crate::store::restore::{Kept, Restored};
use crate::store::tally::{self, Tally};
use crate::store::{evidence::KeptFile, restore, windows};

/// What a row says.
#[derive(Debug)]
pub(in crate::store) enum Content {
    /// Something that is to come back.
    Kept(Restored),
    Segment(SegmentRow),
    Tally(String, Tally),
    /// A matter of that database alone.
    Own,
}

/// A segment's row.
#[derive(Debug)]
pub(in crate::store) struct SegmentRow {
    pub(in crate::store) id: i64,
    /// Records that it had and the running total up to it, by its row, for which nothing vouches.
    pub(in crate::store) n: u64,
    pub(in crate::store) cum_n: u64,
    /// Records that it had, by itself or else by its row.
    pub(in crate::store) had: u64,
    /// Those that can be read.
    pub(in crate::store) records: Vec<StoredRecord>,
}

/// How much a row must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It was found in its table: rows from before there were checksums pass.
    InItsTable,
    /// It was found without its table: it must show whose it is.
    Anywhere,
}

/// Reads a row of a table; `None` when it is damaged, or not of that table.
pub(super) fn read(table: Table, row: &Row, proof: Proof) -> Option<Content> {
    let values = columns(&row.payload.bytes)?;
    if let Table::Segments(class) = table {
        // Its blob may be cut off: what is left of it is read.
        return records::segment(class, row.id, &values, proof).map(Content::Segment);
    }
    if !row.payload.is_whole {
        return None;
    }
    let rest = |rest: Rest| Content::Kept(Restored(Kept::Rest(rest)));
    match table {
        Table::Records(class) => {
            records::record(class, row.id, &values, proof).map(|record| Content::Kept(Restored::new(record)))
        }
        Table::Down => kept::down(&values, proof).map(rest),
        Table::AcceptedCases => kept::accepted_case(&values, proof).map(rest),
        Table::DeadLetters => kept::dead_letter(&values, proof).map(rest),
        Table::Quarantine => kept::quarantined(&values, proof).map(rest),
        Table::Losses => kept::loss(&values).map(rest),
        Table::Anchors => kept::anchor(&values).map(rest),
        Table::EvidenceFiles => KeptFile::read(&values).map(|file| rest(Rest::File(file))),
        Table::Windows => window(&values, proof).map(rest),
        Table::Progress => progress(&values, proof),
        Table::Tallies => tally(&values, proof),
        Table::Meta => meta(&values, proof),
        Table::Segments(_) => None,
    }
}

/// Holds the column of a checksum, which rows from before there was one don't have, against what it should be.
fn vouches(stored: Option<&Value<'_>>, computed: u32, proof: Proof) -> Option<()> {
    match stored {
        None | Some(Value::Null) => (proof == Proof::InItsTable).then_some(()),
        Some(stored) => (stored.integer()? == i64::from(computed)).then_some(()),
    }
}

fn window(values: &[Value<'_>], proof: Proof) -> Option<Rest> {
    let [device, bytes, ..] = values else { return None };
    let stored = values.get(2).and_then(|stored| stored.integer());
    if stored.is_none() && proof == Proof::Anywhere {
        return None;
    }
    let stored = stored.map(u32::try_from).transpose().ok()?;
    let (device, window) = windows::read(device.text()?, bytes.blob()?, stored)?;
    Some(Rest::Window { device, window })
}

fn progress(values: &[Value<'_>], proof: Proof) -> Option<Content> {
    let [source, cursor, ..] = values else { return None };
    let (source, cursor) = (source.text()?, cursor.integer()?);
    vouches(values.get(2), restore::checksum(source, cursor), proof)?;
    // How far that database had come with an older one is of no use: what it had of it comes from itself.
    if source.starts_with(super::worker::SOURCE) {
        return Some(Content::Own);
    }
    let source = source.to_owned();
    Some(Content::Kept(Restored(Kept::Rest(Rest::Progress { source, cursor }))))
}

fn tally(values: &[Value<'_>], proof: Proof) -> Option<Content> {
    let [name, n, bytes, ..] = values else { return None };
    let (name, n, bytes) = (name.text()?, n.integer()? as u64, bytes.integer()? as u64);
    let tally = Tally { n, bytes };
    vouches(values.get(3), tally::checksum(name, tally), proof)?;
    Some(Content::Tally(name.to_owned(), tally))
}

fn meta(values: &[Value<'_>], proof: Proof) -> Option<Content> {
    let [key, value, ..] = values else { return None };
    let (key, value) = (key.text()?, value.integer()?);
    vouches(values.get(2), windows::meta_checksum(key, value), proof)?;
    let is_run = key.starts_with(RUN_KEYS);
    Some(if is_run { Content::Kept(Restored(Kept::Rest(Rest::Run(value as u64)))) } else { Content::Own })
}
