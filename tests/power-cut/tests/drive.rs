//! SQLite on the drive: what it commits survives, what it had not committed does not, and it pads as it would on unix.

use std::sync::Arc;

use patrol_power_cut::Image;
use patrol_power_cut::call::Call;
use patrol_power_cut::disk::Disk;
use patrol_power_cut::drive::Drive;
use patrol_power_cut::fate::Fate;
use patrol_power_cut::replay::Replay;
use rusqlite::{Connection, OpenFlags};

fn open(drive: &Drive, psow: u8) -> Connection {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:/test.db?psow={psow}&vfs={}", drive.name());
    let database = Connection::open_with_flags(uri, flags).expect("the drive has a disk");
    database.execute_batch("PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL").expect("two settings");
    database
}

fn new_disk(drive: &Drive) -> Arc<Disk> {
    let disk = Arc::new(Disk::new(empty()));
    drive.insert(&disk);
    disk
}

fn empty() -> Image {
    Image::from([("/test.db".to_owned(), Vec::new())])
}

/// Puts what a cut after so many calls has left into the drive.
fn cut(drive: &Drive, log: &[Call], fate: Fate) {
    let mut replay = Replay::new(&empty());
    log.iter().for_each(|call| replay.advance(call));
    drive.insert(&Arc::new(Disk::new(replay.cut(fate, &mut fastrand::Rng::with_seed(1)))));
}

fn rows(database: &Connection) -> Vec<i64> {
    let mut statement = database.prepare("SELECT a FROM t ORDER BY a").expect("the table is there");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("numbers")
}

#[test]
fn what_is_committed_survives_in_both_journal_modes_and_what_is_not_is_taken_back() {
    for mode in ["WAL", "DELETE"] {
        let drive = Drive::new();
        let disk = new_disk(&drive);
        let database = open(&drive, 0);
        database.pragma_update(None, "journal_mode", mode).expect("a journal mode");
        database.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").expect("a commit");
        let committed = disk.calls_made();
        database
            .execute_batch("BEGIN; INSERT INTO t VALUES (2); PRAGMA cache_spill=1")
            .expect("no commit yet");
        database.execute_batch("INSERT INTO t VALUES (3); COMMIT").expect("a commit");
        let log = disk.log();
        for fate in Fate::ALL {
            for (calls, expected) in
                [(committed, vec![1]), (committed + 1, vec![1]), (log.len(), vec![1, 2, 3])]
            {
                cut(&drive, &log[..calls], fate);
                assert_eq!(
                    rows(&open(&drive, 0)),
                    expected,
                    "{mode}, {fate:?} after {calls} of {}",
                    log.len()
                );
            }
        }
    }
}

#[test]
fn a_commit_fills_its_page_of_flash_unless_neighbours_are_trusted() {
    let log_bytes = |psow| {
        let drive = Drive::new();
        let disk = new_disk(&drive);
        let database = open(&drive, psow);
        database.pragma_update(None, "journal_mode", "WAL").expect("a journal mode");
        database.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").expect("two commits");
        let end = |call: &Call| match call {
            Call::Write { at, bytes, .. } => at + bytes.len(),
            _ => 0,
        };
        disk.log().iter().map(end).max().unwrap_or(0)
    };
    let (padded, plain) = (log_bytes(0), log_bytes(1));
    assert!(padded >= plain + 4096, "{padded} bytes of log with padding, {plain} without");
}

#[test]
fn a_drive_without_a_disk_and_a_disk_without_the_file_open_nothing() {
    let drive = Drive::new();
    let open = |drive: &Drive, flags| {
        let opened = Connection::open_with_flags_and_vfs("/none.db", flags, drive.name());
        opened.and_then(|database| database.execute_batch("SELECT * FROM sqlite_schema"))
    };
    let create = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    assert!(open(&drive, create).is_err(), "there is no disk");
    new_disk(&drive);
    assert!(open(&drive, OpenFlags::SQLITE_OPEN_READ_WRITE).is_err(), "there is no such file");
    assert!(open(&drive, create).is_ok());
}

#[test]
fn a_call_that_is_held_waits_until_it_is_released() {
    let drive = Drive::new();
    let disk = new_disk(&drive);
    let database = open(&drive, 0);
    disk.hold();
    let working = std::thread::spawn(move || database.execute_batch("CREATE TABLE t (a)"));
    disk.wait_until_holding();
    let held_at = disk.calls_made();
    assert!(!working.is_finished(), "it waits");
    disk.release();
    working.join().expect("no panic").expect("a table");
    assert!(disk.calls_made() > held_at);
}
