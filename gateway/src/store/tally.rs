//! Counts and bytes of the tables that lose rows in any order, kept in the transactions that change them.
//!
//! Counting a table reads all of it; at five million rows that is seconds.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{evidence, losses};
use crate::domain::loss::LossReason;

/// Rows and payload bytes of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) n: u64,
    pub(super) bytes: u64,
}

/// The tallies by table name; changed ones are written at the end of the group.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    values: BTreeMap<&'static str, Tally>,
    dirty: bool,
}

impl Tallies {
    /// The tables that are tallied.
    pub(super) const NAMES: [&'static str; 22] = [
        "record_incident",
        "record_task",
        "record_evidence",
        "accepted_case",
        "dead_letter",
        "quarantine",
        "down",
        "holes_status",
        "holes_reading",
        "holes_telemetry",
        evidence::ROOM,
        evidence::COMPLETE,
        evidence::WAITING,
        losses::REPORTED,
        losses::UNREPORTED,
        losses::lost(LossReason::Thinned),
        losses::lost(LossReason::Evicted),
        losses::lost(LossReason::NoRoom),
        losses::lost(LossReason::Withheld),
        losses::lost(LossReason::NotUnderstood),
        losses::lost(LossReason::Damaged),
        losses::lost(LossReason::LogDamaged),
    ];

    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Tallies> {
        let mut values = BTreeMap::new();
        let mut statement = connection.prepare_cached("SELECT n, bytes FROM tally WHERE name = ?1")?;
        for name in Tallies::NAMES {
            let mut rows = statement.query([name])?;
            if let Some(row) = rows.next()? {
                values.insert(
                    name,
                    Tally { n: row.get::<_, i64>(0)? as u64, bytes: row.get::<_, i64>(1)? as u64 },
                );
            }
        }
        Ok(Tallies { values, dirty: false })
    }

    pub(super) fn get(&self, name: &str) -> Tally {
        self.values.get(name).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, name: &'static str, n: u64, bytes: u64) {
        let tally = self.values.entry(name).or_default();
        tally.n += n;
        tally.bytes += bytes;
        self.dirty = true;
    }

    pub(super) fn sub(&mut self, name: &'static str, n: u64, bytes: u64) {
        let tally = self.values.entry(name).or_default();
        tally.n = tally.n.saturating_sub(n);
        tally.bytes = tally.bytes.saturating_sub(bytes);
        self.dirty = true;
    }

    /// Writes what changed since the last call.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        let mut statement =
            connection.prepare_cached("INSERT OR REPLACE INTO tally (name, n, bytes) VALUES (?1, ?2, ?3)")?;
        for (name, tally) in &self.values {
            statement.execute(params![name, tally.n as i64, tally.bytes as i64])?;
        }
        Ok(())
    }
}
