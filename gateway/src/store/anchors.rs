//! The anchors of all devices: in memory to be compared with every frame, in a table to survive.
//!
//! What is new is written in the transaction of the record that said it. A frame that says what is known costs a
//! comparison (`Inlet` compares it with the one before in its batch first), and nothing is written.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::journal;
use crate::domain::anchor::{Anchor, Anchors};
use crate::domain::report::{DeviceId, TimeQuality};

/// Devices whose anchors are kept; what one beyond them reports without a clock is dated by its receipt.
const DEVICES_MAX: usize = 10_000;

/// The anchors of all devices.
#[derive(Debug, Default)]
pub(super) struct AnchorTable {
    by_device: HashMap<DeviceId, Anchors>,
    /// What this group changed, as it was before, should the group fail.
    before: HashMap<DeviceId, Anchors>,
    /// What this group has to write: a new or another anchor, or that a boot is forgotten.
    changes: Vec<(DeviceId, u32, Option<Anchor>)>,
}

impl AnchorTable {
    /// Reads the table.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<AnchorTable> {
        let mut table = AnchorTable::default();
        let sql =
            "SELECT device, boot, booted_at, quality, checksum FROM anchor ORDER BY device, commit_seq, boot";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match read(row) {
                Some((device, boot, anchor)) => {
                    _ = table.by_device.entry(device).or_default().set(boot, anchor)
                }
                None => tracing::warn!("an anchor is damaged; nothing is dated by it"),
            }
        }
        Ok(table)
    }

    /// The anchor of a device's boot.
    pub(super) fn of(&self, device: &DeviceId, boot: u32) -> Option<Anchor> {
        self.by_device.get(device)?.of(boot)
    }

    /// Notes what a frame said that is stored in this group. Returns the anchor that its boot now has.
    pub(super) fn note(&mut self, device: &DeviceId, boot: u32, anchor: Anchor) -> Anchor {
        if !self.by_device.contains_key(device) {
            if self.by_device.len() >= DEVICES_MAX {
                return anchor; // kept by nobody
            }
            self.by_device.insert(device.clone(), Anchors::default());
        }
        let Some(anchors) = self.by_device.get_mut(device) else { return anchor };
        if let Some(known) = anchors.of(boot).filter(|known| !anchor.improves(known)) {
            return known;
        }
        self.before.entry(device.clone()).or_insert_with(|| anchors.clone());
        if let Some(forgotten) = anchors.set(boot, anchor) {
            self.changes.push((device.clone(), forgotten, None));
        }
        self.changes.push((device.clone(), boot, Some(anchor)));
        anchor
    }

    /// Takes an anchor back from a damaged database, unless one is known that is as good. False when it was not taken.
    pub(super) fn restore(&mut self, device: &DeviceId, boot: u32, anchor: Anchor) -> bool {
        let is_known = self.of(device, boot).is_some_and(|known| known.quality >= anchor.quality);
        if !is_known {
            self.note(device, boot, anchor);
        }
        !is_known
    }

    /// Writes what the group changed, and dates what waited for it in the journal; as of commit `commit_seq`, which is the one that is being made.
    pub(super) fn write(&self, connection: &Connection, commit_seq: u64) -> rusqlite::Result<()> {
        for (device, boot, anchor) in &self.changes {
            match anchor {
                Some(anchor @ Anchor { booted_at_ms, quality }) => {
                    journal::back_stamp(connection, device, *boot, *anchor)?;
                    connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO anchor (device, boot, booted_at, quality, commit_seq, checksum)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        device.as_str(),
                        boot,
                        booted_at_ms,
                        *quality as u8,
                        commit_seq as i64,
                        checksum(device.as_str(), *boot, *booted_at_ms, *quality as u8)
                    ])?
                }
                None => connection
                    .prepare_cached("DELETE FROM anchor WHERE device = ?1 AND boot = ?2")?
                    .execute(params![device.as_str(), boot])?,
            };
        }
        Ok(())
    }

    /// The group is committed.
    pub(super) fn committed(&mut self) {
        self.before.clear();
        self.changes.clear();
    }

    /// The group failed: nothing of what it said is stored.
    pub(super) fn undo(&mut self) {
        self.by_device.extend(self.before.drain());
        self.changes.clear();
    }
}

/// A row as an anchor; `None` when a column does not fit or the checksum does not hold.
fn read(row: &Row<'_>) -> Option<(DeviceId, u32, Anchor)> {
    let (name, boot): (String, u32) = (row.get(0).ok()?, row.get(1).ok()?);
    let (booted_at_ms, rank): (i64, u8) = (row.get(2).ok()?, row.get(3).ok()?);
    let holds = row.get::<_, u32>(4).ok()? == checksum(&name, boot, booted_at_ms, rank);
    let quality = *TimeQuality::ALL.get(usize::from(rank)).filter(|_| holds)?;
    Some((DeviceId::parse(&name)?, boot, Anchor { booted_at_ms, quality }))
}

pub(super) fn checksum(device: &str, boot: u32, booted_at_ms: i64, rank: u8) -> u32 {
    let crc = crc32c::crc32c(device.as_bytes());
    let crc = crc32c::crc32c_append(crc, &boot.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &booted_at_ms.to_le_bytes());
    crc32c::crc32c_append(crc, &[rank])
}
