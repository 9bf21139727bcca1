//! The row of a file.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::evidence::File;
use crate::domain::report::{DeviceId, RecordRef, Sha256};
use crate::store::numbers;
use crate::store::tables::GENERATION;
use crate::store::windows::meta;

/// How far a file is; the number stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting = 0,
    Receiving = 1,
    Complete = 2,
    Refused = 3,
}

impl Stage {
    pub(super) fn from_number(number: u32) -> Option<Stage> {
        [Stage::Waiting, Stage::Receiving, Stage::Complete, Stage::Refused].get(number as usize).copied()
    }
}

/// A file as the table has it.
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) file: File,
    pub(super) stage: Stage,
    pub(super) mismatches: u32,
    pub(super) first_lacking: u32,
    pub(super) present: u32,
}

/// What the table says of a name.
pub(super) enum Found {
    Nothing,
    /// Its checksum does not hold: nothing it says is believed.
    Damaged(i64),
    Entry(Entry),
}

/// Adds a file that waits for room.
pub(super) fn insert(connection: &Connection, device: &DeviceId, file: &File) -> rusqlite::Result<Entry> {
    let mut entry =
        Entry { id: 0, file: *file, stage: Stage::Waiting, mismatches: 0, first_lacking: 0, present: 0 };
    connection
        .prepare_cached(
            "INSERT INTO evidence_file (id, device, boot, seq, size, chunk_bytes, sha256, stage, mismatches,
             first_lacking, present, checksum) VALUES (
             coalesce((SELECT max(id) FROM evidence_file), ?8) + 1, ?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0, ?7)",
        )?
        .execute(params![
            device.as_str(),
            file.evidence.boot,
            file.evidence.seq,
            file.size_bytes,
            file.chunk_bytes,
            file.sha256.0,
            checksum(device, &entry),
            numbers::floor(meta(connection, GENERATION)? as u32)
        ])?;
    entry.id = connection.last_insert_rowid();
    Ok(entry)
}

/// Files of a device whose pieces are taken.
pub(super) fn count_open(connection: &Connection, device: &DeviceId) -> rusqlite::Result<u32> {
    let sql = "SELECT count(*) FROM evidence_file WHERE device = ?1 AND stage = 1";
    connection.prepare_cached(sql)?.query_row([device.as_str()], |row| row.get(0))
}

/// Writes what can change of a file.
pub(super) fn update(connection: &Connection, device: &DeviceId, entry: &Entry) -> rusqlite::Result<()> {
    let Entry { id, stage, mismatches, first_lacking, present, .. } = entry;
    connection
        .prepare_cached(
            "UPDATE evidence_file SET stage = ?2, mismatches = ?3, first_lacking = ?4, present = ?5, checksum = ?6
             WHERE id = ?1",
        )?
        .execute(params![id, *stage as u8, mismatches, first_lacking, present, checksum(device, entry)])?;
    Ok(())
}

/// Looks a file up by its name.
pub(super) fn find(
    connection: &Connection,
    device: &DeviceId,
    evidence: RecordRef,
) -> rusqlite::Result<Found> {
    let sql = "SELECT id, size, chunk_bytes, sha256, stage, mismatches, first_lacking, present, checksum
               FROM evidence_file WHERE device = ?1 AND boot = ?2 AND seq = ?3";
    let found = connection
        .prepare_cached(sql)?
        .query_row(params![device.as_str(), evidence.boot, evidence.seq], |row| {
            let id = row.get(0)?;
            Ok(entry(device, evidence, id, row).map_or(Found::Damaged(id), Found::Entry))
        })
        .optional()?;
    Ok(found.unwrap_or(Found::Nothing))
}

/// A row as an entry; `None` when a column does not fit or the checksum does not hold.
fn entry(device: &DeviceId, evidence: RecordRef, id: i64, row: &Row<'_>) -> Option<Entry> {
    let (size_bytes, chunk_bytes) = (row.get(1).ok()?, row.get(2).ok().filter(|bytes| *bytes > 0)?);
    let file = File { evidence, size_bytes, chunk_bytes, sha256: Sha256(row.get(3).ok()?) };
    let stage = Stage::from_number(row.get(4).ok()?)?;
    let (mismatches, first_lacking, present) = (row.get(5).ok()?, row.get(6).ok()?, row.get(7).ok()?);
    let entry = Entry { id, file, stage, mismatches, first_lacking, present };
    (row.get::<_, u32>(8).ok()? == checksum(device, &entry)).then_some(entry)
}

/// Covers all that its device is told by.
pub(super) fn checksum(device: &DeviceId, entry: &Entry) -> u32 {
    let Entry { file, stage, mismatches, first_lacking, present, .. } = entry;
    let File { evidence, size_bytes, chunk_bytes, sha256 } = file;
    let mut crc = crc32c::crc32c(device.as_str().as_bytes());
    let numbers = [evidence.boot, evidence.seq, *size_bytes, *chunk_bytes];
    for number in numbers.iter().chain(&[*stage as u32, *mismatches, *first_lacking, *present]) {
        crc = crc32c::crc32c_append(crc, &number.to_le_bytes());
    }
    crc32c::crc32c_append(crc, &sha256.0)
}
