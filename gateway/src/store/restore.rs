//! Records that come back: from a damaged store that is salvaged, from another gateway's export.
//!
//! They are taken like a device's messages, with the names that they have: what is known already is passed over. How far a
//! source has come is written in the same transaction, so whatever is interrupted goes on where it stood, and nothing comes
//! twice, not even a record without a number of its device's own.

pub(super) mod rest;
mod writing;

use rusqlite::{Connection, OptionalExtension, Row, params};

use self::rest::Rest;
use super::checksum::Checksum;
use super::damage;
use super::record::StoredRecord;
use super::submission::Part;
use crate::domain::admission;
use crate::domain::anchor::Anchor;
use crate::domain::coordinates::Coordinates;
use crate::domain::report::{Class, DeviceId};

/// Records of one class from one source, all of them taken or none.
#[derive(Debug, Clone)]
pub struct Restoration {
    /// Names the source and its part, for ever: `salvage/1/incident`, `import/6f0c...`.
    pub source: Box<str>,
    /// How far the source has come with these records. Grows; what is not above what is stored was already taken.
    pub cursor: i64,
    /// The class of the records.
    pub class: Class,
    /// The records, in their order.
    pub records: Vec<Restored>,
}

/// What became of a restoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RestoreOutcome {
    /// Records that are now stored.
    pub taken: u64,
    /// Records that were known already.
    pub known: u64,
    /// Descriptions and pieces of photos and clips that were passed over: they contradict what is known, or their file is not
    /// here, or has no room.
    pub unwanted: u64,
}

/// A record that comes back, or something else that was kept.
#[derive(Debug, Clone)]
pub struct Restored(pub(super) Kept);

/// What comes back.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    Record {
        record: StoredRecord,
        /// For a record of the class evidence: the part of a file that it is.
        part: Option<Part>,
        /// When its boot was, as far as that came along.
        anchor: Option<Anchor>,
    },
    Rest(Rest),
}

impl Restored {
    /// Reads of a record what the store must know to place it.
    pub fn new(record: StoredRecord) -> Restored {
        let part = match record.class {
            Class::Evidence => admission::reread(Coordinates::UNPLACED, record.class, &record.payload)
                .ok()
                .and_then(|report| Part::of(&report.body, &record.payload)),
            _ => None,
        };
        Restored(Kept::Record { record, part, anchor: None })
    }

    /// The same with the anchor of its boot, which counts like one that a device's own frame tells.
    #[must_use]
    pub fn anchored(self, boot_anchor: Option<Anchor>) -> Restored {
        match self.0 {
            Kept::Record { record, part, .. } => Restored(Kept::Record { record, part, anchor: boot_anchor }),
            rest @ Kept::Rest(_) => Restored(rest),
        }
    }

    /// The device of a record.
    fn device(&self) -> Option<&DeviceId> {
        if let Kept::Record { record, .. } = &self.0 { Some(&record.device) } else { None }
    }

    /// Bytes that it takes in the store, but for what every row takes.
    pub(super) fn stored_bytes(&self) -> usize {
        match &self.0 {
            Kept::Record { record, .. } => {
                record.payload.len() + record.casework.as_deref().map_or(0, str::len)
            }
            Kept::Rest(rest) => rest.stored_bytes(),
        }
    }
}

/// How far a source has come; `None` when it has not begun.
pub(super) fn cursor(connection: &Connection, source: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT cursor, checksum FROM restore_progress WHERE source = ?1";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let stored = connection.prepare_cached(sql)?.query_row([source], row).optional()?;
    let Some((cursor, stored)) = stored else { return Ok(None) };
    damage::check(stored, checksum(source, cursor), "how far a source has come")?;
    Ok(Some(cursor))
}

/// Notes how far a source has come.
pub(super) fn set_cursor(connection: &Connection, source: &str, cursor: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO restore_progress (source, cursor, checksum) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![source, cursor, checksum(source, cursor)])?;
    Ok(())
}

pub(super) fn checksum(source: &str, cursor: i64) -> u32 {
    Checksum::of("restore_progress").text(source).number(cursor).sum()
}
