//! G1 over power cuts: whatever a cut leaves of the writes that were not synced, the store opens, and everything it has
//! acknowledged is there.
//!
//! The real writer works on a disk in memory (`tests/power-cut`) that logs every call. Then the power is cut after each of
//! them: what was not synced is dropped, kept, kept in part, torn within a write, or garbled with its page of flash. The
//! store must open on what is left and hold exactly what it held after one of its transactions: the last one acknowledged,
//! or a later one that was on its way.
//!
//! The same survey must find what is wrong when a safeguard is missing, or it would prove nothing: those are the controls.

mod desk;
mod findings;
mod ledger;
mod message;
mod reached;
mod recovery;
mod survey;
mod workload;

use std::io::Write;
use std::time::Instant;

use patrol_gateway::domain::report::Class;
use patrol_gateway::store::medium::Safeguard;
use patrol_power_cut::fate::Fate;

use findings::Findings;
use reached::Reached;
use survey::{Plan, survey};
use workload::{Recording, Setting, record};

/// Repeats a run.
const SEED_VARIABLE: &str = "PATROL_TEST_SEED";
/// Crash states that the whole test must have looked at.
const STATES_MIN: usize = 3_000;

/// One in so many states meets a second cut.
const TWICE_IN: usize = 50;

/// With a log this short it starts over every few transactions.
const SHORT_LOG: Setting = Setting {
    checkpoint_pages: 64,
    without: None,
    sync_lies: false,
    delayed: &[],
    steps: 80,
    restart_every: 40,
};
/// As it is in the field.
const LONG_LOG: Setting =
    Setting { checkpoint_pages: 1000, steps: 350, restart_every: u32::MAX, ..SHORT_LOG };

/// A seed that is said, and given back by the environment.
fn seed(what: &str) -> u64 {
    let seed = match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a number, not {text:?}")),
        Err(_) => fastrand::u64(..),
    };
    note(&format!("power_cut, {what}: {SEED_VARIABLE}={seed}"));
    seed
}

/// Says something on stderr that is seen even when the test passes.
fn note(words: &str) {
    // A closed stderr has nobody to tell. Written past the macros, whose output a passing test does not show.
    let _ = writeln!(std::io::stderr(), "    {words}");
}

#[test]
fn a_cut_at_any_call_loses_nothing_that_was_acknowledged() {
    let (recording, findings) = surveyed("every call", SHORT_LOG, 1, &Fate::ALL);
    assert_eq!((findings.flawed_states(), findings.taken), (0, 0), "{}", findings.flaws());
    assert!(findings.states() >= STATES_MIN, "{findings}");
    let reached = Reached::by(&recording);
    assert!(reached.log_begun >= 5 && reached.database_writes >= 100, "checkpoints: {reached:?}");
    assert!(reached.syncs >= 100 && reached.directory_syncs >= 2 && reached.deletions >= 1, "{reached:?}");
}

#[test]
fn nor_does_a_cut_with_the_log_as_long_as_it_is_in_the_field() {
    let (recording, findings) = surveyed("a long log", LONG_LOG, 53, &Fate::ALL);
    assert_eq!(findings.flawed_states(), 0, "{}", findings.flaws());
    let reached = Reached::by(&recording);
    assert!(reached.log_begun >= 3, "the log was checkpointed and used again: {reached:?}");
}

#[test]
fn of_what_is_synced_later_a_cut_takes_the_end_and_a_kill_nothing() {
    let setting = Setting { delayed: &[Class::Telemetry, Class::Reading], ..SHORT_LOG };
    let (_, findings) = surveyed("delayed syncs", setting, 3, &Fate::ALL);
    assert_eq!(findings.flawed_states(), 0, "{}", findings.flaws());
    assert!(findings.taken > 0, "some cuts took what was not yet synced: {findings}");
}

#[test]
fn control_a_log_that_is_not_synced_with_every_commit_is_found_out() {
    let setting = Setting { without: Some(Safeguard::SyncEveryCommit), ..SHORT_LOG };
    let (_, findings) = surveyed("control: synchronous=NORMAL", setting, 5, &[Fate::Dropped, Fate::Subset]);
    assert!(findings.lost() > 0, "{findings}");
}

#[test]
fn control_trust_in_the_neighbours_of_a_torn_sector_is_found_out() {
    let setting = Setting { without: Some(Safeguard::DistrustOfNeighbours), ..SHORT_LOG };
    let (_, findings) = surveyed("control: psow=1 on flash that tears", setting, 3, &[Fate::Garbled]);
    assert!(findings.lost() > 0, "{findings}");
}

#[test]
fn control_a_disk_that_lies_about_its_syncs_is_found_out() {
    let setting = Setting { sync_lies: true, ..SHORT_LOG };
    let (_, findings) = surveyed("control: a lying fsync", setting, 5, &[Fate::Dropped, Fate::Subset]);
    assert!(findings.lost() > 0, "{findings}");
}

/// Records a workload and cuts the power at one in so many calls; some of the states meet a second cut.
fn surveyed(what: &str, setting: Setting, every: usize, fates: &'static [Fate]) -> (Recording, Findings) {
    let (seed, started) = (seed(what), Instant::now());
    let recording = record(setting, fastrand::Rng::with_seed(seed));
    let findings = survey(&recording, Plan { every, fates, twice_in: TWICE_IN, seed });
    let calls = recording.log.len();
    note(&format!("power_cut, {what}: {calls} calls, {findings}; {:.1?}", started.elapsed()));
    (recording, findings)
}
