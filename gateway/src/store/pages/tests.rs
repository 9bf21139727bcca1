//! Against SQLite itself: what it wrote is read back as it is, and damage costs only what is on the damaged pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::survey::{Wanted, survey};
use super::{Pages, Row, columns};
use crate::store::damage::folders::DATABASE;

const WANTED: [Wanted; 2] =
    [Wanted { name: "rows", has_row_numbers: true }, Wanted { name: "pairs", has_row_numbers: false }];

/// A row of either table: its number or name, and its bytes. The bytes' checksum stands beside them.
type Model = (BTreeMap<i64, Vec<u8>>, BTreeMap<String, Vec<u8>>);

/// Rows of many sizes in a tree of several levels, some of them deleted, the last ones only in the log.
fn database(dir: &Path, seed: u64, rows: usize) -> (Connection, Model) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    let schema = "PRAGMA page_size=4096; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;
                  PRAGMA wal_autocheckpoint=50; PRAGMA synchronous=OFF;
                  CREATE TABLE rows (id INTEGER PRIMARY KEY, crc INTEGER, bytes BLOB);
                  CREATE TABLE pairs (name TEXT PRIMARY KEY, crc INTEGER, bytes BLOB) WITHOUT ROWID;";
    connection.execute_batch(schema).unwrap();
    let mut model = Model::default();
    for id in 1..=rows as i64 {
        if id % 7 == 1 {
            connection.execute_batch(if id == 1 { "BEGIN" } else { "COMMIT; BEGIN" }).unwrap();
        }
        let size = if chance.u8(..) < 8 { chance.usize(..20_000) } else { chance.usize(..900) };
        let bytes: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(size).collect();
        let (crc, name) = (crc32c::crc32c(&bytes), format!("name-{}", chance.u32(..)));
        let row = params![id, crc, bytes];
        connection.execute("INSERT INTO rows VALUES (?1, ?2, ?3)", row).unwrap();
        connection
            .execute("INSERT OR REPLACE INTO pairs VALUES (?1, ?2, ?3)", params![name, crc, bytes])
            .unwrap();
        model.0.insert(id, bytes.clone());
        model.1.insert(name, bytes);
        if chance.u8(..) < 60 {
            let id = chance.i64(1..=id);
            connection.execute("DELETE FROM rows WHERE id = ?1", [id]).unwrap();
            model.0.remove(&id);
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    (connection, model)
}

fn pair(row: &Row) -> Option<(String, Vec<u8>)> {
    let values = columns(&row.payload.bytes).filter(|_| row.payload.is_whole)?;
    let [name, crc, bytes] = values.as_slice() else { return None };
    let bytes = bytes.blob()?.to_vec();
    let holds = crc.integer()? == i64::from(crc32c::crc32c(&bytes));
    holds.then_some((name.text().unwrap_or_default().to_owned(), bytes))
}

fn is_row_of(table: usize, row: &Row) -> bool {
    pair(row).is_some_and(|(name, _)| name.is_empty() == (table == 0))
}

fn read(dir: &Path) -> (Model, bool) {
    let pages = Pages::open(dir).unwrap();
    let found = survey(&pages, &WANTED, is_row_of);
    let mut model = Model::default();
    for (table, found) in found.iter().enumerate() {
        let mut last_id = i64::MIN;
        for page in found.pages.iter().filter_map(|number| pages.read(*number)) {
            for row in (0..page.cell_count()).filter_map(|index| page.row(&pages, index)) {
                let Some((name, bytes)) = pair(&row).filter(|_| is_row_of(table, &row)) else { continue };
                if table == 0 {
                    assert!(row.id >= last_id || found.is_broken, "in their order");
                    last_id = row.id;
                    model.0.insert(row.id, bytes);
                } else {
                    model.1.insert(name, bytes);
                }
            }
        }
    }
    (model, found.iter().any(|found| found.is_broken))
}

/// The page after each one on which a row's bytes go on, so that damage to it is known to hurt the row.
fn pages_of_rows(dir: &Path) -> BTreeMap<i64, Vec<u32>> {
    let pages = Pages::open(dir).unwrap();
    let found = survey(&pages, &WANTED, is_row_of);
    let mut places = BTreeMap::new();
    for number in &found[0].pages {
        let page = pages.read(*number).unwrap();
        for index in 0..page.cell_count() {
            let row = page.row(&pages, index).unwrap();
            let mut on = vec![*number];
            on.extend(page.overflow_of(&pages, index));
            places.insert(row.id, on);
        }
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_sqlite_wrote_is_read_back_from_file_and_log(seed: u64, rows in 1usize..1200) {
        let dir = TempDir::new().unwrap();
        let (connection, model) = database(dir.path(), seed, rows);
        prop_assert!(read(dir.path()) == (model, false), "seed {}", seed);
        drop(connection);
    }

    #[test]
    fn a_damaged_page_costs_only_the_rows_on_it(seed: u64, rows in 200usize..1200, hits in 1usize..8) {
        let dir = TempDir::new().unwrap();
        let (connection, model) = database(dir.path(), seed, rows);
        drop(connection);
        let places = pages_of_rows(dir.path());
        let path = dir.path().join(DATABASE);
        let mut bytes = fs::read(&path).unwrap();
        let mut chance = fastrand::Rng::with_seed(seed);
        let pages = bytes.len() / 4096;
        let hit: Vec<usize> = (0..hits).map(|_| chance.usize(..pages)).collect();
        for page in &hit {
            bytes[page * 4096..(page + 1) * 4096].fill_with(|| chance.u8(..));
        }
        fs::write(&path, bytes).unwrap();
        let (found, _) = read(dir.path());
        for (id, row) in &found.0 {
            prop_assert!(model.0.get(id) == Some(row), "seed {}: row {} was never written", seed, id);
        }
        for (id, on) in &places {
            let is_hurt = on.iter().any(|page| hit.contains(&(*page as usize - 1)));
            prop_assert!(is_hurt || found.0.contains_key(id), "seed {}: row {} on {:?}, hit {:?}", seed, id, on, hit);
        }
        for (name, row) in &found.1 {
            prop_assert!(model.1.get(name) == Some(row), "seed {}: {} was never written", seed, name);
        }
    }

    #[test]
    fn hostile_files_are_read_to_an_end(seed: u64, flips in 1usize..400, cut in 0usize..4096) {
        let dir = TempDir::new().unwrap();
        let (connection, _) = database(dir.path(), seed, 150);
        drop(connection);
        let path = dir.path().join(DATABASE);
        let mut bytes = fs::read(&path).unwrap();
        let mut chance = fastrand::Rng::with_seed(seed);
        for _ in 0..flips {
            // The heads of pages are what leads somewhere.
            let at = chance.usize(..bytes.len() / 4096) * 4096 + chance.usize(..60);
            bytes[at] = chance.u8(..);
        }
        bytes.truncate(bytes.len() - cut);
        fs::write(&path, bytes).unwrap();
        read(dir.path());
    }
}

#[test]
fn a_log_that_is_cut_or_flipped_gives_what_was_committed_before_as_sqlite_does() {
    let mut chance = fastrand::Rng::with_seed(7);
    for round in 0..20 {
        let dir = TempDir::new().unwrap();
        let (connection, _) = database(dir.path(), 40 + round, 60);
        let other = TempDir::new().unwrap();
        for name in ["patrol.db", "patrol.db-wal"] {
            fs::copy(dir.path().join(name), other.path().join(name)).unwrap();
        }
        drop(connection);
        let log = other.path().join("patrol.db-wal");
        let mut bytes = fs::read(&log).unwrap();
        let at = chance.usize(..bytes.len());
        match round % 2 {
            0 => bytes.truncate(at),
            _ => bytes[at] ^= 1 << chance.u8(..8),
        }
        fs::write(&log, bytes).unwrap();
        let (ours, is_broken) = read(other.path());
        let connection = Connection::open(other.path().join(DATABASE)).unwrap();
        let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).unwrap();
        if sound != "ok" {
            continue; // a log older than its database: SQLite reads no more than we do
        }
        let mut statement = connection.prepare("SELECT id, bytes FROM rows").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let theirs: BTreeMap<i64, Vec<u8>> = rows.map(Result::unwrap).collect();
        assert!(ours.0 == theirs && !is_broken, "round {round}: {} and {}", ours.0.len(), theirs.len());
    }
}
