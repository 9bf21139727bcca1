//! Photos and clips in the database: which files are known, which of their pieces are there, how far each is.
//!
//! - What is there follows from what was committed: a piece's place is written in the transaction of its record, so a file
//!   goes on where it stood after any end of either side.
//! - Evidence has a bound of its own ([`Bound`]). Room for a whole file is promised when its pieces are first asked for;
//!   without it the file waits, and its pieces are not taken.
//! - A piece is in nobody's custody until its file is complete: the device keeps the file until then, and sends what is
//!   asked for again. So a piece that is not wanted is acknowledged, dropped and counted; withholding its acknowledgement
//!   would hold up the device's incidents behind it.

mod entry;
mod figures;
mod restoring;
mod transfer;

use rusqlite::{Connection, params};

use self::entry::{Entry, Found, Stage, find, update};
use super::rows;
use super::submission::ChunkPlace;
use super::tally::Tallies;
use crate::domain::evidence::{CHUNKS_MAX, File};
use crate::domain::report::{Class, DeviceId};

pub(super) use self::figures::figures;
pub(super) use self::restoring::{KeptFile, bound_broken, complete_restored, restore};
pub(super) use self::transfer::{Verdict, read, settle, standing};

/// Files of one device whose pieces are taken at the same time; a further one waits.
const OPEN_FILES_MAX: u32 = 8;
/// Tally of the files that have room, with the room they have; of those that are complete, with their bytes; of those
/// that wait.
pub(super) const ROOM: &str = "evidence_room";
pub(super) const COMPLETE: &str = "evidence_complete";
pub(super) const WAITING: &str = "evidence_waiting";

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
            figures::recount(connection, tallies)?;
            begin(connection, tallies, device, file)?
        }
        Found::Nothing => begin(connection, tallies, device, file)?,
    };
    let has_room = tallies.get(ROOM).bytes + file.room_bytes() <= bound.max_bytes;
    if has_room && entry::count_open(connection, device)? < OPEN_FILES_MAX && file.chunks() <= CHUNKS_MAX {
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
    tallies.add(WAITING, 1, 0);
    entry::insert(connection, device, file)
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
