//! What platforms refused for good: kept, until a person has it sent again or lets it go.
//!
//! A dead letter is one uplink's. Sent again, it waits for that uplink alone, as the same record: its platform may have been
//! mended, and others have it. One of an uplink that need not have everything goes to all again, and is kept until it is discarded:
//! nobody waits for that uplink.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::handle::{Request, SettleError, Stopped, Store};
use super::record::StoredRecord;
use super::rows::{self, Refused, checksums};
use crate::domain::report::{Class, DeviceId};
use crate::domain::uplinks::UplinkNo;

/// Dead letters that are handed out or ordered about at once, at most.
pub const PAGE_MAX: u32 = 500;

/// What makes a dead letter, in the order in which [`letter`] reads it.
const COLUMNS: &str =
    "id, device, origin, major, minor, received_at, payload, casework, gateway, checksum, class, uplink,
                       reason, refused_at";

/// A record that a platform refused for good.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Its number.
    pub id: i64,
    /// The uplink whose platform refused it; empty when it was refused before uplinks had names.
    pub uplink: String,
    /// Why, in the platform's words.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub refused_at_ms: i64,
    /// The record.
    pub record: StoredRecord,
}

/// What a person wants done with dead letters, by their numbers; those that are not there are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// They wait for their uplinks again.
    Retry(Vec<i64>),
    /// They are deleted.
    Discard(Vec<i64>),
}

impl Store {
    /// Up to `limit` dead letters with numbers above `after`, oldest first. Damaged ones are passed over.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>, Stopped> {
        self.ask(|answer| Request::DeadLetters { after, limit: limit.min(PAGE_MAX), answer }).await
    }

    /// Does as a person wants; returns when it is committed.
    ///
    /// # Errors
    /// [`SettleError`]: nothing was changed.
    pub async fn order_dead_letters(&self, order: Order) -> Result<(), SettleError> {
        Ok(self.ask(|answer| Request::OrderDeadLetters { order, answer }).await??)
    }
}

/// Reads a page.
pub(super) fn after(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<DeadLetter>> {
    let sql = format!("SELECT {COLUMNS} FROM dead_letter WHERE id > ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([after])?;
    let mut letters = Vec::new();
    while letters.len() < limit as usize {
        let Some(row) = rows.next()? else { break };
        match letter(row) {
            Some(letter) => letters.push(letter),
            None => tracing::error!(id = row.get::<_, i64>(0)?, "a dead letter is damaged at rest"),
        }
    }
    Ok(letters)
}

/// A row as a dead letter; `None` when a column does not fit or the checksum does not hold.
fn letter(row: &Row<'_>) -> Option<DeadLetter> {
    let record = StoredRecord {
        device: DeviceId::parse(&row.get::<_, String>(1).ok()?)?,
        identity: rows::identity_of(row, 2)?,
        class: Class::from_name(&row.get::<_, String>(10).ok()?)?,
        received_at_ms: row.get(5).ok()?,
        payload: row.get::<_, Vec<u8>>(6).ok()?.into(),
        casework: row.get(7).ok()?,
        gateway: row.get::<_, Option<String>>(8).ok()?.map(Into::into),
    };
    let (uplink, reason, at_ms): (String, String, i64) =
        (row.get(11).ok()?, row.get(12).ok()?, row.get(13).ok()?);
    let holds = match row.get::<_, Option<u32>>(9).ok()? {
        Some(sum) => {
            sum == checksums::dead_letter(&record, &Refused { uplink: &uplink, reason: &reason, at_ms })
        }
        None => true, // from before there were checksums
    };
    holds.then_some(DeadLetter { id: row.get(0).ok()?, uplink, reason, refused_at_ms: at_ms, record })
}

impl Database {
    /// Does as a person wants.
    pub(super) fn write_dead_letter_order(&mut self, order: &Order) -> rusqlite::Result<()> {
        let (ids, is_retry) = match order {
            Order::Retry(ids) => (ids, true),
            Order::Discard(ids) => (ids, false),
        };
        for id in ids.iter().take(PAGE_MAX as usize) {
            let sql = format!("SELECT {COLUMNS} FROM dead_letter WHERE id = ?1");
            let found =
                self.connection.prepare_cached(&sql)?.query_row([id], |row| Ok(letter(row))).optional()?;
            if is_retry {
                let Some(Some(letter)) = found else { continue };
                self.send_again(&letter)?;
                if !self.is_waited_for(&letter.uplink) {
                    continue; // it may be gone before that uplink has it: the letter stays until somebody discards it
                }
            }
            let sql = "DELETE FROM dead_letter WHERE id = ?1 RETURNING length(payload)";
            let bytes: Option<i64> =
                self.connection.prepare_cached(sql)?.query_row(params![id], |row| row.get(0)).optional()?;
            if let Some(bytes) = bytes {
                self.tables.tallies.sub("dead_letter", 1, bytes as u64);
            }
        }
        Ok(())
    }

    /// Whether records wait for an uplink before they are deleted; one that has left, or had no name yet, stands for all.
    fn is_waited_for(&self, uplink: &str) -> bool {
        self.options.uplinks().iter().find(|plan| *plan.name == *uplink).is_none_or(|plan| plan.required)
    }

    /// Puts the record back, for its uplink alone if there is one of its name.
    fn send_again(&mut self, letter: &DeadLetter) -> rusqlite::Result<()> {
        let DeadLetter { record, uplink, .. } = letter;
        let uplink = self.options.uplinks().iter().position(|plan| *plan.name == **uplink);
        let uplink = uplink.and_then(UplinkNo::new);
        let (connection, commit_seq) = (&self.connection, self.tables.commit_seq);
        if let Some((table, _)) = self.tables.segment(record.class) {
            table.push(connection, commit_seq, record)?;
            table.flush(connection, commit_seq)?;
            let (id, figures) = (table.newest(), (1, record.payload.len() as u64));
            uplink.into_iter().for_each(|uplink| table.progress().reserve(uplink, id, figures));
            return Ok(());
        }
        let id = self.tables.insert_row(connection, record)?;
        if let (Some((progress, _)), Some(uplink)) = (self.tables.row_progress_mut(record.class), uplink) {
            progress.reserve(uplink, id, (1, record.payload.len() as u64));
        }
        Ok(())
    }
}
