//! How far a file is, its bytes, and what becomes of it when they are checked.

use rusqlite::{Connection, params};

use super::entry::{Entry, Found, Stage, find, update};
use super::{Bound, COMPLETE, ROOM, drop_chunks};
use crate::domain::evidence::{Answer, CHUNKS_MAX, File, MISMATCHES_MAX, WINDOW_CHUNKS};
use crate::domain::report::{DeviceId, RecordRef};
use crate::store::custody::Standing;
use crate::store::tally::Tallies;

/// Bytes of a file that are read at once to be checked, and pieces.
const READ_BYTES: u32 = 256 * 1024;
const READ_CHUNKS: u32 = 512;

/// How a file stands. `has_room` says whether the store would take another piece.
pub(in crate::store) fn standing(
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
pub(in crate::store) fn read(
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
pub(in crate::store) struct Verdict {
    pub(in crate::store) device: DeviceId,
    pub(in crate::store) evidence: RecordRef,
    /// Which file was looked at, and after how many mismatches; a verdict on anything else is void.
    pub(in crate::store) id: i64,
    pub(in crate::store) mismatches: u32,
    pub(in crate::store) holds: bool,
}

/// Makes a verdict hold: the file is complete, or starts over, or is refused when that was once too often.
pub(in crate::store) fn settle(
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
