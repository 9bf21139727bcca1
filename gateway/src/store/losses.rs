//! The table of losses: what adds up in one row, until the row is handed out to be told to the platform.
//!
//! A row that was handed out never changes again, whether or not its report arrived: (source, uid) keeps its content. Rows
//! of an earlier start are closed as well.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::tally::Tallies;
use crate::domain::loss::{Loss, LossKey, LossReason, Stream};
use crate::domain::report::{Class, DeviceId};

/// Rows that wait to be told at most; beyond, losses of a class and reason add up without their names.
pub(super) const UNREPORTED_MAX: u64 = 10_000;
/// Rows kept after they were told; the oldest leave first.
const REPORTED_KEPT: u64 = 10_000;
/// Losses that are carried to the next transaction because theirs failed, by key.
const CARRIED_MAX: usize = 256;

/// Tally of the rows that were told, and of those that were not.
pub(super) const REPORTED: &str = "loss_reported";
pub(super) const UNREPORTED: &str = "loss_unreported";

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossRow {
    /// Its number in the table; grows.
    pub id: i64,
    /// Its name for the platform: chance, the same for ever.
    pub uid: u64,
    /// What was lost.
    pub loss: Loss,
    /// When the platform had it, in milliseconds since 1970.
    pub reported_at_ms: Option<i64>,
}

/// What was lost in this group and before it, as far as it still adds up.
#[derive(Debug)]
pub(super) struct LossBook {
    /// Rows that still take losses of their key.
    open: HashMap<LossKey, OpenRow>,
    /// This group's losses.
    noted: HashMap<LossKey, Loss>,
    /// Losses whose transaction failed although what they tell has happened.
    carried: HashMap<LossKey, Loss>,
    /// What this group wrote; it replaces `open` when the group is committed.
    written: Vec<OpenRow>,
    chance: fastrand::Rng,
}

#[derive(Debug, Clone)]
struct OpenRow {
    id: i64,
    uid: u64,
    loss: Loss,
}

impl LossBook {
    pub(super) fn new(chance: fastrand::Rng) -> LossBook {
        LossBook {
            open: HashMap::new(),
            noted: HashMap::new(),
            carried: HashMap::new(),
            written: Vec::new(),
            chance,
        }
    }

    /// Takes over what is still to be written from the book of a database that was replaced.
    pub(super) fn go_on_from(&mut self, before: &mut LossBook) {
        self.carried = std::mem::take(&mut before.carried);
    }

    /// Notes a loss that this group's transaction brings about.
    pub(super) fn note(&mut self, loss: Loss) {
        add(&mut self.noted, loss);
    }

    /// Notes a loss that has happened whether or not this group's transaction holds.
    pub(super) fn carry(&mut self, loss: Loss) {
        let is_known = self.carried.contains_key(&loss.key);
        let has_room = is_known || self.carried.len() < CARRIED_MAX;
        add(&mut self.carried, if has_room { loss } else { loss.without_names() });
    }

    /// Writes what was noted.
    pub(super) fn write(&mut self, connection: &Connection, tallies: &mut Tallies) -> rusqlite::Result<()> {
        let mut due = self.noted.clone();
        self.carried.values().for_each(|loss| add(&mut due, loss.clone()));
        for loss in due.into_values() {
            tallies.add(lost(loss.key.reason), loss.count, 0);
            let is_known = self.open.contains_key(&loss.key);
            let has_no_place = !is_known && is_crowded(tallies);
            self.put(connection, tallies, if has_no_place { loss.without_names() } else { loss })?;
        }
        Ok(())
    }

    fn put(&mut self, connection: &Connection, tallies: &mut Tallies, loss: Loss) -> rusqlite::Result<()> {
        let written = self.written.iter().rposition(|row| row.loss.key == loss.key);
        let known =
            written.map(|at| self.written.swap_remove(at)).or_else(|| self.open.get(&loss.key).cloned());
        let row = match known {
            Some(mut row) => {
                row.loss.add(&loss);
                update(connection, &row)?;
                row
            }
            None => {
                tallies.add(UNREPORTED, 1, 0);
                insert(connection, self.chance.u64(..), loss)?
            }
        };
        self.written.push(row);
        Ok(())
    }

    /// The group is committed.
    pub(super) fn committed(&mut self) {
        self.open.extend(self.written.drain(..).map(|row| (row.loss.key.clone(), row)));
        self.noted.clear();
        self.carried.clear();
    }

    /// The group failed: what it did not do is not lost.
    pub(super) fn undo(&mut self) {
        self.noted.clear();
        self.written.clear();
    }

    /// The oldest rows that the platform was not told; they are closed.
    pub(super) fn hand_out(&mut self, connection: &Connection, limit: u32) -> rusqlite::Result<Vec<LossRow>> {
        let sql = format!("SELECT {COLUMNS} FROM loss WHERE reported_at IS NULL ORDER BY id LIMIT ?1");
        let rows = query(connection, &sql, [i64::from(limit)])?;
        for row in &rows {
            self.open.retain(|_, open| open.id != row.id);
        }
        Ok(rows)
    }
}

/// True when losses add up without their names.
pub(super) fn is_crowded(tallies: &Tallies) -> bool {
    tallies.get(UNREPORTED).n >= UNREPORTED_MAX
}

fn add(to: &mut HashMap<LossKey, Loss>, loss: Loss) {
    match to.get_mut(&loss.key) {
        Some(sum) => sum.add(&loss),
        None => _ = to.insert(loss.key.clone(), loss),
    }
}

/// Tally of what was ever lost for this reason.
pub(super) const fn lost(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Thinned => "lost_thinned",
        LossReason::Evicted => "lost_evicted",
        LossReason::NoRoom => "lost_no_room",
        LossReason::Withheld => "lost_withheld",
        LossReason::NotUnderstood => "lost_not_understood",
        LossReason::Damaged => "lost_damaged",
        LossReason::LogDamaged => "lost_log_damaged",
    }
}

const COLUMNS: &str = "id, uid, device, origin, major, first_minor, last_minor, class, reason, n, first_noted_at, \
                       last_noted_at, reported_at, checksum";

fn insert(connection: &Connection, uid: u64, loss: Loss) -> rusqlite::Result<OpenRow> {
    let (origin, major) = columns(loss.key.stream);
    connection
        .prepare_cached(
            "INSERT INTO loss (uid, device, origin, major, first_minor, last_minor, class, reason, n, first_noted_at,
             last_noted_at, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            uid as i64,
            loss.key.device.as_ref().map(DeviceId::as_str),
            origin,
            major,
            loss.first,
            loss.last,
            loss.key.class.map(Class::as_str),
            loss.key.reason.as_str(),
            loss.count as i64,
            loss.first_noted_at_ms,
            loss.last_noted_at_ms,
            checksum(uid, &loss),
        ])?;
    Ok(OpenRow { id: connection.last_insert_rowid(), uid, loss })
}

fn update(connection: &Connection, row: &OpenRow) -> rusqlite::Result<()> {
    let OpenRow { id, uid, loss } = row;
    connection
        .prepare_cached(
            "UPDATE loss SET first_minor = ?2, last_minor = ?3, n = ?4, last_noted_at = ?5, checksum = ?6 WHERE id = ?1",
        )?
        .execute(params![
            id,
            loss.first,
            loss.last,
            loss.count as i64,
            loss.last_noted_at_ms,
            checksum(*uid, loss)
        ])?;
    Ok(())
}

/// Takes a row back from a damaged database, with its name for the platform and told or not told as it was.
pub(super) fn restore(connection: &Connection, tallies: &mut Tallies, row: &LossRow) -> rusqlite::Result<()> {
    let LossRow { uid, loss, reported_at_ms, .. } = row;
    let OpenRow { id, .. } = insert(connection, *uid, loss.clone())?;
    tallies.add(lost(loss.key.reason), loss.count, 0);
    tallies.add(if reported_at_ms.is_some() { REPORTED } else { UNREPORTED }, 1, 0);
    let sql = "UPDATE loss SET reported_at = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, reported_at_ms])?;
    Ok(())
}

/// Rows with numbers above `after`, oldest first.
pub(super) fn after(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<LossRow>> {
    let sql = format!("SELECT {COLUMNS} FROM loss WHERE id > ?1 ORDER BY id LIMIT ?2");
    query(connection, &sql, [after, i64::from(limit)])
}

fn query(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Vec<LossRow>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows: rusqlite::Result<Vec<_>> = statement.query_map(params, |row| Ok(read(row)))?.collect();
    let (all, mut good) = (rows?, Vec::new());
    for row in all {
        match row {
            Some(row) => good.push(row),
            None => tracing::error!("a loss record is damaged at rest; it can't be told to the platform"),
        }
    }
    Ok(good)
}

/// A row as it was written; `None` when a column does not fit or the checksum does not hold.
fn read(row: &Row<'_>) -> Option<LossRow> {
    let device = match row.get::<_, Option<String>>(2).ok()? {
        Some(name) => Some(DeviceId::parse(&name)?),
        None => None,
    };
    let class = match row.get::<_, Option<String>>(7).ok()? {
        Some(name) => Some(Class::from_name(&name)?),
        None => None,
    };
    let major = row.get::<_, i64>(4).ok()?;
    let stream = match row.get::<_, Option<u8>>(3).ok()? {
        None => Stream::Unknown,
        Some(0) => Stream::Boot(u32::try_from(major).ok()?),
        Some(_) => Stream::Run(major as u64),
    };
    let reason = LossReason::from_name(&row.get::<_, String>(8).ok()?)?;
    let loss = Loss {
        key: LossKey { device, stream, class, reason },
        first: row.get(5).ok()?,
        last: row.get(6).ok()?,
        count: row.get::<_, i64>(9).ok()? as u64,
        first_noted_at_ms: row.get(10).ok()?,
        last_noted_at_ms: row.get(11).ok()?,
    };
    let (id, uid) = (row.get(0).ok()?, row.get::<_, i64>(1).ok()? as u64);
    let holds = row.get::<_, u32>(13).ok()? == checksum(uid, &loss);
    holds.then_some(LossRow { id, uid, loss, reported_at_ms: row.get(12).ok()? })
}

/// The platform has these rows; the oldest beyond those that are kept leave.
pub(super) fn reported(
    connection: &Connection,
    tallies: &mut Tallies,
    ids: &[i64],
    at_ms: i64,
) -> rusqlite::Result<()> {
    for id in ids {
        let sql = "UPDATE loss SET reported_at = ?2 WHERE id = ?1 AND reported_at IS NULL";
        let changed = connection.prepare_cached(sql)?.execute(params![id, at_ms])? as u64;
        tallies.sub(UNREPORTED, changed, 0);
        tallies.add(REPORTED, changed, 0);
    }
    let surplus = tallies.get(REPORTED).n.saturating_sub(REPORTED_KEPT);
    if surplus > 0 {
        let sql = "DELETE FROM loss WHERE id IN
                   (SELECT id FROM loss WHERE reported_at IS NOT NULL ORDER BY id LIMIT ?1)";
        let gone = connection.prepare_cached(sql)?.execute([surplus as i64])? as u64;
        tallies.sub(REPORTED, gone, 0);
    }
    Ok(())
}

/// A stream as the columns origin and major; SQLite's integers are signed.
fn columns(stream: Stream) -> (Option<u8>, i64) {
    match stream {
        Stream::Unknown => (None, 0),
        Stream::Boot(boot) => (Some(0), i64::from(boot)),
        Stream::Run(run) => (Some(1), run as i64),
    }
}

/// Covers all that the platform is told.
pub(super) fn checksum(uid: u64, loss: &Loss) -> u32 {
    let LossKey { device, stream, class, reason } = &loss.key;
    let (origin, major) = columns(*stream);
    let mut crc = crc32c::crc32c(&uid.to_le_bytes());
    for text in [device.as_ref().map(DeviceId::as_str), class.map(Class::as_str), Some(reason.as_str())] {
        crc = crc32c::crc32c_append(crc, text.unwrap_or("-").as_bytes());
    }
    for number in [
        origin.map_or(-1, i64::from),
        major,
        i64::from(loss.first),
        i64::from(loss.last),
        loss.count as i64,
        loss.first_noted_at_ms,
        loss.last_noted_at_ms,
    ] {
        crc = crc32c::crc32c_append(crc, &number.to_le_bytes());
    }
    crc
}
