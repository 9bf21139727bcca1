//! The disk that runs: files as the programs see them, and a log of every call that changed something.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::Image;
use crate::call::{Call, Inode};
use crate::replay::Replay;

/// The disk. One program works on it; others may look at its log meanwhile.
#[derive(Debug)]
pub struct Disk {
    state: Mutex<State>,
    changed: Condvar,
    sync_lies: bool,
}

#[derive(Debug, Default)]
struct State {
    contents: Vec<Vec<u8>>,
    names: BTreeMap<String, Inode>,
    calls: Vec<Call>,
    stamp: Stamp,
    /// One for each call.
    stamps: Vec<u64>,
    held: bool,
    waiting: bool,
}

/// Says what each call is stamped with; nothing is 0.
#[derive(Default)]
struct Stamp(Option<Box<dyn Fn() -> u64 + Send>>);

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Stamp" } else { "no stamp" })
    }
}

impl State {
    fn log(&mut self, call: Call) {
        self.stamps.push(self.stamp.0.as_ref().map_or(0, |stamp| stamp()));
        self.calls.push(call);
    }
}

impl From<State> for Disk {
    fn from(state: State) -> Disk {
        Disk { state: Mutex::new(state), changed: Condvar::new(), sync_lies: false }
    }
}

impl Disk {
    /// A disk on which these files are, and durable.
    pub fn new(image: Image) -> Disk {
        let mut state = State::default();
        for (name, content) in image {
            state.names.insert(name, state.contents.len());
            state.contents.push(content);
        }
        Disk::from(state)
    }

    /// A disk that calls every sync done and does nothing: nothing on it ever becomes durable.
    pub fn lying(image: Image) -> Disk {
        Disk { sync_lies: true, ..Disk::new(image) }
    }

    /// A disk whose programs were killed at this call: it kept its power, so all of it is there, and what was not durable still
    /// is not.
    pub fn kept_running(at: &Replay<'_>) -> Disk {
        let (contents, names) = at.seen();
        Disk::from(State { contents, names, ..State::default() })
    }

    /// Calls so far.
    pub fn calls_made(&self) -> usize {
        self.lock().calls.len()
    }

    /// All calls so far.
    pub fn log(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// From now on each call is stamped with what `stamp` says while the call is made, on its thread: how far whoever makes it
    /// has come with something else.
    pub fn stamp_calls(&self, stamp: impl Fn() -> u64 + Send + 'static) {
        self.lock().stamp = Stamp(Some(Box::new(stamp)));
    }

    /// The first call from `from` on whose stamp is at least this, or the one to come: so many calls were made before.
    pub fn calls_before_stamp(&self, from: usize, stamp: u64) -> usize {
        let state = self.lock();
        let stamped = state.stamps.iter().skip(from).position(|found| *found >= stamp);
        stamped.map_or(state.calls.len(), |at| from + at)
    }

    /// From now on the next call that changes something waits for [`Disk::release`].
    pub fn hold(&self) {
        self.lock().held = true;
    }

    /// Waits until a call is held.
    pub fn wait_until_holding(&self) {
        let mut state = self.lock();
        while !state.waiting {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the held call and all after it go on.
    pub fn release(&self) {
        self.lock().held = false;
        self.changed.notify_all();
    }

    pub(crate) fn find(&self, name: &str) -> Option<Inode> {
        self.lock().names.get(name).copied()
    }

    pub(crate) fn create(&self, name: &str) -> Inode {
        let mut state = self.turn();
        let inode = state.contents.len();
        state.contents.push(Vec::new());
        state.names.insert(name.to_owned(), inode);
        state.log(Call::Create { name: name.to_owned(), inode });
        inode
    }

    /// False when there is no such name.
    pub(crate) fn delete(&self, name: &str) -> bool {
        let mut state = self.turn();
        let was_there = state.names.remove(name).is_some();
        if was_there {
            state.log(Call::Delete { name: name.to_owned() });
        }
        was_there
    }

    pub(crate) fn sync_directory(&self) {
        self.make_durable(Call::SyncDirectory);
    }

    pub(crate) fn sync(&self, inode: Inode) {
        self.make_durable(Call::Sync { inode });
    }

    fn make_durable(&self, call: Call) {
        let mut state = self.turn();
        if !self.sync_lies {
            state.log(call);
        }
    }

    pub(crate) fn write(&self, inode: Inode, at: usize, bytes: &[u8]) {
        self.change(inode, Call::Write { inode, at, bytes: bytes.to_vec() });
    }

    pub(crate) fn truncate(&self, inode: Inode, len: usize) {
        self.change(inode, Call::Truncate { inode, len });
    }

    fn change(&self, inode: Inode, call: Call) {
        let mut state = self.turn();
        call.apply(&mut state.contents[inode]);
        state.log(call);
    }

    /// Reads from `at` on and gives how many bytes there were.
    pub(crate) fn read(&self, inode: Inode, at: usize, into: &mut [u8]) -> usize {
        let state = self.lock();
        let there = state.contents[inode].get(at..).unwrap_or_default();
        let len = there.len().min(into.len());
        into[..len].copy_from_slice(&there[..len]);
        len
    }

    pub(crate) fn len(&self, inode: Inode) -> usize {
        self.lock().contents[inode].len()
    }

    /// The state for a call that changes it, once no call is held.
    fn turn(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while state.held {
            state.waiting = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting = false;
        state
    }

    /// A test that failed elsewhere while it held the lock has left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
