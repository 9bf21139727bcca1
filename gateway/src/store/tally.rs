//! Counts and bytes of the tables that lose rows in any order, kept in the transactions that change them.
//!
//! Counting a table reads all of it; at five million rows that is seconds.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::checksum::Checksum;
use super::{damage, evidence, journal, losses};
use crate::domain::loss::LossReason;

/// Tally of the commits: its `n` is the number of the last one that wrote it.
pub(super) const COMMIT: &str = "commit";

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
    pub(super) const NAMES: [&'static str; 24] = [
        COMMIT,
        "record_incident",
        "record_task",
        "record_evidence",
        "accepted_case",
        "dead_letter",
        "quarantine",
        "down",
        journal::TALLY,
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
        let sql = "SELECT n, bytes, checksum FROM tally WHERE name = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        for name in Tallies::NAMES {
            let mut rows = statement.query([name])?;
            if let Some(row) = rows.next()? {
                let tally = Tally { n: row.get::<_, i64>(0)? as u64, bytes: row.get::<_, i64>(1)? as u64 };
                damage::check(row.get(2)?, checksum(name, tally), name)?;
                values.insert(name, tally);
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

    /// Number of the last commit that wrote tallies, 0 when that was never noted.
    pub(super) fn commit_seq(&self) -> u64 {
        self.get(COMMIT).n
    }

    /// Writes what changed since the last call, and the number of the commit that is being made. When nothing has changed,
    /// and the number stands in a row of another table (`is_carried`), this page is left alone.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        commit_seq: u64,
        is_carried: bool,
    ) -> rusqlite::Result<()> {
        let is_dirty = std::mem::take(&mut self.dirty);
        if !is_dirty && is_carried {
            return Ok(());
        }
        self.values.insert(COMMIT, Tally { n: commit_seq, bytes: 0 });
        let sql = "INSERT OR REPLACE INTO tally (name, n, bytes, checksum) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = connection.prepare_cached(sql)?;
        for (name, tally) in self.values.iter().filter(|(name, _)| is_dirty || **name == COMMIT) {
            statement.execute(params![name, tally.n as i64, tally.bytes as i64, checksum(name, *tally)])?;
        }
        Ok(())
    }
}

/// A backlog that says too little would be left lying.
pub(super) fn checksum(name: &str, tally: Tally) -> u32 {
    Checksum::of("tally").text(name).number(tally.n as i64).number(tally.bytes as i64).sum()
}
