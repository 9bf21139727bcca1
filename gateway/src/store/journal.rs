//! The journal: a row for each incident, written with it, for the time after its report is gone.
//!
//! - What an incident is linked to is found out here, in the order of commits: the finding that it bears witness to (by the
//!   firsts in memory, read back at start), and the photos that prove that it was handled.
//! - A row is dated later when its boot's clock was set, in the transaction of the frame that said so.
//! - The oldest rows leave when there are more than are to be kept. A row whose checksum does not hold is passed over, and told.

use rusqlite::{Connection, Row, params};

use super::photos;
use super::segment::{identity_from_parts, identity_parts};
use super::tally::Tallies;
use crate::domain::anchor::Anchor;
use crate::domain::case_file::CaseFile;
use crate::domain::casework::Addenda;
use crate::domain::clock_quality::TrustedTime;
use crate::domain::disposal::{DisposalProof, Photo, SelfDisposal};
use crate::domain::findings::{FINDINGS_MAX, Findings, Sight};
use crate::domain::journal::{Entry, Facts};
use crate::domain::report::{DeviceId, Identity, ObservedAt, RecordRef, TimeQuality};

/// What a row takes with its indexes, roughly.
pub(super) const ENTRY_BYTES: usize = 600;
/// Rows that are forgotten with one that comes, when fewer are to be kept than before.
const FORGOTTEN_AT_ONCE_MAX: u64 = 16;

/// Tally of the rows.
pub(super) const TALLY: &str = "journal";

/// What the journal keeps in memory.
#[derive(Debug)]
pub(super) struct Journal {
    findings: Findings,
    keep: u64,
}

/// A row as it stands in the table.
#[derive(Debug, Clone, PartialEq)]
struct JournalRow {
    device: String,
    identity: Identity,
    received_at_ms: i64,
    observed_at: Option<ObservedAt>,
    /// Of an incident whose device told only that.
    uptime_ms: Option<i64>,
    back_stamped: bool,
    self_disposed: bool,
    handled_at_ms: Option<i64>,
    witness_of: Option<String>,
    sight: Option<(i64, f64, f64)>,
    facts: String,
}

impl Journal {
    /// Reads back what duplicates are found by.
    pub(super) fn load(connection: &Connection, keep: u64) -> rusqlite::Result<Journal> {
        let sql = format!(
            "SELECT {COLUMNS} FROM journal WHERE witness_of IS NULL AND judged_at IS NOT NULL
             ORDER BY id DESC LIMIT {FINDINGS_MAX}"
        );
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| Ok(JournalRow::read(row)))?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect();
        let mut findings = Findings::default();
        for row in rows.iter().rev() {
            if let Some((sight, id)) = row.first_sight() {
                findings.begin(sight, id);
            }
        }
        Ok(Journal { findings, keep })
    }

    /// Writes an incident down. `anchor` is its boot's. Returns what is to stand on its report besides.
    pub(super) fn enter(
        &mut self,
        connection: &Connection,
        tallies: &mut Tallies,
        (device, identity): (&DeviceId, Identity),
        received_at_ms: i64,
        (file, anchor): (&CaseFile, Option<Anchor>),
    ) -> rusqlite::Result<Addenda> {
        let id = event_id(device, identity);
        let finding = file.sight.as_ref().and_then(|(sight, nearness)| self.findings.of(sight, *nearness));
        let disposal = match identity {
            Identity::Device { boot, seq } => {
                let incident = RecordRef { boot, seq };
                photos::expect(connection, device, incident, &file.photos)?;
                photos::disposal(connection, device, incident)?
            }
            Identity::Minted { .. } => None,
        };
        let mut row = JournalRow {
            device: device.as_str().to_owned(),
            identity,
            received_at_ms,
            observed_at: file.observed_at,
            uptime_ms: file.uptime_ms.filter(|_| file.observed_at.is_none()),
            back_stamped: false,
            self_disposed: disposal.is_some(),
            handled_at_ms: disposal.and_then(|disposal| disposal.handled_at_ms),
            witness_of: finding.as_ref().map(|witness| witness.first.as_ref().to_owned()),
            sight: file.sight.as_ref().map(|(sight, _)| (sight.time.unix_ms(), sight.at.0, sight.at.1)),
            facts: file.facts.to_json(),
        };
        row.date(anchor);
        if !row.insert(connection)? {
            // It was known, and forgotten by the window of its device: what it is linked to was said then.
            return Ok(Addenda::default());
        }
        tallies.add(TALLY, 1, 0);
        self.forget_oldest(connection, tallies)?;
        if let (None, Some((sight, _))) = (&finding, &file.sight) {
            self.findings.begin(sight.clone(), id);
        }
        if let Some(disposal) = disposal {
            let first = finding.as_ref().map(|witness| witness.first.as_ref());
            note_finding_handled(connection, first, disposal.handled_at_ms)?;
        }
        Ok(Addenda { finding, self_disposed: disposal.as_ref().map(DisposalProof::from) })
    }

    fn forget_oldest(&self, connection: &Connection, tallies: &mut Tallies) -> rusqlite::Result<()> {
        let beyond = tallies.get(TALLY).n.saturating_sub(self.keep).min(FORGOTTEN_AT_ONCE_MAX);
        if beyond > 0 {
            let sql = "DELETE FROM journal WHERE id IN (SELECT id FROM journal ORDER BY id LIMIT ?1)";
            tallies.sub(TALLY, connection.prepare_cached(sql)?.execute([beyond as i64])? as u64, 0);
        }
        Ok(())
    }

    /// After a group that failed: what it began is none.
    pub(super) fn reload(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        *self = Journal::load(connection, self.keep)?;
        Ok(())
    }
}

/// Remembers a photo of before or after; what it proves is noted in its incident's row.
pub(super) fn note_photo(connection: &Connection, device: &DeviceId, photo: &Photo) -> rusqlite::Result<()> {
    let Some(incident) = photos::note(connection, device, photo)? else { return Ok(()) };
    let Some(SelfDisposal { handled_at_ms, .. }) = photos::disposal(connection, device, incident)? else {
        return Ok(());
    };
    let RecordRef { boot, seq } = incident;
    let first = note_handled(connection, (device.as_str(), Identity::Device { boot, seq }), handled_at_ms)?;
    note_finding_handled(connection, first.as_deref(), handled_at_ms)
}

/// Notes that a finding was handled because one of its witnesses was; `first` is its first report, by event id.
fn note_finding_handled(
    connection: &Connection,
    first: Option<&str>,
    handled_at_ms: Option<i64>,
) -> rusqlite::Result<()> {
    match first.and_then(named) {
        Some(first) => note_handled(connection, first, handled_at_ms).map(|_| ()),
        None => Ok(()),
    }
}

/// Notes that an incident was handled by whoever found it. Returns the finding that it bears witness to.
fn note_handled(
    connection: &Connection,
    (device, identity): (&str, Identity),
    handled_at_ms: Option<i64>,
) -> rusqlite::Result<Option<String>> {
    let (origin, major, minor) = identity_parts(identity);
    let mut witness_of = None;
    let of_incident = "device = ?1 AND origin = ?2 AND major = ?3 AND minor = ?4";
    change(connection, of_incident, params![device, origin, major as i64, minor], |row| {
        witness_of = row.witness_of.clone();
        if !row.self_disposed {
            (row.self_disposed, row.handled_at_ms) = (true, handled_at_ms);
        }
    })?;
    Ok(witness_of)
}

/// Dates what a device reported in a boot before its clock was set, also when it was dated by a worse clock.
pub(super) fn back_stamp(
    connection: &Connection,
    device: &DeviceId,
    boot: u32,
    anchor: Anchor,
) -> rusqlite::Result<()> {
    let of_boot = "device = ?1 AND major = ?2 AND origin = 0 AND uptime IS NOT NULL";
    change(connection, of_boot, params![device.as_str(), boot], |row| row.date(Some(anchor)))
}

/// Changes the rows that `which` selects. One that is damaged stays as it is.
fn change(
    connection: &Connection,
    which: &str,
    parameters: &[&dyn rusqlite::ToSql],
    mut changed: impl FnMut(&mut JournalRow),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM journal WHERE {which}"))?;
    let rows = statement.query_map(parameters, |row| Ok((row.get::<_, i64>(0)?, JournalRow::read(row))))?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    for (id, row) in rows {
        let Some(mut row) = row else { continue };
        changed(&mut row);
        row.update(connection, id)?;
    }
    Ok(())
}

/// Up to `limit` entries with numbers above `after`, oldest first; fewer only at the end.
pub(super) fn after(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM journal WHERE id > ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([after])?;
    let mut entries = Vec::new();
    while entries.len() < limit as usize {
        let Some(row) = rows.next()? else { break };
        let number = row.get(0)?;
        match JournalRow::read(row).and_then(|row| row.into_entry(number)) {
            Some(entry) => entries.push(entry),
            None => tracing::warn!(number, "an entry of the journal is damaged and passed over"),
        }
    }
    Ok(entries)
}

/// The id under which the platform knows a report.
fn event_id(device: &DeviceId, identity: Identity) -> Box<str> {
    format!("{device}/{identity}").into()
}

/// The inverse of [`event_id`]: the device and which of its records.
fn named(id: &str) -> Option<(&str, Identity)> {
    let (device, rest) = id.split_once('/')?;
    let (major, minor) = rest.split_once('/')?;
    let identity = match major.strip_prefix('g') {
        Some(run) => {
            Identity::Minted { run: u64::from_str_radix(run, 16).ok()?, number: minor.parse().ok()? }
        }
        None => Identity::Device { boot: major.parse().ok()?, seq: minor.parse().ok()? },
    };
    Some((device, identity))
}

const COLUMNS: &str =
    "id, device, origin, major, minor, received_at, observed_at, time_quality, uptime, back_stamped,
    self_disposed, handled_at, witness_of, judged_at, lon, lat, facts, checksum";

impl JournalRow {
    /// Dates it by its boot's anchor, if it is one that can be dated.
    fn date(&mut self, anchor: Option<Anchor>) {
        let (Some(anchor), Some(uptime_ms)) = (anchor, self.uptime_ms) else { return };
        if let Some(unix_ms) = anchor.date(uptime_ms) {
            self.observed_at = Some(ObservedAt { unix_ms, quality: anchor.quality });
            self.back_stamped = true;
        }
    }

    /// A row in the order of [`COLUMNS`]; `None` when a column does not fit or the checksum does not hold.
    fn read(row: &Row<'_>) -> Option<JournalRow> {
        let (origin, major, minor): (u8, i64, u32) = (row.get(2).ok()?, row.get(3).ok()?, row.get(4).ok()?);
        let quality = row.get::<_, Option<u8>>(7).ok()?;
        let quality = quality.and_then(|rank| TimeQuality::ALL.get(usize::from(rank)).copied());
        let unix_ms: Option<i64> = row.get(6).ok()?;
        let sight: (Option<i64>, Option<f64>, Option<f64>) =
            (row.get(13).ok()?, row.get(14).ok()?, row.get(15).ok()?);
        let read = JournalRow {
            device: row.get(1).ok()?,
            identity: identity_from_parts(origin, major as u64, minor)?,
            received_at_ms: row.get(5).ok()?,
            observed_at: unix_ms.zip(quality).map(|(unix_ms, quality)| ObservedAt { unix_ms, quality }),
            uptime_ms: row.get(8).ok()?,
            back_stamped: row.get(9).ok()?,
            self_disposed: row.get(10).ok()?,
            handled_at_ms: row.get(11).ok()?,
            witness_of: row.get(12).ok()?,
            sight: match sight {
                (Some(at_ms), Some(lon), Some(lat)) => Some((at_ms, lon, lat)),
                _ => None,
            },
            facts: row.get(16).ok()?,
        };
        (row.get::<_, u32>(17).ok()? == read.checksum()).then_some(read)
    }

    /// Adds it; false when the incident has a row already.
    fn insert(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let (origin, major, minor) = identity_parts(self.identity);
        let (judged_at, lon, lat) = self.sight_columns();
        let added = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO journal (device, origin, major, minor, received_at, observed_at, time_quality, uptime,
                 back_stamped, self_disposed, handled_at, witness_of, judged_at, lon, lat, facts, checksum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            )?
            .execute(params![
                self.device,
                origin,
                major as i64,
                minor,
                self.received_at_ms,
                self.observed_at.map(|observed_at| observed_at.unix_ms),
                self.observed_at.map(|observed_at| observed_at.quality as u8),
                self.uptime_ms,
                self.back_stamped,
                self.self_disposed,
                self.handled_at_ms,
                self.witness_of,
                judged_at,
                lon,
                lat,
                self.facts,
                self.checksum()
            ])?;
        Ok(added == 1)
    }

    /// Writes what can change of it.
    fn update(&self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "UPDATE journal SET observed_at = ?2, time_quality = ?3, back_stamped = ?4, self_disposed = ?5,
                 handled_at = ?6, checksum = ?7 WHERE id = ?1",
            )?
            .execute(params![
                id,
                self.observed_at.map(|observed_at| observed_at.unix_ms),
                self.observed_at.map(|observed_at| observed_at.quality as u8),
                self.back_stamped,
                self.self_disposed,
                self.handled_at_ms,
                self.checksum()
            ])?;
        Ok(())
    }

    fn sight_columns(&self) -> (Option<i64>, Option<f64>, Option<f64>) {
        match self.sight {
            Some((at_ms, lon, lat)) => (Some(at_ms), Some(lon), Some(lat)),
            None => (None, None, None),
        }
    }

    /// What later reports of the same thing are recognised by, and its event id.
    fn first_sight(&self) -> Option<(Sight, Box<str>)> {
        let (at_ms, lon, lat) = self.sight?;
        let facts = Facts::from_json(&self.facts)?;
        let id = event_id(&DeviceId::parse(&self.device)?, self.identity);
        let stall_card = facts.stall.map(|stall| stall.card);
        let time = TrustedTime::vouched(at_ms);
        Some((Sight { kind: facts.kind, code: facts.code, stall_card, at: (lon, lat), time }, id))
    }

    fn into_entry(self, number: i64) -> Option<Entry> {
        Some(Entry {
            number,
            device: DeviceId::parse(&self.device)?,
            identity: self.identity,
            received_at_ms: self.received_at_ms,
            observed_at: self.observed_at,
            back_stamped: self.back_stamped,
            handled_at_ms: self.handled_at_ms,
            self_disposed: self.self_disposed,
            witness_of: self.witness_of.map(Into::into),
            facts: Facts::from_json(&self.facts)?,
        })
    }

    /// Covers all of it.
    fn checksum(&self) -> u32 {
        let (origin, major, minor) = identity_parts(self.identity);
        let (judged_at, lon, lat) = self.sight_columns();
        let observed_at = self.observed_at.map(|observed_at| observed_at.unix_ms);
        let quality = self.observed_at.map(|observed_at| i64::from(observed_at.quality as u8));
        let place = [lon, lat].map(|degrees| degrees.map(|degrees| degrees.to_bits() as i64));
        let numbers = [
            Some(i64::from(origin)),
            Some(major as i64),
            Some(i64::from(minor)),
            Some(self.received_at_ms),
            observed_at,
            quality,
            self.uptime_ms,
            Some(i64::from(self.back_stamped)),
            Some(i64::from(self.self_disposed)),
            self.handled_at_ms,
            judged_at,
            place[0],
            place[1],
        ];
        let mut crc = crc32c::crc32c(self.device.as_bytes());
        for number in numbers {
            crc = crc32c::crc32c_append(crc, &[u8::from(number.is_some())]);
            crc = crc32c::crc32c_append(crc, &number.unwrap_or(0).to_le_bytes());
        }
        crc = crc32c::crc32c_append(crc, self.witness_of.as_deref().unwrap_or_default().as_bytes());
        crc32c::crc32c_append(crc, self.facts.as_bytes())
    }
}
