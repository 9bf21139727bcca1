//! The tables that have a row per record: pending incidents, tasks and evidence, and what became of records.

pub(super) mod checksums;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::damage;
use super::handle::DownMessage;
use super::numbers;
use super::outbox::RawHead;
use super::record::StoredRecord;
use super::segment::{identity_from_parts, identity_parts};
use super::settlement::{Limit, Pending, RecordKey, Stretch};
use super::tally::Tallies;
use crate::domain::report::{Class, DeviceId, Identity};

/// Messages that wait for one device at most; beyond, the oldest is dropped.
pub(super) const DOWN_PER_DEVICE_MAX: u32 = 1000;
/// Payload bytes that the quarantine holds at most.
const QUARANTINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The table where a row class's pending records live.
pub(super) fn table(class: Class) -> &'static str {
    match class {
        Class::Incident => "record_incident",
        Class::Task => "record_task",
        _ => "record_evidence",
    }
}

/// Covers all that makes the record, so that a damaged row is never taken for somebody's report.
pub(super) fn checksum(record: &StoredRecord) -> u32 {
    let (origin, major, minor) = identity_parts(record.identity);
    let mut crc = crc32c::crc32c(record.device.as_str().as_bytes());
    crc = crc32c::crc32c_append(crc, &[origin]);
    crc = crc32c::crc32c_append(crc, &major.to_le_bytes());
    crc = crc32c::crc32c_append(crc, &minor.to_le_bytes());
    crc = crc32c::crc32c_append(crc, &record.received_at_ms.to_le_bytes());
    crc = crc32c::crc32c_append(crc, &record.payload);
    crc = crc32c::crc32c_append(crc, record.casework.as_deref().unwrap_or_default().as_bytes());
    crc32c::crc32c_append(crc, record.gateway.as_deref().unwrap_or_default().as_bytes())
}

/// An identity as the columns origin, major and minor; SQLite's integers are signed.
pub(super) fn columns(identity: Identity) -> (u8, i64, u32) {
    let (origin, major, minor) = identity_parts(identity);
    (origin, major as i64, minor)
}

/// The inverse of [`columns`], with origin at column `at`; `None` when they are no identity.
pub(super) fn identity_of(row: &Row<'_>, at: usize) -> Option<Identity> {
    let major = row.get::<_, i64>(at + 1).ok()?;
    identity_from_parts(row.get(at).ok()?, major as u64, row.get(at + 2).ok()?)
}

/// Adds a pending record as row `id`.
pub(super) fn insert(
    connection: &Connection,
    tallies: &mut Tallies,
    commit_seq: u64,
    id: i64,
    record: &StoredRecord,
) -> rusqlite::Result<()> {
    let table = table(record.class);
    let (origin, major, minor) = columns(record.identity);
    let (device, casework) = (record.device.as_str(), record.casework.as_deref());
    let sql = format!(
        "INSERT INTO {table} (id, commit_seq, device, origin, major, minor, received_at, payload, casework, gateway,
         checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    );
    connection.prepare_cached(&sql)?.execute(params![
        id,
        commit_seq as i64,
        device,
        origin,
        major,
        minor,
        record.received_at_ms,
        &record.payload[..],
        casework,
        record.gateway.as_deref(),
        checksum(record)
    ])?;
    tallies.add(table, 1, record.payload.len() as u64);
    Ok(())
}

/// What makes a record, in the order in which [`record`] reads it.
pub(super) const COLUMNS: &str =
    "id, device, origin, major, minor, received_at, payload, casework, gateway, checksum";

/// Pending records of a stretch of a class, oldest first, but those that are to be passed over; of incidents the urgent ones first.
pub(super) fn read(
    connection: &Connection,
    from: (Class, Stretch),
    limit: Limit,
    skip: impl Fn(i64) -> bool,
) -> rusqlite::Result<Vec<RawHead>> {
    let mut head = Head { pieces: Vec::new(), bytes: 0, limit };
    if from.0 == Class::Incident {
        head.read(connection, from, "id IN (SELECT id FROM urgent_incident)", &skip)?;
        head.read(connection, from, "id NOT IN (SELECT id FROM urgent_incident)", &skip)?;
    } else {
        head.read(connection, from, "true", &skip)?;
    }
    Ok(head.pieces)
}

/// The head of a class as far as it was read.
struct Head {
    pieces: Vec<RawHead>,
    bytes: u64,
    limit: Limit,
}

impl Head {
    /// Reads the oldest records that `which` selects, as far as the limit lets.
    fn read(
        &mut self,
        connection: &Connection,
        (class, stretch): (Class, Stretch),
        which: &str,
        skip: impl Fn(i64) -> bool,
    ) -> rusqlite::Result<()> {
        let table = table(class);
        let sql = format!("SELECT {COLUMNS} FROM {table} WHERE id > ?1 AND id <= ?2 AND {which} ORDER BY id");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([stretch.after, stretch.up_to])?;
        let mut last_id = 0;
        while self.bytes < self.limit.bytes && self.pieces.len() < self.limit.records as usize {
            let Some(row) = rows.next()? else { break };
            let id = row.get(0)?;
            if id <= last_id || !numbers::fits(id, class) {
                return Err(damage::found("a row is not where it belongs"));
            }
            last_id = id;
            if skip(id) {
                continue;
            }
            self.pieces.push(match record(class, row) {
                Some(record) => {
                    self.bytes += record.payload.len() as u64;
                    RawHead::Record(Box::new(Pending { key: RecordKey::Row(id), record, anchor: None }))
                }
                None => RawHead::DamagedRow(id),
            });
        }
        Ok(())
    }
}

/// A row as a record; `None` when a column does not fit or the checksum does not hold.
pub(super) fn record(class: Class, row: &Row<'_>) -> Option<StoredRecord> {
    let record = StoredRecord {
        device: DeviceId::parse(&row.get::<_, String>(1).ok()?)?,
        identity: identity_of(row, 2)?,
        class,
        received_at_ms: row.get(5).ok()?,
        payload: Bytes::from(row.get::<_, Vec<u8>>(6).ok()?),
        casework: row.get(7).ok()?,
        gateway: row.get::<_, Option<String>>(8).ok()?.map(Into::into),
    };
    (row.get::<_, u32>(9).ok()? == checksum(&record)).then_some(record)
}

/// When the oldest pending record of a class was received.
pub(super) fn oldest_received_at_ms(connection: &Connection, class: Class) -> rusqlite::Result<Option<i64>> {
    let sql = format!("SELECT received_at FROM {} ORDER BY id LIMIT 1", table(class));
    connection.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()
}

/// The highest row ever seen in a class's table, 0 when it is empty.
pub(super) fn last_id(connection: &Connection, class: Class) -> rusqlite::Result<i64> {
    let sql = format!("SELECT coalesce(max(id), 0) FROM {}", table(class));
    connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))
}

/// The lowest row of a class, if there is one.
pub(super) fn first_id(connection: &Connection, class: Class) -> rusqlite::Result<Option<i64>> {
    let sql = format!("SELECT id FROM {} ORDER BY id LIMIT 1", table(class));
    connection.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()
}

/// All rows of a class.
pub(super) fn ids(connection: &Connection, class: Class) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare(&format!("SELECT id FROM {}", table(class)))?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Payload bytes of a pending record; `None` when it is not there.
pub(super) fn payload_bytes(connection: &Connection, class: Class, id: i64) -> rusqlite::Result<Option<u64>> {
    let sql = format!("SELECT length(payload) FROM {} WHERE id = ?1", table(class));
    let bytes = connection.prepare_cached(&sql)?.query_row([id], |row| row.get::<_, i64>(0)).optional()?;
    Ok(bytes.map(|bytes| bytes as u64))
}

/// Number of the last commit that wrote a pending record of this class, 0 when there is none.
pub(super) fn last_commit_seq(connection: &Connection, class: Class) -> rusqlite::Result<u64> {
    let sql = format!("SELECT commit_seq FROM {} ORDER BY id DESC LIMIT 1", table(class));
    let last = connection.prepare_cached(&sql)?.query_row([], |row| row.get::<_, i64>(0)).optional()?;
    Ok(last.unwrap_or(0) as u64)
}

/// Calls `each` with device, boot and seq of records of commits after `commit_seq`.
pub(super) fn newer_than(
    connection: &Connection,
    class: Class,
    commit_seq: u64,
    mut each: impl FnMut(&str, Identity),
) -> rusqlite::Result<()> {
    let sql =
        format!("SELECT commit_seq, device, origin, major, minor FROM {} ORDER BY id DESC", table(class));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(0)? as u64 <= commit_seq {
            break;
        }
        let device = row.get::<_, String>(1)?;
        if let Some(identity) = identity_of(row, 2) {
            each(&device, identity);
        }
    }
    Ok(())
}

/// Deletes a pending record. False when it was not there (its settlement is already stored).
pub(super) fn delete(
    connection: &Connection,
    tallies: &mut Tallies,
    class: Class,
    id: i64,
) -> rusqlite::Result<bool> {
    let table = table(class);
    let sql = format!("DELETE FROM {table} WHERE id = ?1 RETURNING length(payload)");
    let bytes = connection.prepare_cached(&sql)?.query_row([id], |row| row.get::<_, i64>(0)).optional()?;
    if let Some(bytes) = bytes {
        tallies.sub(table, 1, bytes as u64);
        if class == Class::Incident {
            connection.prepare_cached("DELETE FROM urgent_incident WHERE id = ?1")?.execute([id])?;
        }
    }
    Ok(bytes.is_some())
}

/// For a record that was not found: what stands first in the table and can't be found under its number is damage.
pub(super) fn check_absent(connection: &Connection, class: Class, id: i64) -> rusqlite::Result<()> {
    let sql = format!("SELECT id FROM {} ORDER BY id LIMIT 1", table(class));
    let first = connection.prepare_cached(&sql)?.query_row([], |row| row.get::<_, i64>(0)).optional()?;
    if first == Some(id) { Err(damage::found("a row can't be found that is there")) } else { Ok(()) }
}

/// Takes a damaged record out and returns what is left of its payload; `None` when it was not there.
pub(super) fn take_payload(
    connection: &Connection,
    tallies: &mut Tallies,
    class: Class,
    id: i64,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = format!("SELECT CAST(payload AS BLOB) FROM {} WHERE id = ?1", table(class));
    let payload =
        connection.prepare_cached(&sql)?.query_row([id], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    delete(connection, tallies, class, id)?;
    Ok(payload)
}

/// Keeps a case that the platform accepted; forgets the oldest beyond `keep`.
pub(super) fn accept(
    connection: &Connection,
    tallies: &mut Tallies,
    record: &StoredRecord,
    (uplink, case_number): (&str, Option<&str>),
    accepted_at_ms: i64,
    keep: u64,
) -> rusqlite::Result<()> {
    let (origin, major, minor) = columns(record.identity);
    connection
        .prepare_cached(
            "INSERT INTO accepted_case
             (device, origin, major, minor, received_at, accepted_at, case_number, casework, gateway, checksum, uplink)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            record.device.as_str(),
            origin,
            major,
            minor,
            record.received_at_ms,
            accepted_at_ms,
            case_number,
            record.casework,
            record.gateway.as_deref(),
            checksums::case(record, (uplink, case_number), accepted_at_ms),
            uplink
        ])?;
    tallies.add("accepted_case", 1, 0);
    if tallies.get("accepted_case").n > keep {
        let sql = "DELETE FROM accepted_case WHERE id = (SELECT min(id) FROM accepted_case)";
        tallies.sub("accepted_case", connection.prepare_cached(sql)?.execute([])? as u64, 0);
    }
    Ok(())
}

/// When the newest of the cases that are kept was accepted.
pub(super) fn newest_accepted_at_ms(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT accepted_at FROM accepted_case ORDER BY id DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()
}

/// A refusal for good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused<'a> {
    /// The uplink whose platform refused.
    pub(super) uplink: &'a str,
    pub(super) reason: &'a str,
    pub(super) at_ms: i64,
}

/// Keeps a record that the platform refused for good. A record is kept once for an uplink, however often it was refused.
pub(super) fn bury(
    connection: &Connection,
    tallies: &mut Tallies,
    record: &StoredRecord,
    refused: &Refused<'_>,
) -> rusqlite::Result<()> {
    let (origin, major, minor) = columns(record.identity);
    let Refused { uplink, reason, at_ms } = *refused;
    let added = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO dead_letter
             (class, device, origin, major, minor, received_at, refused_at, reason, payload, casework, gateway, checksum,
              uplink)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            record.class.as_str(),
            record.device.as_str(),
            origin,
            major,
            minor,
            record.received_at_ms,
            at_ms,
            reason,
            &record.payload[..],
            record.casework,
            record.gateway.as_deref(),
            checksums::dead_letter(record, refused),
            uplink
        ])?;
    if added == 1 {
        tallies.add("dead_letter", 1, record.payload.len() as u64);
    }
    Ok(())
}

/// A payload that was not understood, on its way into the quarantine.
pub(super) struct Suspect<'a> {
    pub(super) device: &'a str,
    pub(super) topic: &'a str,
    pub(super) reason: &'a str,
    pub(super) detail: &'a str,
    pub(super) received_at_ms: i64,
    pub(super) payload: &'a [u8],
}

/// Keeps a suspect; drops the oldest ones beyond `keep` rows or the quarantine's bytes. Returns how many it dropped.
pub(super) fn quarantine(
    connection: &Connection,
    tallies: &mut Tallies,
    suspect: &Suspect<'_>,
    keep: u64,
) -> rusqlite::Result<u64> {
    let Suspect { device, topic, reason, detail, received_at_ms, payload } = *suspect;
    connection
        .prepare_cached(
            "INSERT INTO quarantine (device, topic, reason, detail, received_at, payload, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            device,
            topic,
            reason,
            detail,
            received_at_ms,
            payload,
            checksums::suspect(suspect)
        ])?;
    tallies.add("quarantine", 1, (payload.len() + topic.len() + detail.len()) as u64);
    let mut dropped = 0;
    loop {
        let held = tallies.get("quarantine");
        if held.n <= keep && held.bytes <= QUARANTINE_BYTES_MAX {
            return Ok(dropped);
        }
        let sql = "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine)
                   RETURNING length(payload) + length(CAST(topic AS BLOB)) + length(CAST(detail AS BLOB))";
        let bytes = connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)).optional()?;
        let Some(bytes) = bytes else { return Ok(dropped) };
        tallies.sub("quarantine", 1, bytes as u64);
        dropped += 1;
    }
}

/// Stores a message for a device; drops the device's oldest beyond [`DOWN_PER_DEVICE_MAX`]. Returns how many it dropped.
pub(super) fn send_down(
    connection: &Connection,
    tallies: &mut Tallies,
    device: &DeviceId,
    topic: &str,
    created_at_ms: i64,
    payload: &[u8],
) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "INSERT INTO down (device, topic, created_at, payload, checksum) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            device.as_str(),
            topic,
            created_at_ms,
            payload,
            checksums::down(device, topic, created_at_ms, payload)
        ])?;
    tallies.add("down", 1, 0);
    let dropped = connection
        .prepare_cached(
            "DELETE FROM down WHERE device = ?1 AND id <=
             (SELECT id FROM down WHERE device = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![device.as_str(), DOWN_PER_DEVICE_MAX])? as u64;
    tallies.sub("down", dropped, 0);
    Ok(dropped)
}

/// Messages for a device with numbers above `after`, oldest first. One that is damaged is not for anybody: it is passed over.
pub(super) fn down_after(
    connection: &Connection,
    device: &DeviceId,
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<DownMessage>> {
    let sql = "SELECT id, topic, payload, created_at, checksum FROM down
               WHERE device = ?1 AND id > ?2 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![device.as_str(), after])?;
    let mut messages = Vec::new();
    while messages.len() < limit as usize {
        let Some(row) = rows.next()? else { break };
        let (id, topic, payload): (i64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let checksum = checksums::down(device, &topic, row.get(3)?, &payload);
        if row.get::<_, Option<u32>>(4)?.is_none_or(|stored| stored == checksum) {
            messages.push(DownMessage { id, topic, payload: payload.into() });
        } else {
            tracing::error!(%device, id, "a message for the device is damaged at rest");
        }
    }
    Ok(messages)
}

/// Deletes a message that its device has acknowledged.
pub(super) fn down_done(
    connection: &Connection,
    tallies: &mut Tallies,
    device: &DeviceId,
    id: i64,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM down WHERE id = ?1 AND device = ?2";
    let deleted = connection.prepare_cached(sql)?.execute(params![id, device.as_str()])?;
    tallies.sub("down", deleted as u64, 0);
    Ok(())
}
