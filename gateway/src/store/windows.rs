//! The dedup windows of all devices, and how they survive a restart.
//!
//! A window lives in memory. Changed windows are written in every transaction that deletes records (what is no longer in
//! the tables must be in the windows) and otherwise after [`WRITE_AFTER_RECORDS`] records, which bounds how much is read
//! again at start: only records of commits after `meta.windows_at`.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::checksum::Checksum;
use super::damage;
use super::rows;
use super::segments::SegmentTable;
use crate::domain::report::{Class, DeviceId, Identity, RecordRef};
use crate::domain::seen::SeenWindow;

/// Records after which changed windows are written although nothing was deleted: from a cold disk a start reads so many again in
/// some 10 ms ...
const WRITE_AFTER_RECORDS: u64 = 8_000;
/// ... or so many for each changed window, when these are many: writing them must not cost more than the records did,
const RECORDS_PER_WINDOW: u64 = 16;
/// but never more than these.
const WRITE_AFTER_RECORDS_MAX: u64 = 50_000;
/// Devices that have a window; a resend from one beyond them passes, and the platform recognises it.
const DEVICES_MAX: usize = 10_000;

/// The windows of all devices.
#[derive(Debug, Default)]
pub(super) struct Windows {
    by_device: HashMap<DeviceId, SeenWindow>,
    dirty: HashSet<DeviceId>,
    /// What this group added, batch after batch, to take it back should the group fail: each batch's device and
    /// where its records begin in `added`.
    batches: Vec<(DeviceId, usize)>,
    added: Vec<RecordRef>,
    records_since_write: u64,
    /// Windows of a damaged database came in, which nothing else would bring back.
    merged: bool,
}

/// One device's window while a batch of it is taken.
pub(super) struct DeviceWindow<'a> {
    window: Option<&'a mut SeenWindow>,
    added: &'a mut Vec<RecordRef>,
}

impl DeviceWindow<'_> {
    /// True when this record of the device was seen before.
    pub(super) fn knows(&self, record: RecordRef) -> bool {
        self.window.as_ref().is_some_and(|window| window.contains(record.boot, record.seq))
    }

    /// True when this record of the device was not seen before; it is now.
    pub(super) fn insert(&mut self, record: RecordRef) -> bool {
        let Some(window) = &mut self.window else { return true };
        let new = window.insert(record.boot, record.seq);
        if new {
            self.added.push(record);
        }
        new
    }
}

impl Windows {
    /// Reads the windows and adds the records that are newer than they are.
    pub(super) fn load(
        connection: &Connection,
        segments: &[SegmentTable],
        row_classes: &[Class],
    ) -> rusqlite::Result<Windows> {
        let mut windows = Windows::default();
        let mut statement = connection.prepare("SELECT device, window, checksum FROM seen_window")?;
        let mut stored = statement.query([])?;
        while let Some(row) = stored.next()? {
            let (name, bytes): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let Some((device, window)) = read(&name, &bytes, row.get(2)?) else {
                tracing::warn!(device = name, "dedup window not readable; resends from this device may pass");
                continue;
            };
            windows.by_device.insert(device, window);
        }
        let written_at = meta(connection, "windows_at")?;
        for table in segments {
            table.newer_than(connection, written_at, |record| {
                windows.note(record.device.clone(), record.identity)
            })?;
        }
        for &class in row_classes {
            rows::newer_than(connection, class, written_at, |device, identity| {
                if let Some(device) = DeviceId::parse(device) {
                    windows.note(device, identity);
                }
            })?;
        }
        windows.committed(false);
        Ok(windows)
    }

    fn note(&mut self, device: DeviceId, identity: Identity) {
        if let Identity::Device { boot, seq } = identity {
            self.of(&device, true).insert(RecordRef { boot, seq });
        }
    }

    /// The window of one device, for the records of one batch; `claims` says whether any of them has a number of the
    /// device's own, and so whether the device needs a window.
    pub(super) fn of(&mut self, device: &DeviceId, claims: bool) -> DeviceWindow<'_> {
        if claims {
            if !self.by_device.contains_key(device) && self.by_device.len() < DEVICES_MAX {
                self.by_device.insert(device.clone(), SeenWindow::default());
            }
            if !self.dirty.contains(device) {
                self.dirty.insert(device.clone());
            }
            self.batches.push((device.clone(), self.added.len()));
        }
        DeviceWindow { window: self.by_device.get_mut(device), added: &mut self.added }
    }

    /// True when the next write should not wait for a deletion.
    pub(super) fn is_write_due(&self) -> bool {
        let worth_it = RECORDS_PER_WINDOW * self.dirty.len() as u64;
        let due = worth_it.clamp(WRITE_AFTER_RECORDS, WRITE_AFTER_RECORDS_MAX);
        self.merged || self.records_since_write >= due
    }

    /// Adds what a damaged database knew of a device. Should the group fail, it is known all the same: it was delivered.
    pub(super) fn merge(&mut self, device: &DeviceId, window: &SeenWindow) {
        if self.by_device.contains_key(device) || self.by_device.len() < DEVICES_MAX {
            self.by_device.entry(device.clone()).or_default().merge(window);
            self.dirty.insert(device.clone());
            self.merged = true;
        }
    }

    /// Writes the changed windows as of commit `commit_seq`, which is the one that is being made.
    pub(super) fn write(&self, connection: &Connection, commit_seq: u64) -> rusqlite::Result<()> {
        if !self.dirty.is_empty() {
            let mut statement = connection.prepare_cached(
                "INSERT OR REPLACE INTO seen_window (device, window, checksum) VALUES (?1, ?2, ?3)",
            )?;
            for device in &self.dirty {
                if let Some(window) = self.by_device.get(device) {
                    let bytes = window.encode();
                    let checksum = checksum(device.as_str(), &bytes);
                    statement.execute(params![device.as_str(), bytes, checksum])?;
                }
            }
        }
        set_meta(connection, "windows_at", commit_seq)
    }

    /// The group is committed; `written` says whether the windows were part of it.
    pub(super) fn committed(&mut self, written: bool) {
        self.records_since_write += self.added.len() as u64;
        self.batches.clear();
        self.added.clear();
        if written {
            self.dirty.clear();
            self.records_since_write = 0;
            self.merged = false;
        }
    }

    /// The group failed: what it added was not delivered after all.
    pub(super) fn undo(&mut self) {
        for (device, from) in self.batches.drain(..).rev() {
            let Some(window) = self.by_device.get_mut(&device) else { continue };
            for record in self.added.drain(from..) {
                window.remove(record.boot, record.seq);
            }
        }
        self.added.clear();
    }
}

/// A row as a device's window; `None` when a field does not fit or the checksum does not hold.
pub(super) fn read(device: &str, bytes: &[u8], stored: Option<u32>) -> Option<(DeviceId, SeenWindow)> {
    let holds = stored.is_none_or(|stored| stored == checksum(device, bytes));
    let window = SeenWindow::decode(bytes).ok().filter(|_| holds)?;
    Some((DeviceId::parse(device)?, window))
}

/// A window that takes for seen what was not would swallow a record.
fn checksum(device: &str, bytes: &[u8]) -> u32 {
    Checksum::of("seen_window").text(device).bytes(bytes).sum()
}

/// A number kept in `meta`, 0 when it is not there.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<u64> {
    let stored = connection
        .prepare_cached("SELECT value, checksum FROM meta WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .optional()?;
    let Some((value, checksum)) = stored else { return Ok(0) };
    damage::check(checksum, meta_checksum(key, value), "a number of its own")?;
    Ok(value as u64)
}

/// Sets a number in `meta`.
pub(super) fn set_meta(connection: &Connection, key: &str, value: u64) -> rusqlite::Result<()> {
    let value = value as i64;
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (key, value, checksum) VALUES (?1, ?2, ?3)")?
        .execute(params![key, value, meta_checksum(key, value)])?;
    Ok(())
}

pub(super) fn meta_checksum(key: &str, value: i64) -> u32 {
    Checksum::of("meta").text(key).number(value).sum()
}
