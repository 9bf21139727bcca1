//! A database read page by page: its tables, row by row, and what its tallies say.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::rows::{self, Content, Proof};
use super::tables::Table;
use crate::store::pages::survey::{Found, last_row, reachable, survey};
use crate::store::pages::{Pages, Row, columns};
use crate::store::tally::{self, Tally};

/// Where a row stands: grows along a table, and is the same whenever the same file is read.
pub(in crate::store) type Place = i64;

/// Cells of a page are counted in so many bits of a place.
const CELL_BITS: u32 = 12;

/// A database that is read page by page.
#[derive(Debug)]
pub(in crate::store) struct RawDatabase {
    pages: Pages,
    found: Vec<Found>,
    tallies: BTreeMap<String, Tally>,
}

impl RawDatabase {
    /// Looks where everything is in the database in this folder.
    ///
    /// # Errors
    /// There is none, or it can't be read at all.
    pub(in crate::store) fn open(folder: &Path) -> io::Result<RawDatabase> {
        let pages = Pages::open(folder)?;
        let is_row_of =
            |table: usize, row: &Row| rows::read(Table::ALL[table], row, Proof::Anywhere).is_some();
        let found = survey(&pages, &Table::ALL.map(Table::wanted), is_row_of);
        let mut raw = RawDatabase { pages, found, tallies: BTreeMap::new() };
        let mut tallies = BTreeMap::new();
        for (_, content) in raw.rows(Table::Tallies) {
            if let Some(Content::Tally(name, tally)) = content {
                tallies.insert(name, tally);
            }
        }
        raw.tallies = tallies;
        Ok(raw)
    }

    fn found(&self, table: Table) -> Option<&Found> {
        let at = Table::ALL.iter().position(|each| *each == table)?;
        self.found.get(at)
    }

    /// Rows of a table that were found, damaged ones included.
    pub(in crate::store) fn row_count(&self, table: Table) -> u64 {
        self.found(table).map_or(0, |found| found.rows)
    }

    /// True when part of the table's tree is hidden.
    pub(in crate::store) fn is_broken(&self, table: Table) -> bool {
        self.found(table).is_none_or(|found| found.is_broken)
    }

    /// Every row of a table that was found, in order; `None` for a damaged one. On a page that does not hold together nobody
    /// knows how many there were: those that can be read come, and one damaged one stands for the others.
    pub(in crate::store) fn rows(&self, table: Table) -> impl Iterator<Item = (Place, Option<Content>)> + '_ {
        let pages = self.found(table).map_or([].as_slice(), |found| &found.pages);
        (0i64..).zip(pages).flat_map(move |(at, number)| {
            let page = self.pages.read(*number);
            let cells = page.as_ref().map_or(0, |page| page.cell_count());
            let holds_together = page.as_ref().is_some_and(|page| page.holds_together());
            let rows = (0..cells).map(move |cell| {
                let row = page.as_ref().and_then(|page| page.row(&self.pages, cell));
                let content = row.and_then(|row| rows::read(table, &row, Proof::InItsTable));
                ((at << CELL_BITS) | (cell as i64 + 1), content)
            });
            let readable = rows.filter(move |(_, content)| holds_together || content.is_some());
            readable.chain((!holds_together).then_some(((at + 1) << CELL_BITS, None)))
        })
    }

    /// A tally, as far as it can be read. No tally is written before there is something to count: without a row it is zero,
    /// unless rows are hidden.
    pub(in crate::store) fn tally(&self, name: &str) -> Option<Tally> {
        let known = self.tallies.get(name).copied();
        known.or_else(|| (!self.is_broken(Table::Tallies)).then(Tally::default))
    }
}

/// Number of the last commit that the database in this folder surely has without its log, and with it at most; `None` when the
/// former can't be told. The tallies have a checksum, but not every commit writes them; the last segments have none. What is left of
/// a log may go back to before there were tallies at all: then that is commit 0.
pub(in crate::store) fn last_commits(folder: &Path) -> Option<(u64, u64)> {
    let without_log = tallied_commit(&Pages::open_with(folder, false).ok()?)?;
    let pages = Pages::open(folder).ok()?;
    let segments = Table::ALL.into_iter().filter(|table| matches!(table, Table::Segments(_)));
    let commit = |row: Row| u64::try_from(columns(&row.payload.bytes)?.get(1)?.integer()?).ok();
    let in_segments = segments.filter_map(|table| last_row(&pages, table.name()).and_then(commit)).max();
    let with_log = tallied_commit(&pages).unwrap_or(0).max(in_segments.unwrap_or(0));
    Some((without_log, with_log))
}

fn tallied_commit(pages: &Pages) -> Option<u64> {
    let numbers = reachable(pages, Table::Tallies.wanted())?;
    let pages_of_it = numbers.into_iter().filter_map(|number| pages.read(number));
    pages_of_it
        .flat_map(|page| (0..page.cell_count()).filter_map(|cell| page.row(pages, cell)).collect::<Vec<_>>())
        .find_map(|row| match rows::read(Table::Tallies, &row, Proof::Anywhere) {
            Some(Content::Tally(name, tally)) if name == tally::COMMIT => Some(tally.n),
            _ => None,
        })
}
