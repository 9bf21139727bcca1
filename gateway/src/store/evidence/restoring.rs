//! Files that come back from a damaged database: they have the room that was promised to them, whatever others have taken since.

use rusqlite::Connection;

use super::entry::{self, Entry, Found, Stage, checksum, find, update};
use super::{COMPLETE, OPEN_FILES_MAX, ROOM, WAITING, drop_chunks};
use crate::domain::evidence::File;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::{Class, DeviceId, RecordRef, Sha256};
use crate::store::pages::Value;
use crate::store::tally::Tallies;

/// Files of a device that are in transfer, when one more that can't be finished is dropped: others must find a place.
const BROKEN_FILES_MAX: u32 = OPEN_FILES_MAX / 2;

/// A file as the row of a damaged database has it.
#[derive(Debug, Clone)]
pub(in crate::store) struct KeptFile {
    device: DeviceId,
    file: File,
    stage: Stage,
    mismatches: u32,
}

impl KeptFile {
    /// Reads a row of `evidence_file`; `None` when a column does not fit or the checksum does not hold.
    pub(in crate::store) fn read(values: &[Value<'_>]) -> Option<KeptFile> {
        let [_, device, boot, seq, size, chunk, sha256, stage, mismatches, first_lacking, present, sum] =
            values
        else {
            return None;
        };
        let number = |value: &Value<'_>| u32::try_from(value.integer()?).ok();
        let (evidence, sha256) =
            (RecordRef { boot: number(boot)?, seq: number(seq)? }, sha256.blob()?.try_into().ok()?);
        let (size_bytes, chunk_bytes) = (number(size)?, number(chunk).filter(|bytes| *bytes > 0)?);
        let entry = Entry {
            id: 0,
            file: File { evidence, size_bytes, chunk_bytes, sha256: Sha256(sha256) },
            stage: Stage::from_number(number(stage)?)?,
            mismatches: number(mismatches)?,
            first_lacking: number(first_lacking)?,
            present: number(present)?,
        };
        let device = DeviceId::parse(device.text()?)?;
        let Entry { file, stage, mismatches, .. } = entry;
        (number(sum)? == checksum(&device, &entry)).then_some(KeptFile { device, file, stage, mismatches })
    }

    /// True when its device was told that it is complete, and has it no more.
    pub(in crate::store) fn was_complete(&self) -> bool {
        self.stage == Stage::Complete
    }
}

/// Takes a file back, before its pieces. False when it is known already.
pub(in crate::store) fn restore(
    connection: &Connection,
    tallies: &mut Tallies,
    kept: &KeptFile,
) -> rusqlite::Result<bool> {
    let KeptFile { device, file, stage, mismatches } = kept;
    let stage = if *stage == Stage::Complete { Stage::Receiving } else { *stage };
    let entry = match find(connection, device, file.evidence)? {
        Found::Entry(entry) if entry.file == *file && entry.stage == Stage::Waiting => {
            tallies.sub(WAITING, 1, 0);
            entry
        }
        Found::Entry(_) | Found::Damaged(_) => return Ok(false),
        Found::Nothing => entry::insert(connection, device, file)?,
    };
    match stage {
        Stage::Waiting => tallies.add(WAITING, 1, 0),
        Stage::Receiving => tallies.add(ROOM, 1, file.room_bytes()),
        Stage::Complete | Stage::Refused => {}
    }
    update(connection, device, &Entry { stage, mismatches: *mismatches, ..entry })?;
    Ok(true)
}

/// A file that was complete is complete again when all its pieces are back.
pub(in crate::store) fn complete_restored(
    connection: &Connection,
    tallies: &mut Tallies,
    kept: &KeptFile,
) -> rusqlite::Result<bool> {
    let KeptFile { device, file, .. } = kept;
    match receiving(connection, kept)? {
        Some(entry) if entry.present >= file.chunks() => {
            tallies.add(COMPLETE, 1, u64::from(file.size_bytes));
            update(connection, device, &Entry { stage: Stage::Complete, ..entry })?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A file that was complete and is not any more stays for what can be seen of it, as one does whose device has lost it. Such
/// files never end, so only some of a device may: beyond [`BROKEN_FILES_MAX`] one is dropped, and its pieces are lost.
pub(in crate::store) fn bound_broken(
    connection: &Connection,
    tallies: &mut Tallies,
    kept: &KeptFile,
    noted_at_ms: i64,
) -> rusqlite::Result<Option<Loss>> {
    let KeptFile { device, file, .. } = kept;
    let Some(entry) = receiving(connection, kept)? else { return Ok(None) };
    if entry::count_open(connection, device)? <= BROKEN_FILES_MAX {
        return Ok(None);
    }
    drop_chunks(connection, tallies, entry.id)?;
    connection.prepare_cached("DELETE FROM evidence_file WHERE id = ?1")?.execute([entry.id])?;
    tallies.sub(ROOM, 1, file.room_bytes());
    let name = Some(file.evidence.into());
    let loss = Loss::of(device, name, Some(Class::Evidence), LossReason::Damaged, noted_at_ms);
    Ok((entry.present > 0).then_some(Loss { count: entry.present.into(), ..loss }))
}

fn receiving(connection: &Connection, kept: &KeptFile) -> rusqlite::Result<Option<Entry>> {
    let KeptFile { device, file, .. } = kept;
    Ok(match find(connection, device, file.evidence)? {
        Found::Entry(entry) if entry.file == *file && entry.stage == Stage::Receiving => Some(entry),
        _ => None,
    })
}
