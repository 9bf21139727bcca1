//! Room that is really there: when the disk runs short, the reserves of the classes and the room for settlements are taken in the
//! database itself, as rows of zeros, before somebody else's files take it.
//!
//! To everybody else these rows count as free: the quota does not see them. When the database needs pages and the disk has
//! none, rows are deleted, which costs no room. While the disk has plenty there are none: they would be written for nothing.

use rusqlite::Connection;

use super::schema::PAGE_BYTES;

/// Bytes of a row, and the pages that it takes with its part of the tree.
const ROW_BYTES: u64 = 256 * 1024;
const ROW_PAGES: u64 = ROW_BYTES / PAGE_BYTES + 2;
/// The disk runs short when it has less free than the room that is to be kept and this.
const SHORT_BYTES: u64 = 1 << 30;

/// The rows of kept room.
#[derive(Debug)]
pub(super) struct KeptRoom {
    rows: u64,
    /// Pages that are to be kept when the disk runs short.
    wanted_pages: u64,
}

impl KeptRoom {
    /// Counts the rows; there are some thousands at most.
    pub(super) fn load(connection: &Connection, wanted_pages: u64) -> rusqlite::Result<KeptRoom> {
        let sql = "SELECT count(*) FROM kept_room";
        let rows = connection.query_row(sql, [], |row| row.get::<_, i64>(0))?;
        Ok(KeptRoom { rows: rows as u64, wanted_pages })
    }

    /// Pages that are kept.
    pub(super) fn pages(&self) -> u64 {
        self.rows * ROW_PAGES
    }

    /// True when another row should and can be taken: the disk runs short and is not full yet. `free_pages` is what the disk has,
    /// `unused_pages` what is free in the database.
    pub(super) fn is_growth_due(&self, free_pages: u64, unused_pages: u64) -> bool {
        let runs_short = free_pages < self.wanted_pages + SHORT_BYTES / PAGE_BYTES;
        let lacks = self.pages() + unused_pages + ROW_PAGES <= self.wanted_pages;
        // Pages that are free in the database are there already: the row must come from the disk.
        runs_short && lacks && free_pages > ROW_PAGES
    }

    /// Takes another row, in the transaction that is open.
    pub(super) fn grow(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO kept_room (zeros) VALUES (zeroblob(?1))";
        connection.prepare_cached(sql)?.execute([ROW_BYTES as i64])?;
        self.rows += 1;
        Ok(())
    }

    /// Gives up at least `pages`, as far as there are any, in the transaction that is open.
    pub(super) fn give_up(&mut self, connection: &Connection, pages: u64) -> rusqlite::Result<()> {
        let rows = pages.div_ceil(ROW_PAGES).min(self.rows);
        if rows > 0 {
            let sql =
                "DELETE FROM kept_room WHERE id IN (SELECT id FROM kept_room ORDER BY id DESC LIMIT ?1)";
            let gone = connection.prepare_cached(sql)?.execute([rows as i64])? as u64;
            self.rows = self.rows.saturating_sub(gone);
        }
        Ok(())
    }
}
