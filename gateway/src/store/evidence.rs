//! Photos and clips in the database: which files are known, which of their pieces are there, how far each is.
//!
//! - What is there follows from what was committed: a piece's place is written in the transaction of its record, so a file
//!   goes on where it stood after any end of either side.
//! - Evidence has a bound of its own ([`Bound`]). Room for a whole file is promised when its pieces are first asked for;
//!   without it the file waits, and its pieces are not taken.
//! - A piece is in nobody's custody until its file is complete: the device keeps the file until then, and sends what is
//!   asked for again. So a piece that is not wanted is acknowledged, dropped and counted; withholding its acknowledgement
//!   would hold up the device's incidents behind it.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::custody::Standing;
use super::rows;
use super::snapshot::EvidenceFigures;
use super::submission::ChunkPlace;
use super::tally::Tallies;
use crate::domain::evidence::{Answer, CHUNKS_MAX, File, MISMATCHES_MAX, WINDOW_CHUNKS};
use crate::domain::report::{Class, DeviceId, RecordRef, Sha256};

/// Files of one device whose pieces are taken at the same time; a further one waits.
pub(super) const OPEN_FILES_MAX: u32 = 8;
/// Bytes of a file that are read at once to be checked, and pieces.
const READ_BYTES: u32 = 256 * 1024;
const READ_CHUNKS: u32 = 512;

/// Tally of the files that have room, with the room they have; of those that are complete, with their bytes; of those
/// that wait.
pub(super) const ROOM: &str = "evidence_room";
pub(super) const COMPLETE: &str = "evidence_complete";
pub(super) const WAITING: &str = "evidence_waiting";

/// How far a file is; the number stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting = 0,
    Receiving = 1,
    Complete = 2,
    Refused = 3,
}

/// A file as the table has it.
struct Entry {
    id: i64,
    file: File,
    stage: Stage,
    mismatches: u32,
    first_lacking: u32,
    present: u32,
}

enum Found {
    Nothing,
    /// Its checksum does not hold: nothing it says is believed.
    Damaged(i64),
    Entry(Entry),
}

/// Whether a description fits what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Described {
    Fits,
    /// Another size, chunk size or SHA-256 under the same name.
    Contradicts,
}

/// What is to be done with a piece.
pub(super) enum Placing {
    Wanted(WantedBy),
    /// It is there already.
    Known,
    /// It is dropped, for this reason.
    Unwanted(&'static str),
}

/// The file that lacks a piece.
pub(super) struct WantedBy(Entry);

/// Why a piece is dropped; labels in metrics.
pub(super) mod unwanted {
    pub(in crate::store) const UNKNOWN_FILE: &str = "unknown_file";
    pub(in crate::store) const NOT_ASKED_FOR: &str = "not_asked_for";
    pub(in crate::store) const BEYOND_FILE: &str = "beyond_file";
    pub(in crate::store) const WRONG_LENGTH: &str = "wrong_length";
    pub(in crate::store) const NO_ROOM: &str = "no_room";
}

/// The evidence's part of the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// Room for all files together, in bytes.
    pub(super) max_bytes: u64,
}

/// Takes note of a file, and promises it room when there is some.
pub(super) fn describe(
    connection: &Connection,
    tallies: &mut Tallies,
    bound: Bound,
    device: &DeviceId,
    file: &File,
) -> rusqlite::Result<Described> {
    let entry = match find(connection, device, file.evidence)? {
        Found::Entry(entry) if entry.file != *file => return Ok(Described::Contradicts),
        Found::Entry(entry) if entry.stage != Stage::Waiting => return Ok(Described::Fits),
        Found::Entry(entry) => entry,
        Found::Damaged(id) => {
            tracing::error!(%device, evidence = ?file.evidence, "evidence damaged at rest, its transfer starts over");
            drop_chunks(connection, tallies, id)?;
            connection.prepare_cached("DELETE FROM evidence_file WHERE id = ?1")?.execute([id])?;
            begin(connection, tallies, device, file)?
        }
        Found::Nothing => begin(connection, tallies, device, file)?,
    };
    let has_room = tallies.get(ROOM).bytes + file.room_bytes() <= bound.max_bytes;
    if has_room && open_files(connection, device)? < OPEN_FILES_MAX && file.chunks() <= CHUNKS_MAX {
        tallies.sub(WAITING, 1, 0);
        tallies.add(ROOM, 1, file.room_bytes());
        update(connection, device, &Entry { stage: Stage::Receiving, ..entry })?;
    }
    Ok(Described::Fits)
}

fn begin(
    connection: &Connection,
    tallies: &mut Tallies,
    device: &DeviceId,
    file: &File,
) -> rusqlite::Result<Entry> {
    let mut entry =
        Entry { id: 0, file: *file, stage: Stage::Waiting, mismatches: 0, first_lacking: 0, present: 0 };
    connection
        .prepare_cached(
            "INSERT INTO evidence_file (device, boot, seq, size, chunk_bytes, sha256, stage, mismatches,
             first_lacking, present, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0, ?7)",
        )?
        .execute(params![
            device.as_str(),
            file.evidence.boot,
            file.evidence.seq,
            file.size_bytes,
            file.chunk_bytes,
            file.sha256.0,
            checksum(device, &entry)
        ])?;
    entry.id = connection.last_insert_rowid();
    tallies.add(WAITING, 1, 0);
    Ok(entry)
}

fn open_files(connection: &Connection, device: &DeviceId) -> rusqlite::Result<u32> {
    let sql = "SELECT count(*) FROM evidence_file WHERE device = ?1 AND stage = 1";
    connection.prepare_cached(sql)?.query_row([device.as_str()], |row| row.get(0))
}

/// Looks where a piece belongs.
pub(super) fn place(
    connection: &Connection,
    device: &DeviceId,
    chunk: &ChunkPlace,
) -> rusqlite::Result<Placing> {
    let Found::Entry(entry) = find(connection, device, chunk.evidence)? else {
        return Ok(Placing::Unwanted(unwanted::UNKNOWN_FILE));
    };
    match entry.file.chunk_len(chunk.index) {
        None => return Ok(Placing::Unwanted(unwanted::BEYOND_FILE)),
        Some(len) if len != chunk.data_len => return Ok(Placing::Unwanted(unwanted::WRONG_LENGTH)),
        Some(_) => {}
    }
    match entry.stage {
        Stage::Waiting | Stage::Refused => Ok(Placing::Unwanted(unwanted::NOT_ASKED_FOR)),
        Stage::Complete => Ok(Placing::Known),
        Stage::Receiving => {
            let sql = "SELECT 1 FROM evidence_chunk WHERE file = ?1 AND chunk = ?2";
            let is_known = connection.prepare_cached(sql)?.exists(params![entry.id, chunk.index])?;
            Ok(if is_known { Placing::Known } else { Placing::Wanted(WantedBy(entry)) })
        }
    }
}

/// Notes that a piece is in `record`.
pub(super) fn put(
    connection: &Connection,
    device: &DeviceId,
    wanted_by: WantedBy,
    chunk: &ChunkPlace,
    record: i64,
) -> rusqlite::Result<()> {
    let WantedBy(mut entry) = wanted_by;
    let ChunkPlace { index, data_at, data_len, .. } = *chunk;
    connection
        .prepare_cached(
            "INSERT INTO evidence_chunk (file, chunk, record, data_at, data_len) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![entry.id, index, record, data_at, data_len])?;
    entry.present += 1;
    if index == entry.first_lacking {
        entry.first_lacking += 1;
        let sql = "SELECT chunk FROM evidence_chunk WHERE file = ?1 AND chunk >= ?2 ORDER BY chunk";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![entry.id, entry.first_lacking])?;
        while let Some(row) = rows.next()?
            && row.get::<_, u32>(0)? == entry.first_lacking
        {
            entry.first_lacking += 1;
        }
    }
    update(connection, device, &entry)
}

/// How a file stands. `has_room` says whether the store would take another piece.
pub(super) fn standing(
    connection: &Connection,
    bound: Bound,
    device: &DeviceId,
    file: &File,
    has_room: bool,
) -> rusqlite::Result<Standing> {
    if file.chunks() > CHUNKS_MAX || file.room_bytes() > bound.max_bytes {
        return Ok(Standing::Told(Answer::Refused));
    }
    let entry = match find(connection, device, file.evidence)? {
        Found::Entry(entry) if entry.file == *file => entry,
        Found::Entry(_) => return Ok(Standing::Told(Answer::Refused)),
        Found::Damaged(_) | Found::Nothing => return Ok(Standing::Told(Answer::Wait)),
    };
    Ok(match entry.stage {
        Stage::Complete => Standing::Told(Answer::Complete),
        Stage::Refused => Standing::Told(Answer::Refused),
        Stage::Waiting => Standing::Told(Answer::Wait),
        Stage::Receiving if entry.present >= file.chunks() => {
            Standing::Whole { id: entry.id, mismatches: entry.mismatches }
        }
        Stage::Receiving if !has_room => Standing::Told(Answer::Wait),
        Stage::Receiving => Standing::Told(wanted(connection, &entry)?),
    })
}

fn wanted(connection: &Connection, entry: &Entry) -> rusqlite::Result<Answer> {
    let first = entry.first_lacking;
    let sql = "SELECT chunk FROM evidence_chunk WHERE file = ?1 AND chunk >= ?2 AND chunk < ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let range = params![entry.id, first, i64::from(first) + i64::from(WINDOW_CHUNKS)];
    let present: rusqlite::Result<Vec<u32>> = statement.query_map(range, |row| row.get(0))?.collect();
    Ok(Answer::wanted(entry.file.chunks(), first, present?))
}

/// The bytes of some pieces of a file from piece `from` on, one after the other, up to the first that is lacking.
pub(super) fn read(
    connection: &Connection,
    id: i64,
    from: u32,
    chunk_bytes: u32,
) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = "SELECT c.chunk, substr(r.payload, c.data_at + 1, c.data_len)
               FROM evidence_chunk c CROSS JOIN record_evidence r ON r.id = c.record
               WHERE c.file = ?1 AND c.chunk >= ?2 ORDER BY c.chunk LIMIT ?3";
    let limit = (READ_BYTES / chunk_bytes.max(1)).clamp(1, READ_CHUNKS);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![id, from, limit])?;
    let mut pieces = Vec::new();
    while let Some(row) = rows.next()?
        && row.get::<_, u32>(0)? == from + pieces.len() as u32
    {
        pieces.push(row.get(1)?);
    }
    Ok(pieces)
}

/// What the SHA-256 over a file that was whole has shown.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) device: DeviceId,
    pub(super) evidence: RecordRef,
    /// Which file was looked at, and after how many mismatches; a verdict on anything else is void.
    pub(super) id: i64,
    pub(super) mismatches: u32,
    pub(super) holds: bool,
}

/// Makes a verdict hold: the file is complete, or starts over, or is refused when that was once too often.
pub(super) fn settle(
    connection: &Connection,
    tallies: &mut Tallies,
    verdict: &Verdict,
) -> rusqlite::Result<()> {
    let Verdict { device, evidence, id, mismatches, holds } = verdict;
    let Found::Entry(entry) = find(connection, device, *evidence)? else { return Ok(()) };
    let is_it = (entry.id, entry.mismatches, entry.stage) == (*id, *mismatches, Stage::Receiving);
    if !is_it || entry.present < entry.file.chunks() {
        return Ok(());
    }
    if *holds {
        tallies.add(COMPLETE, 1, u64::from(entry.file.size_bytes));
        return update(connection, device, &Entry { stage: Stage::Complete, ..entry });
    }
    drop_chunks(connection, tallies, entry.id)?;
    let mismatches = entry.mismatches + 1;
    let stage = if mismatches < MISMATCHES_MAX { Stage::Receiving } else { Stage::Refused };
    tracing::warn!(%device, evidence = ?evidence, mismatches, "the SHA-256 of evidence does not hold");
    if stage == Stage::Refused {
        tallies.sub(ROOM, 1, entry.file.room_bytes());
    }
    update(connection, device, &Entry { stage, mismatches, first_lacking: 0, present: 0, ..entry })
}

/// Deletes the pieces of a file; the device still has it.
fn drop_chunks(connection: &Connection, tallies: &mut Tallies, id: i64) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT record FROM evidence_chunk WHERE file = ?1")?;
    let records: rusqlite::Result<Vec<i64>> = statement.query_map([id], |row| row.get(0))?.collect();
    for record in records? {
        rows::delete(connection, tallies, Class::Evidence, record)?;
    }
    connection.prepare_cached("DELETE FROM evidence_chunk WHERE file = ?1")?.execute([id])?;
    Ok(())
}

fn update(connection: &Connection, device: &DeviceId, entry: &Entry) -> rusqlite::Result<()> {
    let Entry { id, stage, mismatches, first_lacking, present, .. } = entry;
    connection
        .prepare_cached(
            "UPDATE evidence_file SET stage = ?2, mismatches = ?3, first_lacking = ?4, present = ?5, checksum = ?6
             WHERE id = ?1",
        )?
        .execute(params![id, *stage as u8, mismatches, first_lacking, present, checksum(device, entry)])?;
    Ok(())
}

/// The files in numbers.
pub(super) fn figures(tallies: &Tallies, bound: Bound) -> EvidenceFigures {
    let (room, complete) = (tallies.get(ROOM), tallies.get(COMPLETE));
    EvidenceFigures {
        waiting: tallies.get(WAITING).n,
        receiving: room.n.saturating_sub(complete.n),
        complete: complete.n,
        room_bytes: room.bytes,
        max_bytes: bound.max_bytes,
    }
}

fn find(connection: &Connection, device: &DeviceId, evidence: RecordRef) -> rusqlite::Result<Found> {
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
    let stage = match row.get::<_, u8>(4).ok()? {
        0 => Stage::Waiting,
        1 => Stage::Receiving,
        2 => Stage::Complete,
        3 => Stage::Refused,
        _ => return None,
    };
    let (mismatches, first_lacking, present) = (row.get(5).ok()?, row.get(6).ok()?, row.get(7).ok()?);
    let entry = Entry { id, file, stage, mismatches, first_lacking, present };
    (row.get::<_, u32>(8).ok()? == checksum(device, &entry)).then_some(entry)
}

/// Covers all that its device is told by.
fn checksum(device: &DeviceId, entry: &Entry) -> u32 {
    let Entry { file, stage, mismatches, first_lacking, present, .. } = entry;
    let File { evidence, size_bytes, chunk_bytes, sha256 } = file;
    let mut crc = crc32c::crc32c(device.as_str().as_bytes());
    let numbers = [evidence.boot, evidence.seq, *size_bytes, *chunk_bytes];
    for number in numbers.iter().chain(&[*stage as u32, *mismatches, *first_lacking, *present]) {
        crc = crc32c::crc32c_append(crc, &number.to_le_bytes());
    }
    crc32c::crc32c_append(crc, &sha256.0)
}
