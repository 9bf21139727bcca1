//! Reading the backlog of a class without consuming it, from a cursor on: what an export is made of.
//!
//! - A page is small, so that the writer is held up no longer than by any other request; the asker's thread decodes it.
//! - Segments are handed out whole, but for what is released in them, so a cursor stands between rows.
//! - A cursor outlives the process that gave it. Row numbers do not quite: a table that was emptied is numbered from the
//!   start again after a restart. So a cursor says which commit wrote the row before it, and one behind which
//!   younger rows stand begins anew; so does one of another store. Something may be read twice then, and nothing is
//!   passed over.
//! - What is damaged at rest is passed over and counted, block by block in a segment; it stays where it is, for whoever salvages
//!   it.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::handle::{Request, Stopped, Store};
use super::record::StoredRecord;
use super::rows;
use super::segment;
use super::settlement::{Limit, Pending, RecordKey};
use super::tables::Tables;
use super::windows::{meta, set_meta};
use crate::domain::report::Class;

/// Where a scan of a class goes on; the default is its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The row to go on with, if it is there, or else the next one.
    pub row: i64,
    /// Number of the commit that wrote the last row before it that was read; 0 when none was.
    pub commit_seq: u64,
    /// The store that it is a place in; 0 at the beginning.
    pub store: u64,
}

/// Some records of a class that wait, in their order.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The records, with the anchors of those that came without a time. May be none before the end.
    pub records: Vec<Pending>,
    /// Records that stood between them and can't be read, because they are damaged at rest.
    pub unreadable: u64,
    /// Where the next page begins.
    pub next: Cursor,
    /// There was no row any more.
    pub is_end: bool,
    /// The last row of the class as the page was read; a scan that began before it was written need not wait for more.
    pub last_row: i64,
}

/// Where a store keeps what it is told apart by.
const STORE_KEY: &str = "store";

/// Gives a store that has none yet what it is told apart by.
pub(super) fn name_store(connection: &Connection, chance: &mut fastrand::Rng) -> rusqlite::Result<()> {
    match meta(connection, STORE_KEY)? {
        0 => set_meta(connection, STORE_KEY, chance.u64(1..)),
        _ => Ok(()),
    }
}

/// A page as the writer reads it.
#[derive(Debug)]
pub(super) struct RawPage {
    pieces: Vec<RawPiece>,
    next: Cursor,
    last_row: i64,
}

#[derive(Debug)]
enum RawPiece {
    Record(Box<Pending>),
    DamagedRow,
    Segment { id: i64, n: u64, blob: Bytes, released: Vec<u64> },
}

impl Store {
    /// Records of a class that wait, oldest first, from a cursor on; they go on waiting. A page has at least one row and may
    /// exceed the limit by it.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn scan(&self, class: Class, from: Cursor, limit: Limit) -> Result<Page, Stopped> {
        let raw = self.ask(|answer| Request::Scan { class, from, limit, answer }).await?;
        let RawPage { pieces, next, last_row } = raw;
        let mut page = Page { next, is_end: pieces.is_empty(), last_row, ..Page::default() };
        for piece in pieces {
            match piece {
                RawPiece::Record(record) => page.records.push(*record),
                RawPiece::DamagedRow => page.unreadable += 1,
                RawPiece::Segment { id, n, blob, released } => {
                    let records = readable(class, &blob);
                    page.unreadable += n.saturating_sub(records.len() as u64);
                    page.records.extend(open(id, records, &released));
                }
            }
        }
        self.anchor(&mut page.records).await?;
        Ok(page)
    }
}

/// The records of a segment with their places in it; of a damaged one those that are undamaged.
fn readable(class: Class, blob: &Bytes) -> Vec<(u32, StoredRecord)> {
    match segment::decode(class, blob) {
        Ok(records) => (0..).zip(records).collect(),
        Err(_) => segment::salvage(class, blob).records,
    }
}

/// Those of them that are not released.
fn open(segment: i64, records: Vec<(u32, StoredRecord)>, released: &[u64]) -> impl Iterator<Item = Pending> {
    let is_released =
        |index: u32| released.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1);
    let open = records.into_iter().filter(move |(index, _)| !is_released(*index));
    open.map(move |(index, record)| Pending { key: RecordKey::Slot { segment, index }, record, anchor: None })
}

/// Reads a page.
pub(super) fn read(
    connection: &Connection,
    tables: &mut Tables,
    class: Class,
    from: Cursor,
    limit: Limit,
) -> rusqlite::Result<RawPage> {
    let store = meta(connection, STORE_KEY)?;
    let from = if from.store == store { from } else { Cursor { store, ..Cursor::default() } };
    let segments = tables.segment(class);
    let table = if segments.is_some() { format!("segment_{class}") } else { format!("record_{class}") };
    let last_row = last_row(connection, &table)?;
    let from = Cursor { row: first_row(connection, &table, from)?, ..from };
    let mut page = RawPage { pieces: Vec::new(), next: from, last_row };
    match segments {
        Some((segments, _)) => {
            read_segments(connection, &table, limit, &mut page, |id, n| segments.released(id, n))?
        }
        None => read_rows(connection, &table, class, limit, &mut page)?,
    }
    Ok(page)
}

fn last_row(connection: &Connection, table: &str) -> rusqlite::Result<i64> {
    let sql = format!("SELECT coalesce(max(id), 0) FROM {table}");
    connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))
}

/// The row of a cursor; the first one when a row before it is younger than what the cursor has passed.
fn first_row(connection: &Connection, table: &str, from: Cursor) -> rusqlite::Result<i64> {
    let sql = format!("SELECT commit_seq FROM {table} WHERE id < ?1 ORDER BY id DESC LIMIT 1");
    let before =
        connection.prepare_cached(&sql)?.query_row([from.row], |row| row.get::<_, i64>(0)).optional()?;
    let is_renumbered = before.is_some_and(|commit_seq| commit_seq as u64 > from.commit_seq);
    Ok(if is_renumbered { 0 } else { from.row })
}

fn read_segments(
    connection: &Connection,
    table: &str,
    limit: Limit,
    page: &mut RawPage,
    released: impl Fn(i64, u64) -> Vec<u64>,
) -> rusqlite::Result<()> {
    let sql =
        format!("SELECT id, commit_seq, n, bytes, blob FROM {table} WHERE id >= ?1 ORDER BY id LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![page.next.row, limit.records])?;
    let (mut records, mut bytes) = (0, 0);
    while records < u64::from(limit.records) && bytes < limit.bytes {
        let Some(row) = rows.next()? else { break };
        let (id, n) = (row.get(0)?, row.get::<_, i64>(2)? as u64);
        records += n;
        bytes += row.get::<_, i64>(3)? as u64;
        let blob = row.get::<_, Vec<u8>>(4)?.into();
        page.pieces.push(RawPiece::Segment { id, n, blob, released: released(id, n) });
        (page.next.row, page.next.commit_seq) = (id + 1, row.get::<_, i64>(1)? as u64);
    }
    Ok(())
}

fn read_rows(
    connection: &Connection,
    table: &str,
    class: Class,
    limit: Limit,
    page: &mut RawPage,
) -> rusqlite::Result<()> {
    let columns = rows::COLUMNS;
    let sql = format!("SELECT {columns}, commit_seq FROM {table} WHERE id >= ?1 ORDER BY id LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let commit_seq_at = statement.column_count() - 1;
    let mut rows = statement.query(params![page.next.row, limit.records])?;
    let mut bytes = 0;
    while bytes < limit.bytes {
        let Some(row) = rows.next()? else { break };
        let id: i64 = row.get(0)?;
        page.pieces.push(match rows::record(class, row) {
            Some(record) => {
                bytes += record.payload.len() as u64;
                RawPiece::Record(Box::new(Pending { key: RecordKey::Row(id), record, anchor: None }))
            }
            None => RawPiece::DamagedRow,
        });
        (page.next.row, page.next.commit_seq) = (id + 1, row.get::<_, i64>(commit_seq_at)? as u64);
    }
    Ok(())
}
