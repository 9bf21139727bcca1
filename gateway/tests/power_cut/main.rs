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

/// With a log this short it starts over every few transactions.
const SHORT_LOG: Setting =
    Setting { checkpoint_pages: 64, without: None, sync_lies: false, steps: 100, restart_every: 40 };
/// As it is in the field.
const LONG_LOG: Setting =
    Setting { checkpoint_pages: 1000, steps: 350, restart_every: u32::MAX, ..SHORT_LOG };

fn seed(name: &str) -> u64 {
    let seed = match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a number, not {text:?}")),
        Err(_) => fastrand::u64(..),
    };
    note(&format!("{name}: {SEED_VARIABLE}={seed}"));
    seed
}

/// Says something on stderr that is seen even when the test passes.
fn note(words: &str) {
    // A closed stderr has nobody to tell. Written past the macros, whose output a passing test does not show.
    let _ = writeln!(std::io::stderr(), "    {words}");
}

#[test]
fn a_cut_at_any_call_loses_nothing_that_was_acknowledged() {
    let seed = seed("power_cut");
    let recording = record(SHORT_LOG, fastrand::Rng::with_seed(seed));
    let findings =
        surveyed("every call", &recording, Plan { every: 1, fates: &Fate::ALL, twice_in: 40, seed });
    assert_eq!(findings.flawed_states(), 0, "{}", findings.flaws());
    assert!(findings.states() >= STATES_MIN, "{findings}");
    let reached = Reached::by(&recording);
    note(&format!("power_cut, every call: {reached:?}"));
    assert!(reached.log_begun >= 5 && reached.database_writes >= 100, "checkpoints: {reached:?}");
    assert!(reached.syncs >= 100 && reached.directory_syncs >= 3 && reached.deletions >= 3, "{reached:?}");
}

#[test]
fn nor_does_a_cut_with_the_log_as_long_as_it_is_in_the_field() {
    let seed = seed("power_cut");
    let recording = record(LONG_LOG, fastrand::Rng::with_seed(seed));
    let findings =
        surveyed("a long log", &recording, Plan { every: 53, fates: &Fate::ALL, twice_in: 40, seed });
    assert_eq!(findings.flawed_states(), 0, "{}", findings.flaws());
    assert!(Reached::by(&recording).log_begun >= 3, "the log was checkpointed and used again");
}

#[test]
fn control_a_log_that_is_not_synced_with_every_commit_is_found_out() {
    let setting = Setting { without: Some(Safeguard::SyncEveryCommit), ..SHORT_LOG };
    let findings = control("synchronous=NORMAL", setting, &[Fate::Dropped, Fate::Subset]);
    assert!(findings.lost() > 0, "{findings}");
}

#[test]
fn control_trust_in_the_neighbours_of_a_torn_sector_is_found_out() {
    let setting = Setting { without: Some(Safeguard::DistrustOfNeighbours), ..SHORT_LOG };
    let findings = control("psow=1 on flash that tears", setting, &[Fate::Garbled]);
    assert!(findings.lost() > 0, "{findings}");
}

#[test]
fn control_a_disk_that_lies_about_its_syncs_is_found_out() {
    let setting = Setting { sync_lies: true, ..SHORT_LOG };
    let findings = control("a lying fsync", setting, &[Fate::Dropped, Fate::Subset]);
    assert!(findings.lost() > 0, "{findings}");
}

/// The same survey where something is missing.
fn control(what: &str, setting: Setting, fates: &'static [Fate]) -> Findings {
    let seed = seed("power_cut");
    let recording = record(setting, fastrand::Rng::with_seed(seed));
    surveyed(what, &recording, Plan { every: 5, fates, twice_in: usize::MAX, seed })
}

fn surveyed(what: &str, recording: &Recording, plan: Plan) -> Findings {
    let started = Instant::now();
    let findings = survey(recording, plan);
    let calls = recording.log.len();
    note(&format!("power_cut, {what}: {calls} calls, {findings}; {:.1?}", started.elapsed()));
    findings
}
