//! Photos of before and after, and what they prove: that whoever found a thing has handled it.
//!
//! A photo and its incident come in any order, and either may name the other. Whichever comes last brings them together.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::disposal::{Photo, SelfDisposal, Shows, Taken, proven};
use crate::domain::report::{DeviceId, RecordRef, Sha256};

/// Photos that are remembered; the oldest leave first, and prove nothing any more.
const PHOTOS_MAX: i64 = 20_000;
/// Photos of one incident that are looked at, the first that came: every pair of them is.
const PHOTOS_OF_ONE_MAX: u32 = 32;

/// Remembers a photo. Returns the incident that it belongs to, as far as anybody has named it.
pub(super) fn note(
    connection: &Connection,
    device: &DeviceId,
    photo: &Photo,
) -> rusqlite::Result<Option<RecordRef>> {
    let Photo { evidence, incident, shows, taken, sha256 } = photo;
    connection
        .prepare_cached(
            "INSERT INTO photo (device, boot, seq, incident_boot, incident_seq, shows, taken_boot, taken_uptime, taken_at, sha256)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (device, boot, seq) DO UPDATE SET
             incident_boot = coalesce(incident_boot, excluded.incident_boot),
             incident_seq = coalesce(incident_seq, excluded.incident_seq),
             shows = excluded.shows, taken_boot = excluded.taken_boot, taken_uptime = excluded.taken_uptime,
             taken_at = excluded.taken_at, sha256 = excluded.sha256
             WHERE photo.shows IS NULL",
        )?
        .execute(params![
            device.as_str(),
            evidence.boot,
            evidence.seq,
            incident.map(|incident| incident.boot),
            incident.map(|incident| incident.seq),
            *shows as u8,
            taken.boot,
            taken.uptime_ms,
            taken.at_ms,
            sha256.0
        ])?;
    prune(connection)?;
    let sql = "SELECT incident_boot, incident_seq FROM photo WHERE device = ?1 AND boot = ?2 AND seq = ?3
               AND incident_boot IS NOT NULL";
    connection
        .prepare_cached(sql)?
        .query_row(params![device.as_str(), evidence.boot, evidence.seq], |row| {
            Ok(RecordRef { boot: row.get(0)?, seq: row.get(1)? })
        })
        .optional()
}

/// Remembers which photos an incident names.
pub(super) fn expect(
    connection: &Connection,
    device: &DeviceId,
    incident: RecordRef,
    photos: &[RecordRef],
) -> rusqlite::Result<()> {
    for photo in photos {
        connection
            .prepare_cached(
                "INSERT INTO photo (device, boot, seq, incident_boot, incident_seq) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (device, boot, seq) DO UPDATE SET
                 incident_boot = coalesce(incident_boot, excluded.incident_boot),
                 incident_seq = coalesce(incident_seq, excluded.incident_seq)",
            )?
            .execute(params![device.as_str(), photo.boot, photo.seq, incident.boot, incident.seq])?;
    }
    prune(connection)
}

/// What the photos of an incident prove: the first pair, in the order in which they came, that proves anything.
pub(super) fn disposal(
    connection: &Connection,
    device: &DeviceId,
    incident: RecordRef,
) -> rusqlite::Result<Option<SelfDisposal>> {
    let sql = "SELECT shows, taken_boot, taken_uptime, taken_at, sha256 FROM photo
               WHERE device = ?1 AND incident_boot = ?2 AND incident_seq = ?3 AND shows IS NOT NULL ORDER BY id LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let photos = statement
        .query_map(params![device.as_str(), incident.boot, incident.seq, PHOTOS_OF_ONE_MAX], |row| {
            Ok(photo(row))
        })?;
    let photos: Vec<_> = photos.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect();
    let showing = |shows: Shows| photos.iter().filter(move |(of, _)| *of == shows).map(|(_, photo)| *photo);
    let pairs =
        showing(Shows::Before).flat_map(|before| showing(Shows::After).map(move |after| (before, after)));
    Ok(pairs.filter_map(|(before, after)| proven(before, after)).next())
}

/// A row as a photo; `None` when a column does not fit.
fn photo(row: &Row<'_>) -> Option<(Shows, (Taken, Sha256))> {
    let shows = Shows::from_number(row.get(0).ok()?)?;
    let taken = Taken { boot: row.get(1).ok()?, uptime_ms: row.get(2).ok()?, at_ms: row.get(3).ok()? };
    Some((shows, (taken, Sha256(row.get(4).ok()?))))
}

fn prune(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "DELETE FROM photo WHERE id <= (SELECT max(id) FROM photo) - ?1";
    connection.prepare_cached(sql)?.execute([PHOTOS_MAX]).map(|_| ())
}
