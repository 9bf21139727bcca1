//! The files in numbers.

use rusqlite::Connection;

use super::{Bound, COMPLETE, ROOM, WAITING};
use crate::domain::evidence;
use crate::store::snapshot::EvidenceFigures;
use crate::store::tally::{Tallies, Tally};

/// Counts the files anew: nobody can say what a row that is damaged counted for.
pub(super) fn recount(connection: &Connection, tallies: &mut Tallies) -> rusqlite::Result<()> {
    for name in [ROOM, COMPLETE, WAITING] {
        let Tally { n, bytes } = tallies.get(name);
        tallies.sub(name, n, bytes);
    }
    let mut statement = connection.prepare("SELECT stage, size, chunk_bytes FROM evidence_file")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (stage, size_bytes, chunk_bytes): (u8, u32, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let room_bytes = evidence::room_bytes(size_bytes, chunk_bytes.max(1));
        match stage {
            0 => tallies.add(WAITING, 1, 0),
            1 | 2 => tallies.add(ROOM, 1, room_bytes),
            _ => {}
        }
        if stage == 2 {
            tallies.add(COMPLETE, 1, u64::from(size_bytes));
        }
    }
    Ok(())
}

/// The files in numbers.
pub(in crate::store) fn figures(tallies: &Tallies, bound: Bound) -> EvidenceFigures {
    let (room, complete) = (tallies.get(ROOM), tallies.get(COMPLETE));
    EvidenceFigures {
        waiting: tallies.get(WAITING).n,
        receiving: room.n.saturating_sub(complete.n),
        complete: complete.n,
        room_bytes: room.bytes,
        max_bytes: bound.max_bytes,
    }
}
