//! The offline look: it finds what is damaged, says nothing of what is not, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use patrol_gateway::domain::report::Class;
use patrol_gateway::store::fsck::{self, Checked, FsckError};
use tempfile::TempDir;

use super::running::{garble, pages_of, start};
use super::stock::{Stock, copy_files, device, report, send};
use super::{close, handed_out, salvaged, seeded};

fn look(dir: &Path) -> Checked {
    let mut last = (0, 0);
    let checked = fsck::check(dir, &mut |done, all| {
        assert!(done >= last.0 && done <= all, "{done} of {all}");
        last = (done, all);
    });
    checked.expect("a look")
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

fn good(checked: &Checked, name: &str) -> u64 {
    checked.tables.iter().find(|table| table.name == name).expect("the table").good
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_store_is_found_healthy_whether_it_was_closed_or_killed_and_is_left_as_it_is() {
    let mut chance = seeded("healthy");
    let stock = Stock::build(200, &mut chance).await;
    let killed = TempDir::new().expect("a directory");
    let running = start(stock.dir.path());
    assert!(send(&running.store, &device(1), vec![report(Class::Telemetry, 999_999, &mut chance)]).await);
    copy_files(stock.dir.path(), killed.path());
    close(running).await;
    for dir in [stock.dir.path(), killed.path()] {
        let before = files(dir);
        let checked = look(dir);
        assert!(!checked.is_alarming(), "{checked:?}");
        assert_eq!(good(&checked, "record_incident"), 166);
        assert_eq!(good(&checked, "segment_telemetry"), 241);
        assert!(files(dir) == before, "nothing has changed");
    }
    let nothing = TempDir::new().expect("a directory");
    assert!(matches!(fsck::check(nothing.path(), &mut |_, _| {}), Err(FsckError::Nothing(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_found_in_every_table_and_counted_and_gone_after_the_salvage() {
    let mut chance = seeded("found");
    let stock = Stock::build(100, &mut chance).await;
    let tables = [
        ("record_incident", 83),
        ("record_task", 126),
        ("record_evidence", 90),
        ("accepted_case", 17),
        ("dead_letter", 14),
        ("down", 17),
        ("quarantine", 6),
    ];
    for (table, rows) in tables {
        let dir = stock.copy();
        garble(dir.path(), &pages_of(dir.path(), &format!("'{table}'")), &mut chance);
        let checked = look(dir.path());
        assert!(checked.is_damaged(), "{table}");
        let damaged = checked.tables.iter().find(|checked| checked.name == table).expect("the table").damaged;
        assert_eq!(damaged, rows, "{table}: {checked:?}");
    }
    for table in ["segment_status", "segment_reading", "segment_telemetry", "tally", "seen_window", "anchor"]
    {
        let dir = stock.copy();
        garble(dir.path(), &pages_of(dir.path(), &format!("'{table}'"))[..1], &mut chance);
        let checked = look(dir.path());
        assert!(checked.is_damaged(), "{table}: {checked:?}");
        fsck::set_aside(&super::roomy(dir.path())).expect("a fresh one");
        let running = start(dir.path());
        salvaged(&running).await;
        super::assert_nothing_wrong(&stock, &handed_out(&running).await, table);
        close(running).await;
        let checked = look(dir.path());
        assert!(!checked.is_alarming(), "{table}: {checked:?}");
        assert_eq!(checked.damaged.len(), 1);
    }
}
