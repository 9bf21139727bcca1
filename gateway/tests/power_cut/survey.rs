//! Goes through the cuts of a recording: every call, every fate.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;

use patrol_power_cut::Image;
use patrol_power_cut::disk::Disk;
use patrol_power_cut::drive::Drive;
use patrol_power_cut::fate::Fate;
use patrol_power_cut::replay::Replay;

use super::findings::Findings;
use super::ledger::{Contents, Moment};
use super::message::{DEVICES, Number};
use super::recovery::{Flaw, Recovered, recover};
use super::workload::Recording;

/// Messages that a device sends again after a cut, at most.
const RESENT_MAX: usize = 6;
/// The first number of messages that come after a cut.
const NEW: Number = 30_000_000;
/// Second cuts after one first end.
const SECOND_CUTS: usize = 8;
/// Half of the second cuts come among so many first calls: while the store opens.
const EARLY_CALLS: usize = 12;

/// Which cuts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// One in so many calls is cut at.
    pub(crate) every: usize,
    pub(crate) fates: &'static [Fate],
    /// One in so many states meets a second cut, while the store comes back; and one in so many calls a kill before.
    pub(crate) twice_in: usize,
    /// Repeats it.
    pub(crate) seed: u64,
}

/// Cuts the power as planned, looks at each state that comes of it, and tells what was found.
pub(crate) fn survey(recording: &Recording, plan: Plan) -> Findings {
    let surveyor =
        Surveyor { recording, plan, seen: Mutex::default(), findings: Mutex::new(Findings::default()) };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(8);
    thread::scope(|scope| {
        for worker in 0..workers {
            let surveyor = &surveyor;
            scope.spawn(move || surveyor.walk(worker, workers));
        }
    });
    surveyor.findings.into_inner().unwrap_or_else(PoisonError::into_inner)
}

struct Surveyor<'a> {
    recording: &'a Recording,
    plan: Plan,
    /// Hashes of the states so far, with what had been acknowledged.
    seen: Mutex<HashSet<u64>>,
    findings: Mutex<Findings>,
}

impl Surveyor<'_> {
    /// Walks along the log and takes its share of the cuts.
    fn walk(&self, worker: usize, workers: usize) {
        let drive = Drive::new();
        let mut replay = Replay::new(&self.recording.image);
        for calls in 0..=self.recording.log.len() {
            if let Some(call) = calls.checked_sub(1).and_then(|last| self.recording.log.get(last)) {
                replay.advance(call);
            }
            if calls.is_multiple_of(self.plan.every) && calls / self.plan.every % workers == worker {
                for &fate in self.plan.fates {
                    self.cut(&drive, &replay, calls, fate);
                }
                if self.rng(calls, u64::MAX).usize(..self.plan.twice_in) == 0 {
                    self.kill_then_cut(&drive, &replay, calls);
                }
            }
        }
    }

    /// What a cut leaves, and for some the second one.
    fn cut(&self, drive: &Drive, replay: &Replay<'_>, calls: usize, fate: Fate) {
        let mut rng = self.rng(calls, fate as u64);
        let image = replay.cut(fate, &mut rng);
        if !self.is_new(&image, calls) {
            return;
        }
        let place = format!("{fate:?} after {}", self.describe(calls));
        let again = rng.usize(..self.plan.twice_in) == 0;
        let possible = self.recording.ledger.possible_after_cut(calls);
        let first = self.come_back(drive, Disk::new(image.clone()), possible, &mut rng);
        let first = self.note(format!("{fate:?}"), &place, first);
        self.note_taken(calls, first.as_ref());
        if let Some(first) = first.filter(|_| again) {
            self.cut_again(drive, &Replay::new(&image), &[], &first, &mut rng, &place);
        }
    }

    /// The store is killed here while the disk keeps its power, comes back, and then the power is cut.
    fn kill_then_cut(&self, drive: &Drive, replay: &Replay<'_>, calls: usize) {
        let mut rng = self.rng(calls, Fate::ALL.len() as u64);
        let place = format!("kill after {}", self.describe(calls));
        let possible = self.recording.ledger.possible_after_kill(calls);
        let first = self.come_back(drive, Disk::kept_running(replay), possible, &mut rng);
        if let Some(first) = self.note("Kill".to_owned(), &place, first) {
            // What it finds need not be durable, and nobody knows of it before it is open again.
            let before = self.recording.ledger.possible_after_cut(calls);
            self.cut_again(drive, replay, before, &first, &mut rng, &place);
        }
    }

    /// Opens the store after its end, and checks what it holds.
    fn come_back(
        &self,
        drive: &Drive,
        disk: Disk,
        possible: &[Moment],
        rng: &mut fastrand::Rng,
    ) -> Result<Recovered, Flaw> {
        let device = rng.u32(..DEVICES);
        let resent = self.resent(device, &possible[0], rng);
        let recovered = self.recover(drive, disk, &resent, NEW + device)?;
        let possible: Vec<_> = possible.iter().map(|moment| &moment.contents).collect();
        judge(&recovered, &possible).map(|()| recovered)
    }

    /// The power goes while the store comes back from its first end, goes on, and closes. Until it is open it may also hold one of
    /// `before`.
    fn cut_again(
        &self,
        drive: &Drive,
        at_first_end: &Replay<'_>,
        before: &[Moment],
        first: &Recovered,
        rng: &mut fastrand::Rng,
        place: &str,
    ) {
        let mut with_new = first.contents.clone();
        with_new.insert(first.sent);
        for _ in 0..SECOND_CUTS {
            let last = if rng.bool() { first.log.len() } else { first.log.len().min(EARLY_CALLS) };
            let calls = rng.usize(..=last);
            let fate = Fate::ALL[rng.usize(..Fate::ALL.len())];
            let mut replay = at_first_end.clone();
            first.log[..calls].iter().for_each(|call| replay.advance(call));
            let disk = Disk::new(replay.cut(fate, rng));
            let is_acknowledged = calls >= first.acknowledged_at;
            let mut possible = vec![&with_new];
            if !is_acknowledged {
                possible.push(&first.contents);
            }
            if calls < first.opened_at {
                possible.extend(before.iter().map(|moment| &moment.contents));
            }
            let resent = if is_acknowledged { vec![first.sent.1] } else { Vec::new() };
            let new = first.sent.1 + DEVICES;
            let found = self.recover(drive, disk, &resent, new);
            let found = found.and_then(|second| judge(&second, &possible));
            self.note("second cut".to_owned(), &format!("{place}, then {fate:?} after call {calls}"), found);
        }
    }

    /// A panic is a flaw like others: it must not hide where it happened.
    fn recover(&self, drive: &Drive, disk: Disk, resent: &[Number], new: Number) -> Result<Recovered, Flaw> {
        let recover = || recover(drive, self.recording.setting, disk, resent, new);
        let panicked = |_| Err(Flaw::Damaged("panic".to_owned()));
        catch_unwind(AssertUnwindSafe(recover)).unwrap_or_else(panicked)
    }

    fn rng(&self, calls: usize, kind: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.plan.seed ^ (calls as u64) << 8 ^ kind)
    }

    fn describe(&self, calls: usize) -> String {
        let last = calls.checked_sub(1).map(|last| self.recording.log[last].to_string());
        format!("call {calls} ({})", last.unwrap_or_default())
    }

    /// Some of what was acknowledged to a device.
    fn resent(&self, device: u32, least: &Moment, rng: &mut fastrand::Rng) -> Vec<Number> {
        let mut claimed = self.recording.ledger.claimed[..least.claims].to_vec();
        claimed.retain(|number| number % DEVICES == device);
        rng.choose_multiple(claimed, RESENT_MAX)
    }

    /// False for a state that was looked at before with the same promises.
    fn is_new(&self, image: &Image, calls: usize) -> bool {
        let possible = self.recording.ledger.possible_after_cut(calls);
        let promise = (possible[0].acknowledged_at, possible.len());
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((image, promise));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(hash)
    }

    /// Counts a cut that took what was acknowledged, where it may.
    fn note_taken(&self, calls: usize, found: Option<&Recovered>) {
        let after_kill = self.recording.ledger.possible_after_kill(calls);
        if found.is_some_and(|found| after_kill.iter().all(|moment| moment.contents != found.contents)) {
            self.findings.lock().unwrap_or_else(PoisonError::into_inner).taken += 1;
        }
    }

    fn note<T>(&self, kind: String, place: &str, found: Result<T, Flaw>) -> Option<T> {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.count(kind);
        found.map_err(|flaw| findings.flawed(place.to_owned(), flaw)).ok()
    }
}

/// Whether the store may be like this, when it may hold any of these.
fn judge(recovered: &Recovered, possible: &[&Contents]) -> Result<(), Flaw> {
    let found = &recovered.contents;
    if possible.contains(&found) {
        return recovered.consistent.clone();
    }
    let Some((any, others)) = possible.split_first() else { return Ok(()) };
    let is_owed = |held: &&_| others.iter().all(|other| other.contains(held));
    let lost: Contents = any.iter().filter(is_owed).filter(|held| !found.contains(held)).copied().collect();
    if lost.is_empty() {
        return Err(Flaw::Mixed(found.symmetric_difference(any).copied().collect()));
    }
    Err(Flaw::Lost(lost))
}
