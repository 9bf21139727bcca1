//! A write-ahead log that has lost its end, or was flipped: the store opens, and says so exactly when commits are missing.

use std::fs;
use std::path::Path;

use patrol_gateway::domain::loss::LossReason;
use patrol_gateway::domain::report::Class;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::snapshot::Snapshot;
use patrol_gateway::store::writer::StoreOptions;
use tempfile::TempDir;

use super::stock::{self, copy_files};
use super::{close, roomy, seeded};
use crate::{Running, accepted, head, open, settle, writer};

const COMMITS: usize = 40;
const DAMAGED: usize = 80;
const LOG: &str = "patrol.db-wal";
const MARK: &str = "patrol.mark";
const HEADER_BYTES: usize = 32;
const FRAME_BYTES: usize = 24 + 4096;

/// Where each commit in the log ends: at the first frame that has the size of the database. What follows until the next sector
/// is a copy of that frame. Frames of the log's own time have the salts of its header.
fn commit_ends(log: &[u8]) -> Vec<usize> {
    let (mut ends, mut last) = (Vec::new(), [].as_slice());
    for (frame, number) in log[HEADER_BYTES..].chunks_exact(FRAME_BYTES).zip(1..) {
        if frame[8..16] != log[16..24] {
            break;
        }
        let is_copy = [&frame[..16], &frame[24..]].concat()
            == [&last[..last.len().min(16)], last.get(24..).unwrap_or_default()].concat();
        if frame[4..8] != [0; 4] && !is_copy {
            ends.push(HEADER_BYTES + number * FRAME_BYTES);
        }
        last = frame;
    }
    ends
}

/// One commit of some kind: records of both kinds come, leave, and messages for devices are done.
async fn commit(store: &Store, number: u32, chance: &mut fastrand::Rng) {
    let device = stock::device(1);
    let before = store.snapshot().borrow().commit_seq;
    match number % 4 {
        0 => assert!(stock::send(store, &device, vec![stock::report(Class::Incident, number, chance)]).await),
        1 => {
            assert!(stock::send(store, &device, vec![stock::report(Class::Telemetry, number, chance)]).await)
        }
        2 => settle(store, Class::Telemetry, head(store, Class::Telemetry).await, accepted()).await,
        _ => settle(store, Class::Incident, head(store, Class::Incident).await, accepted()).await,
    }
    let mut snapshot = store.snapshot();
    snapshot.wait_for(|snapshot| snapshot.commit_seq > before).await.expect("the store runs");
    assert_eq!(store.snapshot().borrow().commit_seq, before + 1, "one commit at a time");
}

/// What a gateway leaves that was killed after so many commits.
async fn killed(chance: &mut fastrand::Rng) -> TempDir {
    let (dir, left) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let running = open(dir.path());
    for number in 0..COMMITS as u32 {
        commit(&running.store, number, chance).await;
    }
    copy_files(dir.path(), left.path());
    close(running).await;
    left
}

fn start(dir: &Path) -> (Running, Snapshot) {
    let running = writer::start(roomy(dir), Default::default()).expect("the store opens");
    let snapshot = *running.store.snapshot().borrow();
    (running, snapshot)
}

async fn serves(running: &Running) {
    let message = stock::report(Class::Incident, 999_999, &mut fastrand::Rng::with_seed(0));
    assert!(stock::send(&running.store, &stock::device(77), vec![message]).await);
}

#[tokio::test]
async fn commits_that_are_missing_from_a_damaged_log_are_told_and_counted_and_nothing_else_is() {
    let mut chance = seeded("log");
    let killed = killed(&mut chance).await;
    let whole = fs::read(killed.path().join(LOG)).expect("a log");
    let ends = commit_ends(&whole);
    assert!(ends.len() >= COMMITS, "nothing was written back yet");
    let mut alarms = 0;
    for round in 0..DAMAGED {
        let dir = TempDir::new().expect("a directory");
        copy_files(killed.path(), dir.path());
        let mut log = whole.clone();
        let end = *ends.last().expect("a commit");
        // Some behind the last commit, where nothing is missing.
        let at = if chance.u8(..3) == 0 { end + chance.usize(..FRAME_BYTES) } else { chance.usize(..end) };
        let at = at.min(log.len());
        match round % 2 {
            0 => log.truncate(at),
            _ if at < log.len() => log[at] ^= chance.u8(1..),
            _ => {}
        }
        fs::write(dir.path().join(LOG), &log).expect("a log");
        let hurt = ends.iter().filter(|end| **end > at).count().min(COMMITS) as u64;
        let (running, snapshot) = start(dir.path());
        let told = (snapshot.damage.log_commits_missing, snapshot.losses.of(LossReason::LogDamaged));
        assert_eq!(told, (hurt, hurt), "round {round}: at {at} of {}", log.len());
        alarms += usize::from(hurt > 0);
        serves(&running).await;
        close(running).await;
        let (running, snapshot) = start(dir.path());
        let told = (snapshot.damage.log_commits_missing, snapshot.losses.of(LossReason::LogDamaged));
        assert_eq!(told, (0, hurt), "round {round}: once");
        close(running).await;
    }
    assert!((DAMAGED / 4..DAMAGED).contains(&alarms), "both were seen: {alarms} of {DAMAGED}");
}

#[tokio::test]
async fn a_mark_that_is_behind_torn_missing_or_of_another_database_is_no_alarm() {
    let mut chance = seeded("mark");
    let killed = killed(&mut chance).await;
    let mark = fs::read(killed.path().join(MARK)).expect("a mark");
    let behind = {
        let dir = TempDir::new().expect("a directory");
        let running = open(dir.path());
        commit(&running.store, 0, &mut chance).await;
        fs::read(dir.path().join(MARK)).expect("a mark")
    };
    let torn = [&mark[..7], &behind[7..]].concat();
    for (what, mark) in
        [("as it was", Some(mark)), ("behind", Some(behind)), ("torn", Some(torn)), ("none", None)]
    {
        let dir = TempDir::new().expect("a directory");
        copy_files(killed.path(), dir.path());
        match mark {
            Some(mark) => fs::write(dir.path().join(MARK), mark).expect("a mark"),
            None => fs::remove_file(dir.path().join(MARK)).expect("a mark"),
        }
        let (running, snapshot) = start(dir.path());
        assert_eq!(snapshot.damage.log_commits_missing, 0, "{what}");
        assert_eq!(snapshot.commit_seq, COMMITS as u64, "{what}");
        serves(&running).await;
        close(running).await;
    }
}

#[tokio::test]
async fn an_empty_file_beside_a_log_is_no_new_database() {
    let killed = killed(&mut seeded("empty")).await;
    fs::write(killed.path().join("patrol.db"), b"").expect("a file");
    let (running, snapshot) = start(killed.path());
    assert_eq!(snapshot.damage.databases, 1);
    serves(&running).await;
    close(running).await;
    assert!(killed.path().join("damaged-1").join(LOG).exists(), "the log is kept");
}

#[tokio::test]
async fn a_log_that_was_copied_into_the_database_may_lose_any_part_and_costs_nothing() {
    let mut chance = seeded("copied");
    let (dir, killed) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    // With so much room nothing is written when nobody sends.
    let large = |dir: &Path| StoreOptions { max_bytes: 8 << 30, ..roomy(dir) };
    let running = writer::start(large(dir.path()), Default::default()).expect("the store opens");
    let mut number = 0;
    // Until the log begins anew, and then as far as it goes before: what is copied now is all there is.
    let frames =
        |dir: &Path| commit_ends(&fs::read(dir.join(LOG)).expect("a log")).last().copied().unwrap_or(0);
    let mut longest = 0;
    while frames(dir.path()) >= longest {
        // Answered when the log was copied, if it was due.
        running.store.ping().await.expect("the store runs");
        copy_files(dir.path(), killed.path());
        longest = frames(dir.path());
        let items: Vec<_> =
            (0..40).map(|n| stock::report(Class::Task, number * 40 + n, &mut chance)).collect();
        assert!(stock::send(&running.store, &stock::device(1), items).await);
        number += 1;
    }
    close(running).await;
    let log = fs::read(killed.path().join(LOG)).expect("a log");
    for round in 0..12 {
        let hurt = TempDir::new().expect("a directory");
        copy_files(killed.path(), hurt.path());
        let mut log = log.clone();
        // Also where the log goes back to when there were no tables yet, and not a commit.
        let end = if round % 3 == 0 { 100 * FRAME_BYTES } else { longest };
        let at = HEADER_BYTES + chance.usize(..end - HEADER_BYTES);
        log[at] ^= chance.u8(1..);
        fs::write(hurt.path().join(LOG), &log).expect("a log");
        let running = writer::start(large(hurt.path()), Default::default()).expect("the store opens");
        let missing = running.store.snapshot().borrow().damage.log_commits_missing;
        let records = head(&running.store, Class::Task).await.len() as u32;
        assert_eq!((missing, records), (0, (number - 1) * 40), "round {round}: at {at} of {longest}");
        serves(&running).await;
        close(running).await;
    }
}
